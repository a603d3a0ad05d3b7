/** OpenAI's functions of before tools: a client that sends `functions` is answered with `function_call`. */
import type { ChatChunk, ChatCompletion, ChatRequest } from "./chat.ts";

export function usesLegacyFunctions(request: ChatRequest): boolean {
  return (request.functions?.length ?? 0) > 0 && (request.tools?.length ?? 0) === 0;
}

/** A legacy answer has one call; further ones cannot be said. */
export function toLegacyCompletion(completion: ChatCompletion): ChatCompletion {
  return {
    ...completion,
    choices: completion.choices.map((choice) => {
      const { tool_calls, ...message } = choice.message;
      const call = tool_calls?.[0]?.function;
      if (call === undefined) return choice;
      return {
        ...choice,
        message: { ...message, function_call: { name: call.name, arguments: call.arguments } },
        finish_reason: legacyReason(choice.finish_reason),
      };
    }),
  };
}

export function toLegacyChunk(chunk: ChatChunk): ChatChunk {
  return {
    ...chunk,
    choices: chunk.choices.map((choice) => {
      const { tool_calls, ...delta } = choice.delta;
      const part = tool_calls?.find(({ index }) => index === 0)?.function;
      const called = part === undefined ? delta : { ...delta, function_call: part };
      return { ...choice, delta: called, finish_reason: legacyReason(choice.finish_reason) };
    }),
  };
}

function legacyReason<T extends string | null>(reason: T): T | "function_call" {
  return reason === "tool_calls" ? "function_call" : reason;
}

/** Tool calls and text of a conversation's messages, as requests have them. */
import { isRecord } from "../json.ts";
import type { ChatMessage, MessageToolCall } from "./chat.ts";

/** The message's tool calls, a legacy `function_call` among them. `path` leads to the message, e.g. `messages[1]`. */
export function toolCallsOf(message: ChatMessage, path: string): MessageToolCall[] {
  if (message.tool_calls && message.tool_calls.length > 0) return message.tool_calls;
  const call = message.function_call;
  return call ? [{ id: functionCallId(path), type: "function", function: call }] : [];
}

/** The id of the legacy call that the result at `index` answers: the last one of its name. */
export function answeredCall(messages: readonly ChatMessage[], index: number): string {
  const at = messages.findLastIndex(
    ({ function_call, tool_calls }, position) =>
      position < index && !tool_calls?.length && function_call?.name === messages[index]?.name,
  );
  return functionCallId(`messages[${at < 0 ? index - 1 : at}]`);
}

/** An id for a legacy call, which has none. */
function functionCallId(path: string): string {
  return `call_${path}`;
}

/** Does each block stand no earlier than those before it? A block without a stage stands nowhere. */
export function isInOrder<Block>(blocks: readonly Block[], stageOf: (block: Block) => number | undefined): boolean {
  let stage = 0;
  for (const block of blocks) {
    const next = stageOf(block);
    if (next === undefined || next < stage) return false;
    stage = next;
  }
  return true;
}

/**
 * Arguments of a call, which formats other than OpenAI's want as an object; no text and `null` are none. A model that stops
 * within them leaves what is no JSON, and clients send that back turn after turn: it is wrapped, which is Anthropic's own way
 * to hand it on ("Fine-grained tool streaming", on invalid JSON).
 */
export function parseArguments(json: string): Record<string, unknown> {
  if (json.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(json);
    if (isRecord(parsed)) return parsed;
    return parsed === null ? {} : { INVALID_JSON: json };
  } catch {
    return { INVALID_JSON: json };
  }
}

/** All text of a message, pictures and files left out. */
export function textOfMessage({ content }: ChatMessage): string {
  return typeof content === "string"
    ? content
    : (content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** An answer of the Messages API → a chat completion. */
import type { ChatCompletion } from "../openai/chat.ts";
import { fromBlocks, isJsonAnswer, type Reading } from "./assistant.ts";
import { present } from "./fields.ts";
import { toFinishReason } from "./finish-reason.ts";
import type { Block, Message } from "./types.ts";
import { toUsage } from "./usage.ts";

/** What an answer may lack. */
export interface Defaults {
  id: string;
  model: string;
  /** Unix seconds; Anthropic tells none. */
  created: number;
}

export function toChatCompletion(answer: Message, reading: Reading, defaults: Defaults): ChatCompletion {
  const message = fromBlocks(answer.content, reading);
  const more = messageFields(answer);
  if (Object.keys(more).length > 0) message.provider_specific_fields = { ...message.provider_specific_fields, ...more };
  const completion: ChatCompletion = {
    id: answer.id ?? defaults.id,
    object: "chat.completion",
    created: defaults.created,
    model: answer.model ?? defaults.model,
    choices: [
      {
        index: 0,
        message,
        finish_reason: finishReason(answer.stop_reason, answer.content, reading),
        provider_specific_fields: stopFields(answer),
      },
    ],
    usage: toUsage(answer["usage"]),
  };
  const tier = completion.usage?.["service_tier"];
  if (typeof tier === "string") completion.service_tier = tier;
  return completion;
}

/** A call of the tool that stands for a JSON answer ends the turn; a call of any other waits for its result. */
export function finishReason(stopReason: string | null | undefined, blocks: readonly Block[], reading: Reading) {
  const reason = toFinishReason(stopReason);
  if (reason !== "tool_calls" || !blocks.some((block) => isJsonAnswer(block, reading))) return reason;
  return blocks.some((block) => block.type === "tool_use" && !isJsonAnswer(block, reading)) ? reason : "stop";
}

/** State of the answer that belongs to the message: the container, what context management did. */
export function messageFields(answer: Record<string, unknown>): Record<string, unknown> {
  return present({ container: answer["container"], context_management: answer["context_management"] });
}

/** Why it stopped, in Anthropic's words. */
export function stopFields(answer: Record<string, unknown>): Record<string, unknown> {
  return {
    stop_reason: answer["stop_reason"] ?? null,
    stop_sequence: answer["stop_sequence"] ?? null,
    ...present({ stop_details: answer["stop_details"] }),
  };
}

/** An answer of Converse → a chat completion. */
import type { Reading } from "../anthropic/assistant.ts";
import { isRecord, type JsonObject } from "../json.ts";
import type { ChatCompletion, FinishReason } from "../openai/chat.ts";
import { fromBlocks, isCall, isJsonAnswer } from "./assistant.ts";
import { toFinishReason } from "./stop-reason.ts";
import type { Answer, Block } from "./types.ts";
import { toUsage } from "./usage.ts";

/** What an answer lacks. */
export interface Defaults {
  id: string;
  model: string;
  /** Unix seconds. */
  created: number;
}

export function toChatCompletion(answer: Answer, reading: Reading, { id, model, created }: Defaults): ChatCompletion {
  const { content } = answer.output.message;
  const usage = toUsage(answer.usage);
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: [
      {
        index: 0,
        message: fromBlocks(content, reading),
        finish_reason: finishReason(answer.stopReason, content, reading),
        provider_specific_fields: stopFields(answer),
      },
    ],
    ...(usage !== undefined && { usage }),
    ...answerFields(answer),
  };
}

/** A call of the tool that stands for a JSON answer ends the turn; a call of any other waits for its result. */
export function finishReason(
  stopReason: string | null | undefined,
  blocks: readonly Block[],
  reading: Reading,
): FinishReason {
  const reason = toFinishReason(stopReason);
  if (reason !== "tool_calls" || !blocks.some((block) => isJsonAnswer(block, reading))) return reason;
  return blocks.some((block) => isCall(block, reading)) ? reason : "stop";
}

/** Why it stopped, in Bedrock's words. */
export function stopFields({ stopReason, additionalModelResponseFields: more }: Partial<Answer>): JsonObject {
  return { stopReason: stopReason ?? null, ...(isRecord(more) && { additionalModelResponseFields: more }) };
}

/** Fields of the answer as a whole: what the guardrail did, which capacity served it. */
export function answerFields({ trace, serviceTier }: Pick<Answer, "trace" | "serviceTier">): JsonObject {
  return {
    ...(isRecord(trace) && { trace }),
    ...(serviceTier && { service_tier: serviceTier.type }),
  };
}

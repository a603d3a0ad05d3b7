/** An answer of the hub as a `GenerateContentResponse`. */
import { isRecord } from "../json.ts";
import type { AssistantMessage, ChatCompletion } from "../openai/chat.ts";
import { toGroundingMetadata } from "./answer-grounding.ts";
import { toLogprobsResult } from "./answer-logprobs.ts";
import { closingParts, type PartOptions, spokenParts } from "./answer-parts.ts";
import { toUsageMetadata } from "./answer-usage.ts";
import { AS_CHAT, type GeneratedContent } from "./as-chat.ts";
import { toFinishReason } from "./finish-reason.ts";
import type { JsonObject } from "./json.ts";
import type { Part } from "./types.ts";

type Choice = ChatCompletion["choices"][number];

export function toGeneratedContent(completion: ChatCompletion, options: PartOptions): GeneratedContent {
  const { usage } = completion;
  return {
    ...candidatesOf(completion, (choice) =>
      closedCandidate(choice, completion, options, spokenParts(choice.message, options)),
    ),
    ...(usage && { usageMetadata: toUsageMetadata(usage) }),
    ...headOf(completion),
    [AS_CHAT]: completion,
  };
}

/** The fields that stand in every response of a stream. */
export function headOf({ model, id }: { model: string; id: string }): JsonObject {
  return { modelVersion: model, responseId: id };
}

/** The candidates, or why the prompt was refused. */
export function candidatesOf({ choices }: ChatCompletion, candidate: (choice: Choice) => JsonObject): JsonObject {
  const blocked = choices.map((choice) => choice["provider_specific_fields"]).find(isBlock);
  if (blocked === undefined) return { candidates: choices.map(candidate) };
  return {
    promptFeedback: {
      blockReason: blocked["block_reason"],
      ...(blocked["block_reason_message"] !== undefined && { blockReasonMessage: blocked["block_reason_message"] }),
      ...(blocked["safety_ratings"] !== undefined && { safetyRatings: blocked["safety_ratings"] }),
    },
  };
}

function isBlock(fields: unknown): fields is JsonObject {
  return isRecord(fields) && typeof fields["block_reason"] === "string";
}

/** A candidate that has ended, with the parts that are still to be said. */
export function closedCandidate(
  choice: Choice,
  completion: ChatCompletion,
  options: PartOptions,
  spoken: readonly Part[] = [],
): JsonObject {
  const { message, index, finish_reason, logprobs } = choice;
  const { parts: closing, isMalformed } = closingParts(message, options);
  const fields = isRecord(choice["provider_specific_fields"]) ? choice["provider_specific_fields"] : {};
  const reason = toFinishReason(finish_reason, fields["native_finish_reason"]);
  const parts = [...spoken, ...closing];
  return {
    // Google's clients forget a turn without parts.
    content: { role: "model", parts: parts.length > 0 ? parts : [{ text: "" }] },
    finishReason: isMalformed && reason === "STOP" ? "MALFORMED_FUNCTION_CALL" : reason,
    ...(typeof fields["native_finish_message"] === "string" && { finishMessage: fields["native_finish_message"] }),
    index,
    ...groundingOf(message, completion, index),
    ...toLogprobsResult(logprobs),
  };
}

/** LiteLLM's lists of what Gemini told of each candidate; else what the annotations tell. */
function groundingOf(message: AssistantMessage, completion: ChatCompletion, index: number): JsonObject {
  const native = Object.entries(NATIVE_METADATA).flatMap(([list, field]) => {
    const values = completion[list];
    const value: unknown = Array.isArray(values) ? values[index] : undefined;
    return value === undefined ? [] : [[field, value]];
  });
  return { ...toGroundingMetadata(message.content ?? "", message.annotations), ...Object.fromEntries(native) };
}

const NATIVE_METADATA: Readonly<Record<string, string>> = {
  vertex_ai_grounding_metadata: "groundingMetadata",
  vertex_ai_url_context_metadata: "urlContextMetadata",
  vertex_ai_safety_results: "safetyRatings",
  vertex_ai_citation_metadata: "citationMetadata",
};

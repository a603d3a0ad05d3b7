import type { FinishReason } from "../openai/chat.ts";

/** Vertex AI's `Candidate.FinishReason` by number: some clients and proxies of Google's pass its enums on as integers. */
const BY_NUMBER = [
  "FINISH_REASON_UNSPECIFIED",
  "STOP",
  "MAX_TOKENS",
  "SAFETY",
  "RECITATION",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MALFORMED_FUNCTION_CALL",
  "MODEL_ARMOR",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
  "IMAGE_OTHER",
  "UNEXPECTED_TOOL_CALL",
  "NO_IMAGE",
];

function nameOf(reason: string | number | null | undefined): string | number | null | undefined {
  return typeof reason === "number" ? (BY_NUMBER[reason] ?? reason) : reason;
}

/**
 * Gemini's finish reason in OpenAI's words. What is neither an end nor a filter (`MALFORMED_FUNCTION_CALL`, `OTHER`,
 * `NO_IMAGE`, values of the future) is `stop`, as in LiteLLM; `finishFields` keeps Gemini's own word.
 * @param calledTools the candidate holds function calls, which Gemini ends with `STOP`
 */
export function finishReason(reason: string | number | null | undefined, calledTools: boolean): FinishReason {
  switch (nameOf(reason)) {
    case "MAX_TOKENS":
      return "length";
    case "SAFETY":
    case "RECITATION":
    case "LANGUAGE":
    case "BLOCKLIST":
    case "PROHIBITED_CONTENT":
    case "SPII":
    case "MODEL_ARMOR":
    case "IMAGE_SAFETY":
    case "IMAGE_PROHIBITED_CONTENT":
    case "IMAGE_RECITATION":
      return "content_filter";
    default:
      return calledTools ? "tool_calls" : "stop";
  }
}

/** What a choice keeps of an end that OpenAI's reasons do not tell. */
export function finishFields(
  given: string | number | null | undefined,
  message: string | null | undefined,
): { provider_specific_fields?: Record<string, unknown> } {
  const reason = nameOf(given);
  if (reason === undefined || reason === null || reason === "STOP" || reason === "MAX_TOKENS") return {};
  return {
    provider_specific_fields: { native_finish_reason: reason, ...(message ? { native_finish_message: message } : {}) },
  };
}

/**
 * OpenAI's finish reason in Gemini's words, which ends a turn that calls functions with `STOP`.
 * @param native Gemini's own word, where the answer was one of Gemini's
 */
export function toFinishReason(reason: string | null | undefined, native?: unknown): string {
  if (typeof native === "string" && native !== "") return native;
  switch (reason) {
    case null:
    case undefined:
    case "stop":
    case "tool_calls":
    case "function_call":
      return "STOP";
    case "length":
      return "MAX_TOKENS";
    case "content_filter":
      return "SAFETY";
    default:
      return "OTHER";
  }
}

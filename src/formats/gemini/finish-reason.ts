import type { FinishReason } from "../openai/chat.ts";

/**
 * Gemini's finish reason in OpenAI's words. What is neither an end nor a filter (`MALFORMED_FUNCTION_CALL`, `OTHER`,
 * `NO_IMAGE`, values of the future) is `stop`, as in LiteLLM; `finishFields` keeps Gemini's own word.
 * @param calledTools the candidate holds function calls, which Gemini ends with `STOP`
 */
export function finishReason(reason: string | number | null | undefined, calledTools: boolean): FinishReason {
  switch (reason) {
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
  reason: string | number | null | undefined,
  message: string | null | undefined,
): { provider_specific_fields?: Record<string, unknown> } {
  if (reason === undefined || reason === null || reason === "STOP" || reason === "MAX_TOKENS") return {};
  return {
    provider_specific_fields: { native_finish_reason: reason, ...(message ? { native_finish_message: message } : {}) },
  };
}

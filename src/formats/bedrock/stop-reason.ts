import type { FinishReason } from "../openai/chat.ts";

/** From Converse's `stopReason`. A reason that is not known yet counts as a normal end. */
export function toFinishReason(stopReason: string | null | undefined): FinishReason {
  switch (stopReason) {
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length";
    case "tool_use":
      return "tool_calls";
    case "content_filtered":
    case "guardrail_intervened":
    case "refusal":
      return "content_filter";
    default: // end_turn, stop_sequence, malformed_model_output, malformed_tool_use
      return "stop";
  }
}

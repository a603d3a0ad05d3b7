import type { FinishReason } from "../openai/chat.ts";

/** From Anthropic's `stop_reason`. A reason that is not known yet counts as a normal end. */
export function toFinishReason(stopReason: string | null | undefined): FinishReason {
  switch (stopReason) {
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length";
    case "tool_use":
      return "tool_calls";
    case "refusal":
      return "content_filter";
    default: // end_turn, stop_sequence, pause_turn, compaction
      return "stop";
  }
}

/** To Anthropic's `stop_reason`. Providers say `stop` after tool calls, too, and agents go by the reason alone. */
export function toStopReason(finishReason: string | null | undefined, calledTools: boolean): string {
  switch (finishReason) {
    case "length":
      return "max_tokens";
    case "content_filter":
      return "refusal";
    default: // stop, tool_calls, function_call, and words of the provider's own
      return calledTools ? "tool_use" : "end_turn";
  }
}

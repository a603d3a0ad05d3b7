import type { ChatMessage, ChatRequest } from "../openai/chat.ts";
import { splitToolCallId } from "./signature.ts";

/**
 * A conversation that began with Gemini, for a provider that is not: tool call ids without the signature they carry,
 * which others refuse for its length or letters.
 */
export function withPlainToolCallIds(request: ChatRequest): ChatRequest {
  const messages = request.messages.map(plain);
  return messages.every((message, index) => message === request.messages[index]) ? request : { ...request, messages };
}

function plain(message: ChatMessage): ChatMessage {
  const { tool_call_id: answered, tool_calls: calls } = message;
  if (![answered, ...(calls ?? []).map(({ id }) => id)].some((id) => id && splitToolCallId(id).id !== id))
    return message;
  return {
    ...message,
    ...(answered && { tool_call_id: splitToolCallId(answered).id }),
    ...(calls && { tool_calls: calls.map((call) => (call.id ? { ...call, id: splitToolCallId(call.id).id } : call)) }),
  };
}

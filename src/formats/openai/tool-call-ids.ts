import { BadRequestError } from "../errors.ts";
import type { ChatMessage } from "./chat.ts";

/**
 * The conversation with an id for every tool call and its result, for formats that tie the two together by it. Some
 * providers (Writer, Z.ai) give and take calls without; their results follow in the order of the calls.
 * @throws BadRequestError where a result without an id finds no call that is still open
 */
export function withToolCallIds(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  if (messages.every(isWhole)) return messages;
  const named = new Set(messages.map(({ tool_call_id }) => tool_call_id));
  let open: { id: string; name: string | undefined }[] = [];
  return messages.map((message, position) => {
    if (message.role === "assistant" && message.tool_calls?.length) {
      const calls = message.tool_calls.map((call, index) => ({ ...call, id: call.id || madeId(position, index) }));
      open = calls.filter(({ id }) => !named.has(id)).map((call) => ({ id: call.id, name: call.function?.name }));
      return { ...message, tool_calls: calls };
    }
    if (message.role !== "tool" || message.tool_call_id) return message;
    const answered = open.find(({ name }) => !message.name || name === message.name);
    if (answered === undefined)
      throw new BadRequestError("The tool message has no tool_call_id, and there is no tool call left to answer.", {
        param: `messages[${position}].tool_call_id`,
      });
    open = open.filter((call) => call !== answered);
    return { ...message, tool_call_id: answered.id };
  });
}

function isWhole({ role, tool_call_id, tool_calls }: ChatMessage): boolean {
  return (role !== "tool" || Boolean(tool_call_id)) && (tool_calls ?? []).every(({ id }) => id);
}

/**
 * The same in every turn of a conversation. In the form of the gateway's other ids, which tells the Gemini converter
 * that the model has never seen it.
 */
function madeId(message: number, call: number): string {
  const hex = (value: number) => value.toString(16).padStart(12, "0");
  return `call_${hex(message)}${hex(call)}`;
}

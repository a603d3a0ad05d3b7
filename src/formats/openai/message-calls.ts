/** Tool calls of a conversation's messages, as requests have them. */
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

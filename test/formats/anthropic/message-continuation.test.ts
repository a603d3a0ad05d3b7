/** Messages whose stream broke off, and the rest of them. */
import { describe, expect, it } from "vitest";
import { continueMessages, MessageJoiner } from "../../../src/formats/anthropic/message-continuation.ts";
import { eventsOf, MessageBuilder } from "../../../src/formats/anthropic/message-events.ts";
import { type Message, messagesRequestSchema, type StreamEvent } from "../../../src/formats/anthropic/types.ts";

const request = messagesRequestSchema.parse({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] });
const message = (content: Message["content"], more: object = {}): Message => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content,
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 3 },
  ...more,
});
const text = (words: string) => ({ type: "text", text: words });
const thinking = { type: "thinking", thinking: "Hm.", signature: "s" };
const call = { type: "tool_use", id: "a", name: "f", input: { x: 1 } };
const used = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

/** The events up to the break, and the message they make with what a continuation says. */
function broken(content: Message["content"], cut: number, rest: Message["content"]) {
  const delivered = eventsOf(message(content)).slice(0, -cut);
  const builder = new MessageBuilder();
  for (const event of delivered) builder.add(event);
  const joiner = new MessageJoiner(builder.message ?? { content: [] }, builder.open, used);
  const joined = eventsOf(message(rest)).flatMap((event) => joiner.join(event));
  checkOrder([...delivered, ...joined]);
  for (const event of joined) builder.add(event);
  return { joined, message: builder.message };
}

function checkOrder(events: StreamEvent[]): void {
  let open: number | undefined;
  let next = 0;
  for (const { type, index } of events) {
    if (type === "content_block_start") {
      expect([open, index]).toEqual([undefined, next]);
      open = index;
      next += 1;
    }
    if (type === "content_block_delta" || type === "content_block_stop") expect(index).toBe(open);
    if (type === "content_block_stop") open = undefined;
  }
  expect(open).toBeUndefined();
  expect(events.filter(({ type }) => type === "message_start")).toHaveLength(1);
}

/** `message_delta`, `message_stop`; with the end of the last block. */
const ENDING = 2;
const IN_BLOCK = 3;

describe("what is asked for", () => {
  const said = { ...message([text("one two")]), stop_reason: null };
  it("the beginning of the answer, or a turn that asks for the rest", () => {
    expect(continueMessages(request, said, true)?.messages.slice(1)).toEqual([
      { role: "assistant", content: "one two" },
    ]);
    expect(continueMessages(request, said, false)?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "user",
    ]);
    const thinks = { ...request, thinking: { type: "enabled", budget_tokens: 1024 } };
    expect(continueMessages(thinks, said, true)?.messages).toHaveLength(3);
    const blank = { ...said, content: [text("one ")] };
    expect(continueMessages(request, blank, true)?.messages).toHaveLength(3);
  });

  it("the same again where only thinking came; nothing after a tool call, or after the end", () => {
    expect(continueMessages(request, { ...said, content: [thinking] }, true)).toBe(request);
    expect(continueMessages(request, { ...said, content: [text("a"), call] }, true)).toBeUndefined();
    expect(continueMessages(request, message([text("a")]), true)).toBeUndefined();
  });
});

describe("what is joined", () => {
  it("text goes on in the block it broke off in, and repeats nothing", () => {
    const { joined, message } = broken([thinking, text("one two three ")], IN_BLOCK, [
      thinking,
      text("two three four"),
      call,
    ]);
    expect(message?.content).toEqual([thinking, text("one two three four"), call]);
    expect(joined.at(-1)).toEqual({ type: "message_stop" });
    expect(message?.["usage"]).toMatchObject({ input_tokens: 10, output_tokens: 5 });
  });

  it("after a block that had ended, and where something else follows the broken one", () => {
    expect(broken([text("one ")], ENDING, [text("two")]).message?.content).toEqual([text("one "), text("two")]);
    expect(broken([text("one ")], IN_BLOCK, [call]).message?.content).toEqual([text("one "), call]);
    expect(broken([text("one ")], IN_BLOCK, []).message?.content).toEqual([text("one ")]);
  });

  it("thinking that broke off is closed, and the answer begins anew", () => {
    const { message } = broken([{ ...thinking, signature: "" }], IN_BLOCK, [thinking, text("So.")]);
    expect(message?.content).toEqual([{ ...thinking, signature: "" }, thinking, text("So.")]);
  });
});

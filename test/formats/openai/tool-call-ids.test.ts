import { describe, expect, it } from "vitest";
import { toConversation } from "../../../src/formats/anthropic/messages.ts";
import { toGeminiRequest } from "../../../src/formats/gemini/request.ts";
import { type ChatMessage, chatRequestSchema } from "../../../src/formats/openai/chat.ts";
import { withToolCallIds } from "../../../src/formats/openai/tool-call-ids.ts";

const user: ChatMessage = { role: "user", content: "?" };
const calls = (...names: string[]): ChatMessage => ({
  role: "assistant",
  content: null,
  tool_calls: names.map((name) => ({ type: "function", function: { name, arguments: "{}" } })),
});
const result = (content: string, more: Partial<ChatMessage> = {}): ChatMessage => ({ role: "tool", content, ...more });
const answered = (messages: ChatMessage[]) =>
  withToolCallIds(messages)
    .filter(({ role }) => role === "tool")
    .map(({ tool_call_id }) => tool_call_id);

const MADE = (message: string, call: string) => `call_${message.padStart(12, "0")}${call.padStart(12, "0")}`;

describe("withToolCallIds", () => {
  it("gives calls the same ids in every turn, and results those of the calls in order", () => {
    const messages = [user, calls("f", "g"), result("1"), result("2")];
    const ids = [MADE("1", "0"), MADE("1", "1")];
    expect(withToolCallIds(messages)[1]?.tool_calls?.map(({ id }) => id)).toEqual(ids);
    expect(answered(messages)).toEqual(ids);
    expect(answered([...messages, calls("f"), result("3")])).toEqual([...ids, MADE("4", "0")]);
  });

  it("goes by the name where a result has one, and leaves calls alone that another result names", () => {
    expect(answered([user, calls("f", "g"), result("1", { name: "g" }), result("2")])).toEqual([
      MADE("1", "1"),
      MADE("1", "0"),
    ]);
    const own: ChatMessage = { ...calls("f", "f") };
    own.tool_calls = own.tool_calls?.map((call, index) => ({ ...call, id: `c${index}` }));
    expect(answered([user, own, result("1"), result("2", { tool_call_id: "c0" })])).toEqual(["c1", "c0"]);
  });

  it("leaves a conversation that lacks nothing as it is", () => {
    const messages = [user, result("1", { tool_call_id: "c" })];
    expect(withToolCallIds(messages)).toBe(messages);
  });

  it.each([
    ["no call", [user, result("1")], 1],
    ["too many results", [user, calls("f"), result("1"), result("2")], 3],
    ["another name", [user, calls("f"), result("1", { name: "g" })], 2],
  ])("refuses a result that answers nothing: %s", (_, messages, at) =>
    expect(() => withToolCallIds(messages)).toThrow(
      expect.objectContaining({ status: 400, param: `messages[${at}].tool_call_id` }),
    ),
  );
});

describe("a conversation without ids", () => {
  const messages = [user, calls("f", "f"), result("1"), result("2")];

  it("is a valid request", () => {
    expect(chatRequestSchema.parse({ model: "m", messages })).toEqual({ model: "m", messages });
  });

  it("holds together for Anthropic", () => {
    const { turns } = toConversation(messages);
    expect(turns[1]?.content.map(({ id }) => id)).toEqual([MADE("1", "0"), MADE("1", "1")]);
    expect(turns[2]?.content.map((block) => block["tool_use_id"])).toEqual([MADE("1", "0"), MADE("1", "1")]);
    expect(() => toConversation([user, result("1")])).toThrow(/no tool call left to answer/);
  });

  it("goes to Gemini without made-up ids", () => {
    const { contents } = toGeminiRequest({ model: "m", messages }, { model: "gemini-2.5-flash" });
    expect(contents.slice(1).map(({ parts }) => parts)).toEqual([
      [{ functionCall: { name: "f", args: {} } }, { functionCall: { name: "f", args: {} } }],
      [
        { functionResponse: { name: "f", response: { output: "1" } } },
        { functionResponse: { name: "f", response: { output: "2" } } },
      ],
    ]);
  });
});

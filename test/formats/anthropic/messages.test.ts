import { describe, expect, it } from "vitest";
import { type ConversationOptions, toConversation } from "../../../src/formats/anthropic/messages.ts";
import { type ChatMessage, chatRequestSchema } from "../../../src/formats/openai/chat.ts";

/** Messages as clients send them, parts of unknown types included. */
function convert(messages: unknown[], options: ConversationOptions = {}) {
  const parsed: ChatMessage[] = chatRequestSchema.parse({ model: "m", messages }).messages;
  return toConversation(parsed, options);
}
function blocks(...content: unknown[]) {
  return convert([{ role: "user", content }]).turns[0]?.content;
}
const text = (value: string) => ({ type: "text", text: value });
const call = (id: string, name: string, args: string) => ({
  id,
  type: "function",
  function: { name, arguments: args },
});

describe("turns", () => {
  it("hoists system and developer messages, and merges neighbours", () => {
    const { system, turns } = convert([
      { role: "system", content: "Be brief." },
      { role: "user", content: "a" },
      {
        role: "developer",
        content: [{ type: "text", text: "In German.", cache_control: { type: "ephemeral", ttl: "1h" } }],
      },
      { role: "user", content: "b" },
      { role: "assistant", content: "c" },
      { role: "assistant", content: "d" },
      { role: "user", content: "e" },
    ]);
    expect(system).toEqual([
      text("Be brief."),
      { ...text("In German."), cache_control: { type: "ephemeral", ttl: "1h" } },
    ]);
    expect(turns).toEqual([
      { role: "user", content: [text("a"), text("b")] },
      { role: "assistant", content: [text("c"), text("d")] },
      { role: "user", content: [text("e")] },
    ]);
  });

  it("keeps a system message in its place where model and place allow it", () => {
    const messages = [
      { role: "user", content: "a" },
      { role: "system", content: "From now on." },
      { role: "assistant", content: "b" },
      { role: "system", content: "Not here." },
      { role: "user", content: "c" },
    ];
    const { system, turns } = convert(messages, { systemTurns: true });
    expect(turns.map(({ role }) => role)).toEqual(["user", "system", "assistant", "user"]);
    expect(system).toEqual([text("Not here.")]);
    expect(convert(messages).system).toHaveLength(2);
  });

  it("never moves blocks that mean something only where they stand", () => {
    const addition = { type: "tool_addition", tool: { type: "tool_reference", name: "f" } };
    const { turns } = convert([
      { role: "user", content: "a" },
      { role: "system", content: [addition] },
    ]);
    expect(turns[1]).toEqual({ role: "system", content: [addition] });
  });

  it("leaves out blank text and what is empty without it", () => {
    const { turns } = convert([
      { role: "user", content: [text(""), text("a")] },
      { role: "assistant", content: " " },
      { role: "user", content: "b" },
    ]);
    expect(turns).toEqual([{ role: "user", content: [text("a"), text("b")] }]);
  });

  it("strips the end of a prefill only", () => {
    const { turns } = convert([
      { role: "user", content: "a" },
      { role: "assistant", content: "b " },
      { role: "user", content: "c" },
      { role: "assistant", content: "{ \n" },
    ]);
    expect(turns[1]?.content).toEqual([text("b ")]);
    expect(turns[3]?.content).toEqual([text("{")]);
  });

  it("puts a user first only if it may repair", () => {
    const messages = [{ role: "assistant", content: "Hi" }];
    expect(convert(messages).turns).toHaveLength(1);
    expect(convert(messages, { repair: true }).turns.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(convert([{ role: "system", content: "s" }], { repair: true }).turns).toHaveLength(1);
  });
});

describe("tools", () => {
  it("says calls and results, results first in one turn", () => {
    const { turns } = convert([
      { role: "user", content: "?" },
      { role: "assistant", content: "", tool_calls: [call("c1", "f", '{"x":1}'), call("c2", "g", "")] },
      { role: "tool", tool_call_id: "c1", content: "one" },
      { role: "user", content: "and?" },
      {
        role: "tool",
        tool_call_id: "c2",
        content: [text("two")],
        is_error: true,
        cache_control: { type: "ephemeral" },
      },
    ]);
    expect(turns.slice(1)).toEqual([
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "c1", name: "f", input: { x: 1 } },
          { type: "tool_use", id: "c2", name: "g", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "c1", content: "one" },
          {
            type: "tool_result",
            tool_use_id: "c2",
            content: [text("two")],
            is_error: true,
            cache_control: { type: "ephemeral" },
          },
          text("and?"),
        ],
      },
    ]);
  });

  it("pairs legacy function calls with their results", () => {
    const { turns } = convert([
      { role: "user", content: "?" },
      { role: "assistant", function_call: { name: "f", arguments: "{}" } },
      { role: "function", name: "f", content: "1" },
    ]);
    expect(turns[1]?.content[0]?.["id"]).toBe(turns[2]?.content[0]?.["tool_use_id"]);
  });

  it("makes ids legal on both sides", () => {
    const { turns } = convert([
      { role: "user", content: "?" },
      { role: "assistant", tool_calls: [call("call.1/a", "f", "{}")] },
      { role: "tool", tool_call_id: "call.1/a", content: "1" },
    ]);
    expect(turns[1]?.content[0]?.["id"]).toBe("call_1_a");
    expect(turns[2]?.content[0]?.["tool_use_id"]).toBe("call_1_a");
  });

  it.each([["{"], ["[1]"]])("wraps %s as arguments: the model wrote them so", (args) => {
    const { turns } = convert([
      { role: "user", content: "?" },
      { role: "assistant", tool_calls: [call("c", "f", args)] },
    ]);
    expect(turns[1]?.content).toEqual([{ type: "tool_use", id: "c", name: "f", input: { INVALID_JSON: args } }]);
  });

  it("answers calls that got no result, if it may repair", () => {
    const { turns } = convert(
      [
        { role: "user", content: "?" },
        { role: "assistant", tool_calls: [call("c1", "f", "{}"), call("c2", "f", "{}")] },
        { role: "tool", tool_call_id: "c2", content: "2" },
        { role: "assistant", tool_calls: [call("c3", "f", "{}")] },
      ],
      { repair: true },
    );
    expect(turns[2]?.content.map((block) => block["tool_use_id"])).toEqual(["c1", "c2"]);
    expect(turns).toHaveLength(4);
  });
});

describe("an assistant's turn", () => {
  it("begins with its signed thinking", () => {
    const thinking = [
      { type: "thinking", thinking: "Hm.", signature: "sig" },
      { type: "redacted_thinking", data: "xyz" },
    ];
    const { turns } = convert([
      { role: "user", content: "?" },
      {
        role: "assistant",
        content: "Yes",
        thinking_blocks: [...thinking, { type: "thinking", thinking: "of another model" }],
      },
      { role: "user", content: "!" },
    ]);
    expect(turns[1]?.content).toEqual([...thinking, text("Yes")]);
  });

  it("is restored from its own blocks unless it was edited", () => {
    const kept = [
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } },
      { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
      { ...text("Found."), citations: [{ type: "web_search_result_location", url: "https://a.example" }] },
    ];
    const turn = (content: string) =>
      convert([
        { role: "user", content: "?" },
        { role: "assistant", content, provider_specific_fields: { content_blocks: kept } },
        { role: "user", content: "!" },
      ]).turns[1]?.content;
    expect(turn("Found.")).toEqual(kept);
    expect(turn("Edited.")).toEqual([text("Edited.")]);
  });

  it("takes a cache marker of the message on its last block", () => {
    const { turns } = convert([
      { role: "user", content: [text("a"), text("b")], cache_control: { type: "ephemeral" } },
    ]);
    expect(turns[0]?.content).toEqual([text("a"), { ...text("b"), cache_control: { type: "ephemeral" } }]);
  });
});

describe("parts", () => {
  it("images: bytes or a URL, never fetched", () => {
    expect(
      blocks(
        {
          type: "image_url",
          image_url: { url: "data:image/png;base64,AAAA", detail: "low" },
          cache_control: { type: "ephemeral" },
        },
        { type: "image_url", image_url: "https://a.example/b.jpg" },
        { type: "image_url", image_url: { url: "data:application/octet-stream;base64,AAAA", format: "image/webp" } },
      ),
    ).toEqual([
      {
        type: "image",
        source: { type: "base64", media_type: "image/png", data: "AAAA" },
        cache_control: { type: "ephemeral" },
      },
      { type: "image", source: { type: "url", url: "https://a.example/b.jpg" } },
      { type: "image", source: { type: "base64", media_type: "image/webp", data: "AAAA" } },
    ]);
  });

  it("files: PDF, text, URL and file id", () => {
    expect(
      blocks(
        {
          type: "file",
          file: { file_data: "data:application/pdf;base64,JVBE", filename: "a.pdf" },
          citations: { enabled: true },
        },
        { type: "file", file: { file_data: "data:text/plain;base64,w6Q=" } },
        { type: "file", file: { file_id: "https://a.example/b.pdf" } },
        { type: "file", file: { file_id: "file_011" } },
        { type: "file", file: { file_id: "file_012", format: "image/png" } },
      ),
    ).toEqual([
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "JVBE" },
        title: "a.pdf",
        citations: { enabled: true },
      },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "ä" } },
      { type: "document", source: { type: "url", url: "https://a.example/b.pdf" } },
      { type: "document", source: { type: "file", file_id: "file_011" } },
      { type: "image", source: { type: "file", file_id: "file_012" } },
    ]);
  });

  it("blocks of Anthropic's own pass untouched", () => {
    const native = { type: "search_result", source: "https://a.example", title: "A", content: [text("x")] };
    expect(blocks(native)).toEqual([native]);
  });

  it.each([
    [{ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }],
    [{ type: "image_url", image_url: { url: "gs://bucket/image" } }],
    [{ type: "file", file: { file_data: "data:audio/wav;base64,AAAA" } }],
    [{ type: "file", file: {} }],
  ])("refuses %j and says where", (part) => {
    expect(() => blocks(text("a"), part)).toThrow(
      expect.objectContaining({ name: "BadRequestError", param: "messages[0].content[1]" }),
    );
  });
});

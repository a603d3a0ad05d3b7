import { describe, expect, it } from "vitest";
import type { Reading } from "../../../src/formats/anthropic/assistant.ts";
import { toChatCompletion } from "../../../src/formats/anthropic/response.ts";
import { MessagesDecoder } from "../../../src/formats/anthropic/stream.ts";
import { type Block, messageSchema } from "../../../src/formats/anthropic/types.ts";
import { SluiceError } from "../../../src/formats/errors.ts";
import type { ChatChunk, Delta, ToolCall } from "../../../src/formats/openai/chat.ts";

const plain: Reading = { jsonTool: false, toolNames: new Map() };
const usage = { input_tokens: 10, output_tokens: 20 };
const defaults = { id: "chatcmpl-1", model: "claude", created: 7 };

function complete(content: Block[], rest: Record<string, unknown> = {}, reading = plain) {
  const answer = messageSchema.parse({
    id: "msg_1",
    model: "claude-x",
    content,
    stop_reason: "end_turn",
    usage,
    ...rest,
  });
  return toChatCompletion(answer, reading, defaults);
}

function decoder(reading = plain) {
  return new MessagesDecoder({ ...defaults, reading, fail: (body) => new SluiceError(body) });
}

function feed(stream: MessagesDecoder, events: Record<string, unknown>[]): ChatChunk[] {
  return events.flatMap((event) => stream.event({ event: String(event["type"]), data: JSON.stringify(event) }));
}

/** The events of a stream that makes these blocks, each text cut in two. */
function eventsOf(content: Block[], stop: Record<string, unknown> = { stop_reason: "end_turn" }) {
  const start = {
    type: "message_start",
    message: { id: "msg_1", model: "claude-x", usage: { ...usage, output_tokens: 1 } },
  };
  const blocks = content.flatMap((block, index) => {
    const [empty, deltas] = parts(block);
    return [
      { type: "content_block_start", index, content_block: empty },
      ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
      { type: "content_block_stop", index },
    ];
  });
  return [start, { type: "ping" }, ...blocks, { type: "message_delta", delta: stop, usage }, { type: "message_stop" }];
}

function parts(block: Block): [Block, Record<string, unknown>[]] {
  const halves = (value: unknown) => [String(value).slice(0, 3), String(value).slice(3)];
  switch (block.type) {
    case "text": {
      const cited = Array.isArray(block["citations"]) ? block["citations"] : [];
      return [
        { ...block, text: "", ...(cited.length > 0 ? { citations: [] } : {}) },
        [
          ...cited.map((citation) => ({ type: "citations_delta", citation })),
          ...halves(block["text"]).map((text) => ({ type: "text_delta", text })),
        ],
      ];
    }
    case "thinking":
      return [
        { ...block, thinking: "", signature: "" },
        [
          ...halves(block["thinking"]).map((thinking) => ({ type: "thinking_delta", thinking })),
          { type: "signature_delta", signature: block["signature"] },
        ],
      ];
    case "tool_use":
    case "server_tool_use":
      return [
        { ...block, input: {} },
        halves(JSON.stringify(block["input"])).map((partial_json) => ({ type: "input_json_delta", partial_json })),
      ];
    default:
      return [block, []];
  }
}

/** What a client has after it joined the chunks. */
function join(chunks: ChatChunk[]) {
  const message: Delta & { content: string } = { content: "" };
  const calls: ToolCall[] = [];
  let finish: unknown;
  let choice: unknown;
  for (const { choices } of chunks)
    for (const { delta, finish_reason, provider_specific_fields } of choices) {
      message.content += delta.content ?? "";
      if (delta.reasoning_content)
        message.reasoning_content = (message.reasoning_content ?? "") + delta.reasoning_content;
      if (delta.thinking_blocks)
        message.thinking_blocks = [...(message.thinking_blocks ?? []), ...delta.thinking_blocks];
      if (delta.annotations) message.annotations = [...(message.annotations ?? []), ...delta.annotations];
      if (delta.provider_specific_fields) message.provider_specific_fields = delta.provider_specific_fields;
      for (const call of delta.tool_calls ?? []) {
        if (call.id)
          calls[call.index] = { ...call, id: call.id, function: { name: "", arguments: "", ...call.function } };
        else calls[call.index]!.function!.arguments += call.function?.arguments ?? "";
      }
      finish = finish_reason ?? finish;
      choice = provider_specific_fields ?? choice;
    }
  const tool_calls = calls.map(({ index: _index, ...call }: ToolCall) => call);
  return { ...message, ...(calls.length > 0 ? { tool_calls } : {}), finish, choice, usage: chunks.at(-1)?.usage };
}

const text = (value: string): Block => ({ type: "text", text: value });
const found = {
  type: "web_search_result_location",
  url: "https://a.example",
  title: "A",
  encrypted_index: "e",
  cited_text: "c",
};
const search: Block[] = [
  text("Let me look. "),
  { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } },
  {
    type: "web_search_tool_result",
    tool_use_id: "srvtoolu_1",
    content: [{ type: "web_search_result", url: "https://a.example" }],
  },
  { ...text("It is so."), citations: [found] },
];

describe("a whole answer", () => {
  it("text", () => {
    expect(complete([text("Hello "), text("there")])).toEqual({
      id: "msg_1",
      object: "chat.completion",
      created: 7,
      model: "claude-x",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello there" },
          finish_reason: "stop",
          provider_specific_fields: { stop_reason: "end_turn", stop_sequence: null },
        },
      ],
      usage: expect.objectContaining({ prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 }),
    });
  });

  it.each([
    ["end_turn", "stop"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["stop_sequence", "stop"],
    ["tool_use", "tool_calls"],
    ["pause_turn", "stop"],
    ["refusal", "content_filter"],
    ["something_new", "stop"],
  ])("%s ends with %s", (stop_reason, expected) => {
    expect(complete([], { stop_reason }).choices[0]?.finish_reason).toBe(expected);
  });

  it("the client's names come back", () => {
    const reading = { jsonTool: false, toolNames: new Map([["my_tool_1", "my.tool"]]) };
    const { choices } = complete([{ type: "tool_use", id: "t", name: "my_tool_1", input: {} }], {}, reading);
    expect(choices[0]?.message).toEqual({
      role: "assistant",
      content: null,
      tool_calls: [{ id: "t", type: "function", function: { name: "my.tool", arguments: "{}" } }],
    });
  });

  it("cited text has annotations, and its blocks to come back with", () => {
    const { message } = complete(search).choices[0]!;
    expect(message.content).toBe("Let me look. It is so.");
    expect(message.annotations).toEqual([
      { type: "url_citation", url_citation: { url: "https://a.example", title: "A", start_index: 13, end_index: 22 } },
    ]);
    expect(message.provider_specific_fields).toEqual({
      citations: [[found]],
      web_search_results: [search[2]],
      content_blocks: search,
    });
  });

  it("unknown blocks are kept, and state of the answer", () => {
    const blocks = [{ type: "hologram", data: 1 }, text("a")];
    const { message } = complete(blocks, { container: { id: "container_1" } }).choices[0]!;
    expect(message.content).toBe("a");
    expect(message.provider_specific_fields).toEqual({ content_blocks: blocks, container: { id: "container_1" } });
  });
});

describe("a stream says the same as the whole answer", () => {
  const json: Reading = { jsonTool: true, toolNames: new Map() };
  const thinking = { type: "thinking", thinking: "Let me think.", signature: "sig" };
  const cases: [string, Block[], string, Reading][] = [
    ["text", [text("Hello there")], "end_turn", plain],
    ["thinking", [thinking, { type: "redacted_thinking", data: "x" }, text("Yes.")], "max_tokens", plain],
    [
      "parallel tools",
      [
        text("Calling."),
        { type: "tool_use", id: "t1", name: "f", input: { city: "Bonn" } },
        { type: "tool_use", id: "t2", name: "g", input: {}, caller: { type: "code_execution_20250825", tool_id: "s" } },
      ],
      "tool_use",
      plain,
    ],
    ["server tools and citations", search, "end_turn", plain],
    ["compaction", [{ type: "compaction", content: "So far: nothing." }, text("Go on.")], "end_turn", plain],
    ["a JSON answer", [{ type: "tool_use", id: "t", name: "json_tool_call", input: { a: [1, 2] } }], "tool_use", json],
    [
      "a JSON answer beside a tool call",
      [
        { type: "tool_use", id: "t", name: "json_tool_call", input: { a: 1 } },
        { type: "tool_use", id: "t1", name: "f", input: { b: 2 } },
      ],
      "tool_use",
      json,
    ],
  ];
  it.each(cases)("%s", (_, blocks, stop_reason, reading) => {
    const stop = { stop_reason, stop_sequence: null };
    const whole = complete(blocks, stop, reading);
    const stream = decoder(reading);
    const chunks = feed(stream, eventsOf(blocks, stop));
    expect(stream.end()).toEqual([]);
    const { role: _role, ...message } = whole.choices[0]!.message;
    expect(join(chunks)).toEqual({
      ...message,
      content: message.content ?? "",
      finish: whole.choices[0]!.finish_reason,
      choice: whole.choices[0]!["provider_specific_fields"],
      usage: whole.usage,
    });
    expect(chunks[0]).toMatchObject({ id: "msg_1", model: "claude-x", choices: [{ delta: { role: "assistant" } }] });
  });
});

describe("a stream", () => {
  const block = (content_block: Block) => [
    { type: "content_block_start", index: 0, content_block },
    { type: "content_block_stop", index: 0 },
  ];

  it("takes an input that came whole, and none as {}", () => {
    const args = (input: unknown) =>
      feed(decoder(), block({ type: "tool_use", id: "t", name: "f", input }))
        .map(({ choices }) => choices[0]?.delta.tool_calls?.[0]?.function?.arguments)
        .join("");
    expect(args({ a: 1 })).toBe('{"a":1}');
    expect(args({})).toBe("{}");
  });

  it("ignores what it does not know", () => {
    const stream = decoder();
    expect(feed(stream, [{ type: "hello" }, ...block({ type: "hologram" })])).toEqual([]);
    expect(feed(stream, [{ type: "content_block_delta", index: 9, delta: { type: "text_delta", text: "x" } }])).toEqual(
      [],
    );
    expect(stream.event({ data: "[DONE]" })).toEqual([]);
  });

  it("fails with its error event, when it is cut off, and when it is no JSON", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(() => feed(decoder(), [error])).toThrow(JSON.stringify(error));
    const cut = decoder();
    feed(cut, eventsOf([text("Hello")]).slice(0, -1));
    expect(() => cut.end()).toThrow(expect.objectContaining({ name: "APIConnectionError" }));
    expect(() => decoder().event({ data: "<html>" })).toThrow(
      expect.objectContaining({ name: "APIResponseValidationError" }),
    );
  });

  it("tells no usage where none was counted, and takes the end's figures", () => {
    const start = {
      type: "message_start",
      message: { usage: { input_tokens: 612, cache_read_input_tokens: 5, output_tokens: 1 } },
    };
    const stop = { type: "message_stop" };
    expect(feed(decoder(), [start, stop]).every(({ usage }) => usage === undefined)).toBe(true);
    const figures = (usage: Record<string, unknown>) =>
      feed(decoder(), [start, { type: "message_delta", delta: { stop_reason: "end_turn" }, usage }, stop]).at(-1)
        ?.usage;
    expect(figures({ input_tokens: 28, output_tokens: 9 })).toMatchObject({ prompt_tokens: 33, completion_tokens: 9 });
    expect(figures({ input_tokens: 0, output_tokens: 9 })).toMatchObject({ prompt_tokens: 617 });
    expect(figures({ input_tokens: null, output_tokens: 9 })).toMatchObject({ prompt_tokens: 617 });
  });

  it("names the model that took over", () => {
    const fallback = { type: "fallback", from: { model: "a" }, to: { model: "b" } };
    expect(feed(decoder(), eventsOf([fallback, text("Hi")])).at(-1)?.model).toBe("b");
  });
});

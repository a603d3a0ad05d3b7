/** The hub's answers as Anthropic's: whole, and as streams that make the same message. */
import { describe, expect, it } from "vitest";
import { fromHubResponse } from "../../../src/formats/anthropic/from-hub-response.ts";
import { HubToMessageStream } from "../../../src/formats/anthropic/from-hub-stream.ts";
import { eventsOf, MessageBuilder } from "../../../src/formats/anthropic/message-events.ts";
import type { Message, StreamEvent } from "../../../src/formats/anthropic/types.ts";
import { fromUsage, toUsage } from "../../../src/formats/anthropic/usage.ts";
import type { ChatChunk, ChatCompletion, Delta, Usage } from "../../../src/formats/openai/chat.ts";
import { chunksOfCompletion } from "../../../src/formats/openai/stream.ts";

const reading = { toolNames: new Map<string, string>(), stopSequences: [] as string[] };
const head = { id: "chatcmpl-1", object: "chat.completion.chunk" as const, created: 1, model: "gpt" };
const usage: Usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };

function completion(message: object, finish_reason = "stop", more: object = {}): ChatCompletion {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "gpt",
    choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, finish_reason, ...more }],
    usage,
  };
}

const delta = (one: Delta): ChatChunk => ({ ...head, choices: [{ index: 0, delta: one, finish_reason: null }] });
const finish = (finish_reason: string, more: object = {}): ChatChunk => ({
  ...head,
  choices: [{ index: 0, delta: {}, finish_reason, ...more }],
});
const call = (index: number, part: { name?: string; arguments?: string }, id?: string): ChatChunk =>
  delta({ tool_calls: [{ index, ...(id !== undefined && { id }), function: part }] });

/** The events of a stream, with the rules of the format checked. */
function stream(chunks: ChatChunk[], read = reading): StreamEvent[] {
  const decoder = new HubToMessageStream(read);
  const events = [...chunks.flatMap((chunk) => decoder.chunk(chunk)), ...decoder.end()];
  let open: number | undefined;
  let next = 0;
  for (const { type, index } of events) {
    if (type === "content_block_start") {
      expect([open, index]).toEqual([undefined, next]);
      open = index;
      next += 1;
    }
    if (type === "content_block_delta") expect(index).toBe(open);
    if (type === "content_block_stop") {
      expect(index).toBe(open);
      open = undefined;
    }
  }
  expect(events[0]?.type).toBe("message_start");
  expect(events.slice(-2).map(({ type }) => type)).toEqual(["message_delta", "message_stop"]);
  expect(open).toBeUndefined();
  return events;
}

function joined(events: readonly StreamEvent[]): Message | undefined {
  const builder = new MessageBuilder();
  for (const event of events) builder.add(event);
  return builder.message;
}

describe("whole answers", () => {
  it("text, with id, model and usage", () => {
    expect(fromHubResponse(completion({ content: "Hi" }), reading)).toEqual({
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "gpt",
      content: [{ type: "text", text: "Hi" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 4 },
    });
  });

  it.each([
    ["stop", {}, "end_turn"],
    ["length", {}, "max_tokens"],
    ["content_filter", {}, "refusal"],
    ["stop", { refusal: "No." }, "refusal"],
    ["stop", { tool_calls: [{ id: "c", function: { name: "f", arguments: "{}" } }] }, "tool_use"],
    ["tool_calls", {}, "end_turn"],
    ["some_word_of_its_own", {}, "end_turn"],
  ])("finish reason %s of %j is %s", (finish_reason, message, stop_reason) => {
    expect(fromHubResponse(completion(message, finish_reason), reading).stop_reason).toBe(stop_reason);
  });

  it("the stop sequence, where the provider tells it, and Anthropic's own words", () => {
    const stopSequences = ["END", "STOP"];
    const told = fromHubResponse(completion({ content: "a" }, "stop", { stop_reason: "STOP" }), {
      ...reading,
      stopSequences,
    });
    expect([told.stop_reason, told.stop_sequence]).toEqual(["stop_sequence", "STOP"]);
    const fields = { provider_specific_fields: { stop_reason: "pause_turn", stop_sequence: null } };
    expect(fromHubResponse(completion({ content: "a" }, "stop", fields), reading).stop_reason).toBe("pause_turn");
  });

  it("thinking before text before tool calls; reasoning nobody signed has an empty signature", () => {
    const answer = fromHubResponse(
      completion({
        reasoning_content: "Hm.",
        content: "So:",
        tool_calls: [
          { id: "a", function: { name: "f", arguments: '{"x":1}' } },
          { id: "b", function: { name: "g", arguments: "" } },
          { id: "c", function: { name: "h", arguments: '{"x":' } },
        ],
      }),
      { ...reading, toolNames: new Map([["f", "a.long.name"]]) },
    );
    expect(answer.content).toEqual([
      { type: "thinking", thinking: "Hm.", signature: "" },
      { type: "text", text: "So:" },
      { type: "tool_use", id: "a", name: "a.long.name", input: { x: 1 } },
      { type: "tool_use", id: "b", name: "g", input: {} },
      { type: "tool_use", id: "c", name: "h", input: { INVALID_JSON: '{"x":' } },
    ]);
  });

  it("signed and redacted thinking, citations, images", () => {
    const cited = { url: "https://a.example", title: "A", start_index: 0, end_index: 2 };
    const answer = fromHubResponse(
      completion({
        content: "Hi",
        thinking_blocks: [
          { type: "thinking", thinking: "Hm.", signature: "sig" },
          { type: "redacted_thinking", data: "x" },
        ],
        reasoning_content: "Hm.",
        annotations: [{ type: "url_citation", url_citation: cited }],
        images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }],
      }),
      reading,
    );
    expect(answer.content).toMatchObject([
      { type: "thinking", thinking: "Hm.", signature: "sig" },
      { type: "redacted_thinking", data: "x" },
      { type: "text", text: "Hi", citations: [{ type: "web_search_result_location", url: cited.url, title: "A" }] },
      { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
    ]);
  });

  it("the blocks of an Anthropic upstream come back as they were", () => {
    const content_blocks = [
      { type: "text", text: "I look." },
      { type: "server_tool_use", id: "s", name: "web_search", input: { query: "q" } },
      { type: "web_search_tool_result", tool_use_id: "s", content: [] },
      { type: "text", text: "So." },
    ];
    const answer = completion({ content: "I look.So.", provider_specific_fields: { content_blocks } });
    expect(fromHubResponse(answer, reading).content).toEqual(content_blocks);
  });

  it("an answer that says nothing has no blocks", () => {
    expect(fromHubResponse(completion({ content: "" }), reading).content).toEqual([]);
  });
});

describe("usage", () => {
  it.each<Usage>([
    usage,
    {
      ...usage,
      prompt_tokens_details: { cached_tokens: 3, cache_creation_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 1, text_tokens: 3 },
    },
    {
      ...usage,
      prompt_tokens_details: {
        cached_tokens: 0,
        cache_creation_tokens: 5,
        cache_creation_token_details: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 4 },
      },
      server_tool_use: { web_search_requests: 2 },
    },
    {
      ...usage,
      prompt_tokens_details: { cached_tokens: 1, audio_tokens: 6 },
      completion_tokens_details: { image_tokens: 2 },
      num_search_queries: 3,
    },
  ])("%# is the same once it has been Anthropic's", (before) => {
    const after = toUsage(fromUsage(before));
    expect(after).toMatchObject(before);
    expect([after.prompt_tokens, after.completion_tokens, after.total_tokens]).toEqual([10, 4, 14]);
  });

  it("what was cached is not counted twice", () => {
    const told = fromUsage({ ...usage, prompt_tokens_details: { cached_tokens: 3, cache_creation_tokens: 2 } });
    expect(told).toEqual({
      input_tokens: 5,
      cache_creation_input_tokens: 2,
      cache_read_input_tokens: 3,
      output_tokens: 4,
    });
  });
});

describe("streams", () => {
  it("text: exact events in their order", () => {
    const chunks = [
      delta({ role: "assistant", content: "" }),
      delta({ content: "Hel" }),
      delta({ content: "lo" }),
      finish("stop"),
      { ...head, choices: [], usage },
    ];
    expect(stream(chunks)).toEqual([
      {
        type: "message_start",
        message: {
          id: "msg_1",
          type: "message",
          role: "assistant",
          model: "gpt",
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 0, output_tokens: 0 },
        },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hel" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "lo" } },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 4 },
      },
      { type: "message_stop" },
    ]);
  });

  it("nothing waits that need not: each piece goes out with the chunk that brought it", () => {
    const decoder = new HubToMessageStream(reading);
    const types = (chunk: ChatChunk) => decoder.chunk(chunk).map(({ type }) => type);
    expect(types(delta({ content: "a" }))).toEqual(["message_start", "content_block_start", "content_block_delta"]);
    expect(types(call(0, { name: "f", arguments: '{"a":' }, "x"))).toEqual([
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
    ]);
    expect(types(call(0, { arguments: "1}" }))).toEqual(["content_block_delta"]);
    // the first call is whole, so that the second may begin
    expect(types(call(1, { name: "g", arguments: "{}" }, "y"))).toEqual([
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
    ]);
  });

  it("parallel tool calls whose pieces come in any order are told one after the other", () => {
    const events = stream([
      delta({ content: "Both." }),
      call(0, { name: "f", arguments: "" }, "a"),
      call(1, { name: "g", arguments: "" }, "b"),
      call(1, { arguments: '{"y":' }),
      call(0, { arguments: '{"x":' }),
      call(1, { arguments: "2}" }),
      call(0, { arguments: "1}" }),
      delta({ content: "After." }),
      call(2, { name: "h" }, "c"),
      finish("tool_calls"),
    ]);
    expect(joined(events)?.content).toEqual([
      { type: "text", text: "Both." },
      { type: "tool_use", id: "a", name: "f", input: { x: 1 } },
      { type: "tool_use", id: "b", name: "g", input: { y: 2 } },
      { type: "text", text: "After." },
      { type: "tool_use", id: "c", name: "h", input: {} },
    ]);
  });

  it("a call cut off in its arguments, and one without a name, end with the stream", () => {
    const events = stream([
      call(0, { name: "f", arguments: '{"x":' }, "a"),
      call(1, { arguments: "{}" }),
      finish("length"),
    ]);
    expect(joined(events)).toMatchObject({
      stop_reason: "max_tokens",
      content: [
        { type: "tool_use", id: "a", input: { INVALID_JSON: '{"x":' } },
        { type: "tool_use", name: "", input: {} },
      ],
    });
  });

  it("thinking, signed as each provider does it", () => {
    // Anthropic's wire: the reasoning as it comes, and the block once more when it ends
    const anthropic = stream([
      delta({ reasoning_content: "Hm" }),
      delta({ reasoning_content: "m." }),
      delta({ thinking_blocks: [{ type: "thinking", thinking: "Hmm.", signature: "s1" }] }),
      delta({ thinking_blocks: [{ type: "redacted_thinking", data: "x" }] }),
      delta({ content: "So." }),
      finish("stop"),
    ]);
    expect(joined(anthropic)?.content).toEqual([
      { type: "thinking", thinking: "Hmm.", signature: "s1" },
      { type: "redacted_thinking", data: "x" },
      { type: "text", text: "So." },
    ]);
    // Gemini and OpenRouter: each piece with its block
    const pieces = stream([
      delta({ reasoning_content: "Hm", thinking_blocks: [{ type: "thinking", thinking: "Hm" }] }),
      delta({ reasoning_content: "m.", thinking_blocks: [{ type: "thinking", thinking: "m." }] }),
      delta({ thinking_blocks: [{ type: "thinking", thinking: "", signature: "s2" }] }),
      delta({ content: "So." }),
      finish("stop"),
    ]);
    expect(joined(pieces)?.content).toEqual([
      { type: "thinking", thinking: "Hmm.", signature: "s2" },
      { type: "text", text: "So." },
    ]);
    // a signature without a word: thinking that is not shown
    const hidden = stream([
      delta({ thinking_blocks: [{ type: "thinking", thinking: "", signature: "s3" }] }),
      delta({ content: "So." }),
      finish("stop"),
    ]);
    expect(joined(hidden)?.content[0]).toEqual({ type: "thinking", thinking: "", signature: "s3" });
    // blocks alone, in pieces
    const blocks = stream([
      delta({ thinking_blocks: [{ type: "thinking", thinking: "H" }] }),
      delta({ thinking_blocks: [{ type: "thinking", thinking: "m" }] }),
      finish("stop"),
    ]);
    expect(joined(blocks)?.content).toEqual([{ type: "thinking", thinking: "Hm", signature: "" }]);
  });

  it("a signature that comes after its block has gone begins no block of its own", () => {
    const events = stream([
      delta({ reasoning_content: "Hm.", thinking_blocks: [{ type: "thinking", thinking: "Hm." }] }),
      delta({ content: "So." }),
      delta({ thinking_blocks: [{ type: "thinking", thinking: "", signature: "late" }] }),
      finish("stop"),
    ]);
    expect(joined(events)?.content.map(({ type }) => type)).toEqual(["thinking", "text"]);
  });

  it("citations go to the text that is open; tools the provider ran are told before the end", () => {
    const ran = { type: "web_search_tool_result", tool_use_id: "s", content: [] };
    const events = stream([
      delta({ content: "Hi" }),
      delta({
        annotations: [{ type: "url_citation", url_citation: { url: "u", title: "t", start_index: 0, end_index: 2 } }],
      }),
      delta({ provider_specific_fields: { content_blocks: [{ type: "text", text: "Hi" }, ran] } }),
      finish("stop"),
    ]);
    expect(joined(events)?.content).toMatchObject([{ type: "text", text: "Hi", citations: [{ url: "u" }] }, ran]);
  });

  it("an answer without a word, other choices, and usage that nobody told", () => {
    const other: ChatChunk = { ...head, choices: [{ index: 1, delta: { content: "no" }, finish_reason: null }] };
    const events = stream([other, delta({ role: "assistant" }), finish("stop")]);
    expect(joined(events)).toMatchObject({ content: [], stop_reason: "end_turn", usage: { input_tokens: 0 } });
  });

  const called = {
    tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: '{"x":[1,{"y":2}]}' } }],
  };
  it.each([
    ["text", completion({ content: "Hi" })],
    ["reasoning and calls", completion({ reasoning_content: "Hm.", content: "Hi", ...called }, "tool_calls")],
    ["a refusal", completion({ refusal: "No." })],
    [
      "signed thinking",
      completion({
        content: "Hi",
        reasoning_content: "Hm.",
        thinking_blocks: [{ type: "thinking", thinking: "Hm.", signature: "s" }],
      }),
    ],
  ])("%s: the stream makes the message the whole answer is, by either way", (_, answer) => {
    const whole = fromHubResponse(answer, reading);
    const { usage: _whole, ...said } = whole;
    expect(joined(stream(chunksOfCompletion(answer)))).toMatchObject(said);
    expect(joined(eventsOf(whole))).toMatchObject(said);
  });
});

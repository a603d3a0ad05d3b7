import { describe, expect, it } from "vitest";
import type { Reading } from "../../../src/formats/anthropic/assistant.ts";
import { toChatCompletion } from "../../../src/formats/bedrock/response.ts";
import { toFinishReason } from "../../../src/formats/bedrock/stop-reason.ts";
import { ConverseDecoder } from "../../../src/formats/bedrock/stream.ts";
import { answerSchema } from "../../../src/formats/bedrock/types.ts";
import { RateLimitError } from "../../../src/formats/errors.ts";
import { CompletionBuilder } from "../../../src/formats/openai/stream.ts";
import { decoded, event, exception, textStream, USAGE } from "./answers.ts";

const PLAIN: Reading = { jsonTool: false, toolNames: new Map() };
const DEFAULTS = { id: "chatcmpl-1", model: "m", created: 1 };

function whole(content: unknown[], fields: object = {}, reading = PLAIN) {
  const answer = {
    output: { message: { role: "assistant", content } },
    stopReason: "end_turn",
    usage: USAGE,
    ...fields,
  };
  return toChatCompletion(answerSchema.parse(answer), reading, DEFAULTS);
}

function streamed(messages: Uint8Array[], reading = PLAIN) {
  const decoder = new ConverseDecoder({
    ...DEFAULTS,
    reading,
    fail: ({ event: name }) => new RateLimitError(`${name}`),
  });
  const builder = new CompletionBuilder();
  const chunks = [...decoded(messages).flatMap((one) => decoder.event(one)), ...decoder.end()];
  for (const chunk of chunks) builder.add(chunk);
  return { chunks, completion: builder.completion };
}

const delta = (index: number, said: object) => event("contentBlockDelta", { contentBlockIndex: index, delta: said });
const start = (index: number, said: object) => event("contentBlockStart", { contentBlockIndex: index, start: said });
const stop = (index: number) => event("contentBlockStop", { contentBlockIndex: index });
const ended = (stopReason = "end_turn", fields: object = {}) => [
  event("messageStop", { stopReason }),
  event("metadata", { usage: USAGE, metrics: { latencyMs: 2 }, ...fields }),
];

describe("an answer", () => {
  const content = [
    { reasoningContent: { reasoningText: { text: "Think.", signature: "sig" } } },
    { reasoningContent: { redactedContent: "b64" } },
    { text: "Look:" },
    { toolUse: { toolUseId: "t1", name: "weather", input: { city: "Bonn" } } },
    { toolUse: { toolUseId: "t2", name: "time", input: {} } },
  ];
  const stream = [
    event("messageStart", { role: "assistant", p: "abc" }),
    delta(0, { reasoningContent: { text: "Thi" } }),
    delta(0, { reasoningContent: { text: "nk." } }),
    delta(0, { reasoningContent: { signature: "sig" } }),
    stop(0),
    delta(1, { reasoningContent: { redactedContent: "b64" } }),
    stop(1),
    delta(2, { text: "Lo" }),
    delta(2, { text: "ok:" }),
    stop(2),
    start(3, { toolUse: { toolUseId: "t1", name: "weather" } }),
    delta(3, { toolUse: { input: "" } }),
    delta(3, { toolUse: { input: '{"city":' } }),
    delta(3, { toolUse: { input: '"Bonn"}' } }),
    stop(3),
    start(4, { toolUse: { toolUseId: "t2", name: "time" } }),
    stop(4),
    ...ended("tool_use"),
  ];

  it("says text, reasoning with its signatures, calls and usage", () => {
    expect(whole(content, { stopReason: "tool_use" })).toEqual({
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "m",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "Look:",
            tool_calls: [
              { id: "t1", type: "function", function: { name: "weather", arguments: '{"city":"Bonn"}' } },
              { id: "t2", type: "function", function: { name: "time", arguments: "{}" } },
            ],
            reasoning_content: "Think.",
            thinking_blocks: [
              { type: "thinking", thinking: "Think.", signature: "sig" },
              { type: "redacted_thinking", data: "b64" },
            ],
          },
          finish_reason: "tool_calls",
          provider_specific_fields: { stopReason: "tool_use" },
        },
      ],
      usage: {
        prompt_tokens: 113,
        completion_tokens: 5,
        total_tokens: 118,
        prompt_tokens_details: {
          cached_tokens: 100,
          cache_creation_tokens: 3,
          cache_creation_token_details: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 3 },
        },
        cache_creation_input_tokens: 3,
        cache_read_input_tokens: 100,
      },
    });
  });

  it("says the same as a stream", () => {
    const { completion } = streamed(stream);
    const { choices, usage } = whole(content, { stopReason: "tool_use" });
    expect(completion?.choices[0]?.message).toEqual(choices[0]?.message);
    expect(completion?.choices[0]?.finish_reason).toBe("tool_calls");
    expect(completion?.usage).toEqual(usage);
  });

  it("calls tools by the client's names, and says the JSON that a tool stood for", () => {
    const reading = { jsonTool: true, toolNames: new Map([["a_b_12345678", "a.b"]]) };
    const call = { toolUse: { toolUseId: "t", name: "a_b_12345678", input: {} } };
    expect(whole([call], { stopReason: "tool_use" }, reading).choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ function: { name: "a.b" } }] },
    });
    const answer = { toolUse: { toolUseId: "t", name: "json_tool_call", input: { city: "Bonn" } } };
    const told = { finish_reason: "stop", message: { role: "assistant", content: '{"city":"Bonn"}' } };
    expect(whole([answer], { stopReason: "tool_use" }, reading).choices[0]).toMatchObject(told);
    const { completion } = streamed(
      [
        event("messageStart", { role: "assistant" }),
        start(0, { toolUse: { toolUseId: "t", name: "json_tool_call" } }),
        delta(0, { toolUse: { input: '{"city":"Bonn"}' } }),
        stop(0),
        ...ended("tool_use"),
      ],
      reading,
    );
    expect(completion?.choices[0]).toMatchObject(told);
    expect(completion?.choices[0]?.message.tool_calls).toBeUndefined();
  });

  it("keeps citations, with annotations for those of the web", () => {
    const web = { location: { web: { url: "https://ruby.example/", domain: "ruby.example" } } };
    const page = { location: { documentPage: { documentIndex: 0, start: 1, end: 2 } }, title: "sample" };
    const cited = { citationsContent: { content: [{ text: "It is old." }], citations: [web, page] } };
    const message = whole([{ text: "So: " }, cited]).choices[0]?.message;
    expect(message).toMatchObject({
      content: "So: It is old.",
      annotations: [
        {
          type: "url_citation",
          url_citation: { url: "https://ruby.example/", title: "ruby.example", start_index: 4, end_index: 14 },
        },
      ],
      provider_specific_fields: {
        citationsContent: [cited.citationsContent],
        content_blocks: [{ text: "So: " }, cited],
      },
    });
    const { completion } = streamed([
      event("messageStart", { role: "assistant" }),
      delta(0, { text: "So: " }),
      stop(0),
      delta(1, { text: "It is old." }),
      delta(1, { citation: web }),
      delta(1, { citation: page }),
      stop(1),
      ...ended(),
    ]);
    expect(completion?.choices[0]?.message).toEqual(message);
  });

  it("hides tools that Bedrock runs itself, but keeps what they did", () => {
    const use = {
      toolUse: { toolUseId: "s", name: "nova_code_interpreter", input: { snippet: "1" }, type: "server_tool_use" },
    };
    const result = { toolResult: { status: "success", toolUseId: "s", content: [{ json: { stdOut: "1" } }] } };
    const { message, finish_reason } = whole([use, result, { text: "One." }]).choices[0] ?? {};
    expect(message).toEqual({
      role: "assistant",
      content: "One.",
      provider_specific_fields: { content_blocks: [use, result, { text: "One." }] },
    });
    expect(finish_reason).toBe("stop");
    const { completion } = streamed([
      event("messageStart", { role: "assistant" }),
      start(0, { toolUse: { toolUseId: "s", name: "nova_code_interpreter", type: "server_tool_use" } }),
      delta(0, { toolUse: { input: '{"snippet":"1"}' } }),
      stop(0),
      start(1, { toolResult: { status: "success", toolUseId: "s" } }),
      delta(1, { toolResult: [{ json: { stdOut: "1" } }] }),
      stop(1),
      delta(2, { text: "One." }),
      stop(2),
      ...ended(),
    ]);
    expect(completion?.choices[0]?.message).toEqual(message);
  });

  it("shows images that the model made", () => {
    const images = [{ type: "image_url", image_url: { url: "data:image/png;base64,aW1hZ2U=" }, index: 0 }];
    const message = whole([{ text: "See:" }, { image: { format: "png", source: { bytes: "aW1hZ2U=" } } }]).choices[0]
      ?.message;
    expect(message).toEqual({ role: "assistant", content: "See:", images });
    const { completion } = streamed([
      event("messageStart", { role: "assistant" }),
      delta(0, { text: "See:" }),
      stop(0),
      start(1, { image: { format: "png" } }),
      delta(1, { image: { source: { bytes: btoa("im") } } }), // filled up to its end
      delta(1, { image: { source: { bytes: btoa("age") } } }),
      stop(1),
      ...ended(),
    ]);
    expect(completion?.choices[0]?.message).toEqual(message);
  });

  it("tells what a guardrail did, which tier served, and fields that were asked for", () => {
    const trace = { guardrail: { actionReason: "masked" } };
    const fields = { trace, serviceTier: { type: "priority" } };
    expect(
      whole([{ text: "No." }], {
        ...fields,
        stopReason: "guardrail_intervened",
        additionalModelResponseFields: { a: 1 },
      }),
    ).toMatchObject({
      trace,
      service_tier: "priority",
      choices: [
        {
          finish_reason: "content_filter",
          provider_specific_fields: { stopReason: "guardrail_intervened", additionalModelResponseFields: { a: 1 } },
        },
      ],
    });
    const { completion, chunks } = streamed([
      delta(0, { text: "No." }),
      stop(0),
      ...ended("guardrail_intervened", fields),
    ]);
    // Chunks without choices go to those alone who ask for usage.
    expect(chunks.find((chunk) => "trace" in chunk)?.choices).toEqual([{ index: 0, delta: {}, finish_reason: null }]);
    expect(completion).toMatchObject({
      trace,
      service_tier: "priority",
      choices: [{ finish_reason: "content_filter" }],
    });
  });

  it("may be empty, or lack its usage", () => {
    expect(whole([], { usage: undefined })).toMatchObject({ choices: [{ message: { content: null } }] });
    expect(whole([], { usage: undefined }).usage).toBeUndefined();
  });
});

describe("a stream", () => {
  it("is cut off where it has no end", () => {
    expect(() => streamed(textStream("Hel").slice(0, 2))).toThrow(/cut off/);
  });

  it("fails with the exception it ends with", () => {
    expect(() => streamed([...textStream("Hel").slice(0, 2), exception("throttlingException", "slow down")])).toThrow(
      /throttlingException/,
    );
  });

  it("is refused where an event is no JSON", () => {
    const decoder = new ConverseDecoder({ ...DEFAULTS, reading: PLAIN, fail: () => new RateLimitError("") });
    expect(() => decoder.event({ event: "contentBlockDelta", data: "<html>" })).toThrow(/no JSON/);
  });

  it("tells its usage last, also where that came before the end", () => {
    const [begin, text, close, end, metadata] = textStream("Hello") as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const { chunks } = streamed([begin, text, close, metadata, end]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 10 } });
    expect(chunks.filter(({ usage }) => usage)).toHaveLength(1);
  });

  it("may have events nobody knows yet, and no usage", () => {
    const messages = textStream("Hello").slice(0, -1);
    expect(streamed([event("pulse", {}), ...messages]).completion).toMatchObject({
      choices: [{ message: { content: "Hello" }, finish_reason: "stop" }],
    });
  });
});

it.each([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_calls"],
  ["content_filtered", "content_filter"],
  ["guardrail_intervened", "content_filter"],
  ["malformed_tool_use", "stop"],
  [undefined, "stop"],
])("the stop reason %s is %s", (reason, expected) => {
  expect(toFinishReason(reason)).toBe(expected);
});

/** Answers of the hub as Google's. */
import { describe, expect, it } from "vitest";
import { toGeneratedContent } from "../../../src/formats/gemini/answer.ts";
import { GeneratedContentStream } from "../../../src/formats/gemini/answer-stream.ts";
import { AS_CHAT } from "../../../src/formats/gemini/as-chat.ts";
import { unpackThinking } from "../../../src/formats/gemini/opaque-state.ts";
import type { AssistantMessage, ChatChunk, ChatCompletion, Delta, Usage } from "../../../src/formats/openai/chat.ts";

const HEAD = { id: "chatcmpl-1", created: 1, model: "gpt" };
const OPTIONS = { showsThoughts: true, toolNames: new Map<string, string>() };
const USAGE: Usage = {
  prompt_tokens: 100,
  completion_tokens: 30,
  total_tokens: 130,
  prompt_tokens_details: { cached_tokens: 40, image_tokens: 25 },
  completion_tokens_details: { reasoning_tokens: 10 },
};

function completion(message: Partial<AssistantMessage>, choice: object = {}, more: object = {}): ChatCompletion {
  const whole = { role: "assistant" as const, content: null, ...message };
  const choices = [{ index: 0, message: whole, finish_reason: "stop", ...choice }];
  return { ...HEAD, object: "chat.completion", choices, usage: USAGE, ...more };
}

const call = (id: string, name: string, args: string, fields?: object) => ({
  id,
  type: "function",
  function: { name, arguments: args },
  ...(fields && { provider_specific_fields: { ...fields } }),
});

/** Without the symbol, as a client gets it. */
const asJson = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value));
const candidate = (answer: ChatCompletion, options = OPTIONS) =>
  (asJson(toGeneratedContent(answer, options))["candidates"] as Record<string, unknown>[])[0]!;
const parts = (answer: ChatCompletion, options = OPTIONS) =>
  (candidate(answer, options)["content"] as { parts: unknown[] }).parts;

describe("a whole answer", () => {
  it("has text, usage, model and id under Google's names", () => {
    expect(asJson(toGeneratedContent(completion({ content: "Hi" }), OPTIONS))).toEqual({
      candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP", index: 0 }],
      usageMetadata: {
        promptTokenCount: 100,
        candidatesTokenCount: 20,
        thoughtsTokenCount: 10,
        cachedContentTokenCount: 40,
        totalTokenCount: 130,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 75 },
          { modality: "IMAGE", tokenCount: 25 },
        ],
        candidatesTokensDetails: [{ modality: "TEXT", tokenCount: 20 }],
      },
      modelVersion: "gpt",
      responseId: "chatcmpl-1",
    });
  });

  it("shows thoughts to whoever asked for them alone", () => {
    const answer = completion({ content: "4", reasoning_content: "2 + 2" });
    expect(parts(answer)).toEqual([{ text: "2 + 2", thought: true }, { text: "4" }]);
    expect(parts(answer, { ...OPTIONS, showsThoughts: false })).toEqual([{ text: "4" }]);
  });

  it("calls functions by the client's names, with whole arguments", () => {
    const answer = completion({ tool_calls: [call("a", "x_y_1", '{"n":1}'), call("b", "now", "")] });
    const toolNames = new Map([["x_y_1", "x.y"]]);
    expect(parts(answer, { ...OPTIONS, toolNames })).toEqual([
      { functionCall: { id: "a", name: "x.y", args: { n: 1 } } },
      { functionCall: { id: "b", name: "now", args: {} } },
    ]);
  });

  it("gives a call of Gemini's its signature, and packs the thinking of others with the first call", () => {
    const signed = call("c__thought__U0lH", "f", "{}", { thought_signature: "U0lH" });
    expect(parts(completion({ tool_calls: [signed] }))).toEqual([
      { functionCall: { id: "c", name: "f", args: {} }, thoughtSignature: "U0lH" },
    ]);
    const thinking_blocks = [
      { type: "thinking", thinking: "é…", signature: "EqQB+/8=" },
      { type: "redacted_thinking", data: "xyz" },
    ];
    const answer = completion({ thinking_blocks, tool_calls: [call("a", "f", "{}"), call("b", "g", "{}")] });
    const [first, second] = parts(answer) as { thoughtSignature?: string }[];
    expect(first?.thoughtSignature).toMatch(/^[A-Za-z0-9+/]+=*$/); // Google's client for Python decodes it
    expect(unpackThinking(first?.thoughtSignature ?? "")).toEqual(thinking_blocks);
    expect(second).not.toHaveProperty("thoughtSignature");
    const unsigned = completion({
      thinking_blocks: [{ type: "thinking", thinking: "t" }],
      tool_calls: [call("a", "f", "{}")],
    });
    expect(parts(unsigned)[0]).not.toHaveProperty("thoughtSignature");
  });

  it.each([
    ["stop", "STOP"],
    ["tool_calls", "STOP"],
    ["length", "MAX_TOKENS"],
    ["content_filter", "SAFETY"],
    [null, "STOP"],
    ["something_new", "OTHER"],
  ])("ends %s as %s", (finish_reason, expected) => {
    expect(candidate(completion({ content: "x" }, { finish_reason }))["finishReason"]).toBe(expected);
  });

  it("keeps Gemini's own word for its end", () => {
    const provider_specific_fields = { native_finish_reason: "RECITATION", native_finish_message: "m" };
    const said = candidate(completion({ content: "x" }, { finish_reason: "content_filter", provider_specific_fields }));
    expect(said).toMatchObject({ finishReason: "RECITATION", finishMessage: "m" });
  });

  it("leaves out a call whose arguments broke off, and says so where nothing else does", () => {
    const broken = { tool_calls: [call("a", "f", '{"n":')] };
    expect(candidate(completion(broken, { finish_reason: "tool_calls" }))).toMatchObject({
      finishReason: "MALFORMED_FUNCTION_CALL",
      content: { role: "model", parts: [{ text: "" }] },
    });
    expect(candidate(completion(broken, { finish_reason: "length" }))["finishReason"]).toBe("MAX_TOKENS");
  });

  it("tells a refused prompt as Google does", () => {
    const provider_specific_fields = { block_reason: "SAFETY", block_reason_message: "no" };
    const said = asJson(
      toGeneratedContent(completion({}, { finish_reason: "content_filter", provider_specific_fields }), OPTIONS),
    );
    expect(said["promptFeedback"]).toEqual({ blockReason: "SAFETY", blockReasonMessage: "no" });
    expect(said).not.toHaveProperty("candidates");
  });

  it("gives media as data, and links as links", () => {
    const images = [
      { type: "image_url" as const, image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "image_url" as const, image_url: { url: "https://host/a.jpg" } },
      { type: "image_url" as const, image_url: { url: "nonsense" } },
    ];
    const audio = { id: "a", data: "BBBB", transcript: "t", expires_at: 0 };
    expect(parts(completion({ images, audio }))).toEqual([
      { inlineData: { mimeType: "image/png", data: "AAAA" } },
      { fileData: { mimeType: "image/jpeg", fileUri: "https://host/a.jpg" } },
      { inlineData: { mimeType: "audio/pcm;rate=24000", data: "BBBB" } },
    ]);
  });

  it("tells citations by passage, in bytes", () => {
    const at = (url: string, start_index: number, end_index: number) => ({
      type: "url_citation",
      url_citation: { url, title: url === "https://a" ? "A" : "", start_index, end_index },
    });
    const annotations = [at("https://a", 3, 6), at("https://b", 3, 6), at("https://a", 0, 0)];
    expect(candidate(completion({ content: "né 🙂ok", annotations }))["groundingMetadata"]).toEqual({
      groundingChunks: [{ web: { uri: "https://a", title: "A" } }, { web: { uri: "https://b", title: "https://b" } }],
      groundingSupports: [{ segment: { startIndex: 4, endIndex: 10, text: "🙂ok" }, groundingChunkIndices: [0, 1] }],
    });
  });

  it("tells logprobs of tokens and their rivals", () => {
    const token = { token: "a", logprob: -0.5 };
    const logprobs = { content: [{ ...token, top_logprobs: [token, { token: "b", logprob: -1 }] }] };
    expect(candidate(completion({ content: "a" }, { logprobs }))).toMatchObject({
      avgLogprobs: -0.5,
      logprobsResult: {
        chosenCandidates: [{ token: "a", logProbability: -0.5 }],
        topCandidates: [
          {
            candidates: [
              { token: "a", logProbability: -0.5 },
              { token: "b", logProbability: -1 },
            ],
          },
        ],
      },
    });
  });
});

describe("a stream", () => {
  const chunk = (delta: Delta, finish_reason: string | null = null, index = 0): ChatChunk => ({
    ...HEAD,
    object: "chat.completion.chunk",
    choices: [{ index, delta, finish_reason }],
  });
  const usage: ChatChunk = { ...HEAD, object: "chat.completion.chunk", choices: [], usage: USAGE };

  function said(chunks: ChatChunk[], options = OPTIONS) {
    const stream = new GeneratedContentStream(options);
    const responses = [...chunks.map((one) => stream.chunk(one)), ...stream.end()];
    expect(responses.flatMap((response) => response[AS_CHAT])).toEqual(chunks); // the gateway sees all of it
    return responses.map(asJson).filter((response) => Object.keys(response).length > 0);
  }

  it("sends text as it comes, and the end with the usage", () => {
    const responses = said([
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "He" }),
      chunk({ content: "y" }),
      chunk({}, "stop"),
      usage,
    ]);
    expect(responses.map(({ candidates }) => candidates)).toEqual([
      [{ content: { role: "model", parts: [{ text: "He" }] }, index: 0 }],
      [{ content: { role: "model", parts: [{ text: "y" }] }, index: 0 }],
      [{ content: { role: "model", parts: [{ text: "" }] }, finishReason: "STOP", index: 0 }],
    ]);
    expect(responses.map(({ usageMetadata }) => usageMetadata !== undefined)).toEqual([false, false, true]);
    expect(responses.every(({ responseId }) => responseId === "chatcmpl-1")).toBe(true);
  });

  it("ends without usage where none comes", () => {
    const responses = said([chunk({ content: "a" }), chunk({}, "length")]);
    expect(responses.at(-1)).toMatchObject({ candidates: [{ finishReason: "MAX_TOKENS" }] });
    expect(responses.at(-1)).not.toHaveProperty("usageMetadata");
  });

  it("sends function calls when they are whole", () => {
    const piece = (index: number, text: string, more: object = {}) =>
      chunk({ tool_calls: [{ index, function: { arguments: text, ...more } }] });
    const begin = (index: number, id: string) =>
      chunk({ tool_calls: [{ index, id, type: "function", function: { name: "f", arguments: "" } }] });
    const responses = said([
      begin(0, "a"),
      piece(0, '{"x"'),
      begin(1, "b"),
      piece(0, ":1}"),
      piece(1, "{}"),
      chunk({}, "tool_calls"),
      usage,
    ]);
    expect(responses).toHaveLength(1);
    expect(responses[0]).toMatchObject({
      candidates: [
        {
          content: {
            parts: [
              { functionCall: { id: "a", name: "f", args: { x: 1 } } },
              { functionCall: { id: "b", name: "f", args: {} } },
            ],
          },
          finishReason: "STOP",
        },
      ],
    });
  });

  it("says nothing of hidden thoughts", () => {
    const thought = chunk({ reasoning_content: "hm", thinking_blocks: [{ type: "thinking", thinking: "hm" }] });
    const chunks = [thought, chunk({ content: "a" }), chunk({}, "stop"), usage];
    expect(said(chunks, { ...OPTIONS, showsThoughts: false })).toHaveLength(2);
    expect(said(chunks)).toHaveLength(3);
  });

  it("ends each candidate by itself", () => {
    const responses = said([
      chunk({ content: "a" }, null, 1),
      chunk({ content: "b" }),
      chunk({}, "stop", 1),
      chunk({}, "length"),
      usage,
    ]);
    const ends = responses.at(-1)?.["candidates"] as { index: number; finishReason: string }[];
    expect(new Map(ends.map(({ index, finishReason }) => [index, finishReason]))).toEqual(
      new Map([
        [1, "STOP"],
        [0, "MAX_TOKENS"],
      ]),
    );
  });
});

import { describe, expect, it } from "vitest";
import { APIConnectionError, APIResponseValidationError, RateLimitError } from "../../../src/formats/errors.ts";
import { annotationsOf } from "../../../src/formats/gemini/citations.ts";
import { finishReason } from "../../../src/formats/gemini/finish-reason.ts";
import { toGeminiRequest } from "../../../src/formats/gemini/request.ts";
import { toCompletion } from "../../../src/formats/gemini/response.ts";
import { GeminiStream } from "../../../src/formats/gemini/stream.ts";
import { usageOf } from "../../../src/formats/gemini/usage.ts";
import type { ChatCompletion } from "../../../src/formats/openai/chat.ts";
import { CompletionBuilder } from "../../../src/formats/openai/stream.ts";
import { findModel } from "../../../src/models/catalogue.ts";
import { cost, toUsd } from "../../../src/models/cost.ts";

const model = "gemini-3-flash-preview";
const context = { provider: "gemini", model, id: "chatcmpl-1", now: 1_700_000_000 };
const fail = () => new RateLimitError("busy");

const complete = (body: unknown) => toCompletion(body, context, fail);
const answer = (parts: unknown[], extra = {}) => ({
  candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0, ...extra }],
  modelVersion: "gemini-3-flash-preview-001",
  responseId: "resp1",
});

function streamed(responses: unknown[]): ChatCompletion | undefined {
  const stream = new GeminiStream(context);
  const builder = new CompletionBuilder();
  for (const response of responses) for (const chunk of stream.response(response, fail)) builder.add(chunk);
  for (const chunk of stream.end()) builder.add(chunk);
  return builder.completion;
}

describe("a whole answer", () => {
  it("has text, thoughts and usage", () => {
    const body = {
      ...answer([
        { text: "Hm.", thought: true },
        { text: "Blue", thoughtSignature: "Q2lB" },
      ]),
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1, thoughtsTokenCount: 9, totalTokenCount: 15 },
    };
    expect(complete(body)).toEqual({
      id: "resp1",
      object: "chat.completion",
      created: 1_700_000_000,
      model: "gemini-3-flash-preview-001",
      choices: [
        {
          index: 0,
          finish_reason: "stop",
          message: {
            role: "assistant",
            content: "Blue",
            reasoning_content: "Hm.",
            thinking_blocks: [{ type: "thinking", thinking: "Hm.", signature: "Q2lB" }],
            provider_specific_fields: { thought_signatures: ["Q2lB"] },
          },
        },
      ],
      usage: expect.objectContaining({ prompt_tokens: 5, completion_tokens: 10, total_tokens: 15 }),
    });
  });

  it("has tool calls whose signature survives a client that keeps ids only", () => {
    const body = answer([
      { functionCall: { id: "f1", name: "look", args: { a: 1 } }, thoughtSignature: "Q2lB" },
      { functionCall: { name: "look" } },
    ]);
    const [choice] = complete(body).choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    expect(choice?.message.content).toBeNull();
    expect(choice?.message.tool_calls).toEqual([
      {
        id: "f1__thought__Q2lB",
        type: "function",
        function: { name: "look", arguments: '{"a":1}' },
        provider_specific_fields: { thought_signature: "Q2lB" },
      },
      {
        id: expect.stringMatching(/^call_[0-9a-f]{24}$/),
        type: "function",
        function: { name: "look", arguments: "{}" },
      },
    ]);
    const calls =
      choice?.message.tool_calls?.map(({ id, type, function: call }) => ({ id, type, function: call })) ?? [];
    const messages = [
      { role: "user" as const, content: "Hi" },
      { role: "assistant" as const, content: null, tool_calls: calls },
    ];
    expect(toGeminiRequest({ model, messages }, { model }).contents[1]?.parts).toEqual([
      { functionCall: { id: "f1", name: "look", args: { a: 1 } }, thoughtSignature: "Q2lB" },
      { functionCall: { name: "look", args: {} } },
    ]);
  });

  it("has images, audio and what OpenAI has no word for", () => {
    const code = { executableCode: { language: "PYTHON", code: "1" } };
    const { message } = complete(
      answer([
        code,
        { inlineData: { mimeType: "image/png", data: "AAAA" } },
        { inlineData: { mimeType: "audio/L16;rate=24000", data: "UUUU" } },
      ]),
    ).choices[0]!;
    expect(message.images).toEqual([{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" }, index: 0 }]);
    expect(message.audio).toMatchObject({ data: "UUUU", mime_type: "audio/L16;rate=24000" });
    expect(message.provider_specific_fields).toEqual({ gemini_parts: [code] });
  });

  it("keeps Gemini's reasons and metadata", () => {
    const ratings = [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH" }];
    const completion = complete(answer([], { finishReason: "SAFETY", finishMessage: "No.", safetyRatings: ratings }));
    expect(completion.choices[0]).toMatchObject({
      finish_reason: "content_filter",
      provider_specific_fields: { native_finish_reason: "SAFETY", native_finish_message: "No." },
    });
    expect(completion["vertex_ai_safety_results"]).toEqual([ratings]);
  });

  it("has logprobs", () => {
    const chosen = { token: "é", logProbability: -0.5 };
    const logprobsResult = { chosenCandidates: [chosen], topCandidates: [{ candidates: [chosen] }] };
    const token = { token: "é", logprob: -0.5, bytes: [195, 169] };
    expect(complete(answer([{ text: "é" }], { logprobsResult })).choices[0]?.logprobs).toEqual({
      content: [{ ...token, top_logprobs: [token] }],
      refusal: null,
    });
  });

  it("answers a blocked prompt with an empty choice", () => {
    const promptFeedback = { blockReason: "PROHIBITED_CONTENT", blockReasonMessage: "Not this." };
    expect(complete({ promptFeedback }).choices).toEqual([
      {
        index: 0,
        message: { role: "assistant", content: null },
        finish_reason: "content_filter",
        provider_specific_fields: {
          native_finish_reason: "PROHIBITED_CONTENT",
          block_reason: "PROHIBITED_CONTENT",
          block_reason_message: "Not this.",
        },
      },
    ]);
  });

  it("is an error where it is no answer", () => {
    expect(() => complete({})).toThrow(APIResponseValidationError);
    expect(() => complete("ok")).toThrow(APIResponseValidationError);
    expect(() => complete({ error: { code: 429 } })).toThrow(RateLimitError);
  });
});

describe("a stream", () => {
  const chunk = (parts: unknown[], extra = {}) => ({
    candidates: [{ content: { role: "model", parts }, index: 0, ...extra }],
    responseId: "resp1",
    modelVersion: model,
  });

  it("joined equals the answer unstreamed", () => {
    const parts = [
      { text: "Hm, ", thought: true },
      { text: "well.", thought: true },
      { text: "It is " },
      { text: "blue." },
      { functionCall: { name: "look", args: { a: 1 } }, thoughtSignature: "Q2lB" },
      { functionCall: { name: "look", args: {} } },
      { text: "", thoughtSignature: "Q2lC" },
    ];
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 2, totalTokenCount: 3 };
    const grounding = {
      groundingMetadata: {
        groundingChunks: [{ web: { uri: "https://a.example", title: "A" } }],
        groundingSupports: [{ segment: { endIndex: 5, text: "It is" }, groundingChunkIndices: [0] }],
      },
    };
    const chunks = parts.map((part) => ({ ...chunk([part]), usageMetadata: { promptTokenCount: 1 } }));
    const whole = { ...chunk(parts, { finishReason: "STOP", ...grounding }), usageMetadata };
    const joined = streamed([...chunks, { ...chunk([], { finishReason: "STOP", ...grounding }), usageMetadata }]);
    expect(joined).toEqual(complete(whole));
    expect(joined?.choices[0]?.finish_reason).toBe("tool_calls");
    expect(joined?.choices[0]?.message.annotations).toHaveLength(1);
  });

  it("ends each candidate once, also where every chunk says STOP", () => {
    const stream = new GeminiStream(context);
    const candidate = (index: number, text: string) => ({
      content: { parts: [{ text }] },
      finishReason: "STOP",
      index,
    });
    const chunks = [
      ...stream.response({ candidates: [candidate(0, "a"), candidate(1, "b")] }, fail),
      ...stream.response({ candidates: [candidate(0, "c")] }, fail),
      ...stream.end(),
    ];
    const finished = chunks.flatMap(({ choices }) => choices).filter(({ finish_reason }) => finish_reason !== null);
    expect(finished.map(({ index, finish_reason }) => [index, finish_reason])).toEqual([
      [0, "stop"],
      [1, "stop"],
    ]);
  });

  it("gathers arguments that come in pieces", () => {
    const call = (functionCall: unknown) => chunk([{ functionCall }]);
    const joined = streamed([
      call({ name: "order", willContinue: true }),
      call({
        partialArgs: [{ jsonPath: "$.items[0].name", stringValue: "ap", willContinue: true }],
        willContinue: true,
      }),
      call({ partialArgs: [{ jsonPath: "$.items[0].name", stringValue: "ple" }], willContinue: true }),
      call({ partialArgs: [{ jsonPath: "$.items[1]['a.b']", numberValue: 0.5 }], willContinue: true }),
      call({ partialArgs: [{ jsonPath: "$.__proto__.x", boolValue: true }], willContinue: true }),
      call({}),
      call({ name: "pay", args: { now: true } }),
      chunk([], { finishReason: "STOP" }),
    ]);
    expect(joined?.choices[0]?.message.tool_calls?.map((tool) => tool.function)).toEqual([
      { name: "order", arguments: '{"items":[{"name":"apple"},{"a.b":0.5}],"__proto__":{"x":true}}' },
      { name: "pay", arguments: '{"now":true}' },
    ]);
  });

  it("fails where it is cut off, holds an error, or never began", () => {
    expect(() => streamed([chunk([{ text: "It" }])])).toThrow(APIConnectionError);
    expect(() => streamed([chunk([{ text: "It" }]), { error: { code: 429 } }])).toThrow(RateLimitError);
    expect(() => streamed([])).toThrow(APIConnectionError);
    expect(streamed([{ promptFeedback: { blockReason: "SAFETY" } }])?.choices[0]?.finish_reason).toBe("content_filter");
  });
});

describe("usageOf", () => {
  it("counts tool use as prompt, thoughts as completion, and modalities apart", () => {
    expect(
      usageOf(
        {
          promptTokenCount: 10,
          toolUsePromptTokenCount: 5,
          cachedContentTokenCount: 4,
          candidatesTokenCount: 3,
          thoughtsTokenCount: 2,
          totalTokenCount: 20,
          promptTokensDetails: [
            { modality: "TEXT", tokenCount: 6 },
            { modality: "AUDIO", tokenCount: 4 },
          ],
          toolUsePromptTokensDetails: [{ modality: "TEXT", tokenCount: 5 }],
          cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 4 }],
          candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 3 }],
        },
        2,
      ),
    ).toEqual({
      prompt_tokens: 15,
      completion_tokens: 5,
      total_tokens: 20,
      prompt_tokens_details: {
        cached_tokens: 4,
        text_tokens: 11,
        audio_tokens: 4,
        cached_tokens_details: { audio_tokens: 4 },
      },
      completion_tokens_details: { reasoning_tokens: 2, image_tokens: 3 },
      cache_read_input_tokens: 4,
      server_tool_use: { web_search_requests: 2 },
    });
  });

  it("tells which of the cached tokens are audio, which has a price of its own", () => {
    const usage = usageOf({
      promptTokenCount: 1000,
      cachedContentTokenCount: 800,
      totalTokenCount: 1000,
      promptTokensDetails: [{ modality: "AUDIO", tokenCount: 1000 }],
      cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 800 }],
    });
    // gemini-2.5-flash: 200 × 1.00 + 800 × 0.10 a million
    expect(toUsd(cost(usage, findModel("gemini/gemini-2.5-flash") ?? {})?.total ?? 0)).toBe(0.00028);
  });

  it("sees where thoughts are counted within the candidates", () => {
    const usage = usageOf({ promptTokenCount: 1, candidatesTokenCount: 5, thoughtsTokenCount: 3, totalTokenCount: 6 });
    expect(usage.completion_tokens).toBe(5);
  });
});

describe("annotationsOf", () => {
  it("turns bytes into characters", () => {
    const grounding = {
      groundingChunks: [
        { web: { uri: "https://a.example", title: "A" } },
        { retrievedContext: { text: "no address" } },
      ],
      groundingSupports: [{ segment: { startIndex: 6, endIndex: 9 }, groundingChunkIndices: [0, 1] }],
    };
    expect(annotationsOf("Größe: ja", grounding, undefined)[0]?.url_citation).toEqual({
      url: "https://a.example",
      title: "A",
      start_index: 4,
      end_index: 7,
    });
  });

  it("finds the quoted words where positions do not fit, and takes citations of either API", () => {
    const grounding = {
      groundingChunks: [{ maps: { uri: "https://m.example" } }],
      groundingSupports: [{ segment: { endIndex: 3, text: "sky" }, groundingChunkIndices: [0] }],
    };
    const citation = { citations: [{ endIndex: 3, uri: "https://b.example" }], citationSources: [{ endIndex: 3 }] };
    expect(annotationsOf("the sky", grounding, citation).map((annotation) => annotation.url_citation)).toEqual([
      { url: "https://m.example", title: "", start_index: 4, end_index: 7 },
      { url: "https://b.example", title: "", start_index: 0, end_index: 3 },
    ]);
  });
});

it.each([
  ["STOP", false, "stop"],
  ["STOP", true, "tool_calls"],
  ["MAX_TOKENS", true, "length"],
  ["IMAGE_SAFETY", false, "content_filter"],
  ["MALFORMED_FUNCTION_CALL", false, "stop"],
  ["A_NEW_REASON", false, "stop"],
  [1, true, "tool_calls"],
  [2, false, "length"],
  [10, false, "content_filter"],
  [99, false, "stop"],
])("finish reason %s (tools: %s) is %s", (reason, tools, expected) => {
  expect(finishReason(reason, tools)).toBe(expected);
});

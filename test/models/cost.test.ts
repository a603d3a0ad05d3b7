import { describe, expect, test } from "vitest";
import type { Usage } from "../../src/formats/openai/chat.ts";
import { findImageModel, findModel, type ModelInfo } from "../../src/models/catalogue.ts";
import { type CostOptions, cost, formatUsd, toUsd } from "../../src/models/cost.ts";
import { add, decimal, multiply, toNano } from "../../src/models/money.ts";

const usage = (prompt: number, completion: number, more: Partial<Usage> = {}): Usage => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
});
const nothing = usage(0, 0);

function model(name: string, provider?: string): ModelInfo {
  const info = findModel(name, provider);
  if (!info) throw new Error(`no model ${name}`);
  return info;
}

/** Dollars in the catalogue's prices are those of the providers' price pages; the sums are made by hand. */
const golden: [title: string, info: ModelInfo, usage: Usage, options: CostOptions, dollars: string][] = [
  ["OpenAI gpt-4o: 1000 × 2.50 + 500 × 10.00", model("gpt-4o"), usage(1000, 500), {}, "0.0075"],
  [
    "OpenAI gpt-4o, cached: 1000 × 2.50 + 9000 × 1.25 + 500 × 10.00",
    model("gpt-4o"),
    usage(10_000, 500, { prompt_tokens_details: { cached_tokens: 9000 } }),
    {},
    "0.01875",
  ],
  [
    "OpenAI gpt-5, cached: 100 × 1.25 + 900 × 0.125 + 200 × 10.00, of which reasoning is a part",
    model("gpt-5"),
    usage(1000, 200, {
      prompt_tokens_details: { cached_tokens: 900 },
      completion_tokens_details: { reasoning_tokens: 150 },
    }),
    {},
    "0.0022375",
  ],
  [
    "Anthropic Sonnet 4.5, read: 100 × 3.00 + 2000 × 0.30 + 50 × 15.00",
    model("claude-sonnet-4-5"),
    usage(2100, 50, { prompt_tokens_details: { cached_tokens: 2000 } }),
    {},
    "0.00165",
  ],
  [
    "Anthropic Sonnet 4.5, written for 5 minutes: 100 × 3.00 + 2000 × 3.75 + 50 × 15.00",
    model("claude-sonnet-4-5"),
    usage(2100, 50, { prompt_tokens_details: { cache_creation_tokens: 2000 } }),
    {},
    "0.00855",
  ],
  [
    "Anthropic Sonnet 4.5, all at once: 10 × 3.00 + 1000 × 0.30 + 400 × 3.75 + 600 × 6.00 + 50 × 15.00",
    model("claude-sonnet-4-5"),
    usage(2010, 50, {
      prompt_tokens_details: {
        cached_tokens: 1000,
        cache_creation_tokens: 1000,
        cache_creation_token_details: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 },
      },
    }),
    {},
    "0.00618",
  ],
  [
    "the same by LiteLLM's top-level fields: 10 × 3.00 + 1000 × 0.30 + 1000 × 3.75 + 50 × 15.00",
    model("claude-sonnet-4-5"),
    usage(2010, 50, { cache_read_input_tokens: 1000, cache_creation_input_tokens: 1000 }),
    {},
    "0.00483",
  ],
  [
    "Anthropic Sonnet 4.5 above 200k, cached tokens included: 1000 × 6.00 + 200000 × 0.60 + 100 × 22.50",
    model("claude-sonnet-4-5"),
    usage(201_000, 100, { prompt_tokens_details: { cached_tokens: 200_000 } }),
    {},
    "0.12825",
  ],
  [
    "Anthropic Opus 4.6 in the US: (1000 × 5.00 + 100 × 25.00) × 1.1",
    model("claude-opus-4-6"),
    usage(1000, 100),
    { geo: "us" },
    "0.00825",
  ],
  [
    "Anthropic Opus 4.6, fast, with a search: (1000 × 5.00 + 100 × 25.00) × 6 + 2 × 0.01",
    model("claude-opus-4-6"),
    usage(1000, 100, { server_tool_use: { web_search_requests: 2 } }),
    { speed: "fast" },
    "0.065",
  ],
  [
    "Gemini 2.5 Pro up to 200k: 200000 × 1.25 + 100 × 10.00",
    model("gemini-2.5-pro", "gemini"),
    usage(200_000, 100),
    {},
    "0.251",
  ],
  [
    "Gemini 2.5 Pro above 200k, all at the upper rate: 200001 × 2.50 + 100 × 15.00",
    model("gemini-2.5-pro", "gemini"),
    usage(200_001, 100),
    {},
    "0.5015025",
  ],
  [
    "Gemini 2.5 Pro above 200k, cached: 100001 × 2.50 + 100000 × 0.25",
    model("gemini-2.5-pro", "gemini"),
    usage(200_001, 0, { prompt_tokens_details: { cached_tokens: 100_000 } }),
    {},
    "0.2750025",
  ],
  [
    "Gemini 2.5 Flash, audio and thoughts: 500 × 0.30 + 500 × 1.00 + 100 × 2.50",
    model("gemini-2.5-flash", "gemini"),
    usage(1000, 100, {
      prompt_tokens_details: { audio_tokens: 500 },
      completion_tokens_details: { reasoning_tokens: 60 },
    }),
    {},
    "0.0009",
  ],
  [
    "Gemini 2.5 Flash Image: 10 × 0.30 + 1290 × 30.00 + 10 × 2.50; not per image as well",
    model("gemini-2.5-flash-image", "gemini"),
    usage(10, 1300, { completion_tokens_details: { image_tokens: 1290 } }),
    { measured: { images: 1 } },
    "0.038728",
  ],
  [
    "OpenAI gpt-4o-audio-preview: 100 × 2.50 + 300 × 40.00 + 20 × 10.00 + 80 × 80.00",
    model("gpt-4o-audio-preview"),
    usage(400, 100, {
      prompt_tokens_details: { audio_tokens: 300 },
      completion_tokens_details: { audio_tokens: 80 },
    }),
    {},
    "0.01885",
  ],
  [
    "OpenAI gpt-realtime, cached audio: 100 × 4.00 + 50 × 32.00 + 40 × 0.40 + 10 × 64.00",
    model("gpt-realtime"),
    usage(190, 10, {
      prompt_tokens_details: {
        audio_tokens: 90,
        cached_tokens: 40,
        cached_tokens_details: { audio_tokens: 40, text_tokens: 0 },
      },
      completion_tokens_details: { audio_tokens: 10 },
    }),
    {},
    "0.002656",
  ],
  [
    "OpenAI gpt-image-1: 10 × 5.00 + 40 × 10.00 + 1056 × 40.00",
    model("gpt-image-1"),
    usage(50, 1056, { prompt_tokens_details: { image_tokens: 40 } }),
    { measured: { images: 1 } },
    "0.04269",
  ],
  ["OpenAI, batch: 1000 × 1.25 + 500 × 5.00", model("gpt-4o"), usage(1000, 500), { serviceTier: "batch" }, "0.00375"],
  [
    "OpenAI gpt-5, flex: 1000 × 0.625 + 500 × 5.00",
    model("gpt-5"),
    usage(1000, 500),
    { serviceTier: "flex" },
    "0.003125",
  ],
  [
    "OpenAI gpt-5, priority, cached: 100 × 2.50 + 900 × 0.25 + 500 × 20.00",
    model("gpt-5"),
    usage(1000, 500, { prompt_tokens_details: { cached_tokens: 900 } }),
    { serviceTier: "priority" },
    "0.010475",
  ],
  ["a tier without a price is the standard one", model("gpt-4o"), usage(1000, 500), { serviceTier: "flex" }, "0.0075"],
  ["tiers nobody sells are standard", model("gpt-4o"), usage(1000, 500), { serviceTier: "default" }, "0.0075"],
  [
    "OpenAI gpt-5.4 above 272k, priority: 300000 × 10.00 + 100 × 45.00",
    model("azure/gpt-5.4"),
    usage(300_000, 100),
    { serviceTier: "priority" },
    "3.0045",
  ],
  [
    "DeepSeek, cache hit: 200 × 0.28 + 800 × 0.028 + 100 × 0.42",
    model("deepseek/deepseek-chat"),
    usage(1000, 100, { prompt_tokens_details: { cached_tokens: 800 } }),
    {},
    "0.0001204",
  ],
  [
    "DeepSeek V4 off peak: 1000000 × 0.22",
    model("deepseek/deepseek-v4-flash"),
    usage(1_000_000, 0),
    { at: Date.UTC(2026, 10, 23, 0, 59, 59) },
    "0.22",
  ],
  [
    "DeepSeek V4 at the peak: 1000000 × 0.44",
    model("deepseek/deepseek-v4-flash"),
    usage(1_000_000, 0),
    { at: Date.UTC(2026, 10, 23, 1, 0, 0) },
    "0.44",
  ],
  [
    "Qwen Plus, reasoning at a rate of its own, by size: 1000 × 0.40 + 300 × 4.00 + 100 × 1.20",
    model("dashscope/qwen-plus-latest"),
    usage(1000, 400, { completion_tokens_details: { reasoning_tokens: 300 } }),
    {},
    "0.00172",
  ],
  [
    "Qwen Plus above 256k: 300000 × 1.20 + 300 × 12.00 + 100 × 3.60",
    model("dashscope/qwen-plus-latest"),
    usage(300_000, 400, { completion_tokens_details: { reasoning_tokens: 300 } }),
    {},
    "0.36396",
  ],
  [
    "Qwen3 Coder, a class ends with its upper bound: 32000 × 1.00",
    model("dashscope/qwen3-coder-plus"),
    usage(32_000, 0),
    {},
    "0.032",
  ],
  ["Qwen3 Coder, one more: 32001 × 1.80", model("dashscope/qwen3-coder-plus"), usage(32_001, 0), {}, "0.0576018"],
  [
    "Perplexity deep research: 100 × 2 + 200 × 8 + 300 × 3 + 400 × 2 + 5 searches × 0.005",
    model("perplexity/sonar-deep-research"),
    usage(100, 500, {
      completion_tokens_details: { reasoning_tokens: 300 },
      citation_tokens: 400,
      num_search_queries: 5,
    }),
    {},
    "0.0285",
  ],
  [
    "OpenAI search by context size: 0.05 + 100 × 2.50",
    model("gpt-4o-search-preview"),
    usage(100, 0),
    { searches: 1, searchContextSize: "high" },
    "0.05025",
  ],
  [
    "Whisper, once by the second: 61.5 × 0.0001",
    model("whisper-1"),
    nothing,
    { measured: { seconds: 61.5 } },
    "0.00615",
  ],
  ["Deepgram, by the second", model("deepgram/nova-3"), nothing, { measured: { seconds: 60 } }, "0.0043002"],
  [
    "OpenAI TTS, by the character: 2000 × 0.000015",
    model("tts-1"),
    nothing,
    { measured: { inputCharacters: 2000 } },
    "0.03",
  ],
  ["Cohere rerank, one query", model("rerank-v3.5"), nothing, {}, "0.002"],
  ["Cohere rerank, three search units", model("rerank-v3.5"), nothing, { measured: { queries: 3 } }, "0.006"],
  ["Exa, up to 25 results", model("exa_ai/search"), nothing, { measured: { results: 25 } }, "0.005"],
  ["Exa, more", model("exa_ai/search"), nothing, { measured: { results: 26 } }, "0.025"],
  [
    "Azure document intelligence, by the page",
    model("azure_ai/doc-intelligence/prebuilt-layout"),
    nothing,
    { measured: { pages: 7 } },
    "0.07",
  ],
  [
    "OCR by the page, not by its tokens as well",
    model("mistral/mistral-ocr-2505-completion"),
    usage(900, 0),
    { measured: { pages: 3 } },
    "0.003",
  ],
  ["Nova Canvas, by the image", model("amazon.nova-canvas-v1:0"), nothing, { measured: { images: 2 } }, "0.12"],
  [
    "Titan, premium and large",
    model("amazon.titan-image-generator-v2"),
    nothing,
    { measured: { images: 1, width: 1408, height: 1408, quality: "premium" } },
    "0.012",
  ],
  ["Sora, by the second", model("openai/sora-2"), nothing, { measured: { seconds: 8 } }, "0.8"],
  ["Veo, by the second", model("gemini/veo-2.0-generate-001"), nothing, { measured: { seconds: 8 } }, "2.8"],
  [
    "Nova embeddings of a video: 10 × 0.0007",
    model("amazon.nova-2-multimodal-embeddings-v1:0"),
    nothing,
    { measured: { inputVideoSeconds: 10 } },
    "0.007",
  ],
  [
    "Perplexity's old price by the request: 0.005 + 100 × 0.28",
    model("perplexity/pplx-7b-online"),
    usage(100, 100),
    {},
    "0.005028",
  ],
  ["embeddings: 1000 × 0.02", model("text-embedding-3-small"), usage(1000, 0), {}, "0.00002"],
  ["free is 0", model("omni-moderation-latest"), usage(100, 0), {}, "0"],
];

test.each(golden)("%s", (_, info, used, options, dollars) => {
  expect(formatUsd(cost(used, info, options)?.total ?? Number.NaN)).toBe(dollars);
});

test("DALL·E 3 by the pixel: 1024 × 1792 × 6.539e-8", () => {
  const info = findImageModel("dall-e-3", "openai", { size: "1024x1792", quality: "hd" }) ?? {};
  expect(cost(nothing, info, { measured: { images: 1, width: 1024, height: 1792 } })?.total).toBe(119_991_173);
});

test("older image models state the price of an image made as that of an input", () => {
  const info = findImageModel("gpt-image-1.5", "openai", { size: "1024x1024", quality: "low" }) ?? {};
  expect(cost(nothing, info, { measured: { images: 2, inputImages: 1 } })?.total).toBe(18_000_000);
});

describe("what is not known", () => {
  test.each<[string, ModelInfo, Usage, CostOptions]>([
    ["no price at all", { mode: "chat" }, usage(10, 10), {}],
    ["no price, no tokens", { mode: "chat" }, nothing, {}],
    ["no price of the output", { input_cost_per_token: 1e-6 }, usage(10, 10), {}],
    ["no price of a search, which is all there is", { input_cost_per_token: 1e-6 }, nothing, { searches: 1 }],
    ["billed by the second, seconds not known", model("whisper-1"), nothing, {}],
    ["billed by the image, images not known", model("amazon.nova-canvas-v1:0"), nothing, {}],
    ["a price that is no number", { input_cost_per_token: Number.NaN }, usage(10, 0), {}],
    ["a negative price", { input_cost_per_token: -1 }, usage(10, 0), {}],
  ])("%s: undefined, not 0", (_, info, used, options) => {
    expect(cost(used, info, options)).toBeUndefined();
  });

  test("a search without a price leaves the price of the tokens", () => {
    const info = { input_cost_per_token: 1e-6 };
    expect(cost(usage(10, 0), info, { searches: 1 })).toEqual({ total: 10_000, parts: { input: 10_000 } });
  });

  test("but 0 where it is stated", () => {
    expect(cost(usage(10, 10), { input_cost_per_token: 0, output_cost_per_token: 0 })).toEqual({
      total: 0,
      parts: { input: 0, output: 0 },
    });
    expect(cost(nothing, model("gpt-4o"))).toEqual({ total: 0, parts: {} });
  });
});

test("parts", () => {
  const used = usage(2010, 50, {
    prompt_tokens_details: {
      cached_tokens: 1000,
      cache_creation_token_details: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 },
    },
    completion_tokens_details: { reasoning_tokens: 20 },
    server_tool_use: { web_search_requests: 1 },
  });
  expect(cost(used, model("claude-sonnet-4-5"))).toEqual({
    total: 16_180_000,
    parts: {
      input: 30_000,
      cached_read: 300_000,
      cache_write_5m: 1_500_000,
      cache_write_1h: 3_600_000,
      output: 450_000,
      reasoning: 300_000,
      search: 10_000_000,
    },
  });
});

test("no token is billed twice, however the kinds overlap", () => {
  const info: ModelInfo = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 };
  const used = usage(100, 100, {
    prompt_tokens_details: { cached_tokens: 90, cache_creation_tokens: 30, audio_tokens: 80, image_tokens: 50 },
    completion_tokens_details: { reasoning_tokens: 120, audio_tokens: 60 },
  });
  expect(cost(used, info)?.total).toBe(200_000);
});

test("a price that starts later holds from its day on", () => {
  const info = model("gemini/gemini-3.6-flash");
  const at = (day: string) => cost(usage(1_000_000, 0), info, { at: Date.parse(day) })?.total;
  expect(at("2026-12-31T23:59:59Z")).toBe(750_000_000);
  expect(at("2027-01-01T00:00:00Z")).toBe(1_500_000_000);
});

test("usage with nulls, as providers send it", () => {
  const used = usage(10, 10, {
    prompt_tokens_details: { cached_tokens: null, audio_tokens: null, cache_creation_token_details: null },
    completion_tokens_details: null,
    server_tool_use: null,
  });
  expect(cost(used, model("gpt-4o"))?.total).toBe(125_000);
});

describe("money", () => {
  test("sums are exact where binary fractions drift", () => {
    // 0.1 + 0.2; and a million tokens at 1e-12 dollars, each far below a nano-dollar.
    expect(toNano(add(decimal(0.1), decimal(0.2)))).toBe(300_000_000);
    expect(cost(usage(1_000_000, 0), { input_cost_per_token: 1e-12 })?.total).toBe(1000);
    expect(cost(usage(3, 0), { input_cost_per_token: 1.1e-6 })?.total).toBe(3300);
  });

  test("rounded once, halves up", () => {
    expect(toNano(decimal(4.999e-10))).toBe(0);
    expect(toNano(decimal(5e-10))).toBe(1);
    expect(cost(usage(1, 1), { input_cost_per_token: 4e-10, output_cost_per_token: 4e-10 })).toEqual({
      total: 1,
      parts: { input: 0, output: 0 },
    });
  });

  test("decimals", () => {
    expect(decimal(2.5e-6)).toEqual({ digits: 25n, scale: 7 });
    expect(decimal(1e21)).toEqual({ digits: 10n ** 21n, scale: 0 });
    expect(toNano(multiply(decimal(12.34), decimal(2)))).toBe(24_680_000_000);
    expect(() => decimal(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  });

  test.each([
    [0, "0"],
    [1, "0.000000001"],
    [2500, "0.0000025"],
    [1_000_000_000, "1"],
    [1_234_500_000_000, "1234.5"],
    [-7, "-0.000000007"],
  ])("%d nano-dollars are $%s", (nano, text) => {
    expect(formatUsd(nano)).toBe(text);
    expect(toUsd(nano)).toBe(Number(text));
  });
});

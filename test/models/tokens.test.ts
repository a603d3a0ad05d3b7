import { Tiktoken } from "js-tiktoken/lite";
import cl100k from "js-tiktoken/ranks/cl100k_base";
import o200k from "js-tiktoken/ranks/o200k_base";
import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../src/formats/openai/chat.ts";
import { audioTokens, fileTokens, imageSize, imageTokens } from "../../src/models/media.ts";
import { countMessages, countTokens, encodingOf, estimateUsage } from "../../src/models/tokens.ts";

const texts = [
  "",
  "Hello, world!",
  "  leading, trailing  \n\n\t\ttabs\r\n and   spaces   ",
  "I'M sure we'LL say it's they've 1234567 3.14159 0x7f",
  "Ünïcödé — “quotes” … naïve café Straße",
  "日本語、テキスト。 한국어 텍스트 العربية हिन्दी ไทย",
  "👩‍👩‍👧‍👦 🇩🇪 a\ud800b",
  "const x = (a, b) => a?.[b] ?? null; // <|endoftext|> is text here",
  '{"id":17,"values":[1.5e-7,null,true],"path":"C:\\\\tmp"}',
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

describe.each([
  ["gpt-4o", o200k],
  ["gpt-4", cl100k],
] as const)("counts as tiktoken does: %s", (model, ranks) => {
  const reference = new Tiktoken(ranks);
  test.each(texts)("%j", async (text) => {
    expect(await countTokens(text, model)).toBe(reference.encode(text, [], []).length);
  });

  test("also across the windows of a long text", async () => {
    const text = "The quick brown fox jumps over 13 lazy dogs.\n".repeat(2000);
    expect(await countTokens(text, model)).toBe(reference.encode(text, [], []).length);
  });
});

describe("long texts", () => {
  test.each([
    ["letters without a space", "a".repeat(900_000)],
    ["capitals", "A".repeat(900_000)],
    ["spaces", " ".repeat(900_000)],
    ["line breaks", "\n".repeat(900_000)],
    ["Japanese without a break", "日本語テキスト".repeat(100_000)],
    ["punctuation", "=".repeat(900_000)],
    [
      "base64",
      Array.from({ length: 900_000 }, (_, i) => String.fromCharCode(65 + ((i * i * 31 + i * 7) % 26))).join(""),
    ],
  ])("%s: linear time", async (_, text) => {
    const start = performance.now();
    expect(await countTokens(text, "gpt-4o")).toBeGreaterThan(0);
    // Seconds on a busy machine; anything quadratic would take minutes.
    expect(performance.now() - start).toBeLessThan(8000);
  });

  test("above a million characters a sample tells within 2 %", async () => {
    const line = "The quick brown fox jumps over 13 lazy dogs, again and again.\n";
    const whole = (await countTokens(line.repeat(10_000), "gpt-4o")) * 8;
    const sampled = await countTokens(line.repeat(80_000), "gpt-4o");
    expect(Math.abs(sampled / whole - 1)).toBeLessThan(0.02);
  });

  test("cutting a run without a break adds less than 2 %", async () => {
    const text = "日本語テキスト".repeat(60);
    const exact = new Tiktoken(o200k).encode(text, [], []).length;
    expect((await countTokens(text, "gpt-4o")) / exact).toBeLessThan(1.02);
  });
});

test.each([
  ["gpt-4o-mini", "o200k_base"],
  ["gpt-4.1", "o200k_base"],
  ["gpt-5", "o200k_base"],
  ["o3", "o200k_base"],
  ["claude-opus-5", "o200k_base"],
  ["gpt-4", "cl100k_base"],
  ["gpt-4-turbo", "cl100k_base"],
  ["azure/gpt-35-turbo", "cl100k_base"],
  ["openai/gpt-3.5-turbo-0125", "cl100k_base"],
  ["ft:gpt-3.5-turbo:org::id", "cl100k_base"],
  ["text-embedding-3-large", "cl100k_base"],
])("%s is counted with %s", (model, encoding) => {
  expect(encodingOf(model)).toBe(encoding);
});

const request = (more: Partial<ChatRequest>): ChatRequest => ({ model: "m", messages: [], ...more });

describe("messages", () => {
  // The cookbook's example, counted by OpenAI's API: 129 with gpt-3.5-turbo and gpt-4, 124 with gpt-4o.
  const messages = [
    {
      role: "system",
      content: "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
    },
    { role: "system", name: "example_user", content: "New synergies will help drive top-line growth." },
    { role: "system", name: "example_assistant", content: "Things working well together will increase revenue." },
    {
      role: "system",
      name: "example_user",
      content: "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    },
    {
      role: "system",
      name: "example_assistant",
      content: "Let's talk later when we're less busy about how to do better.",
    },
    {
      role: "user",
      content: "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
  ] satisfies ChatRequest["messages"];

  test.each([
    ["gpt-4", 129],
    ["gpt-3.5-turbo", 129],
    ["gpt-4o", 124],
  ])("the cookbook's conversation, %s: %d", async (model, tokens) => {
    expect(await countMessages(request({ messages }), model)).toBe(tokens);
  });

  // The cookbook's example of a tool: 105 with gpt-4, 101 with gpt-4o.
  const tools = [
    {
      type: "function",
      function: {
        name: "get_current_weather",
        description: "Get the current weather in a given location",
        parameters: {
          type: "object",
          properties: {
            location: { type: "string", description: "The city and state, e.g. San Francisco, CA" },
            unit: { type: "string", description: "The unit of temperature to return", enum: ["celsius", "fahrenheit"] },
          },
          required: ["location"],
        },
      },
    },
  ];
  const weather = [
    { role: "system", content: "You are a helpful assistant that can answer to questions about the weather." },
    { role: "user", content: "What's the weather like in San Francisco?" },
  ] satisfies ChatRequest["messages"];
  test.each([
    ["gpt-4", 105],
    ["gpt-4o", 101],
  ])("the cookbook's tool, %s: %d", async (model, tokens) => {
    expect(await countMessages(request({ messages: weather, tools }), model)).toBe(tokens);
  });

  test("every part of a message counts", async () => {
    const base = await countMessages(request({ messages: [{ role: "user", content: "x" }] }), "gpt-4o");
    const grown = async (more: Partial<ChatRequest>) =>
      (await countMessages(request({ messages: [{ role: "user", content: "x" }], ...more }), "gpt-4o")) - base;
    expect(await grown({ tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 5 }] })).toBeGreaterThan(
      10,
    );
    expect(
      await grown({ response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "object" } } } }),
    ).toBeGreaterThan(5);
    const call = { id: "1", type: "function", function: { name: "f", arguments: '{"city":"Paris"}' } };
    expect(await grown({ messages: [{ role: "assistant", content: null, tool_calls: [call] }] })).toBeGreaterThan(5);
    const image = { type: "image_url" as const, image_url: { url: "https://example.com/a.png" } };
    expect(await grown({ messages: [{ role: "user", content: [{ type: "text", text: "x" }, image] }] })).toBe(250);
  });

  test("usage nobody reported is marked", async () => {
    const estimated = await estimateUsage(request({ messages: [{ role: "user", content: "Hi" }] }), "Hello!", "gpt-4o");
    expect(estimated).toEqual({ prompt_tokens: 8, completion_tokens: 2, total_tokens: 10, estimated: true });
  });
});

describe("media", () => {
  const bytes = (size: number, ...parts: [at: number, values: number[]][]) => {
    const array = new Uint8Array(size);
    for (const [at, values] of parts) array.set(values, at);
    return array;
  };
  const text = (value: string) => [...value].map((character) => character.charCodeAt(0));
  const png = (width: number, height: number) => {
    const array = bytes(40, [0, [0x89, ...text("PNG")]]);
    new DataView(array.buffer).setUint32(16, width);
    new DataView(array.buffer).setUint32(20, height);
    return array;
  };
  const dataUrl = (type: string, array: Uint8Array) => `data:${type};base64,${btoa(String.fromCharCode(...array))}`;

  test("sizes are read from the first bytes", () => {
    expect(imageSize(png(640, 480))).toEqual({ width: 640, height: 480 });
    expect(imageSize(bytes(30, [0, text("GIF89a")], [6, [0x80, 0x02, 0xe0, 0x01]]))).toEqual({
      width: 640,
      height: 480,
    });
    expect(
      imageSize(bytes(40, [0, [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc2, 0, 17, 8, 0x01, 0xe0, 0x02, 0x80]])),
    ).toEqual({ width: 640, height: 480 });
    expect(
      imageSize(bytes(32, [0, text("RIFF")], [8, text("WEBPVP8X")], [24, [0x7f, 0x02, 0, 0xdf, 0x01, 0]])),
    ).toEqual({ width: 640, height: 480 });
    expect(imageSize(bytes(40))).toBeUndefined();
    expect(imageSize(bytes(3))).toBeUndefined();
  });

  test.each([
    // OpenAI's own examples: 1024 × 1024 is 765, 2048 × 4096 is 1105; low detail is 85.
    ["gpt-4o", 1024, 1024, undefined, 765],
    ["gpt-4o", 2048, 4096, "high", 1105],
    ["gpt-4o", 4096, 8192, "low", 85],
    ["gpt-4o-mini", 1024, 1024, "high", 25_501],
    // Anthropic's table: 1000 × 1000 is about 1334.
    ["claude-opus-5", 1000, 1000, undefined, 1334],
    ["gemini-2.5-pro", 300, 300, undefined, 258],
    ["gemini-2.5-pro", 1536, 768, undefined, 516],
  ])("%s %d × %d %s: %d tokens", (model, width, height, detail, tokens) => {
    expect(imageTokens(dataUrl("image/png", png(width, height)), detail, model)).toBe(tokens);
  });

  test("an image behind a link, or a broken one, counts as LiteLLM's default", () => {
    expect(imageTokens("https://example.com/a.png", "high", "gpt-4o")).toBe(250);
    expect(imageTokens("data:image/png;base64,%%%", undefined, "gpt-4o")).toBe(250);
  });

  test("audio by its length", () => {
    const wav = bytes(96_000, [0, text("RIFF")], [28, [0x80, 0xbb, 0, 0]]); // 48,000 bytes a second
    const data = btoa(Array.from(wav, (byte) => String.fromCharCode(byte)).join(""));
    expect(audioTokens(data, "wav", "gpt-4o-audio-preview")).toBe(20);
    expect(audioTokens(data, "wav", "gemini-2.5-pro")).toBe(64);
  });

  test("files by their size", () => {
    expect(fileTokens(undefined, undefined)).toBe(1500);
    expect(fileTokens(`data:text/plain;base64,${btoa("x".repeat(400))}`, undefined)).toBeCloseTo(100, -1);
    expect(fileTokens(`data:application/pdf;base64,${"A".repeat(200_000)}`, undefined)).toBe(4500);
  });
});

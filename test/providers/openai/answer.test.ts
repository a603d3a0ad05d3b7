import { describe, expect, test } from "vitest";
import { citationsOf, finishReasonOf, normaliseFields } from "../../../src/providers/openai/answer.ts";
import { normaliseUsage } from "../../../src/providers/openai/usage.ts";

describe("usage", () => {
  const base = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  test.each([
    ["deepseek", { ...base, prompt_cache_hit_tokens: 64 }, { prompt_tokens_details: { cached_tokens: 64 } }],
    ["moonshot", { ...base, cached_tokens: 9 }, { prompt_tokens_details: { cached_tokens: 9 } }],
    ["mistral", { ...base, num_cached_tokens: 9 }, { prompt_tokens_details: { cached_tokens: 9 } }],
    [
      "openrouter",
      { ...base, cost: 0.1, prompt_tokens_details: { cached_tokens: 1, cache_write_tokens: 5 } },
      { cost: 0.1, prompt_tokens_details: { cached_tokens: 1, cache_creation_tokens: 5 } },
    ],
    ["copilot", { ...base, reasoning_tokens: 4 }, { completion_tokens_details: { reasoning_tokens: 4 } }],
    [
      "writer",
      { ...base, prompt_token_details: { cached_tokens: 2 } },
      { prompt_tokens_details: { cached_tokens: 2 } },
    ],
    [
      "xai: reasoning beside the completion",
      {
        prompt_tokens: 100,
        completion_tokens: 10,
        total_tokens: 150,
        completion_tokens_details: { reasoning_tokens: 40 },
      },
      { completion_tokens: 50, total_tokens: 150 },
    ],
    [
      "reasoning within the completion",
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        completion_tokens_details: { reasoning_tokens: 40 },
      },
      { completion_tokens: 50 },
    ],
    [
      "azure: more cached than sent",
      { ...base, prompt_tokens_details: { cached_tokens: 400 } },
      { prompt_tokens_details: { cached_tokens: 100 } },
    ],
    ["no total", { prompt_tokens: 1, completion_tokens: 2 }, { total_tokens: 3 }],
  ])("%s", (_, usage, expected) => expect(normaliseUsage(usage)).toMatchObject(expected));

  test.each([[null], [{}], ["x"], [{ cost: 1 }]])("%o counts nothing", (usage) =>
    expect(normaliseUsage(usage)).toBeUndefined(),
  );

  test("what is given is not written to", () => {
    const given = { ...base, prompt_cache_hit_tokens: 1, prompt_tokens_details: {} };
    normaliseUsage(given);
    expect(given.prompt_tokens_details).toEqual({});
  });
});

describe("messages", () => {
  test("reasoning under any name", () => {
    expect(normaliseFields({ reasoning: "r" })).toEqual({ reasoning: "r", reasoning_content: "r" });
    expect(normaliseFields({ reasoning: "r", reasoning_content: "own" })["reasoning_content"]).toBe("own");
    const details = [{ type: "reasoning.summary", summary: "s", format: "openai-responses-v1" }];
    expect(normaliseFields({ reasoning_details: details })).toEqual({
      reasoning_details: details,
      reasoning_content: "s",
    });
  });

  test("OpenRouter's details of Claude are thinking blocks", () => {
    const format = "anthropic-claude-v1";
    const fields = normaliseFields({
      reasoning_details: [
        { type: "reasoning.text", text: "t", signature: "sig", format },
        { type: "reasoning.encrypted", data: "d", format },
        { type: "reasoning.encrypted", data: "other", format: "google-gemini-v1" },
      ],
    });
    expect(fields["thinking_blocks"]).toEqual([
      { type: "thinking", thinking: "t", signature: "sig" },
      { type: "redacted_thinking", data: "d" },
    ]);
  });

  test("Mistral's and Databricks' content in parts", () => {
    const mistral = [
      { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
      { type: "text", text: "4" },
    ];
    expect(normaliseFields({ content: mistral })).toEqual({
      content: "4",
      reasoning_content: "hm",
      thinking_blocks: [{ type: "thinking", thinking: "hm" }],
    });
    const databricks = [
      { type: "reasoning", summary: [{ type: "summary_text", text: "hm", signature: "s" }] },
      { type: "text", text: "4" },
    ];
    expect(normaliseFields({ content: databricks })["thinking_blocks"]).toEqual([
      { type: "thinking", thinking: "hm", signature: "s" },
    ]);
  });

  test("Perplexity's sources become annotations where the text refers to them", () => {
    const body = {
      citations: ["https://a.test", "https://b.test"],
      search_results: [{ title: "A", url: "https://a.test" }],
    };
    expect(citationsOf(body, "So it is[2], and[9].")).toEqual([
      { type: "url_citation", url_citation: { url: "https://b.test", title: "", start_index: 8, end_index: 11 } },
    ]);
    expect(citationsOf({}, "[1]")).toBeUndefined();
  });

  test.each([
    ["stop", false, "stop"],
    ["stop", true, "tool_calls"],
    ["eos", false, "stop"],
    ["model_length", false, "length"],
    ["tool_call", true, "tool_calls"],
    ["content_filter", false, "content_filter"],
    ["", false, null],
    [undefined, true, null],
    ["constructor", false, "constructor"],
  ])("finish reason %s (tools called: %s) is %s", (value, called, expected) =>
    expect(finishReasonOf(value, called)).toBe(expected),
  );
});

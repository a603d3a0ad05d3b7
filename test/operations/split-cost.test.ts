import { describe, expect, it } from "vitest";
import { findModel, withOverrides } from "../../src/models/catalogue.ts";
import { worstCase } from "../../src/models/worst-case.ts";
import { chat } from "../../src/operations/chat.ts";
import { splitCost } from "../../src/operations/split-cost.ts";
import { normaliseCompletion } from "../../src/providers/openai/answer.ts";
import { chatStream } from "../../src/providers/openai/stream.ts";

const info = findModel("groq/compound", "groq") ?? {};
const GROQ = { provider: "groq", info };
const target = { provider: "groq", model: "groq/compound", info };
const request = { model: "groq/compound", messages: [] };
const exchange = { request, target, headers: {}, now: 0, id: "c" };

const part = (model: string, prompt_tokens: number, completion_tokens: number) => ({
  model,
  usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, total_time: 0.1 },
});
const MODELS = [part("meta-llama/llama-4-scout-17b-16e-instruct", 500, 100), part("openai/gpt-oss-120b", 1500, 300)];
const USAGE = { prompt_tokens: 2000, completion_tokens: 400, total_tokens: 2400 };
/** Scout $0.11 and $0.34 a million, GPT-OSS 120B $0.15 and $0.60; in nano-dollars. */
const TOKENS = 500 * 110 + 100 * 340 + 1500 * 150 + 300 * 600;
const SEARCH = 5_000_000;

const search = { index: 0, type: "search", arguments: '{"query": "weather"}' };
const visit = { index: 1, type: "visit", arguments: '{"url": "https://a.test"}' };

function meter() {
  return chat.meter(request, target);
}

describe("what Compound's answer costs", () => {
  it("is what each model costs that was asked, and the searches", () => {
    const said = meter();
    const message = { role: "assistant", content: "Sunny", executed_tools: [search, visit] };
    const body = {
      choices: [{ index: 0, message, finish_reason: "stop" }],
      usage: USAGE,
      usage_breakdown: { models: MODELS },
    };
    said.response(normaliseCompletion(body, exchange));
    expect(said.usage?.server_tool_use).toEqual({ web_search_requests: 1 });
    expect(splitCost(said.usage ?? USAGE, GROQ, said.terms)).toBe(TOKENS + SEARCH);
  });

  it("is the same of a stream: a tool is told twice, and the usage once for each model", () => {
    const said = meter();
    const decoder = chatStream(exchange, (error) => {
      throw error;
    });
    const chunk = (delta: object, more: object = {}) => ({
      data: JSON.stringify({ id: "1", choices: [{ index: 0, delta, ...more }] }),
    });
    const whole = MODELS.map(({ model }) => ({ model, usage: USAGE }));
    const last = {
      ...{ id: "1", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      x_groq: { usage: USAGE, usage_breakdown: { models: whole } },
    };
    for (const event of [
      chunk({ role: "assistant", executed_tools: [search] }),
      chunk({ executed_tools: [{ ...search, output: "Sunny" }] }),
      chunk({ content: "Sunny" }),
      { data: JSON.stringify(last) },
      { data: "[DONE]" },
    ])
      for (const one of decoder.event(event)) said.chunk(one);
    const shares = (2000 * 110 + 400 * 340 + 2000 * 150 + 400 * 600) / 2;
    expect(splitCost(said.usage ?? USAGE, GROQ, said.terms)).toBe(shares + SEARCH);
  });

  it("is the system's own price for a model that nobody knows, or where none is told", () => {
    const usage = { ...USAGE, usage_breakdown: { models: [part("of/tomorrow", 2000, 400)] } };
    expect(splitCost(usage, GROQ, {})).toBe(2000 * 590 + 400 * 790);
    for (const usage_breakdown of [undefined, null, {}, { models: [null, 5] }, { models: [part("x", -5, 1e300)] }])
      expect(splitCost({ ...USAGE, usage_breakdown }, GROQ, {})).toBeUndefined();
  });

  it("goes by the tokens that are paid for, whatever total is told beside them", () => {
    const models = MODELS.map(({ model, usage }) => ({ model, usage: { ...usage, total_tokens: 1 } }));
    expect(splitCost({ ...USAGE, usage_breakdown: { models } }, GROQ, {})).toBe(TOKENS);
    const usage = { ...USAGE, total_tokens: 0, usage_breakdown: { models: MODELS } };
    expect(splitCost(usage, GROQ, {})).toBe(TOKENS);
  });

  it("is what the config says, where that has prices", () => {
    const stated = withOverrides(info, { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 }) ?? {};
    const usage = { ...USAGE, usage_breakdown: { models: MODELS } };
    expect(splitCost(usage, { provider: "groq", info: stated }, {})).toBeUndefined();
  });
});

it("searches are reserved for", () => {
  const mini = findModel("compound-beta-mini", "groq");
  expect(worstCase(info, 1000, 0, 0) - worstCase(mini, 1000, 0, 0)).toBe(9 * SEARCH);
  expect(findModel("groq/groq/compound-mini")).toMatchObject({ max_output_tokens: 8192 });
});

it("GPT-OSS's browser is paid for by the search, not by the page", () => {
  const said = meter();
  const executed_tools = [
    { index: 0, type: "browser_search", name: "browser.search" },
    { index: 1, type: "browser_search", name: "browser.open" },
  ];
  const message = { role: "assistant", content: "Sunny", executed_tools };
  said.response(normaliseCompletion({ choices: [{ index: 0, message }], usage: USAGE }, exchange));
  expect(said.usage?.server_tool_use).toEqual({ web_search_requests: 1 });
  expect(findModel("openai/gpt-oss-20b", "groq")).toMatchObject({
    search_context_cost_per_query: { search_context_size_medium: 0.005 },
  });
});

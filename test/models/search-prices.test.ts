import { describe, expect, it } from "vitest";
import { findModel, type ModelInfo } from "../../src/models/catalogue.ts";
import { cost } from "../../src/models/cost.ts";
import { NANO } from "../../src/models/money.ts";
import { worstCase } from "../../src/models/worst-case.ts";
import { searchesOf } from "../../src/operations/searches.ts";

const model = (name: string): ModelInfo => {
  const found = findModel(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const usage = (more: object = {}) => ({ prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100, ...more });
const searched = (count: number) => usage({ server_tool_use: { web_search_requests: count } });
/** What the searches cost alone, in dollars. */
const extra = (name: string, more: object) =>
  ((cost(usage(more), model(name))?.total ?? 0) - (cost(usage(), model(name))?.total ?? 0)) / NANO;

describe("prices of searches", () => {
  it.each([
    ["gemini/gemini-2.5-pro", 0.035],
    ["gemini-2.5-flash", 0.035],
    ["gemini/gemini-3-pro-preview", 0.014],
    ["vertex_ai/gemini-3-flash-preview", 0.014],
    ["gemini/gemini-flash-latest", 0.014],
    ["xai/grok-4.3", 0.005],
  ])("of %s are %d dollars each", (name, price) => {
    const one = cost(searched(1), model(name))?.parts.search;
    expect(one).toBe(Math.round(price * NANO));
    expect(cost(searched(3), model(name))?.parts.search).toBe(Math.round(3 * price * NANO));
  });

  it("are those of the catalogue where it has some, and none where nothing searches", () => {
    expect(cost(searched(1), model("claude-sonnet-4-5"))?.parts.search).toBe(0.01 * NANO);
    expect(model("gemini/gemma-3-27b-it").search_context_cost_per_query).toBeUndefined();
  });

  it("of xAI agree with what it billed: 793 new and 2005 cached tokens, 534 of output, one search", () => {
    const told = {
      prompt_tokens: 2798,
      prompt_tokens_details: { cached_tokens: 2005 },
      completion_tokens: 534,
      total_tokens: 3332,
      server_tool_use: { web_search_requests: 1 },
    };
    expect((cost(told, model("xai/grok-4-fast-reasoning"))?.total ?? 0) / NANO).toBeCloseTo(0.00552585, 8);
  });

  it("of sources are for sources", () => {
    expect(extra("xai/grok-4", { num_sources_used: 4 })).toBeCloseTo(0.1, 9);
    expect(extra("xai/grok-4", { num_sources_used: 0 })).toBe(0);
  });

  it("of OpenAI's search models are one for each answer, though no usage says so", () => {
    const searches = (name: string, more: object = {}) => cost(usage(more), model(name))?.parts.search;
    expect(searches("gpt-4o-search-preview")).toBe(0.035 * NANO);
    expect(searches("gpt-4o-mini-search-preview", { completion_tokens: 0 })).toBeUndefined(); // it has not come so far
    expect(searches("gpt-4o-search-preview", { server_tool_use: { web_search_requests: 2 } })).toBe(0.07 * NANO);
  });

  it("of Sonar are a fee for each request, by the size it tells", () => {
    expect(extra("perplexity/sonar", { search_context_size: "low" })).toBeCloseTo(0.005, 9);
    expect(extra("perplexity/sonar-pro", { search_context_size: "high" })).toBeCloseTo(0.014, 9);
    const deep = { search_context_size: "medium", num_search_queries: 18 };
    expect(extra("perplexity/sonar-deep-research", deep)).toBeCloseTo(18 * 0.005, 9);
  });
});

describe("the worst case", () => {
  const reserved = (name: string, searches?: number) =>
    worstCase(model(name), 1000, 100, 0, searches === undefined ? {} : { searches }) / NANO;

  it("reckons with several searches where a model may make several of one", () => {
    const name = "gemini/gemini-3-pro-preview";
    expect(reserved(name, 1) - reserved(name)).toBeCloseTo(5 * 0.014, 9);
    expect(reserved(name, 8) - reserved(name)).toBeCloseTo(8 * 0.014, 9);
    expect(reserved("gemini/gemini-2.5-pro", 1) - reserved("gemini/gemini-2.5-pro")).toBeCloseTo(0.035, 9);
  });

  it("reckons with the fee of a request that always is to be paid", () => {
    expect(reserved("perplexity/sonar-pro")).toBeGreaterThan(0.014);
    expect(reserved("gpt-4o-search-preview")).toBeGreaterThan(0.05);
  });
});

describe("searches that tools allow", () => {
  it("whatever the tool is called", () => {
    const tools = [
      { type: "web_search_20250305", max_uses: 2 },
      { type: "x_search" },
      { googleSearch: {} },
      { google_search: {} },
      { type: "function", function: { name: "web_search" } },
      { function: { name: "googleSearch" } },
      { type: "code_interpreter" },
    ];
    expect(searchesOf(tools)).toBe(2 + 5 + 5 + 5);
  });
});

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { decode, encode, type Figures, serialise } from "../../scripts/catalogue/encode.ts";
import { mergePrices, namesExactly, pricesOn, toFields } from "../../scripts/catalogue/genai-prices.ts";
import data from "../../src/models/catalogue.data.json" with { type: "json" };
import {
  catalogueStamp,
  findImageModel,
  findModel,
  listModels,
  providerOf,
  withOverrides,
} from "../../src/models/catalogue.ts";

/** The source the catalogue was built from; not part of the repository. */
const source =
  process.env["MODEL_FIGURES"] ?? resolve(import.meta.dirname, "../../../shared/reference/model-figures.json");
const stamp = { figures: "test", prices: "test" };

describe("the compact form", () => {
  const figures: Figures = {
    b: { litellm_provider: "x", mode: "chat", input_cost_per_token: 2.5e-6, supports_vision: false },
    a: { litellm_provider: "x", mode: "chat", input_cost_per_token: 1e-12, tiered_pricing: [{ range: [0, 32000] }] },
    "ä/ü 1": {},
  };

  test("gives back what was put in", () => {
    expect(decode(JSON.parse(serialise(encode(figures, stamp, []))))).toEqual(figures);
  });

  test("the same figures give the same bytes, whatever their order", () => {
    const turned = Object.fromEntries(
      Object.entries(figures)
        .reverse()
        .map(([name, info]) => [name, Object.fromEntries(Object.entries(info).reverse())]),
    );
    expect(serialise(encode(turned, stamp, ["z", "y"]))).toBe(serialise(encode(figures, stamp, ["y", "z", "y"])));
  });

  test.skipIf(!existsSync(source))("loses nothing of the source", () => {
    const original: Figures = JSON.parse(readFileSync(source, "utf8"));
    expect(decode(JSON.parse(serialise(encode(original, stamp, []))))).toEqual(original);
  });

  test.skipIf(!existsSync(source))("the catalogue has every model and field of the source", () => {
    const original: Figures = JSON.parse(readFileSync(source, "utf8"));
    const built = decode(data);
    const lost: string[] = [];
    for (const [name, info] of Object.entries(original))
      for (const [field, value] of Object.entries(info)) {
        const now = built[name]?.[field];
        // Prices may be fresher; finer rates of a price that changed are gone on purpose.
        if (now === undefined && !/_(above_\d+k_tokens|flex|priority|batches)/.test(field))
          lost.push(`${name} ${field}`);
        else if (!/cost|pricing/.test(field)) expect({ name, field, now }).toEqual({ name, field, now: value });
      }
    expect(lost).toEqual([]);
  });
});

describe("fresher prices", () => {
  test("are laid over once: a second time changes nothing", () => {
    const once = mergePrices(decode(data), "2026-11-22");
    const twice = mergePrices(once.figures, "2026-11-22");
    expect(twice.figures).toEqual(once.figures);
    expect(twice.changed).toEqual([]);
    expect(twice.added).toEqual([]);
  });

  test("keep the fields they do not have", () => {
    const merged = mergePrices(
      { "claude-sonnet-4-6": { litellm_provider: "anthropic", input_cost_per_token: 3e-6, supports_vision: true } },
      "2026-11-22",
    );
    expect(merged.figures["claude-sonnet-4-6"]).toMatchObject({
      supports_vision: true,
      input_cost_per_token: 3e-6,
      cache_read_input_token_cost: 3e-7,
      cache_creation_input_token_cost_above_1hr: 6e-6,
    });
  });

  test("drop the finer rates of a price that changed, and only these", () => {
    const old = { litellm_provider: "anthropic", input_cost_per_token: 9e-6, input_cost_per_token_batches: 4e-6 };
    const same = { litellm_provider: "anthropic", input_cost_per_token: 3e-6, input_cost_per_token_batches: 1.5e-6 };
    const merged = (info: Record<string, unknown>) =>
      mergePrices({ "claude-sonnet-4-6": info }, "2026-11-22").figures["claude-sonnet-4-6"];
    expect(merged(old)).not.toHaveProperty("input_cost_per_token_batches");
    expect(merged(same)).toHaveProperty("input_cost_per_token_batches", 1.5e-6);
  });

  test("tiers become LiteLLM's fields", () => {
    expect(toFields({ input_mtok: { base: 1.25, tiers: [{ start: 200_000, price: 2.5 }] } })).toEqual({
      input_cost_per_token: 1.25e-6,
      input_cost_per_token_above_200k_tokens: 2.5e-6,
    });
    expect(toFields({ input_mtok: { base: 4, tiers: [{ start: 271_999, price: 8 }] } })).toHaveProperty(
      "input_cost_per_token_above_272k_tokens",
      8e-6,
    );
  });

  test("that start later are kept as coming ones", () => {
    const model = {
      id: "m",
      match: { equals: "m" },
      prices: [
        { prices: { input_mtok: 1 } },
        { constraint: { type: "start_date" as const, start_date: "2027-01-01" }, prices: { input_mtok: 2 } },
      ],
    };
    expect(pricesOn(model, "2026-11-22")).toEqual({
      input_cost_per_token: 1e-6,
      timed_pricing: [{ start_date: "2027-01-01", input_cost_per_token: 2e-6 }],
    });
    expect(pricesOn(model, "2027-01-01")).toEqual({ input_cost_per_token: 2e-6 });
  });

  test("a loose pattern does not name a model", () => {
    const match = { or: [{ starts_with: "gemini-2.0-flash" }] };
    expect(namesExactly(match, "gemini-2.0-flash-exp-image-generation")).toBe(false);
    expect(namesExactly({ starts_with: "claude-haiku-4-5" }, "claude-haiku-4-5-20251001")).toBe(true);
    expect(namesExactly({ regex: "^claude-opus-5-\\d{8}$" }, "claude-opus-5-20260801")).toBe(true);
  });
});

describe("findModel", () => {
  test.each([
    ["gpt-4o", undefined, "openai", 2.5e-6],
    ["openai/gpt-4o", undefined, "openai", 2.5e-6],
    ["gpt-4o", "openai", "openai", 2.5e-6],
    ["claude-sonnet-4-6", "anthropic", "anthropic", 3e-6],
    ["anthropic/claude-opus-5", undefined, "anthropic", 5e-6],
    // Snapshots the price data speaks for.
    ["claude-opus-5-20260801", undefined, "anthropic", 5e-6],
    ["gemini-2.5-pro", "gemini", "gemini", 1.25e-6],
    ["vertex_ai/gemini-2.5-pro", undefined, "vertex_ai-language-models", 1.25e-6],
    ["gemini/gemini-2.0-flash-001", undefined, "gemini", 1e-7],
    // Bedrock: the place's own price, else the model's.
    ["us.anthropic.claude-opus-4-6-v1", undefined, "bedrock_converse", 5.5e-6],
    ["eu.anthropic.claude-3-haiku-20240307-v1:0", "bedrock", "bedrock", 2.5e-7],
    ["bedrock/converse/us.anthropic.claude-fable-5-v1:0", undefined, "bedrock_converse", 1.1e-5],
    ["bedrock/us-gov-east-1/amazon.nova-pro-v1:0", undefined, "bedrock", 9.6e-7],
    // Fine-tuned.
    ["ft:gpt-4o-2024-08-06:org::abc", undefined, "openai", 3.75e-6],
    ["ft:gpt-3.5-turbo:my-org:custom_suffix:id", undefined, "openai", 3e-6],
    ["groq/llama-3.3-70b-versatile", undefined, "groq", 5.9e-7],
  ])("%s %s", (name, provider, row, price) => {
    expect(findModel(name, provider)).toMatchObject({ litellm_provider: row, input_cost_per_token: price });
  });

  test("the region's price comes first", () => {
    expect(findModel("meta.llama3-8b-instruct-v1:0", "bedrock", "eu-west-2")?.input_cost_per_token).toBe(3.9e-7);
    expect(findModel("meta.llama3-8b-instruct-v1:0", "bedrock")?.input_cost_per_token).toBe(3e-7);
  });

  test("a row of another provider is not taken", () => {
    expect(findModel("gpt-4o", "anthropic")).toBeUndefined();
    expect(findModel("my-deployment", "azure")).toBeUndefined();
    expect(findModel("no-such-model")).toBeUndefined();
  });

  test("Azure AI may sell OpenAI's models, and any reseller everybody's", () => {
    expect(findModel("gpt-4o", "azure_ai")).toBeDefined();
    expect(findModel("claude-sonnet-4-6", "litellm_proxy")).toBeDefined();
  });

  test("a row is the caller's own", () => {
    const first = findModel("gpt-4o-search-preview");
    if (first?.search_context_cost_per_query) first.search_context_cost_per_query["search_context_size_low"] = 9;
    expect(findModel("gpt-4o-search-preview")?.search_context_cost_per_query).toEqual({
      search_context_size_low: 0.03,
      search_context_size_medium: 0.035,
      search_context_size_high: 0.05,
    });
  });

  test("names of JavaScript's own are no models", () => {
    for (const name of ["constructor", "__proto__", "toString", ""]) expect(findModel(name)).toBeUndefined();
  });
});

test("images of a size and quality have rows of their own", () => {
  expect(findImageModel("dall-e-3", "openai", { size: "1024x1792", quality: "hd" })?.["input_cost_per_pixel"]).toBe(
    6.539e-8,
  );
  expect(findImageModel("azure/gpt-image-1-mini", "azure", { size: "1024x1024", quality: "low" })).toHaveProperty(
    "input_cost_per_pixel",
    2.0751953125e-9,
  );
  expect(findImageModel("dall-e-2", undefined, { size: "512x512" })?.["input_cost_per_pixel"]).toBe(6.86e-8);
  expect(findImageModel("gpt-image-1", "openai", {})?.mode).toBe("image_generation");
});

test.each([
  ["gpt-4o", "openai"],
  ["claude-sonnet-4-6", "anthropic"],
  ["gemini-2.5-pro", "vertex_ai"],
  ["command-r-plus", "cohere_chat"],
  ["us.anthropic.claude-sonnet-4-6", "bedrock"],
  ["ft:gpt-4o-2024-08-06:org::id", "openai"],
  ["groq/whatever-comes", "groq"],
  ["dall-e-3", "openai"],
  ["meta-llama/Llama-3-8b", undefined],
  ["my-model", undefined],
])("providerOf %s is %s", (name, provider) => {
  expect(providerOf(name)).toBe(provider);
});

test("listModels", () => {
  expect(listModels().length).toBeGreaterThan(3000);
  expect(listModels("anthropic")).toContain("claude-opus-5");
  expect(listModels("vertex_ai")).toContain("gemini-2.5-pro");
  expect(listModels("openai").filter((name) => name.includes("-x-"))).toEqual([]);
  expect(listModels("nobody")).toEqual([]);
  expect(catalogueStamp.figures).toMatch(/^\d{4}-\d{2}/);
});

describe("withOverrides", () => {
  test("a price of the deployment replaces the finer rates of its side", () => {
    const info = withOverrides(findModel("gpt-4o"), { input_cost_per_token: 0 });
    expect(info).toMatchObject({ input_cost_per_token: 0, output_cost_per_token: 1e-5, mode: "chat" });
    expect(info).not.toHaveProperty("cache_read_input_token_cost");
    expect(info).not.toHaveProperty("input_cost_per_token_priority");
    expect(info).toHaveProperty("output_cost_per_token_priority");
  });

  test("finer rates that are given stay", () => {
    const overrides = { input_cost_per_token: 1e-6, cache_read_input_token_cost: 5e-7 };
    expect(withOverrides(findModel("gpt-4o"), overrides)).toMatchObject(overrides);
  });

  test("base_model names the row to start from", () => {
    const info = withOverrides(undefined, { base_model: "azure/gpt-4o", max_input_tokens: 4096 });
    expect(info).toMatchObject({ litellm_provider: "azure", max_input_tokens: 4096, output_cost_per_token: 1e-5 });
  });

  test("prices may be strings; null changes nothing", () => {
    const info = withOverrides(findModel("gpt-4o"), { output_cost_per_token: "2e-6", input_cost_per_token: null });
    expect(info).toMatchObject({ output_cost_per_token: 2e-6, input_cost_per_token: 2.5e-6 });
  });

  test("nothing known and nothing said is nothing", () => {
    expect(withOverrides(undefined, {})).toBeUndefined();
  });
});

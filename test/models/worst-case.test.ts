import { describe, expect, it } from "vitest";
import type { ModelInfo } from "../../src/models/catalogue.ts";
import { affordableOutput, worstCase } from "../../src/models/worst-case.ts";

const INFO = {
  mode: "chat",
  input_cost_per_token: 1e-6,
  output_cost_per_token: 2e-6,
  input_cost_per_token_priority: 2e-6,
  output_cost_per_token_priority: 4e-6,
  input_cost_per_token_flex: 5e-7,
  output_cost_per_token_flex: 1e-6,
  output_cost_per_audio_token: 2e-5,
  search_context_cost_per_query: { search_context_size_medium: 0.01 },
  provider_specific_entry: { fast: 6 },
} as unknown as ModelInfo; // what is read of it

const plain = worstCase(INFO, 0, 1000, 0);

describe("the worst case", () => {
  it.each([
    ["a dearer tier", { serviceTier: "priority" }, 2 * plain],
    ["a cheaper tier, which may not be granted", { serviceTier: "flex" }, plain],
    ["a tier nobody knows", { serviceTier: "auto" }, plain],
    ["more speed", { speed: "fast" }, 6 * plain],
    ["a spoken answer", { mayTalk: true }, 10 * plain],
    ["searches", { searches: 3 }, plain + 0.03 * 1e9],
  ])("reckons with %s", (_, terms, expected) => {
    expect(worstCase(INFO, 0, 1000, 0, terms)).toBe(expected);
  });

  it("pays for as many tokens as the terms leave", () => {
    expect(affordableOutput(INFO, 0, plain, 0, { longest: 5000 })).toBe(1000);
    expect(affordableOutput(INFO, 0, plain, 0, { longest: 5000, terms: { serviceTier: "priority" } })).toBe(500);
  });
});

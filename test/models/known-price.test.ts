import { expect, it } from "vitest";
import { findModel } from "../../src/models/catalogue.ts";
import { hasPrice } from "../../src/models/known-price.ts";

it.each([
  [{ input_cost_per_token: 0 }],
  [{ output_cost_per_image: 0.04, mode: "image_generation" }],
  [{ tiered_pricing: [{ range: [0, 1000], input_cost_per_token: 1e-6 }] }],
  [findModel("gpt-4o")],
  [findModel("azure/whisper-1")],
])("is known of %j", (info) => {
  expect(hasPrice(info)).toBe(true);
});

it.each([
  [undefined],
  [{}],
  [{ mode: "chat", max_tokens: 8192 }],
  [{ input_dbu_cost_per_token: 0.1 }],
  [{ tiered_pricing: [] }],
  [{ search_context_cost_per_query: { search_context_size_medium: 0.01 } }],
])("is not known of %j", (info) => {
  expect(hasPrice(info)).toBe(false);
});

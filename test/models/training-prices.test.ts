import { describe, expect, it } from "vitest";
import { findModel } from "../../src/models/catalogue.ts";
import { withTrainingPrices } from "../../src/models/training-prices.ts";

describe("prices of training", () => {
  it.each([
    ["openai/gpt-4o-mini-2024-07-18", 3e-6],
    ["openai/gpt-4.1-2025-04-14", 25e-6],
    ["openai/gpt-3.5-turbo-0125", 8e-6],
    ["azure/gpt-4o-mini-2024-07-18", 3e-6],
    ["openai/ft:gpt-4o-mini-2024-07-18:org::id", 3e-6],
  ])("are those of the model's family: %s", (name, price) => {
    expect(findModel(name)?.training_cost_per_token).toBeCloseTo(price, 12);
  });

  it("are by the hour for reinforcement", () => {
    expect(findModel("openai/o4-mini-2025-04-16")).toMatchObject({ training_cost_per_hour: 100 });
  });

  it.each(["openai/gpt-4o-audio-preview", "openai/gpt-5", "anthropic/claude-haiku-4-5", "groq/llama-3.1-8b-instant"])(
    "are not made up: %s",
    (name) => {
      expect(findModel(name)).not.toHaveProperty("training_cost_per_token");
    },
  );

  it("leave what the row says", () => {
    const row = { litellm_provider: "openai", training_cost_per_token: 1 };
    expect(withTrainingPrices("gpt-4o", row)).toEqual(row);
  });
});

import { describe, expect, it, test } from "vitest";
import { findModel, withOverrides } from "../../src/models/catalogue.ts";
import { imageRow, mostImageTokens, usualImageTokens } from "../../src/models/images.ts";

describe("tokens of images", () => {
  // OpenAI, "Image generation": squares, then portraits
  it.each([
    ["low", 272, 408],
    ["medium", 1056, 1584],
    ["high", 4160, 6240],
  ])("of quality %s", (quality, square, portrait) => {
    expect(usualImageTokens("gpt-image-1", { quality, size: "1024x1024" })).toBe(square);
    expect(usualImageTokens("gpt-image-1", { quality, size: "1024x1536" })).toBe(portrait);
  });

  it("at most: the largest that auto chooses, and those on their way", () => {
    const info = findModel("gpt-image-1", "openai");
    expect(mostImageTokens("gpt-image-1", info, {}, 0)).toBe(6240);
    expect(mostImageTokens("gpt-image-1", info, { quality: "low", size: "1024x1024" }, 3)).toBe(572);
    expect(mostImageTokens("gpt-image-1", undefined, {}, 0)).toBe(0);
    expect(mostImageTokens("dall-e-3", findModel("dall-e-3", "openai"), {}, 0)).toBe(0);
    const gemini = findModel("gemini-2.5-flash-image", "gemini");
    expect(mostImageTokens("gemini-2.5-flash-image", gemini, {}, 0)).toBeGreaterThanOrEqual(1290);
  });

  it("none of models that are not billed so", () => {
    expect(usualImageTokens("dall-e-3", {})).toBe(0);
    expect(usualImageTokens("imagen-4.0-generate-001", {})).toBe(0);
    expect(usualImageTokens("gemini-2.5-flash-image", {})).toBe(1290);
  });
});

describe("the row of an image", () => {
  const dalle = { model: "dall-e-3", provider: "openai" };
  const info = findModel("dall-e-3", "openai");

  it("is that of its size and quality", () => {
    expect(imageRow(info, dalle, { size: "1024x1792", quality: "hd" })).toMatchObject({
      input_cost_per_pixel: 6.539e-8,
    });
    expect(imageRow(info, dalle, { size: "1024x1792", quality: "hd" })).not.toHaveProperty("input_cost_per_image");
    expect(imageRow(info, dalle, { size: "7x7" })).toMatchObject({ input_cost_per_image: 0.04 });
  });

  it("is the model's own where it is billed by tokens, or the deployment says what it costs", () => {
    const tokens = findModel("gpt-image-1", "openai");
    expect(imageRow(tokens, { model: "gpt-image-1", provider: "openai" }, { quality: "low" })).toBe(tokens);
    const stated = withOverrides(info, { input_cost_per_image: 0.5 });
    expect(imageRow(stated, dalle, { quality: "hd" })).toBe(stated);
  });

  test("a name of one's own is priced by its base model", () => {
    const named = withOverrides(undefined, { base_model: "azure/dall-e-3", mode: "image_generation" });
    const row = imageRow(named, { model: "pictures", provider: "azure" }, { size: "1024x1024", quality: "hd" });
    expect(row).toMatchObject({ input_cost_per_pixel: 7.629e-8 });
  });
});

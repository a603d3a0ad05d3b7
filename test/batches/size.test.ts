import { describe, expect, it } from "vitest";
import { BatchMeasure } from "../../src/batches/size.ts";
import { chat } from "../../src/operations/chat.ts";
import { embeddings } from "../../src/operations/embeddings.ts";
import type { AnyOperation } from "../../src/operations/operation.ts";

const info = { input_cost_per_token: 0.001, output_cost_per_token: 0.002, max_output_tokens: 100 };
const NANO = 1e9;

function measure(operation: AnyOperation = chat, row: Record<string, unknown> = info) {
  return new BatchMeasure({
    operation,
    targetFor: (model) => ({ provider: "openai", model, params: {}, info: row }) as never, // what is read of a target
    price: (cost) => cost,
    now: 0,
  });
}

const body = (fields: object = {}) => ({ model: "m", messages: [{ role: "user", content: "Hello there" }], ...fields });

describe("what a batch may use", () => {
  it("is the sum of its lines by model, at half the price", async () => {
    const batch = measure();
    await batch.add(body({ max_tokens: 10 }), "m", 100);
    await batch.add(body({ max_tokens: 10 }), "m", 100);
    await batch.add(body({ max_tokens: 50 }), "other", 100);
    const one = batch.sizes.get("m");
    const other = batch.sizes.get("other");
    expect([one?.requests, other?.requests, batch.sizes.size]).toEqual([2, 1, 2]);
    const prompt = (one?.tokens ?? 0) / 2;
    expect(prompt).toBeGreaterThan(2);
    expect(one?.cost).toBe(2 * (Math.ceil(prompt * 1.05) * 0.0005 + 10 * 0.001) * NANO);
    expect(other?.cost).toBe((Math.ceil(prompt * 1.05) * 0.0005 + 50 * 0.001) * NANO);
  });

  it("is as long as the model's answers may be, each of those asked for, where a line says nothing", async () => {
    const [bounded, open, several] = [measure(), measure(), measure()];
    await bounded.add(body({ max_tokens: 100 }), "m", 100);
    await open.add(body(), "m", 100);
    await several.add(body({ n: 3 }), "m", 100);
    expect(open.sizes.get("m")?.cost).toBe(bounded.sizes.get("m")?.cost);
    expect(several.sizes.get("m")?.cost).toBeGreaterThan(2 * (open.sizes.get("m")?.cost ?? 0));
  });

  it("goes by prices of batches, where there are such", async () => {
    const own = { ...info, input_cost_per_token_batches: 0.0001, output_cost_per_token_batches: 0.0002 };
    const [half, tenth] = [measure(), measure(chat, own)];
    for (const batch of [half, tenth]) await batch.add(body({ max_tokens: 10 }), "m", 100);
    expect((tenth.sizes.get("m")?.cost ?? 0) * 5).toBeCloseTo(half.sizes.get("m")?.cost ?? 0, 3);
  });

  it("is reckoned by length where there is too much to count, and never for less", async () => {
    const texts = ["The quick brown fox jumps over the lazy dog. ".repeat(200), "敏捷的棕色狐狸跳过懒狗。".repeat(200)];
    for (const content of texts) {
      const [counted, reckoned] = [measure(), measure()];
      await counted.add(body({ messages: [{ role: "user", content }] }), "m", 100);
      await reckoned.add(body({ messages: [{ role: "user", content }] }), "m", 2_000_000);
      const [least, most] = [counted.sizes.get("m")?.tokens ?? 0, reckoned.sizes.get("m")?.tokens ?? 0];
      expect(most).toBeGreaterThanOrEqual(least);
      expect(most).toBeLessThan(least * 3);
    }
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(100_000)}` } };
    const batch = measure();
    await batch.add(body({ messages: [{ role: "user", content: [image] }] }), "m", 2_000_000);
    expect(batch.sizes.get("m")?.tokens).toBeLessThan(4000);
  });

  it("takes lines that are no requests for what they may be", async () => {
    const batch = measure();
    await batch.add({ messages: "no list" }, "m", 100);
    expect(batch.sizes.get("m")).toMatchObject({ requests: 1 });
    expect(batch.sizes.get("m")?.cost).toBeGreaterThan(100 * 0.001 * NANO);
  });

  it("has no output where the operation has none", async () => {
    const batch = measure(embeddings);
    await batch.add({ input: "Hello there" }, "m", 100);
    const { tokens = 0, cost } = batch.sizes.get("m") ?? {};
    expect(cost).toBe(Math.ceil(tokens * 1.05) * 0.0005 * NANO);
  });
});

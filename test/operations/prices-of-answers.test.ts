import { describe, expect, it } from "vitest";
import { rowOfAnswer } from "../../src/operations/answered-by.ts";
import { PriceMemory } from "../../src/operations/price-memory.ts";

const ROW = { input_cost_per_token: 0.001 };
const at = (model: string, more: object = {}) => ({ provider: "azure", model, apiBase: "https://a.test", ...more });

describe("the row of an answer", () => {
  const meter = { answer: { model: "gpt-4o-2024-08-06" } };

  it("is that of the model it names, with what the config states", () => {
    expect(rowOfAnswer(meter, at("our-17"))).toMatchObject({ input_cost_per_token: 0.000_002_5 });
    expect(rowOfAnswer(meter, at("our-17", { info: { mode: "chat", max_input_tokens: 500 } }))).toMatchObject({
      input_cost_per_token: 0.000_002_5,
      max_input_tokens: 500,
    });
  });

  it("is the deployment's own where that has a price, or the answer names no model that is known", () => {
    expect(rowOfAnswer(meter, at("our-17", { info: ROW }))).toBe(ROW);
    const info = { mode: "chat" };
    expect(rowOfAnswer({ answer: { model: "nobody-knows" } }, at("our-17", { info }))).toBe(info);
    expect(rowOfAnswer({ answer: {} }, at("our-17"))).toBeUndefined();
    expect(rowOfAnswer(meter, { ...at("our-17"), provider: "openai" })).toBeUndefined();
  });
});

describe("what an isolate remembers", () => {
  it("is the latest row of a deployment, wherever that has none of its own", () => {
    const memory = new PriceMemory();
    memory.learn(at("one"), { input_cost_per_token: 1 });
    memory.learn(at("one"), ROW);
    expect(memory.rowOf(at("one"))).toBe(ROW);
    expect(memory.rowOf(at("one", { info: { mode: "chat" } }))).toBe(ROW);
    expect(memory.rowOf(at("one", { info: { input_cost_per_token: 2 } }))).toBeUndefined();
    expect(memory.rowOf(at("one", { apiBase: "https://b.test" }))).toBeUndefined();
    expect(memory.rowOf(at("two"))).toBeUndefined();
  });

  it("is no row without a price", () => {
    const memory = new PriceMemory();
    memory.learn(at("one"), { mode: "chat" });
    expect(memory.rowOf(at("one"))).toBeUndefined();
  });

  it("is bounded, and forgets the oldest", () => {
    const memory = new PriceMemory();
    for (let index = 0; index < 600; index++) {
      memory.learn(at(`m${index}`), ROW);
      memory.learn(at("used"), ROW);
    }
    expect(memory.rowOf(at("m0"))).toBeUndefined();
    expect([memory.rowOf(at("m599")), memory.rowOf(at("used"))]).toEqual([ROW, ROW]);
  });

  it("tells of a missing price once", () => {
    const memory = new PriceMemory();
    expect([1, 2, 3].map(() => memory.isFirstMiss(at("one")))).toEqual([true, false, false]);
    expect(memory.isFirstMiss(at("two"))).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { cacheKey } from "../../src/cache/key.ts";

const key = (fields: Record<string, unknown>, facts: unknown = [], namespace?: string) =>
  cacheKey({ namespace, fields, facts });

describe("cacheKey", () => {
  it("is the same in whatever order things are said", async () => {
    expect(await key({ a: 1, b: { c: [1, { d: 2, e: 3 }], f: null } })).toBe(
      await key({ b: { f: null, c: [1, { e: 3, d: 2 }] }, a: 1 }),
    );
  });

  it("leaves out what is not said", async () => {
    expect(await key({ a: 1, b: undefined })).toBe(await key({ a: 1 }));
  });

  it.each([
    ["another value", { a: 1 }, { a: 2 }],
    ["a text for a number", { a: 1 }, { a: "1" }],
    ["null for nothing", { a: [null] }, { a: [] }],
    ["texts that run together", { a: "x", b: "y" }, { a: 'x","b":"y' }],
    ["a list for an object", { a: ["b", 1] }, { a: { b: 1 } }],
    ["pairs for an object", { a: { b: 1 } }, { a: { pairs: [["b", 1]] } }],
    ["the order of a list", { a: [1, 2] }, { a: [2, 1] }],
    ["__proto__", JSON.parse('{"a":{"__proto__":1}}'), { a: {} }],
  ])("differs by %s", async (_, one: Record<string, unknown>, other: Record<string, unknown>) => {
    expect(await key(one)).not.toBe(await key(other));
  });

  it("differs by facts and by namespace, which stands before it as no sign can change", async () => {
    const all = [
      await key({ a: 1 }),
      await key({ a: 1 }, ["team"]),
      await key({ a: 1 }, [], "one"),
      await key({ a: 1 }, [], "one:two"),
    ];
    expect(new Set(all.map((name) => name.slice(-64))).size).toBe(4);
    expect(all[3]).toMatch(/^one%3Atwo:[0-9a-f]{64}$/);
  });

  it("knows files by content, type and ending", async () => {
    const file = (content: string, name: string) => ({ file: new File([content], name, { type: "audio/wav" }) });
    const one = await key(file("x", "a.wav"));
    expect(await key(file("x", "b.WAV"))).toBe(one);
    expect(await key(file("y", "a.wav"))).not.toBe(one);
    expect(await key(file("x", "a.mp3"))).not.toBe(one);
    const list = (content: string) => ({ image: [new File([content], "a.png")] });
    expect(await key(list("x"))).not.toBe(await key(list("y")));
  });
});

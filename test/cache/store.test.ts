/** What keeps answers, and what stands before it so that it can hold no call up. */
import { describe, expect, it, vi } from "vitest";
import { readEntry, writeEntry } from "../../src/cache/entry.ts";
import { guarded } from "../../src/cache/guarded.ts";
import { MemoryResponseCache } from "../../src/cache/memory.ts";
import type { ResponseCache } from "../../src/cache/store.ts";

describe("memory", () => {
  it("forgets when the time is over, and what was used longest ago where there is no room", async () => {
    let now = 0;
    const cache = new MemoryResponseCache({ bytes: 3 * (100 + 2 * 11), now: () => now });
    await cache.set("a", "1234567890", 10);
    await cache.set("b", "1234567890", 20);
    now = 5000;
    await cache.set("c", "1234567890", 20);
    expect(await cache.get("a")).toBe("1234567890"); // used last now
    await cache.set("d", "1234567890", 20);
    expect(await Promise.all(["a", "b", "c", "d"].map((key) => cache.get(key)))).toEqual([
      "1234567890",
      undefined,
      "1234567890",
      "1234567890",
    ]);
    now = 10_000;
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.info()).toMatchObject({ entries: 2 });
  });

  it("does not take what is larger than all of it, and forgets what it replaces", async () => {
    const cache = new MemoryResponseCache({ bytes: 200 });
    await cache.set("a", "small", 10);
    await cache.set("a", "x".repeat(200), 10);
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.info()).toEqual({ entries: 0, bytes: 0 });
  });

  it("counts its bytes right, whatever is done", async () => {
    const cache = new MemoryResponseCache({ bytes: 1000 });
    for (let i = 0; i < 50; i++) await cache.set(`k${i % 7}`, "v".repeat(i % 13), 10);
    await cache.delete(["k1", "k1", "none"]);
    await cache.get("k2");
    await cache.flush();
    expect(await cache.info()).toEqual({ entries: 0, bytes: 0 });
  });
});

describe("entries", () => {
  const entry = { key: "k", at: 1000, until: 61_000, answer: { a: 1 }, by: { provider: "openai" }, cost: 7 };

  it("are read as they were written", () => {
    expect(readEntry(writeEntry(entry), "k", 2000)).toEqual(entry);
  });

  it.each([
    ["another name", entry, "other", 2000],
    ["too old", entry, "k", 61_000],
    ["from the future", { ...entry, at: 200_000, until: 300_000 }, "k", 2000],
    ["a wrong cost", { ...entry, cost: -1 }, "k", 2000],
    ["a wrong usage", { ...entry, usage: { prompt_tokens: -5 } }, "k", 2000],
  ])("are none: %s", (_, given, key, now) => {
    expect(readEntry(writeEntry(given as typeof entry), key, now)).toBeUndefined(); // wrong on purpose
  });

  it.each(["", "no json", "null", "[]", "{}", '{"v":2}', "\u0000"])("are none: %j", (text) => {
    expect(readEntry(text, "k", 2000)).toBeUndefined();
  });

  it("are not written above a megabyte", () => {
    expect(writeEntry({ ...entry, answer: "x".repeat(1024 * 1024) })).toBeUndefined();
  });
});

function failing(): ResponseCache & { asked: number; works: boolean } {
  const store = {
    asked: 0,
    works: false,
    async get() {
      store.asked++;
      if (!store.works) throw new Error("down");
      return "value";
    },
    async set() {
      store.asked++;
      if (!store.works) throw new Error("down");
    },
    async delete() {},
    async flush() {},
    async ping() {},
  };
  return store;
}

describe("guarded", () => {
  it("takes failures for nothing, and leaves the store alone after five, for a minute", async () => {
    let now = 0;
    const store = failing();
    const onPause = vi.fn();
    const cache = guarded(store, { now: () => now, onPause });
    for (let i = 0; i < 20; i++) expect(await cache.read(["a", "b"])).toEqual([undefined, undefined]);
    const asked = store.asked;
    expect(asked).toBeLessThanOrEqual(10); // two names each
    expect(onPause).toHaveBeenCalledTimes(1);
    await cache.write([{ key: "a", value: "v", ttl: 1 }]);
    expect(store.asked).toBe(asked);
    now = 60_000;
    await cache.read(["a"]); // one try, and a minute more
    await cache.read(["a"]);
    expect(store.asked).toBe(asked + 1);
    now = 120_000;
    store.works = true;
    expect(await cache.read(["a"])).toEqual(["value"]);
    expect(await cache.read(["a"])).toEqual(["value"]);
    expect(onPause).toHaveBeenCalledTimes(1);
  });

  it("lets one try alone after the pause", async () => {
    let now = 0;
    const store = failing();
    const cache = guarded(store, { now: () => now });
    for (let i = 0; i < 5; i++) await cache.read(["a"]);
    now = 60_000;
    const before = store.asked;
    await Promise.all(Array.from({ length: 10 }, () => cache.read(["a"])));
    expect(store.asked).toBe(before + 1);
  });

  it("does not wait for what never answers", async () => {
    const store = { ...failing(), get: () => new Promise<string>(() => {}) };
    const began = performance.now();
    expect(await guarded(store, { patience: 30 }).read(["a"])).toEqual([undefined]);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

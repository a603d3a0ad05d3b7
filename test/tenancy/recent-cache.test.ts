/** How old copies of keys, customers and tags may be. */
import { describe, expect, it } from "vitest";
import { RecentCache } from "../../src/tenancy/recent-cache.ts";

function start(bound?: number) {
  let now = 1_000_000;
  const loads: string[] = [];
  const beside: Promise<unknown>[] = [];
  const cache = new RecentCache<number>({
    async load(key) {
      loads.push(key);
      return now;
    },
    now: () => now,
    ...(bound !== undefined && { bound }),
  });
  const get = () => cache.get("key", (promise) => void beside.push(promise));
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { get, pass, loads, beside };
}

describe("a copy", () => {
  it("is used while it is young, renewed beside the request after, and waited for when it is old", async () => {
    const { get, pass, loads, beside } = start();
    const first = await get();
    pass(1999);
    expect(await get()).toBe(first);
    expect(loads.length).toBe(1);
    pass(2);
    expect(await get()).toBe(first);
    await Promise.all(beside);
    expect(await get()).toBe(first + 2001);
    pass(10_001);
    expect(await get()).toBe(first + 2001 + 10_001);
  });

  it("is as old as user_api_key_cache_ttl says, at most", async () => {
    const { get, pass, loads } = start(500);
    const first = await get();
    pass(499);
    expect(await get()).toBe(first);
    pass(2);
    expect(await get()).toBe(first + 501);
    expect(loads.length).toBe(2);
    const always = start(0);
    await always.get();
    await always.get();
    expect(always.loads.length).toBe(2);
  });

  it("may be older, too", async () => {
    const { get, pass } = start(60_000);
    const first = await get();
    pass(59_000);
    expect(await get()).toBe(first);
  });
});

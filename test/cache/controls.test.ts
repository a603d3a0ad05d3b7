import { describe, expect, it } from "vitest";
import { cacheControls } from "../../src/cache/controls.ts";

describe("cacheControls", () => {
  it("reads the body's, and what they do not say from Cache-Control", () => {
    const cache = { ttl: "30", "no-cache": true, namespace: "n", "use-cache": true, unknown: 1, "no-store": null };
    expect(cacheControls({ cache, header: "no-store, s-maxage=5" })).toEqual({
      ttl: 30,
      maxAge: 5,
      noCache: true,
      noStore: true,
      namespace: "n",
      useCache: true,
    });
    expect(cacheControls({ cache: { "s-maxage": 7 }, header: "max-age=5" })).toEqual({ maxAge: 7 });
  });

  it.each([
    ["", {}],
    ["public, max-stale=3, only-if-cached", {}],
    ["NO-CACHE", { noCache: true }],
    ["max-age=0", { maxAge: 0 }],
    ["max-age=5, s-maxage=7", { maxAge: 7 }],
    ["s-maxage=7, max-age=5", { maxAge: 7 }],
    ["max-age=soon", {}],
    ["ttl=60", { ttl: 60 }],
  ])("reads the header %j", (header, expected) => {
    expect(cacheControls({ header })).toEqual(expected);
  });

  it("takes `caching: false` for neither, and a truth for nothing", () => {
    expect(cacheControls({ caching: false })).toEqual({ noCache: true, noStore: true });
    expect(cacheControls({ caching: true, cache: true })).toEqual({});
  });

  it.each([
    "yes",
    [],
    { ttl: -1 },
    { ttl: "soon" },
    { ttl: 1e12 },
    { "s-maxage": {} },
    { "no-cache": "perhaps" },
    { namespace: 7 },
    { namespace: "x".repeat(201) },
    { namespace: "\ud800" },
  ])("refuses %j", (cache) => {
    expect(() => cacheControls({ cache })).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("refuses what a key may not set, wherever it is said", () => {
    expect(cacheControls({ cache: { "no-cache": true } }, ["no-cache"])).toEqual({ noCache: true });
    expect(() => cacheControls({ cache: { ttl: 1 } }, ["no-cache"])).toThrow(expect.objectContaining({ status: 403 }));
    expect(() => cacheControls({ header: "no-store" }, ["no-cache"])).toThrow(expect.objectContaining({ status: 403 }));
  });
});

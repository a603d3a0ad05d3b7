/** Cached answers in R2, sealed, as Cloudflare has it. */
import { env } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import { bucketCache } from "../../src/gateway/cache/bucket.ts";
import { sealedCache } from "../../src/gateway/cache/sealed.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { createVault } from "../../src/secrets/vault.ts";

const { CACHE } = env as unknown as Required<Bindings>; // as vitest.config.ts binds it
const vault = createVault(new Secret("root secret of these tests"));
const cache = sealedCache(bucketCache(CACHE), vault);

describe("answers in a bucket", () => {
  it("are kept, given, forgotten", async () => {
    expect(await cache.get("n%20s:a")).toBeUndefined();
    await cache.set("n%20s:a", "ü", 60);
    expect(await cache.get("n%20s:a")).toBe("ü");
    const { objects } = await CACHE.list();
    expect(objects.map(({ key }) => key)).toEqual(["sluice-cache/n~2520s/a"]);
    expect(await (await CACHE.get("sluice-cache/n~2520s/a"))?.text()).toMatch(/^sealed:v1:/);
    await cache.delete(["n%20s:a", "none"]);
    expect(await cache.get("n%20s:a")).toBeUndefined();
    await cache.ping();
  });

  it("are not read under another name, by another gateway, or changed", async () => {
    await cache.set("a", "mine", 60);
    const sealed = (await (await CACHE.get("sluice-cache/a"))?.text()) ?? "";
    await CACHE.put("sluice-cache/b", sealed);
    await CACHE.put("sluice-cache/c", `${sealed.slice(0, -3)}AAA`);
    await CACHE.put("sluice-cache/d", '{"v":1}');
    for (const key of ["b", "c", "d"]) expect(await cache.get(key)).toBeUndefined();
    const other = sealedCache(bucketCache(CACHE), createVault(new Secret("another root")));
    expect(await other.get("a")).toBeUndefined();
    expect(await cache.get("a")).toBe("mine");
  });

  it("are all flushed, and nothing else of the bucket", async () => {
    await CACHE.put("else", "x");
    for (let i = 0; i < 12; i++) await cache.set(`k${i}`, "v", 60);
    await cache.flush();
    expect((await CACHE.list()).objects.map(({ key }) => key)).toEqual(["else"]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { objectName, s3Cache } from "../../src/cache/s3.ts";
import { Secret } from "../../src/credentials/secret.ts";
import { startBucket, type TestBucket } from "../http/stored-objects.ts";

let bucket: TestBucket;

beforeAll(async () => {
  bucket = await startBucket();
});
afterAll(() => bucket.close());
beforeEach(() => bucket.objects.clear());

function cacheOf(region = "eu-test-1", fetch = globalThis.fetch, endpoint: string | undefined = bucket.url) {
  const identity = { accessKeyId: "AKIDTEST", secretAccessKey: new Secret("secret") };
  return s3Cache({
    bucket: "answers",
    region,
    ...(endpoint && { endpoint }),
    path: "/in/here/",
    identity,
    fetch,
    now: Date.now,
  });
}

describe("s3", () => {
  it("keeps, gives, forgets, each request signed", async () => {
    const cache = cacheOf();
    expect(await cache.get("a")).toBeUndefined();
    await cache.set("n%20s:a", "ü", 60);
    expect([...bucket.objects.keys()]).toEqual(["answers/in/here/sluice-cache/n~2520s/a"]);
    expect(await cache.get("n%20s:a")).toBe("ü");
    await cache.delete(["n%20s:a", "none"]);
    expect(bucket.objects.size).toBe(0);
    await cache.ping();
    expect(bucket.asked.filter((request) => request.startsWith("unsigned"))).toEqual([]);
  });

  it("stays in its folder, whatever a client calls its namespace", async () => {
    const cache = cacheOf();
    bucket.objects.set("answers/in/here/other", "x");
    bucket.objects.set("else/secret", "x");
    for (const key of ["..:a", ".:a", "..:..:..:..:a", "a:..", "..."]) {
      await cache.set(key, "v", 60);
      expect(await cache.get(key)).toBe("v");
    }
    await cache.delete(["..:other", "..:..:..:..:else:secret"]);
    const names = [...bucket.objects.keys()];
    expect(names.filter((name) => !name.startsWith("answers/in/here/sluice-cache/"))).toEqual([
      "answers/in/here/other",
      "else/secret",
    ]);
    expect(names).toHaveLength(7);
  });

  it("flushes only what is its own", async () => {
    const cache = cacheOf();
    bucket.objects.set("answers/else", "x");
    for (let i = 0; i < 9; i++) await cache.set(`k${i}`, "v", 60);
    await cache.flush();
    expect([...bucket.objects.keys()]).toEqual(["answers/else"]);
  });

  it("tells what S3 says of a refusal, and no secret", async () => {
    const refused = cacheOf("us-east-1");
    await expect(refused.get("a")).rejects.toThrow("S3 answered 403: AccessDenied");
    await expect(refused.set("a", "v", 1)).rejects.toThrow("403");
    await expect(refused.ping()).rejects.toThrow("403");
  });

  it("stands at AWS's own host unless told otherwise", async () => {
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = async (url) => {
      asked.push(String(url));
      return new Response("", { status: 404 });
    };
    await cacheOf("eu-test-1", fetch, "").get("a");
    expect(asked).toEqual(["https://answers.s3.eu-test-1.amazonaws.com/in/here/sluice-cache/a"]);
  });
});

describe("objectName", () => {
  it("has no sign that is written otherwise anywhere, and is another for another key", () => {
    const keys = ["a:b", "a%3Ab", "a b", "a&b", "a'b", "ü", "a~b", "..:a", ".:a", ".a", "a.b"];
    const names = keys.map(objectName);
    expect(new Set(names).size).toBe(keys.length);
    for (const name of names) expect(name).toMatch(/^[\w./~-]+$/);
  });
});

/** Caches outside the isolate: answers are sealed there, and a store that is down, slow or full of nonsense holds no call up. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { startRedis, type TestRedis } from "./redis-server.ts";
import { startBucket, type TestBucket } from "./stored-objects.ts";
import { json, startUpstream, until } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let answers = 0;

beforeAll(async () => {
  upstream = await startUpstream(({ path, body }, response) => {
    answers++;
    if (path.endsWith("/embeddings")) {
      const data = (body["input"] as string[]).map((input, index) => ({
        object: "embedding",
        index,
        embedding: [input.length],
      }));
      return json(response, 200, { object: "list", model: "m", data, usage: { prompt_tokens: 4, total_tokens: 4 } });
    }
    json(response, 200, {
      id: `chatcmpl-${answers}`,
      object: "chat.completion",
      created: 1,
      model: "m",
      choices: [{ index: 0, message: { role: "assistant", content: `secret ${answers}` }, finish_reason: "stop" }],
      usage: { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13 },
    });
  });
});

afterAll(() => upstream?.close());

function config(cache_params: Record<string, unknown>) {
  const litellm_params = { model: "openai/m", api_key: "sk-upstream", api_base: `${upstream.url}/v1` };
  return {
    model_list: [{ model_name: "m", litellm_params }],
    router_settings: { num_retries: 0 },
    litellm_settings: { cache: true, cache_params },
  };
}

async function ask(gateway: TestGateway, content: string, fields: object = {}) {
  const began = performance.now();
  const body = { model: "m", messages: [{ role: "user", content }], ...fields };
  const response = await gateway.call("/v1/chat/completions", body);
  const answer = (await response.json()) as { choices?: { message: { content: string } }[] };
  return {
    status: response.status,
    hit: response.headers.get("x-litellm-cache-hit"),
    key: response.headers.get("x-litellm-cache-key") ?? "",
    text: answer.choices?.[0]?.message.content,
    took: performance.now() - began,
  };
}

/** `call` of a gateway at another address. */
const callAt =
  (url: string): TestGateway["call"] =>
  (path, body) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${MASTER_KEY}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

describe("redis", () => {
  let redis: TestRedis;
  let gateway: TestGateway;

  beforeAll(async () => {
    redis = await startRedis("p@ss");
    const url = `redis://:p%40ss@127.0.0.1:${redis.port}/1`;
    gateway = await startGateway(config({ type: "redis", url: "os.environ/CACHE_URL", namespace: "mine" }), {
      CACHE_URL: url,
    });
  }, 60_000);

  afterAll(async () => {
    await gateway?.stop();
    await redis?.close();
  });

  beforeEach(() => {
    redis.mood = "well";
    redis.values.clear();
  });

  it("keeps answers where nobody can read or change them", async () => {
    const first = await ask(gateway, "hello");
    expect(first).toMatchObject({ hit: "false", status: 200 });
    await until(() => redis.values.size === 1);
    const [[name = "", value = ""] = []] = [...redis.values];
    expect(name).toBe(`sluice:cache:${first.key}`);
    expect(first.key).toMatch(/^mine:[0-9a-f]{64}$/);
    expect(value).not.toContain("secret");
    expect(await ask(gateway, "hello")).toMatchObject({ hit: "true", text: first.text });

    const other = await ask(gateway, "other");
    await until(() => redis.values.size === 2);
    const swapped = redis.values.get(`sluice:cache:${other.key}`) ?? "";
    for (const forged of [swapped, value.slice(0, -4), "garbage", '{"v":1}', ""]) {
      redis.values.set(name, forged);
      const asked = await ask(gateway, "hello", { cache: { "no-store": true } });
      expect(asked, forged.slice(0, 20)).toMatchObject({ hit: "false", status: 200 });
    }
  });

  it("asks for many inputs at once", async () => {
    const embed = async (...input: string[]) =>
      (await gateway.call("/v1/embeddings", { model: "m", input })).headers.get("x-litellm-cache-hit");
    expect(await embed("a", "bb", "ccc")).toBe("false");
    await until(() => redis.values.size === 3);
    redis.commands.length = 0;
    expect(await embed("ccc", "a")).toBe("true");
    expect(redis.commands).toEqual(["AUTH", "SELECT", "MGET"]);
  });

  it("is told of to admins, and forgets what they say", async () => {
    const { key } = await ask(gateway, "forget");
    await until(() => redis.values.size === 1);
    const ping = (await (await gateway.call("/cache/ping")).json()) as object;
    expect(ping).toMatchObject({ status: "healthy", cache_type: "redis" });
    const info = (await (await gateway.call("/cache/redis/info")).json()) as object;
    expect(info).toMatchObject({ num_clients: 1, info: { redis_version: "7.0.0" } });
    await gateway.call("/cache/delete", { keys: [key] });
    expect(redis.values.size).toBe(0);
    await ask(gateway, "forget");
    await until(() => redis.values.size === 1);
    redis.values.set("somebody's", "else");
    expect((await gateway.call("/cache/flushall", {})).status).toBe(200);
    expect([...redis.values.keys()]).toEqual(["somebody's"]);
    const settings = await (await gateway.call("/cache/settings")).text();
    expect(settings).not.toMatch(/p%40ss|p@ss/);
  });

  it("holds no call up where it is frozen, and is left alone after a while", async () => {
    redis.mood = "frozen";
    for (let i = 0; i < 8; i++) {
      const asked = await ask(gateway, `frozen ${i}`);
      expect(asked).toMatchObject({ status: 200, hit: "false" });
      expect(asked.took).toBeLessThan(3000);
    }
    const ping = await gateway.call("/cache/ping");
    expect(ping.status).toBe(503);
    expect(await ping.text()).not.toMatch(/127\.0\.0\.1|p@ss/);
    const { took } = await ask(gateway, "frozen still");
    expect(took).toBeLessThan(450); // nobody waits for it any more
  }, 60_000);
});

describe("redis of the environment", () => {
  it("is used where the file says no more than that there is a cache", async () => {
    const redis = await startRedis("secret");
    const { cache_params: _, ...litellm_settings } = config({}).litellm_settings;
    const gateway = await startGateway(
      { ...config({}), litellm_settings },
      { REDIS_HOST: "127.0.0.1", REDIS_PORT: String(redis.port), REDIS_PASSWORD: "secret" },
    );
    try {
      await ask(gateway, "hello");
      await until(() => redis.values.size === 1);
      expect(await ask(gateway, "hello")).toMatchObject({ hit: "true" });
    } finally {
      await gateway.stop();
      await redis.close();
    }
  }, 60_000);
});

describe("redis that is not there", () => {
  it.each([
    ["nobody listens", { type: "redis", host: "127.0.0.1", port: 1 }],
    ["no host", { type: "redis" }],
    ["a type that is not served", { type: "qdrant-semantic", similarity_threshold: 0.8 }],
    ["no bucket's name", { type: "s3" }],
    ["no credentials", { type: "s3", s3_bucket_name: "b" }],
  ])(
    "%s: calls go on",
    async (_, params) => {
      const gateway = await startGateway(config(params));
      try {
        expect(await ask(gateway, "on")).toMatchObject({ status: 200 });
        expect((await ask(gateway, "on")).hit).not.toBe("true");
        expect((await gateway.call("/cache/ping")).status).toBe(503);
      } finally {
        await gateway.stop();
      }
    },
    60_000,
  );

  it("is no Redis at all: calls go on", async () => {
    const redis = await startRedis();
    redis.mood = "garbage";
    const gateway = await startGateway(config({ type: "redis", host: "127.0.0.1", port: redis.port }));
    try {
      for (let i = 0; i < 7; i++) expect(await ask(gateway, "on")).toMatchObject({ status: 200, hit: "false" });
    } finally {
      await gateway.stop();
      await redis.close();
    }
  }, 60_000);
});

describe("s3", () => {
  let bucket: TestBucket;
  let gateway: TestGateway;

  beforeAll(async () => {
    bucket = await startBucket();
    gateway = await startGateway(
      config({
        type: "s3",
        s3_bucket_name: "answers",
        s3_region_name: "eu-test-1",
        s3_endpoint_url: bucket.url,
        s3_aws_access_key_id: "AKIDTEST",
        s3_aws_secret_access_key: "os.environ/S3_SECRET",
      }),
      { S3_SECRET: "secret" },
    );
  }, 60_000);

  afterAll(async () => {
    await gateway?.stop();
    await bucket?.close();
  });

  it("keeps answers sealed, gives them, forgets them", async () => {
    const first = await ask(gateway, "hello", { cache: { namespace: "a b" } });
    await until(() => bucket.objects.size === 1);
    expect([...bucket.objects.values()][0]).not.toContain("secret");
    expect(await ask(gateway, "hello", { cache: { namespace: "a b" } })).toMatchObject({
      hit: "true",
      text: first.text,
    });
    await gateway.call("/cache/delete", { keys: [first.key] });
    expect(bucket.objects.size).toBe(0);
    await ask(gateway, "again");
    await until(() => bucket.objects.size === 1);
    expect((await gateway.call("/cache/flushall", {})).status).toBe(200);
    expect(bucket.objects.size).toBe(0);
    expect(bucket.asked.filter((request) => request.startsWith("unsigned"))).toEqual([]);
  });

  it("forgets what is too old, though the object stays", async () => {
    await ask(gateway, "old", { cache: { ttl: 1 } });
    await until(() => bucket.objects.size === 1);
    await new Promise((next) => setTimeout(next, 1100));
    expect(await ask(gateway, "old", { cache: { "no-store": true } })).toMatchObject({ hit: "false" });
  });
});

describe("r2", () => {
  it("keeps answers for all isolates, gives them, forgets them", async () => {
    const gateway = await startGateway(config({ type: "r2" }), {}, undefined, { unreachable: [] });
    try {
      const first = await ask(gateway, "hello");
      await new Promise((next) => setTimeout(next, 200)); // it is written behind the answer
      expect(await ask(gateway, "hello")).toMatchObject({ hit: "true", text: first.text });
      const twin = { ...gateway, call: callAt(gateway.twinUrl ?? "") };
      expect(await ask(twin, "hello")).toMatchObject({ hit: "true", text: first.text });
      expect((await gateway.call("/cache/ping")).status).toBe(200);
      expect((await gateway.call("/cache/flushall", {})).status).toBe(200);
      expect(await ask(gateway, "hello")).toMatchObject({ hit: "false" });
    } finally {
      await gateway.stop();
    }
  }, 60_000);
});

import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../src/gateway/config/load.ts";

function load(
  cache_params: Record<string, unknown> | undefined,
  { router = {}, litellm = {}, env = {} }: Record<string, Record<string, unknown>> = {},
) {
  const config = {
    litellm_settings: { cache: true, ...(cache_params && { cache_params }), ...litellm },
    router_settings: router,
    general_settings: { master_key: "sk-a-master-key-of-tests" },
  };
  const { settings, notices } = loadConfig(config, env as Record<string, string>);
  return { cache: settings.cache, settings, notices };
}

describe("the cache's settings", () => {
  it("are none where nothing switches it on", () => {
    expect(load({ type: "local" }, { litellm: { cache: false } })).toMatchObject({ cache: undefined, notices: [] });
    expect(load(undefined, { litellm: { cache: null as never } }).cache).toBeUndefined();
  });

  it("are Redis where there is one, else memory", () => {
    expect(load(undefined).cache?.store).toEqual({ type: "local" });
    const env = {
      REDIS_HOST: "h",
      REDIS_PORT: "7",
      REDIS_PASSWORD: "p",
      REDIS_SSL: "true",
      REDIS_USERNAME: "u",
      REDIS_DB: "2",
    };
    expect(load(undefined, { env }).cache?.store).toMatchObject({
      type: "redis",
      address: { hostname: "h", port: 7, isSecure: true, username: "u", database: 2 },
    });
    expect(load(undefined, { env: { REDIS_URL: "rediss://h/1" } }).cache?.store).toMatchObject({
      address: { hostname: "h", isSecure: true, database: 1 },
    });
    // What the file names is not mixed with the environment's.
    const file = load({ type: "redis", host: "own" }, { env: { ...env, REDIS_URL: "redis://other" } });
    expect(file.cache?.store).toEqual({
      type: "redis",
      address: { hostname: "own", port: 6379, isSecure: false },
    });
  });

  it("come from the router's settings, too", () => {
    const router = {
      cache_responses: true,
      redis_host: "h",
      redis_password: "secret-p",
      cache_kwargs: { ttl: 5, namespace: "n" },
      caching_groups: [["a", "b"], ["alone"], "no list"],
    };
    const { cache, notices, settings } = load(undefined, { litellm: { cache: false }, router });
    expect(cache).toMatchObject({
      store: { type: "redis", address: { hostname: "h" } },
      settings: { ttl: 5, namespace: "n", groups: [["a", "b"]], mode: "default_on", share: "tenant" },
    });
    expect(notices).toEqual([expect.stringContaining("caching_groups")]);
    expect(JSON.stringify(settings)).not.toContain("secret-p");
  });

  it.each([
    [{ type: "local" }, {}, 600],
    [{ type: "local", default_in_memory_ttl: 7, default_in_redis_ttl: 9 }, {}, 7],
    [{ type: "r2", default_in_memory_ttl: 7, default_in_redis_ttl: 9 }, {}, 9],
    [{ type: "local", ttl: 5, default_in_memory_ttl: 7 }, {}, 5],
    [{ type: "local" }, { default_in_memory_ttl: 3 }, 3],
    [{ type: "redis", host: "h" }, { default_redis_ttl: 4 }, 4],
  ])("keep answers for so long: %j %j", (params, litellm, ttl) => {
    expect(load(params, { litellm }).cache?.settings.ttl).toBe(ttl);
  });

  it("name what is cached as LiteLLM does", () => {
    const { cache } = load({ type: "local", supported_call_types: ["acompletion", "atranscription", "nothing"] });
    expect([...(cache?.settings.operations ?? [])]).toEqual(["chat", "transcriptions", "translations"]);
    expect(load({ type: "local", mode: "default_off", share: "all", socket_timeout: 0.1 }).cache).toMatchObject({
      settings: { mode: "default_off", share: "all" },
      patience: 100,
    });
  });

  it.each([
    ["redis-semantic", {}],
    ["qdrant-semantic", {}],
    ["gcs", {}],
    ["azure-blob", {}],
    ["disk", {}],
    ["nothing", {}],
    ["redis", {}],
    ["redis", { redis_startup_nodes: [{ host: "h", port: 1 }], host: "h" }],
    ["redis", { url: "http://h" }],
    ["s3", {}],
    ["s3", { s3_bucket_name: "b" }],
    ["s3", { s3_bucket_name: "b", s3_aws_access_key_id: "a", s3_aws_secret_access_key: "s", s3_endpoint_url: "h" }],
  ])("that cannot be are told, and the gateway starts: %s %j", (type, params) => {
    const { cache, notices } = load({ type, ...params });
    expect(cache).toBeUndefined();
    expect(notices).toEqual([expect.stringMatching(/^answers are not cached: /)]);
  });

  it("of S3 are its bucket and who asks; secrets are not shown", () => {
    const params = {
      s3_bucket_name: "b",
      s3_path: "p",
      s3_aws_access_key_id: "AKID",
      s3_aws_secret_access_key: "hidden-s",
    };
    const { cache, settings } = load({ type: "s3", ...params }, { env: { AWS_REGION: "eu-west-1" } });
    expect(cache?.store).toMatchObject({ type: "s3", bucket: { bucket: "b", region: "eu-west-1", path: "p" } });
    expect(JSON.stringify(settings)).not.toContain("hidden-s");
    const url = load({ type: "redis", url: "redis://:hidden-u@h", password: "hidden-p" });
    expect(JSON.stringify(url.settings)).not.toMatch(/hidden/);
  });

  it.each([{ ttl: -1 }, { mode: "sometimes" }, { port: 0 }, { share: "some" }, { supported_call_types: "all" }])(
    "of the wrong type stop the start: %j",
    (params) => {
      expect(() => load({ type: "local", ...params })).toThrow(/litellm_settings\.cache_params/);
    },
  );
});

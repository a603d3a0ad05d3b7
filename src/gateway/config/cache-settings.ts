/** The response cache, from `litellm_settings`, `cache_params` and `router_settings`. */
import { type RedisSettings, redisAddress } from "../../cache/redis/address.ts";
import type { RedisAddress } from "../../cache/redis/connection.ts";
import type { S3CacheOptions } from "../../cache/s3.ts";
import { type CacheSettings, operationsOf, USUAL_SETTINGS, USUAL_TTL } from "../../cache/settings.ts";
import { Secret } from "../../credentials/secret.ts";
import { stringsIn } from "../../formats/json.ts";
import type { ROUTER_SETTINGS } from "../../router/settings/router.ts";
import type { Values } from "../../router/settings/table.ts";
import type { CACHE_PARAMS } from "./settings/cache.ts";
import type { LITELLM_SETTINGS } from "./settings/litellm.ts";

/** Variables that say where answers are kept, where the file does not. */
export const CACHE_VARIABLES = [
  "REDIS_URL",
  "REDIS_HOST",
  "REDIS_PORT",
  "REDIS_USERNAME",
  "REDIS_PASSWORD",
  "REDIS_DB",
  "REDIS_SSL",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
] as const;

export type CacheStoreConfig =
  | { type: "local" }
  | { type: "redis"; address: RedisAddress }
  | { type: "s3"; bucket: Omit<S3CacheOptions, "fetch" | "now"> }
  | { type: "r2" };

export interface CacheConfig {
  store: CacheStoreConfig;
  settings: CacheSettings;
  /** Milliseconds a call waits for the store. */
  patience?: number;
}

export interface CacheSections {
  litellm: Values<typeof LITELLM_SETTINGS>;
  params: Values<typeof CACHE_PARAMS>;
  router: Values<typeof ROUTER_SETTINGS>;
}

/** Where the cache is switched on: how; and whatever keeps it off, for the operator to read. */
export function cacheConfig(
  { litellm, params, router }: CacheSections,
  variable: (name: string) => string | undefined,
): { config?: CacheConfig; notices: string[] } {
  if (litellm.cache !== true && router.cache_responses !== true) return { notices: [] };
  const store = storeOf(params, router, variable);
  if (typeof store === "string") return { notices: [`answers are not cached: ${store}`] };
  const { groups, notices } = groupsOf(router.caching_groups ?? []);
  const settings: CacheSettings = {
    ...USUAL_SETTINGS,
    ...(params.supported_call_types && { operations: operationsOf(params.supported_call_types) }),
    ...(params.mode && { mode: params.mode }),
    ...(params.namespace && { namespace: params.namespace }),
    ...(params.share && { share: params.share }),
    ttl: ttlOf(store.type, params, litellm),
    groups,
  };
  const patience = params.socket_timeout === undefined ? undefined : params.socket_timeout * 1000;
  return { config: { store, settings, ...(patience && { patience }) }, notices };
}

function ttlOf(
  type: CacheStoreConfig["type"],
  params: CacheSections["params"],
  litellm: CacheSections["litellm"],
): number {
  const ofType =
    type === "local"
      ? (params.default_in_memory_ttl ?? litellm.default_in_memory_ttl)
      : (params.default_in_redis_ttl ?? litellm.default_redis_ttl);
  return params.ttl ?? ofType ?? USUAL_TTL;
}

/** The store, or why there is none. */
function storeOf(
  params: CacheSections["params"],
  router: CacheSections["router"],
  variable: (name: string) => string | undefined,
): CacheStoreConfig | string {
  const redis = redisSettings(params, router, variable);
  const type = params.type ?? (redis.url || redis.host ? "redis" : "local"); // LiteLLM's: Redis, where there is one
  switch (type) {
    case "local":
    case "r2":
      return { type };
    case "redis": {
      if ((params.redis_startup_nodes ?? []).length > 0)
        return "clusters of Redis are not served (redis_startup_nodes)";
      return redisOf(redis);
    }
    case "s3": {
      const bucket = bucketOf(params, variable);
      return typeof bucket === "string" ? bucket : { type, bucket };
    }
    default:
      return `litellm_settings.cache_params.type is ${type}, which is not served; local, redis, s3 and r2 are`;
  }
}

function redisOf(settings: RedisSettings): CacheStoreConfig | string {
  try {
    const address = redisAddress(settings);
    return address === undefined
      ? "Redis has no host: set cache_params.host or REDIS_HOST"
      : { type: "redis", address };
  } catch (error) {
    return error instanceof TypeError ? error.message : String(error);
  }
}

/** What the file says of a Redis wins over the environment as a whole: half of each would be neither. */
function redisSettings(
  params: CacheSections["params"],
  router: CacheSections["router"],
  variable: (name: string) => string | undefined,
): RedisSettings {
  const own = { ...params, port: params.port, database: params.db, isSecure: params.ssl };
  if (own.url || own.host) return own;
  if (router.redis_url || router.redis_host)
    return {
      url: router.redis_url,
      host: router.redis_host,
      port: router.redis_port,
      password: router.redis_password,
      database: router.redis_db,
    };
  const secret = (name: string) => {
    const value = variable(name);
    return value ? new Secret(value) : undefined;
  };
  const number = (name: string) => Number(variable(name) ?? Number.NaN) || undefined;
  return {
    url: secret("REDIS_URL"),
    host: variable("REDIS_HOST"),
    port: own.port ?? number("REDIS_PORT"),
    username: own.username ?? variable("REDIS_USERNAME"),
    password: own.password ?? secret("REDIS_PASSWORD"),
    database: own.database ?? number("REDIS_DB"),
    isSecure: own.isSecure ?? /^(?:true|1|yes|on)$/i.test(variable("REDIS_SSL") ?? ""),
  };
}

function bucketOf(
  params: CacheSections["params"],
  variable: (name: string) => string | undefined,
): Omit<S3CacheOptions, "fetch" | "now"> | string {
  const { s3_bucket_name: bucket, s3_region_name, s3_endpoint_url: endpoint, s3_path: path } = params;
  if (!bucket) return "the bucket of S3 has no name: set cache_params.s3_bucket_name";
  const accessKeyId = params.s3_aws_access_key_id ?? variable("AWS_ACCESS_KEY_ID");
  const secret = params.s3_aws_secret_access_key?.reveal() ?? variable("AWS_SECRET_ACCESS_KEY");
  const token = params.s3_aws_session_token?.reveal() ?? variable("AWS_SESSION_TOKEN");
  if (!accessKeyId || !secret)
    return "there are no credentials for S3: set cache_params.s3_aws_access_key_id and s3_aws_secret_access_key";
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint))
    return "cache_params.s3_endpoint_url must begin with https:// or http://";
  const region = s3_region_name ?? variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? "us-east-1";
  return {
    bucket,
    region,
    ...(endpoint && { endpoint }),
    ...(path && { path }),
    identity: {
      accessKeyId,
      secretAccessKey: new Secret(secret),
      ...(token && { sessionToken: new Secret(token) }),
    },
  };
}

function groupsOf(given: readonly unknown[]): { groups: string[][]; notices: string[] } {
  const groups = given.map(stringsIn);
  const wrong = groups.some((names, at) => names.length < 2 || names.length !== (given[at] as unknown[]).length); // what has names is a list
  return {
    groups: groups.filter((names) => names.length > 1),
    notices: wrong
      ? ["router_settings.caching_groups must be lists of two or more model names; others are left out"]
      : [],
  };
}

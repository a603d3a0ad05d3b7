/** The cache as the configuration has it: what keeps the answers, and how it is used. */
import { type GuardedCache, guarded } from "../../cache/guarded.ts";
import type { CacheUse } from "../../cache/lookup.ts";
import { MemoryResponseCache } from "../../cache/memory.ts";
import { redisCache } from "../../cache/redis/cache.ts";
import type { Connect } from "../../cache/redis/connection.ts";
import { s3Cache } from "../../cache/s3.ts";
import type { ResponseCache } from "../../cache/store.ts";
import type { Vault } from "../../secrets/vault.ts";
import type { Log } from "../../telemetry/log.ts";
import type { CacheConfig, CacheStoreConfig } from "../config/cache-settings.ts";
import { bucketCache } from "./bucket.ts";
import { sealedCache } from "./sealed.ts";

export interface CachePorts {
  fetch: typeof fetch;
  log: Log;
  vault: Vault;
  /** Absent where there are no sockets. */
  connect?: Connect | undefined;
  /** Absent where none is bound. */
  bucket?: R2Bucket | undefined;
}

export interface OpenCache extends CacheUse {
  type: CacheStoreConfig["type"];
  cache: GuardedCache;
}

/** `undefined` where there is none, or what keeps it is not here: that is told in the log. */
export function openCache(config: CacheConfig | undefined, ports: CachePorts): OpenCache | undefined {
  if (config === undefined) return undefined;
  const { store, settings, patience } = config;
  const opened = openStore(store, ports);
  if (typeof opened === "string") {
    ports.log.notice(`answers are not cached: ${opened}`);
    return undefined;
  }
  const cache = guarded(opened, {
    ...(patience !== undefined && { patience }),
    onPause: (error) =>
      ports.log.notice(`the response cache cannot be reached and is left alone for a minute: ${messageOf(error)}`),
  });
  return { type: store.type, cache, settings };
}

/** The store, or why it cannot be. */
function openStore(store: CacheStoreConfig, { fetch, vault, connect, bucket }: CachePorts): ResponseCache | string {
  switch (store.type) {
    case "local":
      return new MemoryResponseCache();
    case "redis":
      if (connect === undefined) return "there are no sockets to reach Redis by";
      return sealedCache(redisCache({ address: store.address, connect }), vault);
    case "s3":
      return sealedCache(s3Cache({ ...store.bucket, fetch, now: Date.now }), vault);
    case "r2":
      if (bucket === undefined) return "cache_params.type is r2, and no bucket is bound as CACHE";
      return sealedCache(bucketCache(bucket), vault);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

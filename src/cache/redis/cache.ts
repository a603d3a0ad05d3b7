import type { Kept, ResponseCache } from "../store.ts";
import { type Connect, type RedisAddress, type Send, withRedis } from "./connection.ts";
import type { Reply } from "./resp.ts";

export interface RedisCacheOptions {
  address: RedisAddress;
  connect: Connect;
  /** Milliseconds for one use of it. */
  limit?: number;
}

/** In front of all names: the database may hold other things, which `flush` must leave alone. */
const PREFIX = "sluice:cache:";
const LIMIT = 5000;
/** Names looked at in one step of a flush. */
const STEP = 1000;
/** Milliseconds for a flush, which may be many steps. */
const FLUSHING = 25_000;

/** Answers in Redis, or whatever speaks as it does: LiteLLM's `redis`. */
export function redisCache({ address, connect, limit = LIMIT }: RedisCacheOptions): ResponseCache {
  const use = <Result>(act: (send: Send) => Promise<Result>, most = limit) => withRedis(connect, address, most, act);
  return {
    async get(key) {
      const [value] = await use((send) => send(["GET", PREFIX + key]));
      return textOf(value);
    },
    async getMany(keys) {
      const [values] = await use((send) => send(["MGET", ...keys.map((key) => PREFIX + key)]));
      return keys.map((_, at) => textOf(Array.isArray(values) ? values[at] : undefined));
    },
    async set(key, value, ttl) {
      await use((send) => send(setting({ key, value, ttl })));
    },
    async setMany(values) {
      await use((send) => send(...values.map(setting)));
    },
    async delete(keys) {
      if (keys.length > 0) await use((send) => send(["DEL", ...keys.map((key) => PREFIX + key)]));
    },
    async flush() {
      await use(async (send) => {
        let cursor = "0";
        do {
          const [page] = await send(["SCAN", cursor, "MATCH", `${PREFIX}*`, "COUNT", String(STEP)]);
          const [next, names] = Array.isArray(page) ? page : [];
          if (Array.isArray(names) && names.length > 0) await send(["DEL", ...names.map(String)]);
          cursor = String(next ?? "0");
        } while (cursor !== "0");
      }, FLUSHING);
    },
    async ping() {
      await use((send) => send(["PING"]));
    },
    async info() {
      const [info, clients] = await use((send) => send(["INFO"], ["CLIENT", "LIST"]));
      const list = linesOf(clients).map((line) => fieldsOf(line.split(" "), "="));
      return { num_clients: list.length, clients: list, info: fieldsOf(linesOf(info), ":") };
    },
  };
}

/** Milliseconds: a time to live may be a part of a second. */
function setting({ key, value, ttl }: Kept): string[] {
  return ["SET", PREFIX + key, value, "PX", String(Math.max(1, Math.round(ttl * 1000)))];
}

function textOf(reply: Reply | undefined): string | undefined {
  return typeof reply === "string" ? reply : undefined;
}

function linesOf(reply: Reply | undefined): string[] {
  return (textOf(reply) ?? "").split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
}

function fieldsOf(pairs: readonly string[], mark: string): Record<string, string> {
  return Object.fromEntries(
    pairs.flatMap((pair) => {
      const at = pair.indexOf(mark);
      return at === -1 ? [] : [[pair.slice(0, at), pair.slice(at + 1)]];
    }),
  );
}

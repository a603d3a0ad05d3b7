/** Against a server of TCP; with REDIS_TEST_URL against a real one, too. */
import { connect as open } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { redisAddress } from "../../../src/cache/redis/address.ts";
import { redisCache } from "../../../src/cache/redis/cache.ts";
import type { Connect } from "../../../src/cache/redis/connection.ts";
import type { ResponseCache } from "../../../src/cache/store.ts";
import { Secret } from "../../../src/credentials/secret.ts";
import { startRedis, type TestRedis } from "../../http/redis-server.ts";

const connect: Connect = async ({ hostname, port }) => {
  const socket = open(port, hostname);
  await new Promise<void>((done, fail) => socket.once("connect", done).once("error", fail));
  const { readable, writable } = Duplex.toWeb(socket);
  return {
    readable: readable as unknown as ReadableStream<Uint8Array>, // Node's own type for the same; bytes, as no encoding is set
    writable: writable as unknown as WritableStream<Uint8Array>,
    close: async () => void socket.destroy(),
  };
};

let server: TestRedis;

beforeEach(async () => {
  server = await startRedis("secret");
});
afterEach(() => server.close());

function cacheAt(url: string, limit = 10_000): ResponseCache {
  const address = redisAddress({ url: new Secret(url) });
  if (address === undefined) throw new TypeError(url);
  return redisCache({ address, connect, limit });
}

const cacheOf = (limit?: number, password = "secret") =>
  cacheAt(`redis://:${password}@127.0.0.1:${server.port}/2`, limit);

const real = process.env["REDIS_TEST_URL"];

describe.each([
  ["the server of these tests", () => cacheOf()],
  ...(real ? [["a real Redis", () => cacheAt(real)] as const] : []),
] as const)("redis: %s", (_, make) => {
  it("keeps, gives, forgets", async () => {
    const cache = make();
    await cache.flush();
    expect(await cache.get("a")).toBeUndefined();
    await cache.set("a", "ü\r\n1", 60);
    await cache.setMany?.([
      { key: "b", value: "2", ttl: 60 },
      { key: "c", value: "3", ttl: 0.05 },
    ]);
    expect(await cache.getMany?.(["a", "b", "none"])).toEqual(["ü\r\n1", "2", undefined]);
    expect(await cache.get("a")).toBe("ü\r\n1");
    await new Promise((next) => setTimeout(next, 80));
    expect(await cache.get("c")).toBeUndefined();
    await cache.delete(["a"]);
    expect(await cache.get("a")).toBeUndefined();
    await cache.ping();
    expect(await cache.info?.()).toMatchObject({ info: { redis_version: expect.any(String) }, num_clients: 1 });
    await cache.flush();
    expect(await cache.get("b")).toBeUndefined();
  });

  it("carries large values, and many at once", async () => {
    const cache = make();
    const value = "ü".repeat(200_000);
    const values = Array.from({ length: 8 }, (_, at) => ({ key: `large${at}`, value, ttl: 60 }));
    await cache.setMany?.(values);
    expect(await cache.getMany?.(values.map(({ key }) => key))).toEqual(values.map(() => value));
    await Promise.all(values.map(async ({ key }) => expect(await cache.get(key)).toBe(value)));
    await cache.flush();
  });
});

describe("redis", () => {
  it("says who it is, and which database, with the command itself", async () => {
    await cacheOf().get("a");
    expect(server.commands).toEqual(["AUTH", "SELECT", "GET"]);
  });

  it("flushes only what is its own", async () => {
    server.values.set("somebody's", "else");
    const cache = cacheOf();
    await cache.set("a", "1", 60);
    await cache.flush();
    expect([...server.values.keys()]).toEqual(["somebody's"]);
  });

  it.each([
    ["a wrong password", "well", () => cacheOf(2000, "wrong"), /WRONGPASS/],
    ["nobody there", "well", () => cacheAt("redis://127.0.0.1:1"), /ECONNREFUSED/],
    ["no Redis", "garbage", () => cacheOf(), /no Redis/],
    ["no answer", "frozen", () => cacheOf(50), /within 50 ms/],
  ] as const)("fails in time: %s", async (_, mood, make, message) => {
    server.mood = mood;
    await expect(make().get("a")).rejects.toThrow(message);
  });
});

describe("redisAddress", () => {
  it.each([
    ["redis://host", { hostname: "host", port: 6379, isSecure: false }],
    ["rediss://host:7000/3", { hostname: "host", port: 7000, isSecure: true, database: 3 }],
    [
      "redis://me:p%40ss@host/0",
      { hostname: "host", port: 6379, isSecure: false, username: "me", password: expect.any(Secret) },
    ],
  ])("reads %s", (url, expected) => {
    expect(redisAddress({ url: new Secret(url) })).toEqual(expected);
  });

  it("reads a password as it was before it was written into the URL", () => {
    expect(redisAddress({ url: new Secret("redis://:p%40s%25@host") })?.password?.reveal()).toBe("p@s%");
    expect(redisAddress({ url: new Secret("redis://:100%x@host") })?.password?.reveal()).toBe("100%x");
  });

  it("reads parts, and is nothing without a host", () => {
    expect(redisAddress({ host: "h", port: 1, isSecure: true, database: 0 })).toEqual({
      hostname: "h",
      port: 1,
      isSecure: true,
    });
    expect(redisAddress({ port: 1 })).toBeUndefined();
  });

  it.each(["http://host", "redis://", "nonsense", "redis://:very-secret@host/db"])(
    "refuses %s and keeps it to itself",
    (url) => {
      const read = () => redisAddress({ url: new Secret(url) });
      expect(read).toThrow(TypeError);
      expect(read).not.toThrow(/very-secret/);
    },
  );
});

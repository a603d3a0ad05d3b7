import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CLAIM_TIME, KEEPING_TIME, type KeyState } from "../../src/call/idempotency.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { type IdempotencyObject, idempotencyObjects } from "../../src/objects/idempotency.ts";

const { IDEMPOTENCY } = env as unknown as Bindings; // as vitest.config.ts binds it
const store = idempotencyObjects(IDEMPOTENCY);
const FIRST = { fingerprint: "question", holder: "first" };
const REPEAT = { fingerprint: "question", holder: "repeat" };
const OTHER = { fingerprint: "another question", holder: "other" };

let key = 0;
let object: DurableObjectStub<IdempotencyObject>;
beforeEach(() => {
  object = IDEMPOTENCY.getByName(`key-${++key}`);
});
afterEach(reset);

const answerOf = (size: number) => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body: new Uint8Array(size).map((_, i) => i % 251),
});

/** As if so many milliseconds had passed. */
function age(milliseconds: number) {
  return runInDurableObject(object, (_, { storage }) => {
    const state = storage.kv.get<KeyState>("state")!;
    storage.kv.put("state", { ...state, expiresAt: state.expiresAt - milliseconds });
  });
}

function stored() {
  return runInDurableObject(object, async (_, { storage }) => ({
    keys: [...storage.kv.list()].map(([name]) => name),
    alarm: await storage.getAlarm(),
  }));
}

it("is claimed by one, whoever asks at once", async () => {
  const name = `key-${key}`;
  const verdicts = await Promise.all(
    Array.from({ length: 20 }, (_, i) => store.claim(name, { fingerprint: "question", holder: `holder-${i}` })),
  );
  expect(verdicts.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
  expect(verdicts.filter(({ kind }) => kind === "running")).toHaveLength(19);
  expect(await store.claim(name, OTHER)).toEqual({ kind: "mismatch" });
});

it.each([[0], [7], [1024 * 1024], [8 * 1024 * 1024]])(
  "gives back an answer of %i bytes, also after an eviction",
  async (size) => {
    const name = `key-${key}`;
    const answer = answerOf(size);
    await store.claim(name, FIRST);
    await store.keep(name, "first", answer);
    await evictDurableObject(object);
    const verdict = await store.claim(name, REPEAT);
    expect(verdict).toMatchObject({ kind: "kept", answer: { status: 200, headers: answer.headers } });
    const { body } = (verdict as Extract<typeof verdict, { kind: "kept" }>).answer; // just checked
    expect(body.length).toBe(size);
    expect(body.every((byte, i) => byte === i % 251)).toBe(true);
  },
);

it("holds a claim through an eviction, and until it runs out", async () => {
  await object.claim(FIRST);
  await evictDurableObject(object);
  expect(await object.claim(REPEAT)).toMatchObject({ kind: "running" });
  await age(CLAIM_TIME);
  expect(await object.claim(REPEAT)).toEqual({ kind: "claimed" });
  await object.keep("first", answerOf(1)); // its holder was not dead after all: too late
  expect(await object.claim(FIRST)).toMatchObject({ kind: "running" });
});

it("holds a claim longer when renewed, by the holder", async () => {
  await object.claim(FIRST);
  await age(CLAIM_TIME - 1000);
  await object.renew("repeat");
  await object.renew("first");
  await age(2000);
  expect(await object.claim(REPEAT)).toMatchObject({ kind: "running" });
});

it("leaves nothing when released", async () => {
  await object.claim(FIRST);
  await object.release("repeat");
  expect(await stored()).toMatchObject({ keys: ["state"] });
  await object.release("first");
  expect(await stored()).toEqual({ keys: [], alarm: null });
  expect(await object.claim(OTHER)).toEqual({ kind: "claimed" });
});

it("deletes all of an answer 24 hours later, and not before", async () => {
  await object.claim(FIRST);
  await object.keep("first", answerOf(3 * 1024 * 1024));
  const { keys, alarm } = await stored();
  expect(keys).toEqual(["body:0", "body:1", "body:2", "state"]);
  expect(Math.abs(alarm! - Date.now() - KEEPING_TIME)).toBeLessThan(5000);
  expect(await runDurableObjectAlarm(object)).toBe(true); // too early: set again
  expect(await stored()).toEqual({ keys, alarm });
  await age(KEEPING_TIME);
  await runDurableObjectAlarm(object);
  expect(await stored()).toEqual({ keys: [], alarm: null });
});

it("forgets an answer that ran out before its alarm came", async () => {
  await object.claim(FIRST);
  await object.keep("first", answerOf(3 * 1024 * 1024));
  await age(KEEPING_TIME);
  expect(await object.claim(OTHER)).toEqual({ kind: "claimed" });
  expect(await stored()).toMatchObject({ keys: ["state"] });
});

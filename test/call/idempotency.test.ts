import { describe, expect, it } from "vitest";
import {
  CLAIM_TIME,
  claimKey,
  isLasting,
  KEEPING_TIME,
  type KeyState,
  keepAnswer,
  MemoryIdempotency,
  renewKey,
} from "../../src/call/idempotency.ts";

const NOW = 1_800_000_000_000;
const FIRST = { fingerprint: "question", holder: "first" };
const REPEAT = { fingerprint: "question", holder: "repeat" };
const OTHER = { fingerprint: "another question", holder: "other" };
const HEAD = { status: 200, headers: { "content-type": "application/json" } };

const claimed: KeyState = {
  kind: "claimed",
  fingerprint: "question",
  holder: "first",
  since: NOW,
  expiresAt: NOW + CLAIM_TIME,
};
const kept: KeyState = { kind: "kept", fingerprint: "question", head: HEAD, expiresAt: NOW + KEEPING_TIME };

describe("a key", () => {
  it.each<[string, KeyState | undefined, typeof FIRST, number, ReturnType<typeof claimKey>]>([
    ["free: claimed", undefined, FIRST, NOW, { verdict: { kind: "claimed" }, next: claimed }],
    ["claimed: a repeat waits", claimed, REPEAT, NOW + 700, { verdict: { kind: "running", elapsed: 700 } }],
    ["claimed: another request is refused", claimed, OTHER, NOW, { verdict: { kind: "mismatch" } }],
    [
      "claimed: the same claim again, as its reply was lost",
      claimed,
      FIRST,
      NOW + 5,
      { verdict: { kind: "claimed" }, next: { ...claimed, expiresAt: NOW + 5 + CLAIM_TIME } },
    ],
    [
      "a claim that ran out is free",
      claimed,
      OTHER,
      NOW + CLAIM_TIME,
      {
        verdict: { kind: "claimed" },
        next: { ...claimed, ...OTHER, since: NOW + CLAIM_TIME, expiresAt: NOW + 2 * CLAIM_TIME },
      },
    ],
    ["kept: a repeat gets it", kept, REPEAT, NOW + KEEPING_TIME - 1, { verdict: { kind: "kept", answer: HEAD } }],
    ["kept: another request is refused", kept, OTHER, NOW, { verdict: { kind: "mismatch" } }],
    [
      "kept for 24 hours, then free",
      kept,
      REPEAT,
      NOW + KEEPING_TIME,
      {
        verdict: { kind: "claimed" },
        next: { ...claimed, ...REPEAT, since: NOW + KEEPING_TIME, expiresAt: NOW + KEEPING_TIME + CLAIM_TIME },
      },
    ],
  ])("%s", (_, state, claim, now, expected) => {
    expect(claimKey(state, claim, now)).toEqual(expected);
  });

  it("is renewed and kept by its holder only", () => {
    expect(renewKey(claimed, "first", NOW + 9)).toEqual({ ...claimed, expiresAt: NOW + 9 + CLAIM_TIME });
    expect(keepAnswer(claimed, "first", HEAD, NOW)).toEqual(kept);
    for (const [state, holder] of [
      [claimed, "repeat"],
      [kept, "first"],
      [undefined, "first"],
    ] as const) {
      expect(renewKey(state, holder, NOW)).toBeUndefined();
      expect(keepAnswer(state, holder, HEAD, NOW)).toBeUndefined();
    }
  });

  it("may be kept by a holder that came late, as long as no other took it", () => {
    expect(keepAnswer(claimed, "first", HEAD, NOW + 2 * CLAIM_TIME)).toMatchObject({ kind: "kept" });
  });
});

it.each([
  [200, true],
  [400, true],
  [404, true],
  [413, true],
  [422, true],
  [401, false],
  [403, false],
  [408, false],
  [409, false],
  [429, false],
  [500, false],
  [503, false],
])("an answer of status %i is kept: %s", (status, lasting) => {
  expect(isLasting(status)).toBe(lasting);
});

describe("keys in memory", () => {
  function setUp() {
    let now = NOW;
    const store = new MemoryIdempotency(() => now);
    return { store, pass: (milliseconds: number) => (now += milliseconds) };
  }
  const answer = { ...HEAD, body: new TextEncoder().encode("{}") };

  it("give the kept answer for 24 hours", async () => {
    const { store, pass } = setUp();
    expect(await store.claim("key", FIRST)).toEqual({ kind: "claimed" });
    await store.keep("key", "first", answer);
    expect(await store.claim("key", REPEAT)).toEqual({ kind: "kept", answer });
    expect(await store.claim("another key", OTHER)).toEqual({ kind: "claimed" });
    pass(KEEPING_TIME);
    expect(await store.claim("key", REPEAT)).toEqual({ kind: "claimed" });
  });

  it("are free again when released, by the holder", async () => {
    const { store } = setUp();
    await store.claim("key", FIRST);
    await store.release("key", "repeat");
    expect(await store.claim("key", REPEAT)).toEqual({ kind: "running", elapsed: 0 });
    await store.release("key", "first");
    expect(await store.claim("key", OTHER)).toEqual({ kind: "claimed" });
  });

  it("are held as long as they are renewed", async () => {
    const { store, pass } = setUp();
    await store.claim("key", FIRST);
    pass(CLAIM_TIME - 1);
    await store.renew("key", "first");
    pass(CLAIM_TIME - 1);
    expect(await store.claim("key", REPEAT)).toMatchObject({ kind: "running" });
    pass(1);
    expect(await store.claim("key", REPEAT)).toEqual({ kind: "claimed" });
    await store.keep("key", "first", answer);
    expect(await store.claim("key", FIRST)).toMatchObject({ kind: "running" });
  });
});

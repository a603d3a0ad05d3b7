import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BETWEEN, HEARTBEAT, Journal } from "../../src/ledger/journal.ts";
import type { Batch } from "../../src/ledger/notes.ts";
import { seeded } from "../router/candidates.ts";
import { closedNote, openedNote, rowOf, TestLedger } from "./world.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function journalTo(send: (batch: Batch) => Promise<void>) {
  const notices: string[] = [];
  const kept: Promise<unknown>[] = [];
  const journal = new Journal({
    send,
    waitUntil: (promise) => kept.push(promise),
    onNotice: (text) => notices.push(text),
  });
  return { journal, notices, kept };
}

/** An object that answers after a while, and says what it got. */
function slow(milliseconds: number) {
  const batches: Batch[] = [];
  const send = async (batch: Batch) => {
    batches.push(structuredClone(batch));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  };
  return { batches, send };
}

const ids = (notes: { row: { id: string } }[]) => notes.map(({ row }) => row.id);

it("tells the first note at once, and what comes meanwhile together", async () => {
  const { batches, send } = slow(50);
  const { journal, kept } = journalTo(send);
  journal.opened(openedNote("a"));
  expect(batches).toHaveLength(1);
  journal.opened(openedNote("b"));
  journal.opened(openedNote("c"));
  journal.closed(closedNote("c"));
  journal.closed(closedNote("c", { cost: 9 }));
  await vi.advanceTimersByTimeAsync(BETWEEN + 200);
  expect(batches).toHaveLength(2);
  expect(ids(batches[1]!.opened)).toEqual(["b"]);
  expect(batches[1]!.closed).toMatchObject([{ row: { id: "c", cost: 1000 }, wasOpened: false }]);
  journal.closed(closedNote("a"));
  journal.closed(closedNote("b"));
  await vi.advanceTimersByTimeAsync(BETWEEN + 200);
  expect(batches.at(-1)!.closed).toMatchObject([
    { row: { id: "a" }, wasOpened: true },
    { row: { id: "b" }, wasOpened: true },
  ]);
  expect(journal.standing).toEqual({ calls: 0, backlog: 0, dropped: 0 });
  await Promise.all(kept); // no request is kept longer than its notes
});

it("pauses as long as it is told to", async () => {
  const { batches, send } = slow(1);
  const journal = new Journal({ send, waitUntil: () => {}, onNotice: () => {}, between: 20 });
  journal.opened(openedNote("a"));
  await vi.advanceTimersByTimeAsync(10);
  journal.closed(closedNote("a"));
  expect(batches).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(15);
  expect(batches).toHaveLength(2);
});

it("repeats a batch unchanged until it is acknowledged", async () => {
  const batches: Batch[] = [];
  const { journal, notices } = journalTo(async (batch) => {
    batches.push(structuredClone(batch));
    if (batches.length < 4) throw new Error("away");
  });
  journal.opened(openedNote("a"));
  journal.closed(closedNote("a"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(batches.slice(0, 4).map((batch) => JSON.stringify(batch))).toEqual(Array(4).fill(JSON.stringify(batches[0])));
  expect(batches[4]).toMatchObject({ sequence: 2, closed: [{ row: { id: "a" }, wasOpened: true }] });
  expect(notices).toHaveLength(1);
  expect(journal.standing).toEqual({ calls: 0, backlog: 0, dropped: 0 });
});

it("goes on where the request that spoke with the object has died", async () => {
  const batches: Batch[] = [];
  const { journal } = journalTo((batch) => {
    batches.push(structuredClone(batch));
    return batches.length === 1 ? new Promise(() => {}) : Promise.resolve();
  });
  journal.opened(openedNote("a"));
  journal.opened(openedNote("b"));
  await vi.advanceTimersByTimeAsync(6000);
  expect(batches.length).toBeGreaterThanOrEqual(3);
  expect(batches[1]).toEqual(batches[0]);
  expect(ids(batches[2]!.opened)).toEqual(["b"]);
});

it("says every half minute that long calls are alive, many at once", async () => {
  const { batches, send } = slow(5);
  const { journal } = journalTo(send);
  for (let i = 0; i < 20; i++) {
    journal.opened(openedNote(`call-${i}`));
    await vi.advanceTimersByTimeAsync(300);
  }
  const before = batches.length;
  await vi.advanceTimersByTimeAsync(10 * HEARTBEAT);
  const beats = batches.slice(before);
  expect(beats.length).toBeLessThanOrEqual(22);
  for (let i = 0; i < 20; i++)
    expect(beats.filter(({ alive }) => alive.includes(`call-${i}`)).length).toBeGreaterThanOrEqual(9);
});

it("bounds what waits, forgets first that calls were opened, and counts what it drops", async () => {
  const { journal, notices } = journalTo(() => Promise.reject(new Error("away")));
  const messages = "x".repeat(30_000);
  for (let i = 0; i < 400; i++) journal.opened(openedNote(`open-${i}`, { messages }));
  expect(journal.standing.backlog).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect(journal.standing.dropped).toBe(0);
  for (let i = 0; i < 400; i++) journal.closed(closedNote(`closed-${i}`, { messages }));
  expect(journal.standing.backlog).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect(journal.standing.dropped).toBeGreaterThan(100);
  expect(notices.some((text) => text.includes("dropped"))).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
});

it("never throws where nothing can be kept alive", () => {
  const journal = new Journal({
    send: () => Promise.resolve(),
    waitUntil: () => {
      throw new Error("no request");
    },
    onNotice: () => {},
  });
  journal.opened(openedNote("a"));
  journal.closed(closedNote("a"));
});

it.each(Array.from({ length: 20 }, (_, seed) => [seed]))(
  "brings every call to the object once, over a network that loses and delays (%i)",
  async (seed) => {
    const random = seeded(seed + 7);
    const ledger = new TestLedger();
    const { journal, kept } = journalTo(async (batch) => {
      const copy = structuredClone(batch);
      await new Promise((resolve) => setTimeout(resolve, random() * (random() < 0.1 ? 20_000 : 200)));
      if (random() < 0.1) throw new Error("lost on the way");
      ledger.now = Date.now();
      ledger.book.take(copy);
      if (random() < 0.05) ledger.restart();
      if (random() < 0.1) throw new Error("the reply is lost");
      if (random() < 0.1) await new Promise((resolve) => setTimeout(resolve, 20_000));
    });
    let sum = 0;
    for (let i = 0; i < 150; i++) {
      const id = `call-${i}`;
      journal.opened(openedNote(id));
      const cost = Math.floor(random() * 1e6);
      sum += cost;
      setTimeout(
        () => journal.closed({ ...closedNote(id, { cost }), row: rowOf(id, { cost }) }),
        random() ** 3 * 120_000,
      );
      await vi.advanceTimersByTimeAsync(random() * 400);
    }
    await vi.advanceTimersByTimeAsync(600_000);
    await Promise.all(kept);
    await ledger.outbox.drain();
    expect(ledger.received.rows.size).toBe(150);
    expect([...ledger.received.rows.values()].every(({ outcome }) => outcome === "success")).toBe(true);
    expect(ledger.scopes.totals.get("key:a")).toBe(sum);
    expect(journal.standing).toEqual({ calls: 0, backlog: 0, dropped: 0 });
  },
);

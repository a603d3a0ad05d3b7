import { expect, it } from "vitest";
import { LOST_AFTER, REMEMBERED_FOR, SENDER_REMEMBERED_FOR } from "../../src/ledger/book.ts";
import { batchOf, closedNote, NOW, openedNote, TestLedger } from "./world.ts";

const MINUTE = 60_000;

it("closes a call once, however often and in whatever order it is told", async () => {
  const ledger = new TestLedger();
  const opened = batchOf({ opened: [openedNote("a")] });
  const closed = batchOf({ closed: [closedNote("a", { cost: 700 })] });
  for (const batch of [opened, opened, closed, closed, opened]) ledger.book.take(batch);
  ledger.book.take(batchOf({ closed: [closedNote("a", { cost: 9 }), closedNote("a", { wasOpened: false })] }));
  ledger.book.take(batchOf({ opened: [openedNote("a")] }));
  await ledger.outbox.drain();
  expect([...ledger.received.rows.values()]).toMatchObject([{ id: "a", cost: 700, outcome: "success" }]);
  expect(ledger.scopes.totals.get("key:a")).toBe(700);
  expect(ledger.book.openCalls).toBe(0);
});

it("takes a call that opened and closed in between as closed", async () => {
  const ledger = new TestLedger();
  await ledger.take({ closed: [closedNote("a", { wasOpened: false })] });
  expect(ledger.received.rows.size).toBe(1);
});

it("closes a call nobody hears of with what was reserved, and heeds no later word", async () => {
  const ledger = new TestLedger();
  await ledger.take({ opened: [openedNote("a", { cost: 5000 }), openedNote("b")] });
  ledger.now += LOST_AFTER - 1;
  ledger.book.take(batchOf({ alive: ["b"] }));
  expect(ledger.book.closeLost()).toBe(0);
  ledger.now += 1;
  expect(ledger.book.nextLostAt).toBe(ledger.now);
  expect(ledger.book.closeLost()).toBe(1);
  ledger.book.take(batchOf({ closed: [closedNote("a", { cost: 1 })] }));
  await ledger.outbox.drain();
  expect([...ledger.received.rows.values()]).toMatchObject([
    { id: "a", outcome: "lost", estimated: true, cost: 5000, endedAt: ledger.now },
  ]);
  expect(ledger.scopes.totals.get("key:a")).toBe(5000);
  expect(ledger.notices.at(-1)).toMatch(/call a was closed twice/);
  expect(ledger.book.openCalls).toBe(1);
});

it("knows a lost call even when it has forgotten its id", async () => {
  const ledger = new TestLedger();
  await ledger.take({ opened: [openedNote("a")] });
  ledger.now += LOST_AFTER;
  ledger.book.closeLost();
  await ledger.outbox.drain();
  ledger.now += 2 * SENDER_REMEMBERED_FOR;
  ledger.book.forget(ledger.outbox.delivered);
  ledger.book.forget(ledger.outbox.delivered);
  expect(ledger.book.freeSlots).toBe(2);
  await ledger.take({ closed: [closedNote("a", { cost: 1 })] });
  expect(ledger.scopes.totals.get("key:a")).toBe(5000);
  expect(ledger.notices.at(-1)).toMatch(/taken for lost/);
});

it("knows a batch that comes again hours later", async () => {
  const ledger = new TestLedger();
  const batch = batchOf({ closed: [closedNote("a", { wasOpened: false })] });
  ledger.book.take(batch);
  ledger.book.take(batchOf({ closed: [closedNote("b", { wasOpened: false, cost: 0 })] }));
  await ledger.outbox.drain();
  for (let hour = 0; hour < 12; hour++) {
    ledger.now += 60 * MINUTE;
    ledger.book.take({ ...batchOf({ closed: [closedNote(`b-${hour}`, { cost: 0, wasOpened: false })] }), sender: "b" });
    await ledger.outbox.drain();
    ledger.book.forget(ledger.outbox.delivered);
    ledger.restart();
  }
  ledger.book.take(batch);
  await ledger.outbox.drain();
  expect(ledger.scopes.totals.get("key:a")).toBe(1000);
});

it("remembers over restarts that a long call is alive", () => {
  const ledger = new TestLedger();
  ledger.book.take(batchOf({ opened: [openedNote("a")] }));
  for (let minute = 1; minute <= 60; minute++) {
    ledger.now += MINUTE;
    ledger.book.take(batchOf({ alive: ["a"] }));
    ledger.restart();
    expect(ledger.book.closeLost()).toBe(0);
  }
  ledger.now += LOST_AFTER;
  expect(ledger.book.closeLost()).toBe(1);
});

it("uses slots again, and keeps what somebody still needs", async () => {
  const ledger = new TestLedger();
  ledger.book.take(batchOf({ opened: [openedNote("long")] }));
  for (let minute = 0; minute < 120; minute++) {
    ledger.now += MINUTE;
    await ledger.take({ closed: [closedNote(`call-${minute}`, { wasOpened: false })], alive: ["long"] });
    ledger.book.forget(ledger.outbox.delivered);
    if (minute % 7 === 0) ledger.restart();
  }
  expect(ledger.storage.entries.size).toBeLessThanOrEqual(REMEMBERED_FOR / MINUTE + 5);
  expect(ledger.received.rows.size).toBe(120);
  expect(ledger.book.openCalls).toBe(1);
  await ledger.take({ closed: [closedNote("long", { cost: 3 })] });
  expect(ledger.received.rows.get("long")).toMatchObject({ cost: 3 });
});

it("leaves nothing of a call when all is quiet but the number of the sender's last batch", async () => {
  const ledger = new TestLedger();
  await ledger.take({ closed: [closedNote("a", { wasOpened: false })] });
  await ledger.take({ closed: [closedNote("b", { wasOpened: false })] });
  ledger.now += REMEMBERED_FOR + 1;
  ledger.book.forget(ledger.outbox.delivered);
  ledger.book.sweep();
  expect(ledger.storage.heads().map(({ closed }) => closed)).toEqual([["b"]]);
  ledger.now += SENDER_REMEMBERED_FOR;
  ledger.book.forget(ledger.outbox.delivered);
  ledger.book.sweep();
  expect(ledger.storage.entries.size).toBe(0);
  ledger.restart();
  await ledger.take({ closed: [closedNote("c", { wasOpened: false })] });
  expect(ledger.scopes.totals.get("key:a")).toBe(3000); // numbers go on where they were
});

it("does not take a call for open again whose end was written over", async () => {
  const ledger = new TestLedger();
  // The sender dies: its last batch is remembered for a day, with the call in it, which is lost after ten minutes.
  ledger.book.take({ ...batchOf({ opened: [openedNote("a")] }), sender: "dead" });
  ledger.now += LOST_AFTER;
  ledger.book.closeLost();
  for (let minute = 0; minute < 24 * 60; minute++) {
    ledger.now += MINUTE;
    await ledger.take({ closed: [closedNote(`call-${minute}`, { wasOpened: false, cost: 0 })] });
    ledger.book.forget(ledger.outbox.delivered);
    if (minute % 10 === 0) ledger.restart();
    expect(ledger.book.openCalls).toBe(0);
  }
  expect(ledger.scopes.totals.get("key:a")).toBe(5000);
});

it("splits what does not fit into a row of the object", async () => {
  const ledger = new TestLedger();
  const messages = "x".repeat(30_000);
  const closed = Array.from({ length: 150 }, (_, i) => closedNote(`call-${i}`, { wasOpened: false, messages }));
  await ledger.take({ closed });
  expect(ledger.storage.entries.size).toBeGreaterThan(4);
  for (const { body } of ledger.storage.entries.values()) expect(body.length).toBeLessThan(1_100_000);
  expect(ledger.received.rows.size).toBe(150);
  for (const message of ledger.received.messages) expect(JSON.stringify(message).length).toBeLessThan(128_000);
  expect(NOW).toBe(ledger.now);
});

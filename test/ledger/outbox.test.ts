import { describe, expect, it } from "vitest";
import { chargesByScope, packRows } from "../../src/ledger/parcels.ts";
import { chargesOf, closedNote, rowOf, TestLedger } from "./world.ts";

describe("packRows", () => {
  it.each([
    [0, 0],
    [1, 10],
    [1000, 10],
    [1000, 50_000],
    [7, 100_000],
  ])("sends %i rows of %i bytes within what the queue takes", (count, size) => {
    const rows = Array.from({ length: count }, (_, i) => rowOf(`call-${i}`, { messages: "é".repeat(size / 2) }));
    const sendings = packRows(rows);
    expect(sendings.flat().flatMap((message) => message.rows)).toEqual(rows);
    for (const messages of sendings) {
      expect(messages.length).toBeLessThanOrEqual(100);
      const bytes = messages.map((message) => Buffer.byteLength(JSON.stringify(message)));
      expect(Math.max(...bytes)).toBeLessThan(128_000 - 1000);
      expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThan(256_000);
    }
  });
});

describe("chargesByScope", () => {
  it("keeps apart what ends different holds, and what ends one though it cost nothing", () => {
    const charge = (amount: number, hold?: string) => ({
      ...{ scope: "key:1", holder: "unreserved", meters: [], amount },
      ...(hold !== undefined && { hold }),
    });
    const sums = chargesByScope([charge(5, "a"), charge(6, "a"), charge(0, "b"), charge(0), charge(7)]);
    expect(sums.get("key:1")).toEqual([charge(11, "a"), charge(0, "b"), charge(7)]);
  });

  it("adds up what is for the same meters of the same holder", () => {
    const [one] = chargesOf(5);
    const sums = chargesByScope([
      ...chargesOf(1, ["key:a", "team:t"]),
      ...chargesOf(2, ["key:a"]),
      { ...one!, holder: "another" },
      { ...one!, meters: [{ id: "budget", windowStart: 0, leased: false }] },
      ...chargesOf(0, ["user:u"]),
    ]);
    expect([...sums.keys()]).toEqual(["key:a", "team:t"]);
    expect(sums.get("key:a")?.map(({ amount }) => amount)).toEqual([3, 5, 5]);
    expect(sums.get("team:t")?.map(({ amount }) => amount)).toEqual([1]);
  });
});

describe("Outbox", () => {
  it("tells a scope once for all calls of a delivery", async () => {
    const ledger = new TestLedger();
    const closed = Array.from({ length: 50 }, (_, i) => closedNote(`call-${i}`, { wasOpened: false, cost: 3 }));
    await ledger.take({ closed });
    expect(ledger.scopes.calls).toMatchObject([{ scope: "key:a", charges: [{ amount: 150 }] }]);
    expect(ledger.received.messages).toHaveLength(1);
    expect(ledger.storage.rowsWritten).toBe(3);
  });

  it("keeps what one scope does not take, in order, and serves the others", async () => {
    const ledger = new TestLedger();
    let isDown = true;
    ledger.onCharge = (scope) => {
      if (isDown && scope === "team:t") throw new Error("away");
    };
    const scopes = ["key:a", "team:t"];
    for (const [id, cost] of Object.entries({ a: 1, b: 10, c: 100 })) {
      await ledger.take({ closed: [closedNote(id, { wasOpened: false, cost }, scopes)] });
      ledger.restart();
    }
    expect(ledger.scopes.totals).toEqual(new Map([["key:a", 111]]));
    expect(ledger.outbox.isBusy).toBe(true);
    isDown = false;
    await ledger.take({ closed: [closedNote("d", { wasOpened: false, cost: 1000 }, scopes)] });
    expect(await ledger.outbox.drain()).toBe(true);
    expect(ledger.scopes.totals).toEqual(new Map(scopes.map((scope) => [scope, 1111])));
    expect(ledger.outbox.isBusy).toBe(false);
  });

  it("charges while the queue is down, and sends when it is back", async () => {
    const ledger = new TestLedger();
    ledger.onSend = () => {
      throw new Error("no queue");
    };
    for (let i = 0; i < 5; i++) await ledger.take({ closed: [closedNote(`call-${i}`, { wasOpened: false, cost: 1 })] });
    expect(ledger.scopes.totals.get("key:a")).toBe(5);
    expect(ledger.received.rows.size).toBe(0);
    expect(await ledger.outbox.drain()).toBe(false);
    ledger.onSend = () => {};
    expect(await ledger.outbox.drain()).toBe(true);
    expect(ledger.received.rows.size).toBe(5);
    expect(ledger.scopes.totals.get("key:a")).toBe(5);
  });
});

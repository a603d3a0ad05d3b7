/** Money that is set aside for a batch. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Charge, MeterSpec } from "../../src/limits/demand.ts";
import { LeasingLimiter } from "../../src/limits/leasing.ts";
import { MemoryScopes } from "../../src/limits/memory.ts";
import { MemoryRows } from "../../src/limits/rows.ts";
import { Scope } from "../../src/limits/scope.ts";

const NOW = Date.UTC(2026, 4, 4, 12);
const DAY = 86_400_000;
const BUDGET: MeterSpec = { kind: "budget", id: "budget", limit: 1000 };
const week = (start: number): MeterSpec => ({
  kind: "budget",
  id: "budget:7d",
  limit: 1000,
  window: { start, end: start + 7 * DAY },
});

let rows: MemoryRows;
let scope: Scope;
beforeEach(() => {
  rows = new MemoryRows();
  scope = new Scope(rows);
});

const remaining = (meter: MeterSpec, now = NOW) => scope.standing([meter], now)[0]!.remaining;
const charge = (amount: number, fields: Partial<Charge> = {}): Charge => ({
  scope: "key:1",
  holder: "unreserved",
  amount,
  meters: [{ id: "budget", windowStart: 0, leased: false }],
  ...fields,
});

describe("a hold", () => {
  it("takes from what is left, and is not spent", () => {
    scope.hold("b1", { meters: { budget: 600 }, until: NOW + DAY });
    expect(remaining(BUDGET)).toBe(400);
    expect(scope.spend([{ meter: "budget", windowStart: 0 }], NOW)).toMatchObject({
      total: 0,
      leased: { budget: 600 },
    });
    scope.hold("b1", { meters: { budget: 700 }, until: NOW + DAY });
    expect(remaining(BUDGET)).toBe(300);
    scope.unhold("b1");
    scope.unhold("b1");
    expect(remaining(BUDGET)).toBe(1000);
  });

  it("counts in each window it lasts into, and outlives the object", () => {
    scope.hold("b1", { meters: { "budget:7d": 600 }, until: NOW + 10 * DAY });
    scope = new Scope(rows);
    expect(remaining(week(NOW))).toBe(400);
    expect(remaining(week(NOW + 7 * DAY), NOW + 8 * DAY)).toBe(400);
    expect(remaining(BUDGET)).toBe(1000);
  });

  it("ends in the moment its charge is counted, once", () => {
    scope.hold("b1", { meters: { budget: 600 }, until: NOW + DAY });
    expect(scope.apply("ledger", 1, [charge(100, { hold: "b1" })], NOW)).toBe(true);
    expect(remaining(BUDGET)).toBe(900);
    expect(scope.apply("ledger", 1, [charge(100, { hold: "b1" })], NOW)).toBe(false);
    expect(remaining(BUDGET)).toBe(900);
  });

  it("that nobody ends lapses, and its row goes", () => {
    scope.hold("b1", { meters: { budget: 600 }, until: NOW + DAY });
    expect(remaining(BUDGET, NOW + DAY)).toBe(1000);
    scope.apply("ledger", 1, [], NOW + DAY);
    expect([...rows.list()].map(([key]) => key)).not.toContain("hold:b1");
  });

  it("is bounded by nobody: what is held beyond the limit refuses all others", async () => {
    const scopes = new MemoryScopes(() => NOW);
    const limiter = new LeasingLimiter({ service: scopes, now: () => NOW });
    const demand = (least: number) => [{ scope: "key:1", meter: BUDGET, least, most: least }];
    await scopes.hold("key:1", "b1", { meters: { budget: 900 }, until: NOW + DAY });
    expect((await limiter.admit("one", demand(200))).ok).toBe(false);
    const fits = await limiter.admit("two", demand(100));
    expect(fits.ok).toBe(true);
    if (fits.ok) fits.admission.settle({ tokens: 0, cost: 0 });
    await scopes.hold("key:1", "b2", { meters: { budget: 900 }, until: NOW + DAY });
    expect((await limiter.admit("three", demand(500))).ok).toBe(false);
    await scopes.unhold("key:1", "b1");
    await scopes.unhold("key:1", "b2");
    expect((await limiter.admit("four", demand(500))).ok).toBe(true);
  });

  it("takes the money from the lease it was reserved with, once", async () => {
    const scopes = new MemoryScopes(() => NOW);
    const limiter = new LeasingLimiter({ service: scopes, now: () => NOW });
    const demand = (least: number) => [{ scope: "key:1", meter: BUDGET, least, most: least }];
    const reserved = await limiter.admit("batch", demand(600));
    if (!reserved.ok) throw new Error("it fits");
    const from = reserved.admission
      .charges(600)
      .flatMap(({ holder, meters, amount }) =>
        meters.map(({ id, windowStart }) => ({ holder, id, windowStart, amount })),
      );
    for (let time = 0; time < 2; time++)
      await scopes.hold("key:1", "b1", { meters: { budget: 600 }, until: NOW + DAY }, from);
    reserved.admission.settle({ tokens: 0, cost: 600 });
    expect((await limiter.admit("one", demand(401))).ok).toBe(false);
    const rest = await limiter.admit("two", demand(400));
    expect(rest.ok).toBe(true);
    if (rest.ok) rest.admission.settle({ tokens: 0, cost: 0 });
    await scopes.unhold("key:1", "b1");
    expect((await limiter.admit("three", demand(1000))).ok).toBe(true);
  });
});

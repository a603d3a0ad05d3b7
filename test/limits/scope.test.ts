import { beforeEach, describe, expect, it } from "vitest";
import type { Charge, MeterSpec } from "../../src/limits/demand.ts";
import type { ExchangeRequest, MeterRequest } from "../../src/limits/exchange.ts";
import { MemoryRows } from "../../src/limits/rows.ts";
import { Scope } from "../../src/limits/scope.ts";
import { chunkOf, share } from "../../src/limits/share.ts";

const NOW = Date.UTC(2026, 4, 4, 12);
const REQUESTS: MeterSpec = { kind: "rate", id: "requests", limit: 10 };
const SLOTS: MeterSpec = { kind: "parallel", id: "parallel", limit: 3 };
const BUDGET: MeterSpec = { kind: "budget", id: "budget", limit: 1000 };
const WEEK: MeterSpec = {
  kind: "budget",
  id: "budget:7d",
  limit: 1000,
  window: { start: NOW, end: NOW + 604_800_000 },
};
const DAY = 86_400_000;

let rows: MemoryRows;
let scope: Scope;
beforeEach(() => {
  rows = new MemoryRows();
  scope = new Scope(rows);
});

function want(meter: MeterSpec, needs: Partial<MeterRequest> = {}): MeterRequest {
  return { meter, used: 0, settled: 0, least: 0, most: needs.least ?? 0, others: 0, extra: 0, seconds: [], ...needs };
}

function exchange(sequence: number, meters: MeterRequest[], { holder = "a", now = NOW, isNew = true } = {}) {
  const request: ExchangeRequest = { holder, sequence, isNew, meters };
  return scope.exchange(request, now);
}

const remaining = (meter: MeterSpec, now = NOW) => scope.standing([meter], now)[0]!.remaining;

function charge(amount: number, meter: MeterSpec, holder = "a", leased = true): Charge {
  const windowStart = meter.kind === "budget" ? (meter.window?.start ?? 0) : 0;
  return { scope: "key:1", holder, amount, meters: [{ id: meter.id, windowStart, leased }] };
}

describe("an exchange", () => {
  it("that comes twice or late does nothing", () => {
    exchange(1, [want(BUDGET, { least: 100 })]);
    expect(exchange(2, [want(BUDGET, { used: 100, least: 200 })]).meters[0]).toMatchObject({ allotment: 300 });
    for (const sequence of [1, 2])
      expect(exchange(sequence, [want(BUDGET, { least: 500 })])).toMatchObject({
        sequence: 2,
        meters: [{ allotment: 300, amount: 0, available: 700 }],
      });
  });

  it("asked anew after a lost reply gives nothing more", () => {
    exchange(1, [want(BUDGET, { least: 100 })]);
    expect(exchange(2, [want(BUDGET, { least: 100 })]).meters[0]).toMatchObject({ allotment: 100, amount: 100 });
  });

  it("goes on where the object was evicted", () => {
    exchange(1, [want(BUDGET, { least: 100 }), want(REQUESTS, { least: 1 }), want(SLOTS, { least: 1 })]);
    scope = new Scope(rows);
    expect([BUDGET, REQUESTS, SLOTS].map((meter) => remaining(meter))).toEqual([900, 9, 2]);
    expect(exchange(1, [want(BUDGET, { least: 100 })]).sequence).toBe(1);
  });

  it("of a holder that is forgotten says so", () => {
    expect(exchange(5, [want(BUDGET, { least: 1 })], { isNew: false })).toMatchObject({ isKnown: false, meters: [] });
    expect(remaining(BUDGET)).toBe(1000);
  });

  it("gives more than a call needs only where there is plenty", () => {
    expect(exchange(1, [want(BUDGET, { least: 10, extra: 500 })]).meters[0]).toMatchObject({ allotment: 10 + 123 });
    const last = { holder: "b" };
    exchange(1, [want(BUDGET, { least: 800 })], last);
    expect(exchange(2, [want(BUDGET, { least: 5, used: 133, extra: 500 })]).meters[0]).toMatchObject({
      allotment: 138,
      chunk: 0,
    });
  });

  it("tells who is refused that others hold as much without need", () => {
    exchange(1, [want(BUDGET, { least: 600 })]);
    const needs = [want(BUDGET, { least: 500 })];
    expect(exchange(1, needs, { holder: "b" }).meters[0]).toMatchObject({ amount: 0, isIdleElsewhere: true });
    exchange(2, [want(BUDGET, { used: 600 })]);
    expect(exchange(2, needs, { holder: "b" }).meters[0]).toMatchObject({ amount: 0, isIdleElsewhere: false });
  });
});

describe("a silent holder", () => {
  it("loses slots after 30 seconds, and has those in use again when it speaks", () => {
    exchange(1, [want(SLOTS, { least: 1, others: 2 })]);
    expect(remaining(SLOTS, NOW + 29_999)).toBe(0);
    expect(remaining(SLOTS, NOW + 30_000)).toBe(3);
    exchange(2, [want(SLOTS, { used: 1 })], { now: NOW + 40_000 });
    expect(remaining(SLOTS, NOW + 40_000)).toBe(2);
  });

  it("loses idle money after 60 seconds, what calls had reserved after 15 minutes, what is settled when it is charged", () => {
    exchange(1, [want(BUDGET, { least: 500 })]);
    exchange(2, [want(BUDGET, { used: 300, settled: 100 })]);
    expect(remaining(BUDGET, NOW + 59_999)).toBe(500);
    expect(remaining(BUDGET, NOW + 60_000)).toBe(700);
    expect(remaining(BUDGET, NOW + 15 * 60_000)).toBe(900);
    expect(remaining(BUDGET, NOW + 7 * DAY)).toBe(900);
    scope.apply("ledger", 1, [charge(100, BUDGET)], NOW + 7 * DAY);
    expect(remaining(BUDGET, NOW + 7 * DAY)).toBe(900);
    expect(scope.spend([{ meter: "budget", windowStart: 0 }], NOW + 7 * DAY)).toMatchObject({
      total: 100,
      leased: { budget: 0 },
    });
  });

  it("leaves no row behind", () => {
    exchange(1, [want(BUDGET, { least: 500 })]);
    exchange(1, [want(BUDGET, { least: 1 })], { holder: "b", now: NOW + 200_000 });
    expect([...rows.list()].map(([key]) => key)).toEqual(["holder:b"]);
  });

  it("counts all it was given of a rate as taken", () => {
    exchange(1, [want(REQUESTS, { least: 1, others: 3 })]);
    expect(remaining(REQUESTS, NOW + 60_000)).toBe(6);
    expect(remaining(REQUESTS, NOW + 63_001)).toBe(10);
  });
});

describe("a rate", () => {
  it("counts what was taken for 60 seconds after, and a second for the clocks", () => {
    exchange(1, [want(REQUESTS, { least: 1 })]);
    exchange(2, [want(REQUESTS, { used: 1, seconds: [{ second: 5, units: 1, age: 400 }] })], { now: NOW + 1000 });
    expect(remaining(REQUESTS, NOW + 61_599)).toBe(9);
    expect(remaining(REQUESTS, NOW + 61_600)).toBe(10);
  });

  it("leaves nothing of a lease that is over", () => {
    exchange(1, [want(REQUESTS, { least: 1, others: 7 })]);
    exchange(1, [want(REQUESTS, { least: 9 })], { holder: "b", now: NOW + 70_000 });
    expect(exchange(2, [want(REQUESTS, { least: 1 })], { now: NOW + 70_000 }).meters[0]).toMatchObject({
      allotment: 1,
    });
    expect(remaining(REQUESTS, NOW + 70_000)).toBe(0);
  });

  it("says when there is enough again", () => {
    exchange(1, [want(REQUESTS, { least: 10 })]);
    exchange(
      2,
      [
        want(REQUESTS, {
          used: 10,
          seconds: [
            { second: 5, units: 4, age: 800 },
            { second: 6, units: 6, age: 0 },
          ],
        }),
      ],
      { now: NOW + 1000 },
    );
    const refused = (least: number) =>
      exchange(least + 3, [want(REQUESTS, { used: 10, least })], { now: NOW + 1000 }).meters[0]!;
    expect(refused(4)).toMatchObject({ amount: 0, freeIn: 60_200, isIdleElsewhere: false });
    expect(refused(5)).toMatchObject({ amount: 0, freeIn: 61_000 });
  });
});

describe("charges", () => {
  it("count once, whatever comes twice", () => {
    expect(scope.apply("ledger", 1, [charge(10, BUDGET)], NOW)).toBe(true);
    expect(scope.apply("ledger", 1, [charge(10, BUDGET)], NOW)).toBe(false);
    expect(scope.apply("ledger", 7, [charge(5, WEEK), { ...charge(1, WEEK), meters: [] }], NOW)).toBe(true);
    scope = new Scope(rows);
    expect(scope.apply("ledger", 3, [charge(10, BUDGET)], NOW)).toBe(false);
    expect(scope.apply("another", 3, [charge(10, BUDGET)], NOW)).toBe(true);
    expect(
      scope.spend(
        [
          { meter: "budget:7d", windowStart: NOW },
          { meter: "budget", windowStart: 0 },
        ],
        NOW,
      ),
    ).toMatchObject({
      total: 26,
      adjusted: 0,
      meters: { "budget:7d": 5, budget: 26 },
      now: NOW,
    });
  });

  it.each([["before"], ["after"]])("come out the same %s the rest is given back", (order) => {
    exchange(1, [want(WEEK, { least: 100 })]);
    const apply = () => scope.apply("ledger", 1, [charge(30, WEEK)], NOW);
    if (order === "before") apply();
    exchange(2, [want(WEEK, { used: 30, settled: 30, keep: 30 })]);
    if (order === "after") apply();
    expect(remaining(WEEK)).toBe(970);
    expect(scope.spend([{ meter: "budget:7d", windowStart: NOW }], NOW).leased).toEqual({ "budget:7d": 0 });
  });

  it("of a sender are remembered for 8 days", () => {
    scope.apply("old", 1, [charge(10, BUDGET)], NOW);
    scope.apply("new", 1, [charge(10, BUDGET)], NOW + 8 * DAY);
    expect(scope.apply("old", 1, [charge(10, BUDGET)], NOW + 8 * DAY)).toBe(false);
    scope.apply("new", 2, [], NOW + 9 * DAY);
    expect([...rows.list()].map(([key]) => key)).toEqual(["account:", "sender:new"]);
  });
});

describe("an admin", () => {
  it("sets a counter, and the difference is kept", () => {
    scope.apply("ledger", 1, [charge(70, WEEK)], NOW);
    scope.reset({ meter: "budget:7d", windowStart: NOW }, 0, NOW);
    expect(scope.spend([{ meter: "budget:7d", windowStart: NOW }], NOW)).toMatchObject({
      total: 0,
      adjusted: -70,
      meters: { "budget:7d": 0 },
    });
    scope.reset(undefined, 100, NOW);
    expect(scope.spend([], NOW)).toMatchObject({ total: 100, adjusted: 30 });
    expect(remaining(BUDGET)).toBe(900);
  });

  it("deletes a scope", () => {
    exchange(1, [want(WEEK, { least: 100 })]);
    scope.forget();
    expect([...rows.list()]).toEqual([]);
    expect(remaining(WEEK)).toBe(1000);
  });
});

it.each([
  // least, most, available, gets
  [10, 10, 9, 0],
  [10, 10, 10, 10],
  [10, 100, 800, 100],
  [10, 101, 800, 100],
  [10, 500, 80, 10],
  [10, 500, 79, 10],
  [0, 500, 0, 0],
  [10, 500, Number.POSITIVE_INFINITY, 500],
])("a call that needs %i to %i gets of %i available: %i", (least, most, available, gets) => {
  expect(share({ least, most }, available)).toBe(gets);
});

it.each([
  [1000, 800, 100],
  [1000, 100, 12],
  [1000, 99, 0],
  [1000, -5, 0],
])("a holder may have in hand, of a limit of %i with %i available: %i", (limit, available, chunk) => {
  expect(chunkOf(limit, available)).toBe(chunk);
});

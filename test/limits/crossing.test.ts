/** What is told of a budget: each crossing once in a window, by the object that counts every charge once. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Mark } from "../../src/limits/crossing.ts";
import { projection } from "../../src/limits/crossing.ts";
import type { BudgetMeter, Charge } from "../../src/limits/demand.ts";
import { MemoryRows } from "../../src/limits/rows.ts";
import { Scope } from "../../src/limits/scope.ts";

const NOW = Date.UTC(2026, 4, 4, 12);
const DAY = 86_400_000;

let rows: MemoryRows;
let scope: Scope;
let sequence: number;
beforeEach(() => {
  rows = new MemoryRows();
  scope = new Scope(rows);
  sequence = 0;
});

function charge(amount: number, mark: Mark, { at = NOW, windowStart = 0 } = {}): void {
  const one: Charge = {
    scope: "key:1",
    holder: "a",
    amount,
    meters: [{ id: "budget", windowStart, leased: false }],
    mark,
  };
  scope.apply("ledger", ++sequence, [one], at);
}

/** Events since the last look; those are told. */
function told(): string[] {
  const notices = scope.notices();
  scope.told(notices.keys());
  return [...notices.values()].map(({ event, percent }) => (percent === undefined ? event : `${event} ${percent}`));
}

describe("a soft budget", () => {
  it("is told of once, also where the object is started anew", () => {
    charge(90, { soft: 100 });
    expect(told()).toEqual([]);
    charge(10, { soft: 100 });
    expect(told()).toEqual(["soft_budget_crossed"]);
    scope = new Scope(rows);
    charge(50, { soft: 100 });
    expect(told()).toEqual([]);
  });

  it("waits to be told until it was", () => {
    charge(100, { soft: 100 });
    scope = new Scope(rows);
    expect([...scope.notices().values()]).toMatchObject([{ event: "soft_budget_crossed", spent: 100, soft: 100 }]);
    expect(told()).toEqual(["soft_budget_crossed"]);
    expect(scope.notices().size).toBe(0);
  });

  it("counts anew in each window, where it is raised, and after its spend was taken back", () => {
    charge(100, { soft: 100 }, { windowStart: 1000 });
    charge(100, { soft: 100 }, { windowStart: 2000 });
    expect(told()).toHaveLength(2);
    charge(50, { soft: 200 }, { windowStart: 2000 });
    expect(told()).toEqual([]);
    charge(50, { soft: 200 }, { windowStart: 2000 });
    expect(told()).toEqual(["soft_budget_crossed"]);
    scope.reset({ meter: "budget", windowStart: 2000 }, 0, NOW);
    charge(200, { soft: 200 }, { windowStart: 2000 });
    expect(told()).toEqual(["soft_budget_crossed"]);
  });

  it("does not flap while isolates have different copies of it", () => {
    charge(150, { soft: 100 });
    for (const soft of [200, 100, 200, 100]) charge(1, { soft });
    expect(told()).toEqual(["soft_budget_crossed"]);
  });

  it("is told again after budget_alert_ttl, where that is set and calls go on", () => {
    const mark = { soft: 100, again: DAY };
    charge(100, mark);
    charge(1, mark, { at: NOW + DAY - 1 });
    expect(told()).toHaveLength(1);
    charge(1, mark, { at: NOW + DAY });
    expect(told()).toHaveLength(1);
  });

  it("is not told of a charge that comes twice", () => {
    charge(100, { soft: 100 });
    sequence--;
    charge(100, { soft: 100 });
    expect(told()).toHaveLength(1);
  });
});

describe("a budget", () => {
  it("is told of at 80, 85, 95 and 100 per cent", () => {
    const seen: string[][] = [];
    for (const amount of [79, 1, 4, 1, 9, 1, 4, 1]) {
      charge(amount, { limit: 100 });
      seen.push(told());
    }
    expect(seen).toEqual([
      [],
      ["max_budget_alert 80"],
      [],
      ["threshold_crossed 85"],
      [],
      ["threshold_crossed 95"],
      [],
      ["budget_crossed"],
    ]);
  });

  it("that is crossed at once is told of once, by the highest", () => {
    charge(120, { limit: 100, soft: 50 });
    expect(told()).toEqual(["soft_budget_crossed", "budget_crossed"]);
  });

  it("that refuses is told as crossed, once, with what is charged meanwhile", () => {
    const meter: BudgetMeter = { kind: "budget", id: "budget", limit: 100, window: { start: 1000, end: NOW + DAY } };
    charge(60, { limit: 100 }, { windowStart: 1000 });
    scope.refused(meter, undefined, NOW);
    charge(20, { limit: 100 }, { windowStart: 1000 });
    expect([...scope.notices().values()]).toMatchObject([
      { event: "budget_crossed", isRefused: true, spent: 80, limit: 100, windowEnd: NOW + DAY },
    ]);
    expect(told()).toHaveLength(1);
    scope.refused(meter, undefined, NOW);
    charge(20, { limit: 100 }, { windowStart: 1000 });
    expect(told()).toEqual([]);
  });
});

describe("the end of a window", () => {
  const start = NOW - 10 * DAY;
  const end = NOW + 20 * DAY;

  it("is foretold from a quarter of it on", () => {
    expect(projection(100, { spent: 50, start, end, now: NOW })).toEqual({ spend: 150, exceededAt: NOW + 10 * DAY });
    expect(projection(100, { spent: 50, start, end, now: start + 5 * DAY })).toBeUndefined();
    expect(projection(100, { spent: 20, start, end, now: NOW })).toBeUndefined();
    expect(projection(100, { spent: 50, start: 0, end: 0, now: NOW })).toBeUndefined();
  });
});

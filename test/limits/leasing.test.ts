import { describe, expect, it } from "vitest";
import type { Admission, Verdict } from "../../src/limits/demand.ts";
import { KEY, money, rate, slot } from "./demands.ts";
import { Isolate, Outbox, World } from "./world.ts";

const NOTHING = { tokens: 0, cost: 0 };

function admitted(verdict: Verdict): Admission {
  if (!verdict.ok) throw new Error(`refused: ${JSON.stringify(verdict.refusal)}`);
  return verdict.admission;
}

/** Runs the world until it is answered. */
async function answer<T>(world: World, promise: Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  promise.then((value) => {
    result = { value };
  });
  for (let i = 0; i < 2000 && result === undefined; i++) await world.run(i === 0 ? 0 : 10);
  if (result === undefined) throw new Error("no answer");
  return result.value;
}

describe("a rate limit", () => {
  it("lets 24 of 24 in, and says so in its headers (C2 #19)", async () => {
    const world = new World(1);
    const isolate = new Isolate(world);
    const remaining: number[] = [];
    for (let i = 0; i < 24; i++) {
      const admission = admitted(await answer(world, isolate.admit([rate("requests", 24)])));
      remaining.push(admission.standings[0]!.remaining);
      admission.settle(NOTHING);
      await world.run(100);
    }
    expect(remaining).toEqual(Array.from({ length: 24 }, (_, i) => 23 - i));
    const verdict = await answer(world, isolate.admit([rate("requests", 24)]));
    expect(verdict).toMatchObject({ ok: false, refusal: { remaining: 0, demanded: 1 } });
    const { retryAfter } = (verdict as Extract<Verdict, { ok: false }>).refusal;
    expect(retryAfter).toBeGreaterThanOrEqual(57);
    expect(retryAfter).toBeLessThanOrEqual(62);
    await world.run(retryAfter! * 1000);
    expect((await answer(world, isolate.admit([rate("requests", 24)]))).ok).toBe(true);
  });

  it.each([1, 3, 10])("lets exactly 24 in, of 50 at once in each of %i isolates (C2 #17, #20)", async (count) => {
    const world = new World(2, { delay: 60 });
    const isolates = Array.from({ length: count }, () => new Isolate(world));
    const calls = isolates.flatMap((isolate) =>
      Array.from({ length: 50 }, () => isolate.admit([rate("requests", 24)])),
    );
    const verdicts = await answer(world, Promise.all(calls));
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(24);
  });

  it("reserves tokens before, and gives back what was not used (C2 #18)", async () => {
    const world = new World(3);
    const isolate = new Isolate(world);
    const ask = () => answer(world, isolate.admit([rate("tokens", 1000, 400)]));
    const calls = [admitted(await ask()), admitted(await ask())];
    expect(await ask()).toMatchObject({ ok: false, refusal: { remaining: 200, demanded: 400 } });
    calls[0]!.settle({ tokens: 100, cost: 0 });
    await world.run(1200);
    expect((await ask()).ok).toBe(true);
    expect(world.scope(KEY, (scope, now) => scope.standing([rate("tokens", 1000).meter], now))[0]!.remaining).toBe(100);
  });

  it("charges what was used beyond the reservation", async () => {
    const world = new World(4);
    const isolate = new Isolate(world);
    const call = admitted(await answer(world, isolate.admit([rate("tokens", 1000, 400)])));
    call.settle({ tokens: 1500, cost: 0 });
    await world.run(2000);
    expect(await answer(world, isolate.admit([rate("tokens", 1000, 1)]))).toMatchObject({ ok: false });
    expect(world.scope(KEY, (scope, now) => scope.standing([rate("tokens", 1000).meter], now))[0]!.remaining).toBe(
      -500,
    );
    await world.run(62_000);
    expect((await answer(world, isolate.admit([rate("tokens", 1000, 1000)]))).ok).toBe(true);
  });

  it("waits for no object where calls come fast", async () => {
    const world = new World(5, { delay: 40 });
    const isolate = new Isolate(world);
    let waited = 0;
    for (let i = 0; i < 1000; i++) {
      const before = world.now;
      const call = isolate.admit([rate("requests", 100_000), money(1e12, 1000)]);
      call.then((verdict) => {
        waited += world.now > before ? 1 : 0;
        admitted(verdict).settle(NOTHING);
      });
      await world.run(10);
    }
    expect(waited).toBeLessThan(30);
    expect(world.exchanges).toBeLessThan(60);
  });

  it("refuses at once and for good what is more than the limit", async () => {
    const world = new World(6);
    const verdict = await answer(world, new Isolate(world).admit([rate("tokens", 1000, 1001)]));
    expect(verdict).toEqual({ ok: false, refusal: expect.objectContaining({ demanded: 1001, remaining: 1000 }) });
    expect(verdict).not.toHaveProperty("refusal.retryAfter");
  });

  it("goes by the newest limit", async () => {
    const world = new World(7);
    const isolate = new Isolate(world);
    for (let i = 0; i < 5; i++) admitted(await answer(world, isolate.admit([rate("requests", 10)]))).settle(NOTHING);
    expect((await answer(world, isolate.admit([rate("requests", 5)]))).ok).toBe(false);
    const raised = admitted(await answer(world, isolate.admit([rate("requests", 7)])));
    expect(raised.standings[0]!.remaining).toBe(1);
    expect((await answer(world, isolate.admit([rate("requests", Number.POSITIVE_INFINITY)]))).ok).toBe(true);
  });
});

describe("parallel slots", () => {
  it("are held as long as a call runs, and free again after", async () => {
    const world = new World(11, { delay: 50 });
    const [one, other] = [new Isolate(world), new Isolate(world)];
    const calls = [
      admitted(await answer(world, one.admit([slot(2)]))),
      admitted(await answer(world, other.admit([slot(2)]))),
    ];
    await world.run(3_600_000);
    expect((await answer(world, one.admit([slot(2)]))).ok).toBe(false);
    calls[1]!.settle(NOTHING);
    await world.run(200);
    expect((await answer(world, one.admit([slot(2)]))).ok).toBe(true);
  });

  it("of a crashed isolate are free within 30 seconds", async () => {
    const world = new World(12);
    const [one, other] = [new Isolate(world), new Isolate(world)];
    admitted(await answer(world, one.admit([slot(1)])));
    await world.run(12_000);
    one.crash();
    expect((await answer(world, other.admit([slot(1)]))).ok).toBe(false);
    await world.run(30_000);
    expect((await answer(world, other.admit([slot(1)]))).ok).toBe(true);
  });
});

describe("a budget", () => {
  const left = (world: World, limit: number) =>
    world.scope(KEY, (scope, now) => scope.standing([money(limit, 1).meter], now))[0]!.remaining;

  it.each([1, 5, 50])(
    "lets in as many as fit, of 50 at once in %i isolates with 3 times what is left (C1 #1)",
    async (count) => {
      const world = new World(21, { delay: 60 });
      const isolates = Array.from({ length: count }, () => new Isolate(world));
      const calls = Array.from({ length: 50 }, (_, i) => isolates[i % count]!.admit([money(1000, 60)]));
      const verdicts = await answer(world, Promise.all(calls));
      expect(verdicts.filter(({ ok }) => ok)).toHaveLength(16);
      for (const verdict of verdicts) if (verdict.ok) verdict.admission.settle(NOTHING);
      await world.run(3000);
      expect(left(world, 1000)).toBe(1000);
    },
  );

  it.each([
    ["is full to the last nano-dollar, and refuses nothing before", 500, 100],
    ["refuses nothing that fits while far more is reserved than spent", 250, 1000],
  ])("%s (C1 #6)", async (_, count, reserved) => {
    const world = new World(22, { delay: 60 });
    const outbox = new Outbox(world);
    const isolates = Array.from({ length: 5 }, () => new Isolate(world));
    const limit = 1_000_000;
    world.scope(KEY, (scope, now) => scope.reset(undefined, 950_000, now));
    const refused: number[] = [];
    for (let i = 0; i < count; i++) {
      void isolates[i % 5]!.admit([money(limit, reserved)]).then(async (verdict) => {
        if (!verdict.ok) {
          refused.push(i);
          return;
        }
        await world.sleep(world.between(100, 500));
        verdict.admission.settle({ tokens: 0, cost: 100 });
        outbox.put(verdict.admission.charges(100));
      });
      await world.run(25); // up to 20 under way
    }
    await world.run(10_000);
    expect(refused).toEqual([]);
    const spent = 950_000 + count * 100;
    expect(world.scope(KEY, (scope, now) => scope.spend([], now).total)).toBe(spent);
    expect(left(world, limit)).toBe(limit - spent);
    expect((await answer(world, isolates[0]!.admit([money(limit, limit - spent + 1)]))).ok).toBe(false);
  });

  it("gives an eighth of what is left to a call without a bound", async () => {
    const world = new World(23);
    const call = admitted(
      await answer(world, new Isolate(world).admit([money(8000, 10, 5000), money(9e9, 10, 5000, { scope: "team:1" })])),
    );
    expect(call.reserved).toBe(1000);
    expect(call.standings.map(({ remaining }) => remaining)).toEqual([7000, 9e9 - 5000]);
    expect(await answer(world, call.raise(8000))).toEqual({ ok: true });
    expect(await answer(world, call.raise(8001))).toMatchObject({ ok: false, refusal: { scope: KEY, demanded: 1 } });
    expect(call.reserved).toBe(8000);
    call.settle({ tokens: 0, cost: 20 });
    call.settle({ tokens: 0, cost: 7000 });
    await world.run(3000);
    expect(left(world, 8000)).toBe(7980);
  });

  it("begins at 0 in each window, with no job having run (C1 #14)", async () => {
    const world = new World(24);
    const isolate = new Isolate(world);
    const outbox = new Outbox(world);
    const first = { start: world.now, end: world.now + 10_000 };
    const second = { start: first.end, end: first.end + 10_000 };
    const call = admitted(await answer(world, isolate.admit([money(100, 100, 100, { window: first })])));
    call.settle({ tokens: 0, cost: 100 });
    outbox.put(call.charges(100));
    const verdict = await answer(world, isolate.admit([money(100, 1, 1, { window: first })]));
    expect(verdict).toMatchObject({ ok: false, refusal: { resetAt: first.end, retryAfter: 10, spent: 100 } });
    await world.run(10_000);
    const next = admitted(await answer(world, isolate.admit([money(100, 100, 100, { window: second })])));
    expect(next.standings[0]).toMatchObject({ remaining: 0, spent: 0, resetAt: second.end });
  });

  it("starts at 0 in a window that a key with spend is given, and at its spend without one (C1 #15)", async () => {
    const world = new World(25);
    const isolate = new Isolate(world);
    const outbox = new Outbox(world);
    const call = admitted(await answer(world, isolate.admit([], [KEY])));
    call.settle({ tokens: 0, cost: 50 });
    outbox.put(call.charges(50));
    await world.run(2000);
    const window = { start: world.now - 5000, end: world.now + 5000 };
    expect((await answer(world, isolate.admit([money(40, 40, 40, { window })]))).ok).toBe(true);
    expect(await answer(world, isolate.admit([money(40, 1)]))).toMatchObject({ ok: false, refusal: { spent: 50 } });
  });

  it("without a limit is counted", async () => {
    const world = new World(26);
    const isolate = new Isolate(world);
    const window = { start: world.now, end: world.now + 1e6 };
    const shown = money(Number.POSITIVE_INFINITY, 5, 500, { window, id: "budget:1d" });
    const call = admitted(await answer(world, isolate.admit([shown], ["team:1"])));
    expect(call.standings[0]!.remaining).toBe(Number.POSITIVE_INFINITY);
    expect(call.reserved).toBeUndefined();
    expect(call.charges(7)).toEqual([
      {
        scope: KEY,
        holder: isolate.name,
        amount: 7,
        meters: [{ id: "budget:1d", windowStart: window.start, leased: false }],
      },
      { scope: "team:1", holder: isolate.name, amount: 7, meters: [] },
    ]);
    expect(world.exchanges).toBe(0);
  });

  it("takes all demands or none", async () => {
    const world = new World(27);
    const isolate = new Isolate(world);
    const both = [money(1000, 100), money(50, 60, 60, { scope: "team:1" })];
    expect((await answer(world, isolate.admit(both))).ok).toBe(false);
    const refused = await answer(
      world,
      isolate.admit([money(1000, 100), slot(1), money(70, 60, 60, { scope: "team:1" })]),
    );
    expect(refused.ok).toBe(true);
    const third = [money(1000, 100), money(70, 60, 60, { scope: "team:1" })];
    expect(await answer(world, isolate.admit(third))).toMatchObject({ ok: false, refusal: { scope: "team:1" } });
    await world.run(3000);
    expect(left(world, 1000)).toBe(900);
  });

  it("tells of a new version of the record", async () => {
    const world = new World(28);
    const isolate = new Isolate(world);
    admitted(await answer(world, isolate.admit([money(1000, 1)]))).settle(NOTHING);
    world.scope(KEY, (scope) => scope.setVersion(7));
    world.scope(KEY, (scope) => scope.setVersion(6));
    await world.run(2000);
    admitted(await answer(world, isolate.admit([money(1000, 1)])));
    expect(isolate.versions).toEqual([
      [KEY, 0],
      [KEY, 7],
    ]);
  });
});

describe("an object out of reach", () => {
  it("closes budgets and opens the rest, after what is leased is spent", async () => {
    const world = new World(31);
    const isolate = new Isolate(world);
    const limited = [rate("requests", 100), slot(10)];
    world.isCut = true;
    const before = world.now;
    expect(await answer(world, isolate.admit([money(1000, 10), ...limited]))).toMatchObject({
      ok: false,
      unavailable: true,
    });
    expect(world.now - before).toBeLessThanOrEqual(2010);
    const call = admitted(await answer(world, isolate.admit(limited)));
    expect(world.now - before).toBeLessThanOrEqual(2010); // the second call waits for nothing
    world.isCut = false;
    await world.run(12_000);
    const [requests, slots] = world.scope(KEY, (scope, now) =>
      scope.standing(
        limited.map(({ meter }) => meter),
        now,
      ),
    );
    expect([requests!.remaining, slots!.remaining]).toEqual([99, 9]); // told when it could be
    call.settle(NOTHING);
    await world.run(70_000);
    expect(world.scope(KEY, (scope, now) => scope.standing([slot(10).meter], now))[0]!.remaining).toBe(10);
  });

  it("spends what is leased, as long as the lease is good", async () => {
    const world = new World(33);
    const isolate = new Isolate(world, { whenUnreachable: { rate: "closed", parallel: "closed" } });
    const demands = [rate("requests", 10_000), slot(1000), money(1e9, 1000)];
    for (let i = 0; i < 60; i++) {
      admitted(await answer(world, isolate.admit(demands))).settle(NOTHING);
      await world.run(20);
    }
    world.isCut = true;
    const calls = [];
    for (let i = 0; i < 5; i++) calls.push(admitted(await answer(world, isolate.admit(demands))));
    await world.run(2500); // a rate's is over, the others' are not
    expect(await answer(world, isolate.admit(demands))).toMatchObject({
      unavailable: true,
      refusal: { meter: { kind: "rate" } },
    });
    await world.run(20_000);
    expect(await answer(world, isolate.admit([slot(1000)]))).toMatchObject({ unavailable: true });
    expect(await answer(world, isolate.admit([money(1e9, 1)]))).toMatchObject({ unavailable: true });
  });

  it("does as it is told to", async () => {
    const world = new World(32);
    const isolate = new Isolate(world, { whenUnreachable: { budget: "open", rate: "closed" } });
    world.isCut = true;
    const call = admitted(await answer(world, isolate.admit([money(1000, 10)])));
    expect(call.charges(5)[0]!.meters[0]!.leased).toBe(false);
    expect(await answer(world, isolate.admit([rate("requests", 5)]))).toMatchObject({ unavailable: true });
  });
});

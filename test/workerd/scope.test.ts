import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Charge, Demand, MeterSpec, ScopeId } from "../../src/limits/demand.ts";
import { LeasingLimiter } from "../../src/limits/leasing.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { objectLimiter, type ScopeObject, scopeObjects } from "../../src/objects/scope.ts";

const { SCOPES } = env as unknown as Bindings; // as vitest.config.ts binds it
const scopes = scopeObjects(SCOPES);
const WEEK = { start: Date.now() - 1000, end: Date.now() + 604_800_000 };

let count = 0;
let key: ScopeId;
let object: DurableObjectStub<ScopeObject>;
beforeEach(() => {
  key = `key:${++count}`;
  object = SCOPES.getByName(key);
});
afterEach(reset);

const isolates = (number: number) => Array.from({ length: number }, () => new LeasingLimiter({ service: scopes }));

function demand(meter: MeterSpec, least: number): Demand {
  return { scope: key, meter, least, most: least };
}

const requests = (limit: number) => demand({ kind: "rate", id: "requests", limit }, 1);
const slot = (limit: number) => demand({ kind: "parallel", id: "parallel", limit }, 1);
const money = (limit: number, least: number) => demand({ kind: "budget", id: "budget", limit }, least);

function charge(amount: number): Charge {
  const meters = [{ id: "budget:7d", windowStart: WEEK.start, leased: true }];
  return { scope: key, holder: "a", meters, amount };
}

const counted = async () => {
  const { total, meters } = await scopes.spend(key, [{ meter: "budget:7d", windowStart: WEEK.start }]);
  return [total, meters["budget:7d"]];
};

it("lets exactly as many in as fit, of 200 calls at once in 4 isolates, and has all back after", async () => {
  const limiters = isolates(4);
  const demands = [requests(150), slot(1000), money(100_000, 900)];
  const verdicts = await Promise.all(Array.from({ length: 200 }, (_, i) => limiters[i % 4]!.admit(`${i}`, demands)));
  const admitted = verdicts.filter((verdict) => verdict.ok);
  expect(admitted).toHaveLength(111); // of 100,000, 900 each
  for (const { admission } of admitted) admission.settle({ tokens: 0, cost: 0 });
  await expect
    .poll(
      async () =>
        (
          await scopes.standing(
            key,
            demands.map(({ meter }) => meter),
          )
        ).map(({ remaining }) => remaining),
      {
        timeout: 8000,
        interval: 500,
      },
    )
    .toEqual([39, 1000, 100_000]);
});

it("has one counter for all isolates, also through evictions (C2 #19, #20)", async () => {
  const limiters = isolates(3);
  const remaining: number[] = [];
  for (let i = 0; i < 24; i++) {
    const verdict = await limiters[i % 3]!.admit(`${i}`, [requests(24)]);
    if (!verdict.ok) throw new Error(`${i} was refused`);
    verdict.admission.settle({ tokens: 0, cost: 0 });
    remaining.push(verdict.admission.standings[0]!.remaining);
    if (i % 5 === 4) await evictDurableObject(object);
  }
  expect(remaining.at(-1)).toBe(0);
  expect(await limiters[0]!.admit("25", [requests(24)])).toMatchObject({ ok: false, refusal: { remaining: 0 } });
}, 60_000);

it("keeps reservations through an eviction", async () => {
  const [one, other] = isolates(2);
  const verdict = await one!.admit("1", [money(1000, 700), slot(1)]);
  await evictDurableObject(object);
  expect(await other!.admit("2", [money(1000, 700)])).toMatchObject({ ok: false, refusal: { remaining: 300 } });
  expect(await other!.admit("3", [slot(1)])).toMatchObject({ ok: false });
  if (verdict.ok) verdict.admission.settle({ tokens: 0, cost: 100 });
  await expect.poll(async () => (await other!.admit("4", [money(1000, 700), slot(1)])).ok).toBe(true);
});

it("counts charges once, whatever comes twice, at once or after an eviction", async () => {
  const twice = [charge(10), charge(5)];
  const answers = await Promise.all([1, 2, 3].map(() => scopes.apply(key, "ledger", 1, twice)));
  expect(answers.filter((isNew) => isNew)).toHaveLength(1);
  await evictDurableObject(object);
  expect(await scopes.apply(key, "ledger", 1, twice)).toBe(false);
  expect(await scopes.apply(key, "ledger", 2, [charge(1)])).toBe(true);
  expect(await counted()).toEqual([16, 16]);
});

it("is set and deleted by an admin", async () => {
  await scopes.apply(key, "ledger", 1, [charge(70)]);
  await scopes.reset(key, { meter: "budget:7d", windowStart: WEEK.start }, 20);
  expect(await counted()).toEqual([20, 20]);
  await scopes.forget(key);
  expect(await counted()).toEqual([0, 0]);
  expect(await runInDurableObject(object, (_, { storage }) => [...storage.kv.list()])).toEqual([]);
});

it("tells isolates of a new version of its record", async () => {
  const versions: number[] = [];
  const limiter = objectLimiter(SCOPES, { onVersion: (_, version) => versions.push(version) });
  await scopes.setVersion(key, 3);
  expect((await limiter.admit("1", [requests(10)])).ok).toBe(true);
  expect(versions).toEqual([3]);
});

it("takes a budget without a limit, and shows no more than is known", async () => {
  const limiter = objectLimiter(SCOPES);
  const verdict = await limiter.admit("1", [money(Number.POSITIVE_INFINITY, 5), requests(3)]);
  expect(verdict).toMatchObject({
    ok: true,
    admission: { standings: [{ remaining: Number.POSITIVE_INFINITY }, { remaining: 2 }] },
  });
});

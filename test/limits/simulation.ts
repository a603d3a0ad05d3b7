/** One scenario: what calls do, what goes wrong, and what was seen to be broken. */
import type { Admission, Charge, Demand, Refusal, ScopeId } from "../../src/limits/demand.ts";
import { KEY, money, rate, slot } from "./demands.ts";
import { Isolate, Outbox, type Trouble, World } from "./world.ts";

const TEAM: ScopeId = "team:1";
const CLOSED = { budget: "closed", rate: "closed", parallel: "closed" } as const;

export interface Scenario {
  seed: number;
  trouble: Partial<Trouble>;
  /** Isolates crash. */
  crashes?: boolean;
  /** All that is asked for fits into 95 % of each limit. */
  isRoomy?: boolean;
  calls: number;
}

export interface Outcome {
  admitted: number;
  refused: number;
  unavailable: number;
  /** Refused by a meter that had room for it for 3 seconds. */
  falselyRefused: number;
  /** The most that was used or reserved of a limit at a time, as a part of it. */
  fullest: { requests: number; tokens: number; slots: number; money: number };
  exchanges: number;
  broken: string[];
}

interface Call {
  isolate: Isolate;
  at: number;
  admission: Admission;
  tokens: number;
  /** By scope. */
  money: Map<ScopeId, number>;
  reserved: { tokens: number; money: number };
  endedAt: number;
  crashedAt: number;
  isOver: boolean;
  hasSlot: boolean;
}

interface Limits {
  requests: number;
  tokens: number;
  slots: number;
  money: Record<ScopeId, number>;
}

/** Nano-dollars and tokens a call may use at most. */
const MOST_MONEY = 1000;
const MOST_TOKENS = 500;

export async function simulate({ seed, trouble, crashes, isRoomy, calls: count }: Scenario): Promise<Outcome> {
  const world = new World(seed, trouble);
  const outbox = new Outbox(world);
  const limits = limitsOf(world, count, isRoomy === true);
  const calls: Call[] = [];
  const charged = new Map<ScopeId, number>();
  const broken: string[] = [];
  const outcome: Outcome = {
    admitted: 0,
    refused: 0,
    unavailable: 0,
    falselyRefused: 0,
    fullest: { requests: 0, tokens: 0, slots: 0, money: 0 },
    exchanges: 0,
    broken,
  };
  const isolates = Array.from({ length: world.between(1, 5) }, () => new Isolate(world, { whenUnreachable: CLOSED }));

  const put = (charges: readonly Charge[]) => {
    for (const { scope, amount } of charges) charged.set(scope, (charged.get(scope) ?? 0) + amount);
    outbox.put(charges);
  };

  const check = () => {
    const recent = calls.filter(({ at }) => world.now - at < 60_000);
    const tokens = recent.reduce((sum, call) => sum + call.tokens, 0);
    const slots = calls.filter(({ isOver, hasSlot, isolate }) => hasSlot && !isOver && !isolate.hasCrashed).length;
    const { fullest } = outcome;
    fullest.requests = Math.max(fullest.requests, recent.length / limits.requests);
    fullest.tokens = Math.max(fullest.tokens, tokens / limits.tokens);
    fullest.slots = Math.max(fullest.slots, slots / limits.slots);
    for (const scope of [KEY, TEAM]) {
      const held = calls.reduce((sum, call) => sum + (call.money.get(scope) ?? 0), 0);
      fullest.money = Math.max(fullest.money, held / (limits.money[scope] ?? 0));
    }
    for (const [name, part] of Object.entries(fullest)) if (part > 1) broken.push(`${name} at ${part} of the limit`);
  };

  const one = async (isolate: Isolate) => {
    const least = world.between(1, MOST_MONEY);
    const mostMoney = world.chance(0.2) ? MOST_MONEY * 5 : least;
    const tokens = world.between(1, MOST_TOKENS);
    const demands: Demand[] = [
      rate("requests", limits.requests),
      rate("tokens", limits.tokens, tokens),
      slot(limits.slots),
      money(limits.money[KEY] ?? 0, least, mostMoney),
      money(limits.money[TEAM] ?? 0, least, mostMoney, { scope: TEAM }),
    ];
    const verdict = await isolate.admit(demands, ["user:1"]);
    if (!verdict.ok) {
      if (verdict.unavailable) outcome.unavailable += 1;
      else outcome.refused += 1;
      if (!verdict.unavailable && hadRoom(calls, verdict.refusal, world.now)) outcome.falselyRefused += 1;
      return;
    }
    const { admission } = verdict;
    const charges = admission.charges(admission.reserved ?? 0);
    const reserved = admission.reserved ?? 0;
    const call: Call = {
      isolate,
      at: world.now,
      admission,
      tokens,
      money: new Map([
        [KEY, reserved],
        [TEAM, reserved],
      ]),
      reserved: { tokens, money: reserved },
      endedAt: Number.POSITIVE_INFINITY,
      crashedAt: Number.POSITIVE_INFINITY,
      isOver: false,
      hasSlot: true,
    };
    calls.push(call);
    outcome.admitted += 1;
    check();
    await world.sleep(world.chance(0.1) ? world.between(10_000, 90_000) : world.between(5, 3000));
    if (isolate.hasCrashed) {
      await world.sleep(90_000); // the ledger finds out, and charges what was reserved
      put(charges);
      return;
    }
    const cost = world.between(0, reserved);
    call.isOver = true;
    call.endedAt = world.now;
    call.tokens = world.between(0, tokens);
    for (const scope of call.money.keys()) call.money.set(scope, cost);
    admission.settle({ tokens: call.tokens, cost });
    if (world.chance(0.1)) admission.settle({ tokens: 1e6, cost: 1e6 });
    put(admission.charges(cost));
  };

  for (let i = 0; i < count; i++) {
    const isolate = isolates[world.between(0, isolates.length - 1)];
    if (isolate === undefined) continue;
    void one(isolate);
    if (world.chance(0.7)) await world.run(world.between(0, world.chance(0.1) ? 8000 : 300));
    if (world.chance(0.05)) isolate.jump();
    if (crashes && world.chance(0.04)) {
      isolate.crash();
      for (const call of calls) if (call.isolate === isolate) call.crashedAt = world.now;
      isolates[isolates.indexOf(isolate)] = new Isolate(world, { whenUnreachable: CLOSED });
    }
  }
  await world.run(100_000); // calls are over
  const meters = [
    slot(limits.slots).meter,
    rate("requests", limits.requests).meter,
    rate("tokens", limits.tokens).meter,
  ];
  await world.run(crashes ? 17 * 60_000 : 70_000);
  outcome.exchanges = world.exchanges;
  if (!outbox.isEmpty) broken.push("charges were not delivered");
  for (const { meter, remaining } of world.scope(KEY, (scope, now) => scope.standing(meters, now)))
    if (remaining !== meter.limit) broken.push(`at rest ${meter.limit - remaining} of ${meter.id} are held`);
  for (const scope of [KEY, TEAM, "user:1"]) {
    const { total, leased } = world.scope(scope, (state, now) =>
      state.spend([{ meter: "budget", windowStart: 0 }], now),
    );
    if (total !== (charged.get(scope) ?? 0)) broken.push(`${scope}: ${total} counted, ${charged.get(scope)} charged`);
    if (leased["budget"] !== 0) broken.push(`${scope}: at rest ${leased["budget"]} are leased`);
  }
  if (isRoomy && outcome.refused > 0) broken.push(`${outcome.refused} refused though all fits`);
  return outcome;
}

/** Whether the meter had room for what it refused in all of the last 3 seconds, as one sees it who sees all. */
function hadRoom(calls: readonly Call[], { scope, meter, demanded }: Refusal, now: number): boolean {
  const isRecent = (time: number) => time > now - 3000 && time <= now;
  const moments = [now - 3000, now, ...calls.flatMap(({ at, endedAt }) => [at, endedAt]).filter(isRecent)];
  return moments.every((moment) => {
    let used = 0;
    for (const call of calls) {
      if (call.at > moment) continue;
      const isOver = call.endedAt <= moment;
      if (meter.kind === "budget") used += isOver ? (call.money.get(scope) ?? 0) : call.reserved.money;
      else if (meter.kind === "parallel") used += isOver || call.crashedAt + 33_000 < moment ? 0 : 1;
      else if (moment - call.at < 64_000)
        used += meter.id === "requests" ? 1 : isOver ? call.tokens : call.reserved.tokens;
    }
    return used + demanded <= meter.limit;
  });
}

/**
 * Minutes of calls against a rate limit only, with the network cut off now and then for as long as it likes.
 * @returns how many were let in, and the most in any 60 seconds as parts of the limits
 */
export async function simulateRate(seed: number, trouble: Partial<Trouble>) {
  const world = new World(seed, trouble);
  const limits = { requests: world.between(5, 30), tokens: world.between(2000, 8000) };
  const isolates = Array.from({ length: 3 }, () => new Isolate(world, { whenUnreachable: CLOSED }));
  const calls: { at: number; tokens: number }[] = [];
  const fullest = { requests: 0, tokens: 0 };
  const one = async (isolate: Isolate) => {
    const tokens = world.between(1, MOST_TOKENS);
    const verdict = await isolate.admit([rate("requests", limits.requests), rate("tokens", limits.tokens, tokens)]);
    if (!verdict.ok) return;
    const call = { at: world.now, tokens };
    calls.push(call);
    const recent = calls.filter(({ at }) => world.now - at < 60_000);
    const used = recent.reduce((sum, { tokens: of }) => sum + of, 0);
    fullest.requests = Math.max(fullest.requests, recent.length / limits.requests);
    fullest.tokens = Math.max(fullest.tokens, used / limits.tokens);
    await world.sleep(world.between(5, world.chance(0.2) ? 90_000 : 3000));
    call.tokens = world.between(0, tokens);
    verdict.admission.settle({ tokens: call.tokens, cost: 0 });
  };
  for (let i = 0; i < 400; i++) {
    void one(isolates[world.between(0, 2)] ?? new Isolate(world));
    await world.run(world.chance(0.3) ? 0 : world.between(0, 1500));
    if (world.chance(0.05)) isolates[world.between(0, 2)]?.jump();
    if (world.chance(0.02)) {
      world.isCut = true;
      world.after(world.between(500, world.chance(0.3) ? 90_000 : 5000), () => {
        world.isCut = false;
      });
    }
  }
  return { admitted: calls.length, ...fullest };
}

function limitsOf(world: World, count: number, isRoomy: boolean): Limits {
  const part = () => (isRoomy ? 1 / 0.95 : 0.1 + world.random());
  // Without a bound a call gets an eighth at most, so 5 times its least is what all of them may hold.
  const most = count * MOST_MONEY * (isRoomy ? 5 : 0.3);
  return {
    requests: Math.ceil(count * part()),
    tokens: Math.max(MOST_TOKENS, Math.ceil(count * MOST_TOKENS * part() * (isRoomy ? 1 : 0.6))),
    slots: Math.ceil(count * part() * (isRoomy ? 1 : 0.4)),
    money: { [KEY]: Math.ceil(most * part()) + MOST_MONEY, [TEAM]: Math.ceil(most * part()) + MOST_MONEY },
  };
}

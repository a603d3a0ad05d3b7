/** Lets calls in by leases: chunks of the scopes' limits that this isolate holds and spends without asking. */
import { Admitted, type Reserved } from "./admission.ts";
import type { BudgetMeter, Demand, Limiter, MeterSpec, Refusal, ScopeId, Standing, Verdict } from "./demand.ts";
import { CLOCK_SLACK, type MeterReply, type ScopeService } from "./exchange.ts";
import { Holding } from "./holding.ts";
import { attend, type KeepUpPorts } from "./keep-up.ts";
import type { Lease } from "./lease.ts";
import { RATE_PERIOD } from "./lease-row.ts";
import { share } from "./share.ts";

/** What becomes of calls when a scope's object cannot be asked and the leases are spent. */
export type WhenUnreachable = Record<MeterSpec["kind"], "open" | "closed">;

export interface LimiterOptions {
  service: ScopeService;
  /** Keeps the request that is being served alive until the promise is done. */
  waitUntil?(promise: Promise<unknown>): void;
  /** The scope's record has another version than when this was told last: what is remembered of it is old. */
  onVersion?(scope: ScopeId, version: number): void;
  /** Told once for each time a scope's object cannot be reached. */
  onFailure?(scope: ScopeId, error: unknown): void;
  whenUnreachable?: Partial<WhenUnreachable>;
  /** Name of the isolate; no other has it. */
  isolate?: string;
  /** Milliseconds since the epoch. */
  now?(): number;
  /** @param signal aborted when it is of no interest any more */
  sleep?(milliseconds: number, signal?: AbortSignal): Promise<void>;
  random?(): number;
}

/** Milliseconds after which an object is taken to be out of reach. */
const PATIENCE = 2000;
/** Milliseconds a call waits for what others hold without need: they give it back after a second. */
const WAIT_FOR_IDLE = 1500;
/** The shortest pause between two looks. */
const PAUSE = 500;
/** How often a call asks anew because others took what was given. */
const MOST_ROUNDS = 20;
const MOST_HOLDINGS = 1000;

/** What a call needs of one lease. */
interface Part {
  holding: Holding;
  lease: Lease;
  scope: ScopeId;
  meter: MeterSpec;
  least: number;
  most: number;
}

type Outcome =
  | { ok: true; amounts: ReadonlyMap<Part, number>; unleased: ReadonlySet<Part> }
  | { ok: false; refusal: Refusal; unavailable?: boolean };

export class LeasingLimiter implements Limiter {
  readonly #ports: Required<Omit<LimiterOptions, "whenUnreachable">> & { whenUnreachable: WhenUnreachable };
  readonly #holdings = new Map<ScopeId, Holding>();
  readonly #keepUp: KeepUpPorts;
  #names = 0;

  constructor(options: LimiterOptions) {
    this.#ports = {
      waitUntil: () => {},
      onVersion: () => {},
      onFailure: () => {},
      isolate: crypto.randomUUID(),
      now: Date.now,
      sleep,
      random: Math.random,
      ...options,
      whenUnreachable: { budget: "closed", rate: "open", parallel: "open", ...options.whenUnreachable },
    };
    this.#keepUp = {
      now: this.#ports.now,
      sleep: this.#ports.sleep,
      exchange: (holding) => this.#exchange(holding),
      retire: (holding) => {
        if (this.#holdings.get(holding.scope) === holding) this.#holdings.delete(holding.scope);
      },
    };
  }

  async admit(_call: string, demands: readonly Demand[], counted: readonly ScopeId[] = []): Promise<Verdict> {
    const { now, isolate } = this.#ports;
    const impossible = demands.find(({ least, meter }) => least > meter.limit);
    if (impossible !== undefined) return { ok: false, refusal: this.#neverMet(impossible) };
    const parts = this.#parts(demands.filter(({ meter }) => meter.limit !== Number.POSITIVE_INFINITY));
    const outcome = await this.#acquire(parts);
    if (!outcome.ok) {
      this.#attend(new Admitted({ ...NOTHING_RESERVED, reserved: idleIn(parts, now()), isolate, now }), true);
      return outcome;
    }
    const admission = new Admitted({
      standings: demands.map((demand) => this.#standing(demand, now())),
      reserved: parts.map((part) => reservedFor(part, outcome, now())),
      unlimited: demands.flatMap(({ scope, meter }) => (isUnlimited(meter) ? [{ scope, meter }] : [])),
      counted,
      isolate,
      now,
      raise: (admitted, total) => this.#raise(admitted, total),
    });
    this.#attend(admission, false);
    return { ok: true, admission };
  }

  async #raise(admitted: Admitted, total: number) {
    if (admitted.endedAt !== undefined) return { ok: true as const };
    const raised = admitted.budgets.filter(({ units, holder }) => units < total && holder !== undefined);
    const parts = raised.map(({ holding, lease, meter, units }) => {
      const lacking = total - units;
      return { holding, lease, scope: holding.scope, meter, least: lacking, most: lacking };
    });
    const outcome = await this.#acquire(parts);
    if (!outcome.ok) return outcome;
    for (const [index, part] of parts.entries()) {
      const reserved = raised[index];
      const amount = outcome.amounts.get(part) ?? 0;
      // It may have been settled meanwhile: then this is in hand again.
      if (outcome.unleased.has(part)) continue;
      if (admitted.endedAt === undefined && reserved !== undefined) reserved.units += amount;
      else part.lease.release(amount);
    }
    return { ok: true as const };
  }

  /** Takes what all parts need, at once, or nothing. What is lacking is asked for before, of all scopes at a time. */
  async #acquire(parts: readonly Part[]): Promise<Outcome> {
    const { now, random, sleep, whenUnreachable } = this.#ports;
    const key = {};
    const waitUntil = now() + WAIT_FOR_IDLE;
    const given = new Map<Part, number>();
    const unleased = new Set<Part>();
    for (let round = 0; ; round++) {
      const lacking = parts.filter((part) => !unleased.has(part) && this.#coverOf(part, given.get(part)) === undefined);
      if (lacking.length === 0) return this.#take(parts, given, unleased);
      const holdings = [...new Set(lacking.map(({ holding }) => holding))];
      const asking = parts.filter((part) => holdings.includes(part.holding) && !unleased.has(part));
      for (const { lease, least } of asking) lease.ask(key, least, now());
      const answers = await Promise.all(
        holdings.map(async (holding) => {
          const wants = asking.filter((part) => part.holding === holding);
          return [holding, await this.#exchange(holding, { key, wants })] as const;
        }),
      );
      for (const { lease } of asking) lease.answered(key);
      const replies = new Map(answers);
      let mayComeBack = false;
      for (const part of asking) {
        const replied = replies.get(part.holding);
        const reply = replied?.get(part.lease);
        given.set(part, reply?.amount || part.least); // without a word: what is in hand may be enough all the same
        if (this.#coverOf(part, given.get(part)) !== undefined) continue;
        if (replied === undefined) {
          if (whenUnreachable[part.meter.kind] === "closed") return this.#outOfReach(part);
          unleased.add(part);
        } else if (reply?.amount === 0 || round >= MOST_ROUNDS) {
          if (!reply?.isIdleElsewhere || now() >= waitUntil) return { ok: false, refusal: this.#refusal(part, reply) };
          mayComeBack = true;
        }
      }
      if (!mayComeBack) continue;
      // Who waits holds nothing that is scarce: another may wait for just that.
      const left = new Set(parts.map(({ holding }) => holding).filter(({ hasNews, isScarce }) => hasNews && isScarce));
      await Promise.all([...left].map((holding) => this.#exchange(holding)));
      await sleep(PAUSE * (1 + random() / 2));
    }
  }

  /** How much of a part can be taken at once, where it is enough. */
  #coverOf({ lease, least, most }: Part, given: number | undefined): number | undefined {
    const now = this.#ports.now();
    if (given === undefined) {
      const amount = share({ least, most }, lease.remaining(now));
      return lease.unclaimed(now) >= Math.max(amount, least) ? amount : undefined;
    }
    const amount = Math.min(given, lease.inHand(now));
    return amount >= least ? amount : undefined;
  }

  #take(parts: readonly Part[], given: ReadonlyMap<Part, number>, unleased: ReadonlySet<Part>): Outcome {
    const now = this.#ports.now();
    const amounts = new Map<Part, number>();
    for (const part of parts) {
      const amount = unleased.has(part) ? part.least : (this.#coverOf(part, given.get(part)) ?? part.least);
      amounts.set(part, amount);
      part.holding.usedAt = now;
      // Requests, tokens and slots without a lease are counted as soon as the object can be told. Money the ledger tells.
      if (part.meter.kind !== "budget" || !unleased.has(part)) part.lease.take(amount, now);
    }
    return { ok: true, amounts, unleased };
  }

  /** @returns what the scope's state says of the leases, or `undefined` where it is out of reach */
  async #exchange(
    holding: Holding,
    call?: { key: object; wants: readonly Part[] },
  ): Promise<Map<Lease, MeterReply> | undefined> {
    const { service, now, random, onFailure, onVersion } = this.#ports;
    if (holding.isPaused(now())) return undefined;
    const asked = holding.ask(now(), call);
    try {
      const reply = await this.#inTime(service.exchange(holding.scope, asked.request));
      const heard = holding.adopt(asked, reply);
      if (reply.isKnown && reply.version !== holding.version) {
        holding.version = reply.version;
        onVersion(holding.scope, reply.version);
      }
      return heard;
    } catch (error) {
      if (holding.failed(now(), random())) onFailure(holding.scope, error);
      return undefined;
    }
  }

  async #inTime<T>(reply: Promise<T>): Promise<T> {
    const answered = new AbortController();
    const late = this.#ports.sleep(PATIENCE, answered.signal).then(() => {
      throw new Error(`no reply within ${PATIENCE} ms`);
    });
    try {
      return await Promise.race([reply, late]);
    } finally {
      late.catch(() => {}); // when it is over, nobody asks
      answered.abort();
    }
  }

  #attend(call: Admitted, isOver: boolean): void {
    if (call.holdings.size === 0) return;
    if (isOver) call.settle({ tokens: 0, cost: 0 });
    const done = attend(call, this.#keepUp);
    try {
      this.#ports.waitUntil(done);
    } catch {
      // No request is being served that could be kept alive; it goes on all the same.
    }
  }

  /** A part for each lease: two demands of one meter are one. */
  #parts(demands: readonly Demand[]): Part[] {
    const parts = new Map<Lease, Part>();
    for (const { scope, meter, most, ...demand } of demands) {
      const least = Math.max(0, demand.least, Math.min(1, most)); // nothing at all is no answer to who wants something
      const holding = this.#holding(scope);
      const lease = holding.lease(meter);
      const before = parts.get(lease) ?? { least: 0, most: 0 };
      parts.set(lease, { holding, lease, scope, meter, least: before.least + least, most: before.most + most });
    }
    return [...parts.values()];
  }

  #holding(scope: ScopeId): Holding {
    const now = this.#ports.now();
    const known = this.#holdings.get(scope);
    if (known !== undefined && !known.isOver(now)) return known;
    if (this.#holdings.size >= MOST_HOLDINGS)
      for (const [old, holding] of this.#holdings) if (holding.isOver(now)) this.#holdings.delete(old);
    this.#names += 1;
    const generation = this.#names;
    let restarts = 0;
    const holding = new Holding(scope, () => `${this.#ports.isolate}.${generation}.${restarts++}`, now);
    this.#holdings.set(scope, holding);
    return holding;
  }

  #standing({ scope, meter }: Demand, now: number): Standing {
    if (meter.limit === Number.POSITIVE_INFINITY) return { scope, meter, remaining: meter.limit };
    const lease = this.#holding(scope).lease(meter);
    const remaining = lease.remaining(now);
    if (meter.kind === "rate") return { scope, meter, remaining, resetAt: now + RATE_PERIOD + CLOCK_SLACK };
    if (meter.kind === "parallel") return { scope, meter, remaining };
    return { scope, meter, remaining, ...(meter.window && { resetAt: meter.window.end }), spent: lease.spent };
  }

  #refusal(part: Part, reply: MeterReply | undefined): Refusal {
    const { scope, meter, lease, least: demanded } = part;
    const now = this.#ports.now();
    const refusal = { scope, meter, remaining: lease.remaining(now), demanded };
    if (meter.kind === "parallel") return { ...refusal, retryAfter: 1 };
    if (meter.kind === "budget") {
      const { window } = meter;
      const end = window && { resetAt: window.end, retryAfter: secondsUntil(window.end, now) };
      return { ...refusal, spent: lease.spent, ...end };
    }
    const resetAt = Math.ceil(now + (reply?.freeIn ?? RATE_PERIOD));
    return { ...refusal, resetAt, retryAfter: secondsUntil(resetAt, now) };
  }

  #neverMet({ scope, meter, least }: Demand): Refusal {
    const lease = this.#holdings.get(scope)?.lease(meter);
    // Nobody was asked: what others have reserved is not known.
    const spent = lease?.spent ?? 0;
    if (meter.kind === "budget") return { scope, meter, remaining: meter.limit - spent, demanded: least, spent };
    return { scope, meter, remaining: lease?.remaining(this.#ports.now()) ?? meter.limit, demanded: least };
  }

  #outOfReach({ scope, meter, lease, least }: Part): Outcome {
    const remaining = lease.remaining(this.#ports.now());
    const refusal = { scope, meter, remaining, demanded: least, retryAfter: Math.ceil(PATIENCE / 1000) };
    return { ok: false, unavailable: true, refusal };
  }
}

const NOTHING_RESERVED = {
  standings: [],
  unlimited: [],
  counted: [],
  raise: async () => ({ ok: true as const }),
};

/** For a call that was refused: nothing, but what was leased for it is to be handed back. */
function idleIn(parts: readonly Part[], at: number): Reserved[] {
  return parts.map(({ holding, lease, meter }) => ({ holding, lease, meter, units: 0, holder: undefined, at }));
}

function reservedFor(part: Part, { amounts, unleased }: Outcome & { ok: true }, at: number): Reserved {
  const { holding, lease, meter } = part;
  const isFree = meter.kind === "budget" && unleased.has(part);
  return { holding, lease, meter, units: amounts.get(part) ?? 0, holder: isFree ? undefined : holding.holder, at };
}

function isUnlimited(meter: MeterSpec): meter is BudgetMeter {
  return meter.kind === "budget" && meter.limit === Number.POSITIVE_INFINITY;
}

function secondsUntil(instant: number, now: number): number {
  return Math.max(1, Math.ceil((instant - now) / 1000));
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

/** All that an isolate holds of one scope. Plain data: requests share it, and none waits for another's promise. */
import type { MeterSpec, ScopeId } from "./demand.ts";
import type { ExchangeReply, ExchangeRequest, MeterReply } from "./exchange.ts";
import { IDLE_AFTER, Lease } from "./lease.ts";
import { leaseKey } from "./scope.ts";

/** What a call needs of a lease. */
export interface Want {
  lease: Lease;
  least: number;
  most: number;
}

/** An exchange that is under way. */
export interface Asked {
  request: ExchangeRequest;
  leases: readonly Lease[];
  at: number;
}

/** What a call has taken, in one scope or several; `aliveAt` is renewed while its request lives. */
export interface Alive {
  aliveAt: number;
  /** Frees what may be used again without anybody's word: slots. */
  abandon(): void;
}

/** Milliseconds after which a call whose request was ended without settling is given up. */
const ABANDONED_AFTER = 30_000;
/** After so many milliseconds of silence the scope's state may have forgotten the holder. */
const FORGOTTEN_AFTER = 30_000;
/** Shortest and longest pause after failures. */
const SHORTEST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;

export class Holding {
  readonly scope: ScopeId;
  /** Calls under way. */
  readonly calls = new Set<Alive>();
  /** When the last exchange began, or this was made. */
  askedAt: number;
  /** When something was taken or settled last. */
  usedAt = 0;
  /** The version of the scope's record that was told last. */
  version: number | undefined;
  #holder: string;
  #sequence = 0;
  #newestReply = 0;
  #isNew = true;
  #leases = new Map<string, Lease>();
  /** What was said to be kept, in exchanges without a reply so far. */
  #kept: { sequence: number; lease: Lease; keep: number }[] = [];
  #failures = 0;
  #pausedUntil = 0;
  readonly #newName: () => string;

  constructor(scope: ScopeId, newName: () => string, now: number) {
    this.scope = scope;
    this.askedAt = now;
    this.#newName = newName;
    this.#holder = newName();
  }

  /** Who charges are made to. */
  get holder(): string {
    return this.#holder;
  }

  get hasNews(): boolean {
    for (const lease of this.#leases.values()) if (lease.hasNews) return true;
    return false;
  }

  get isInUse(): boolean {
    for (const lease of this.#leases.values()) if (lease.isInUse) return true;
    return false;
  }

  /** What is in hand others may be waiting for. */
  get isScarce(): boolean {
    for (const lease of this.#leases.values()) if (lease.hasNews && lease.isScarce) return true;
    return false;
  }

  isIdle(now: number): boolean {
    return now - this.usedAt >= IDLE_AFTER;
  }

  /** The object could not be reached a moment ago: not worth waiting for. */
  isPaused(now: number): boolean {
    return now < this.#pausedUntil;
  }

  /** Nothing here is worth keeping. */
  isOver(now: number): boolean {
    return this.calls.size === 0 && now - this.askedAt > FORGOTTEN_AFTER && !this.hasNews;
  }

  lease(meter: MeterSpec): Lease {
    const key = leaseKey(meter);
    const lease = this.#leases.get(key);
    if (lease !== undefined) {
      lease.meter = meter;
      return lease;
    }
    const made = new Lease(meter);
    this.#leases.set(key, made);
    return made;
  }

  /** Begins an exchange: for a call's wants, or to tell the news and give back what is not needed. */
  ask(now: number, call?: { key: object; wants: readonly Want[] }): Asked {
    const wants = new Map(call?.wants.map((want) => [want.lease, want]));
    for (const [key, lease] of this.#leases) if (lease.isOver(now) && !wants.has(lease)) this.#leases.delete(key);
    // It takes the place of those before that have not been answered: all that was in them is in it too.
    const leases = [...this.#leases.values()].filter((lease) => wants.has(lease) || lease.hasNews || lease.isInUse);
    this.#sequence += 1;
    const sequence = this.#sequence;
    const isIdle = this.isIdle(now);
    const meters = leases.map((lease) => {
      const want = wants.get(lease);
      if (call === undefined) return lease.request({ sequence, now, isIdle });
      return lease.request(
        { sequence, now, isIdle },
        { key: call.key, least: want?.least ?? 0, most: want?.most ?? 0 },
      );
    });
    for (const [index, { keep }] of meters.entries()) {
      const lease = leases[index];
      if (keep !== undefined && lease !== undefined) this.#kept.push({ sequence, lease, keep });
    }
    this.askedAt = now;
    const request = { holder: this.#holder, sequence, isNew: this.#isNew, meters };
    return { request, leases, at: now };
  }

  /** @returns what the state says of a lease, where it has dealt with this very exchange */
  adopt({ request, leases, at }: Asked, reply: ExchangeReply): Map<Lease, MeterReply> {
    this.#failures = 0;
    this.#pausedUntil = 0;
    if (request.holder !== this.#holder) return new Map(); // it has begun anew since
    if (!reply.isKnown) {
      this.#restart();
      return new Map();
    }
    this.#isNew = false;
    const heard = new Map<Lease, MeterReply>();
    if (reply.sequence !== request.sequence) return heard; // a newer one was there first
    const isNewest = reply.sequence > this.#newestReply;
    if (isNewest) {
      this.#newestReply = reply.sequence;
      this.#kept = this.#kept.filter(({ sequence }) => sequence > reply.sequence);
    }
    for (const [index, lease] of leases.entries()) {
      const told = reply.meters[index];
      const asked = request.meters[index];
      if (told === undefined || asked === undefined) continue;
      heard.set(lease, told);
      lease.heard(request.sequence, asked.seconds);
      if (!isNewest) continue;
      const keeps = this.#kept.filter((kept) => kept.lease === lease).map(({ keep }) => keep);
      const mostKept = Math.min(...keeps, Number.POSITIVE_INFINITY);
      lease.adopt(told, { askedAt: at, mostKept, limit: asked.meter.limit });
    }
    return heard;
  }

  /** @returns whether it is the first failure in a row */
  failed(now: number, random: number): boolean {
    this.#failures += 1;
    const pause = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** this.#failures);
    this.#pausedUntil = now + pause * (0.5 + random / 2);
    return this.#failures === 1;
  }

  /** Calls whose request was ended without a word. @returns whether there were any */
  giveUpAbandoned(now: number): boolean {
    let any = false;
    for (const call of this.calls)
      if (now - call.aliveAt > ABANDONED_AFTER) {
        call.abandon();
        any = true;
      }
    return any;
  }

  #restart(): void {
    this.#holder = this.#newName();
    this.#sequence = 0;
    this.#newestReply = 0;
    this.#isNew = true;
    this.#kept = [];
    for (const lease of this.#leases.values()) lease.restart();
  }
}

/** Isolates, a network and scopes' objects, all by one clock and one seed: what happens is the same each time. */
import type { Charge, Demand, ScopeId, Verdict } from "../../src/limits/demand.ts";
import type { ExchangeReply, ExchangeRequest } from "../../src/limits/exchange.ts";
import { LeasingLimiter, type LimiterOptions } from "../../src/limits/leasing.ts";
import { MemoryRows } from "../../src/limits/rows.ts";
import { Scope } from "../../src/limits/scope.ts";

/** Mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Trouble {
  /** Longest way to an object or back, in milliseconds. */
  delay: number;
  /** Parts of the messages that are lost on their way there, or back. */
  lostThere: number;
  lostBack: number;
  /** Part of the messages that come twice, some time later. */
  doubled: number;
  /** Part of the calls of an object before which it is evicted: only its storage is left. */
  restarts: number;
  /** Clocks of isolates and objects are off by so much, and jump. */
  clocks: number;
}

export const NO_TROUBLE: Trouble = { delay: 0, lostThere: 0, lostBack: 0, doubled: 0, restarts: 0, clocks: 0 };

const START = Date.UTC(2026, 4, 4, 12);

interface Event {
  at: number;
  order: number;
  run(): void;
}

export class World {
  readonly random: () => number;
  readonly trouble: Trouble;
  now = START;
  /** No message comes through. */
  isCut = false;
  exchanges = 0;
  readonly #events: Event[] = [];
  #order = 0;
  readonly #storages = new Map<ScopeId, MemoryRows>();
  readonly #scopes = new Map<ScopeId, Scope>();
  readonly #skews = new Map<ScopeId, number>();

  constructor(seed: number, trouble: Partial<Trouble> = {}) {
    this.random = seeded(seed);
    this.trouble = { ...NO_TROUBLE, ...trouble };
  }

  at(time: number, run: () => void): void {
    this.#order += 1;
    this.#events.push({ at: Math.max(time, this.now), order: this.#order, run });
    let child = this.#events.length - 1; // a heap
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(this.#events[child]!, this.#events[parent]!)) break;
      [this.#events[child], this.#events[parent]] = [this.#events[parent]!, this.#events[child]!];
      child = parent;
    }
  }

  after(milliseconds: number, run: () => void): void {
    this.at(this.now + milliseconds, run);
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  /** Lets so much time pass, and all happen that falls into it. */
  async run(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    await settled();
    for (let event = this.#events[0]; event !== undefined && event.at <= end; event = this.#events[0]) {
      this.#pop();
      this.now = event.at;
      event.run();
      await settled();
    }
    this.now = end;
  }

  chance(part: number): boolean {
    return part > 0 && this.random() < part;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  /** Asks a scope's object as its storage and its clock have it. */
  scope<T>(id: ScopeId, ask: (scope: Scope, now: number) => T): T {
    const storage = this.#storages.get(id) ?? new MemoryRows();
    this.#storages.set(id, storage);
    if (this.chance(this.trouble.restarts)) {
      this.#scopes.delete(id);
      this.#skews.set(id, this.skew());
    }
    const scope = this.#scopes.get(id) ?? new Scope(storage);
    this.#scopes.set(id, scope);
    return ask(scope, this.now + (this.#skews.get(id) ?? 0));
  }

  skew(): number {
    return Math.round((this.random() * 2 - 1) * this.trouble.clocks);
  }

  /** There and back again, with the trouble of the way. Asked may be twice; the answer comes once, late or never. */
  call<T>(ask: () => T): Promise<T> {
    return new Promise((resolve) => {
      const way = () => this.random() * this.trouble.delay;
      const arrive = (isFirst: boolean) => {
        if (this.isCut) return;
        const answer = structuredClone(ask());
        if (isFirst && !this.chance(this.trouble.lostBack)) this.after(way(), () => resolve(answer));
      };
      if (this.isCut || this.chance(this.trouble.lostThere)) return;
      this.after(way(), () => arrive(true));
      if (this.chance(this.trouble.doubled)) this.after(way() + this.random() * 5000, () => arrive(false));
    });
  }

  #pop(): void {
    const events = this.#events;
    const last = events.pop()!;
    if (events.length === 0) return;
    events[0] = last;
    for (let parent = 0; ; ) {
      const left = parent * 2 + 1;
      const right = left + 1;
      let first = parent;
      if (left < events.length && isBefore(events[left]!, events[first]!)) first = left;
      if (right < events.length && isBefore(events[right]!, events[first]!)) first = right;
      if (first === parent) return;
      [events[first], events[parent]] = [events[parent]!, events[first]!];
      parent = first;
    }
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** All that can happen without time passing has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

let isolates = 0;

/** An isolate with its limiter; what it was doing when it crashes is never heard of again. */
export class Isolate {
  readonly limiter: LeasingLimiter;
  readonly name = `isolate-${++isolates}`;
  readonly versions: [ScopeId, number][] = [];
  hasCrashed = false;
  skew = 0;
  readonly #world: World;

  constructor(world: World, options: Partial<LimiterOptions> = {}) {
    this.#world = world;
    this.skew = world.skew();
    this.limiter = new LeasingLimiter({
      isolate: this.name,
      service: { exchange: (scope, request) => this.#exchange(scope, request) },
      now: () => world.now + this.skew,
      sleep: (milliseconds) => this.#alive(world.sleep(milliseconds)),
      random: world.random,
      onVersion: (scope, version) => this.versions.push([scope, version]),
      ...options,
    });
  }

  admit(demands: readonly Demand[], counted: readonly ScopeId[] = []): Promise<Verdict> {
    return this.#alive(this.limiter.admit("call", demands, counted));
  }

  crash(): void {
    this.hasCrashed = true;
  }

  jump(): void {
    this.skew = this.#world.skew();
  }

  #exchange(scope: ScopeId, request: ExchangeRequest): Promise<ExchangeReply> {
    if (this.hasCrashed) return new Promise(() => {});
    const world = this.#world;
    world.exchanges += 1;
    const sent = structuredClone(request);
    return this.#alive(world.call(() => world.scope(scope, (state, now) => state.exchange(sent, now))));
  }

  #alive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.hasCrashed || resolve(value),
        (error) => this.hasCrashed || reject(error),
      );
    });
  }
}

/** Delivers charges as the ledger's outbox does: in order, again until it is answered. */
export class Outbox {
  readonly #world: World;
  readonly #lanes = new Map<ScopeId, { sequence: number; waiting: Charge[]; isBusy: boolean }>();
  delivered = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get isEmpty(): boolean {
    return [...this.#lanes.values()].every(({ waiting, isBusy }) => waiting.length === 0 && !isBusy);
  }

  put(charges: readonly Charge[]): void {
    for (const charge of charges) {
      const lane = this.#lanes.get(charge.scope) ?? { sequence: 0, waiting: [], isBusy: false };
      this.#lanes.set(charge.scope, lane);
      lane.waiting.push(charge);
      if (!lane.isBusy) void this.#deliver(charge.scope, lane);
    }
  }

  async #deliver(scope: ScopeId, lane: { sequence: number; waiting: Charge[]; isBusy: boolean }): Promise<void> {
    lane.isBusy = true;
    const world = this.#world;
    while (lane.waiting.length > 0) {
      const batch = lane.waiting.splice(0, 20);
      lane.sequence += 1;
      const { sequence } = lane;
      await world.sleep(world.random() * 500);
      for (let isHeard = false; !isHeard; ) {
        const told = world.call(() => world.scope(scope, (state, now) => state.apply("ledger", sequence, batch, now)));
        isHeard = await Promise.race([told.then(() => true), world.sleep(1000).then(() => false)]);
      }
    }
    lane.isBusy = false;
  }
}

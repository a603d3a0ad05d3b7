/** A lease as its holder, an isolate, knows it: what it may take at once, and what it has to tell. */
import type { MeterSpec } from "./demand.ts";
import { HELD_TERM, type MeterReply, type MeterRequest, RATE_TERM, type SecondReport } from "./exchange.ts";
import { RATE_PERIOD } from "./lease-row.ts";

/** A call that has asked for so long is not alive any more: its request was ended. */
const LONGEST_ASKING = 3000;
/** Nothing was taken for this many milliseconds: what is in hand goes back. */
export const IDLE_AFTER = 1000;
/** Seconds of the holder's clock are told until then; the last 60 count. */
const SECONDS_KEPT = RATE_PERIOD + 5000;

interface CountedSecond {
  units: number;
  /** The last was taken. */
  at: number;
  /** What the scope's state knows of it. */
  told: number;
}

interface Told {
  available: number;
  chunk: number;
  spent: number;
  charged: number;
}

const NOTHING_TOLD: Told = { available: 0, chunk: 0, spent: 0, charged: 0 };

export class Lease {
  /** As its last demand named it: limits change. */
  meter: MeterSpec;
  #allotment = 0;
  /** Rate: all that was taken. Slots: calls under way. Money: reserved. */
  #taken = 0;
  /** Money. */
  #settled = 0;
  #told: Told = NOTHING_TOLD;
  #validUntil = 0;
  /** The limit the allotment was given under. */
  #limit: number | undefined;
  /** The newest exchange it was in, and the newest of them that was answered. */
  #saidIn = 0;
  #heardIn = 0;
  /** By the call that asks. */
  readonly #asking = new Map<object, { units: number; until: number }>();
  readonly #seconds = new Map<number, CountedSecond>();
  readonly #pace = { second: 0, units: 0, takes: 0, before: 0 };

  constructor(meter: MeterSpec) {
    this.meter = meter;
  }

  get used(): number {
    return this.#taken + this.#settled;
  }

  /** What may be taken at once; below 0 where more was used than there was. */
  inHand(now: number): number {
    const rest = this.#allotment - this.used;
    return this.#isGood(now) ? rest : Math.min(0, rest);
  }

  /** What may be taken by a call that has not asked: others wait for their part. */
  unclaimed(now: number): number {
    return this.inHand(now) - this.#asked(now, undefined);
  }

  /** Of the limit, what nobody has used or reserved, as far as is known here. */
  remaining(now: number): number {
    if (this.meter.limit === Number.POSITIVE_INFINITY) return this.meter.limit;
    const raisedBy = this.#limit === undefined ? 0 : this.meter.limit - this.#limit;
    return Math.max(0, this.#told.available + raisedBy + this.inHand(now));
  }

  /** Nano-dollars spent in the window: charged, and settled here without being charged so far. */
  get spent(): number {
    return this.#told.spent + Math.max(0, this.#settled - this.#told.charged);
  }

  /** There is little left: what a call does not need others may be waiting for. */
  get isScarce(): boolean {
    return this.#told.chunk === 0;
  }

  /** Something is held for calls under way. */
  get isInUse(): boolean {
    return this.meter.kind !== "rate" && this.#taken > 0;
  }

  /** There is something to give back, or to tell, or to tell again. */
  get hasNews(): boolean {
    if (this.#saidIn > this.#heardIn || this.#allotment !== this.used) return true;
    for (const { units, told } of this.#seconds.values()) if (units !== told) return true;
    return false;
  }

  /** A budget of a window that is over, with nothing left to tell. */
  isOver(now: number): boolean {
    const end = this.meter.kind === "budget" ? (this.meter.window?.end ?? Number.POSITIVE_INFINITY) : undefined;
    return end !== undefined && end < now - IDLE_AFTER && !this.isInUse && !this.hasNews;
  }

  take(units: number, now: number): void {
    this.#taken += units;
    this.#countPace(units, now);
    if (this.meter.kind === "rate") this.#count(units, now);
  }

  /** Slots and money are in hand again. */
  release(units: number): void {
    this.#taken -= units;
  }

  settle(amount: number): void {
    this.#settled += amount;
  }

  /** Tokens: more or less was used than was taken at that time. What was used beyond is used now. */
  correct(difference: number, takenAt: number, now: number): void {
    if (difference > 0) this.#count(difference, now);
    const second = this.#seconds.get(Math.floor(takenAt / 1000));
    if (difference < 0 && second !== undefined) second.units = Math.max(0, second.units + difference);
  }

  ask(call: object, units: number, now: number): void {
    this.#asking.set(call, { units, until: now + LONGEST_ASKING });
  }

  answered(call: object): void {
    this.#asking.delete(call);
  }

  /**
   * What is told to the scope's state; from now on no more is in hand than is said to be kept.
   * @param call that asks, with what it needs
   */
  request(
    { sequence, now, isIdle }: { sequence: number; now: number; isIdle: boolean },
    call?: { key: object; least: number; most: number },
  ): MeterRequest {
    this.#saidIn = sequence;
    const others = this.#asked(now, call?.key);
    const extra = isIdle ? 0 : this.#expected(now);
    const keep = this.#kept(now, call === undefined, others, extra);
    if (keep !== undefined) this.#allotment = Math.min(this.#allotment, keep);
    return {
      meter: this.meter,
      used: this.used,
      settled: this.#settled,
      ...(keep !== undefined && { keep }),
      least: call?.least ?? 0,
      most: call?.most ?? 0,
      others,
      extra,
      seconds: this.#changedSeconds(now),
    };
  }

  /** @param mostKept what was said to be kept in an exchange after this one, which may have been heard before */
  adopt(reply: MeterReply, { askedAt, mostKept, limit }: { askedAt: number; mostKept: number; limit: number }): void {
    this.#allotment = Math.min(reply.allotment, mostKept);
    this.#validUntil = askedAt + (this.meter.kind === "rate" ? RATE_TERM : HELD_TERM);
    this.#limit = limit;
    const { available, chunk, spent = 0, charged = 0 } = reply;
    this.#told = { available, chunk, spent, charged };
  }

  /** The state has heard what was said in an exchange. */
  heard(sequence: number, seconds: readonly SecondReport[]): void {
    this.#heardIn = Math.max(this.#heardIn, sequence);
    for (const { second, units } of seconds) {
      const counted = this.#seconds.get(second);
      if (counted !== undefined) counted.told = units;
    }
  }

  /** The state knows nothing of this holder: what calls under way have reserved is all there is. */
  restart(): void {
    this.#settled = 0;
    if (this.meter.kind === "rate") this.#taken = 0;
    this.#allotment = 0;
    this.#validUntil = 0;
    this.#saidIn = 0;
    this.#heardIn = 0;
    this.#told = NOTHING_TOLD;
    for (const second of this.#seconds.values()) second.told = 0;
  }

  #isGood(now: number): boolean {
    // A lower limit may not leave so much; a higher one is worth asking about only when this is used up.
    return now < this.#validUntil && this.#limit !== undefined && this.meter.limit >= this.#limit;
  }

  #kept(now: number, isGivingBack: boolean, others: number, extra: number): number | undefined {
    if (!this.#isGood(now)) return this.used + others; // some of it may have been given to those already
    return isGivingBack ? this.used + others + Math.min(extra, this.#told.chunk) : undefined;
  }

  #asked(now: number, except: object | undefined): number {
    let sum = 0;
    for (const [call, { units, until }] of this.#asking) {
      if (until <= now) this.#asking.delete(call);
      else if (call !== except) sum += units;
    }
    return sum;
  }

  #count(units: number, now: number): void {
    const second = Math.floor(now / 1000);
    const counted = this.#seconds.get(second);
    if (counted === undefined) this.#seconds.set(second, { units, at: now, told: 0 });
    else {
      counted.units += units;
      counted.at = Math.max(counted.at, now);
    }
    for (const [old, { at }] of this.#seconds) if (now - at > SECONDS_KEPT) this.#seconds.delete(old);
  }

  #changedSeconds(now: number): SecondReport[] {
    const changed = [...this.#seconds].filter(([, { units, told }]) => units !== told);
    return changed.map(([second, { units, at }]) => ({ second, units, age: Math.max(0, now - at) }));
  }

  #countPace(units: number, now: number): void {
    const second = Math.floor(now / 1000);
    const pace = this.#pace;
    if (pace.second !== second) {
      pace.before = pace.second === second - 1 && pace.takes > 1 ? pace.units : 0;
      Object.assign(pace, { second, units: 0, takes: 0 });
    }
    pace.units += units;
    pace.takes += 1;
  }

  /** What the next second or two may need, going by the last. A single call says nothing of another. */
  #expected(now: number): number {
    const { second, units, takes, before } = this.#pace;
    if (Math.floor(now / 1000) - second > 1) return 0;
    return 2 * Math.max(before, takes > 1 ? units : 0);
  }
}

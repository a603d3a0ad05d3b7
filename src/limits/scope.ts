/** A scope's counters: who holds what, what is spent. All changes of it are here; storage and clock are passed in. */

import type { Counter } from "./accounts.ts";
import { type AlertRow, type BudgetNotice, crossings, type Mark, refusal } from "./crossing.ts";
import type { BudgetMeter, Charge, HeldFrom, Hold, MeterSpec, ScopeSpend, Standing } from "./demand.ts";
import {
  type ExchangeReply,
  type ExchangeRequest,
  LOST_CALL_TIME,
  type MeterReply,
  type MeterRequest,
  MONEY_SILENCE,
} from "./exchange.ts";
import { countsUntil, emptyLease, heldBy, type LeaseRow, reported, spareOf } from "./lease-row.ts";
import { type AccountRow, type HolderRow, type RowStorage, Rows } from "./rows.ts";
import { chunkOf, share } from "./share.ts";

/** Days for which a ledger object may try to deliver a charge. */
const DELIVERY_TIME = 8 * 86_400_000;
/** How long a window is kept that nobody has said the end of. No budget's is longer. */
const LONGEST_WINDOW = 400 * 86_400_000;
/** Milliseconds between two looks for rows that are of no use any more. */
const PRUNE_EVERY = 60_000;

/** What the admin plane is told. In nano-dollars. */
export interface ScopeReport extends ScopeSpend {
  /** By meter id: what is leased to holders, for calls under way and in hand. */
  leased: Record<string, number>;
  /** The clock of the scope. */
  now: number;
}

export class Scope {
  readonly #rows: Rows;
  #pruneAt = 0;

  constructor(storage: RowStorage) {
    this.#rows = new Rows(storage);
  }

  /** Takes a holder's news and gives leases. Told twice or late, it does nothing and says how the leases stand. */
  exchange(request: ExchangeRequest, now: number): ExchangeReply {
    const { version } = this.#account;
    const known = this.#rows.holders.get(request.holder);
    if (known === undefined && !request.isNew) return { sequence: 0, isKnown: false, version, meters: [] };
    const isNews = known === undefined || request.sequence > known.sequence;
    if (known !== undefined && !isNews) {
      const meters = request.meters.map((meter) => this.#told(meter.meter, known, now));
      return { sequence: known.sequence, isKnown: true, version, meters };
    }
    const leases = { ...known?.leases };
    const next: HolderRow = { sequence: request.sequence, seenAt: now, leases };
    for (const meter of request.meters) {
      const key = leaseKey(meter.meter);
      const before = leases[key] ?? emptyLease(meter.meter.kind, windowEnd(meter.meter));
      leases[key] = reported(before, meter, known?.seenAt ?? now, now);
    }
    const meters = request.meters.map((meter) => this.#allot(request.holder, next, meter, now));
    for (const [key, lease] of Object.entries(leases)) if (isSpent(lease, now)) delete leases[key];
    this.#rows.holders.put(request.holder, next);
    this.#prune(now);
    return { sequence: request.sequence, isKnown: true, version, meters };
  }

  /**
   * Counts charges, all or none.
   * @param sequence higher than that of the sender's batch before, which must have been answered; else it has come before
   * @returns whether they were new
   */
  apply(sender: string, sequence: number, charges: readonly Charge[], now: number): boolean {
    if (sequence <= (this.#rows.senders.get(sender)?.sequence ?? Number.NEGATIVE_INFINITY)) return false;
    this.#rows.senders.put(sender, { sequence, at: now });
    const account = this.#account;
    const total = charges.reduce((sum, { amount }) => sum + amount, account.total);
    this.#rows.account.put("", { ...account, total });
    for (const { meters, amount } of charges)
      for (const { id, windowStart } of meters) this.#spend(id, windowStart, amount, now);
    for (const [holder, ofHolder] of Map.groupBy(charges, (charge) => charge.holder)) this.#release(holder, ofHolder);
    for (const { hold } of charges) if (hold !== undefined) this.unhold(hold);
    for (const charge of charges) if (charge.mark !== undefined) this.#watch(charge, charge.mark, now);
    this.#prune(now);
    return true;
  }

  /** The first time the money leaves the leases it was reserved from. */
  hold(id: string, hold: Hold, from: readonly HeldFrom[] = []): void {
    const isNew = this.#rows.holds.get(id) === undefined;
    this.#rows.holds.put(id, hold);
    if (!isNew) return;
    for (const { holder, id: meter, windowStart, amount } of from)
      this.#release(holder, [{ meters: [{ id: meter, windowStart, leased: true }], amount }]);
  }

  unhold(id: string): void {
    if (this.#rows.holds.get(id) !== undefined) this.#rows.holds.delete(id);
  }

  /** A call was refused for want of money in the scope's own budget. */
  refused(meter: BudgetMeter, again: number | undefined, now: number): void {
    const start = meter.window?.start ?? 0;
    const standing = { spent: this.#spentOf(meter), start, end: meter.window?.end ?? 0, now };
    const mark = { limit: meter.limit, ...(again !== undefined && { again }) };
    const told = refusal(this.#rows.alerts.get(String(start)), mark, standing);
    if (told !== undefined) this.#tell(start, ...told);
  }

  /** What is still to be told, with what is spent by now. */
  notices(): ReadonlyMap<string, BudgetNotice> {
    return new Map(
      [...this.#rows.notices.entries()].map(([id, notice]) => {
        const spent = Math.max(notice.spent, this.#spent("budget", notice.windowStart));
        return [id, { ...notice, spent }];
      }),
    );
  }

  /** These are on their way for good. */
  told(ids: Iterable<string>): void {
    for (const id of ids) this.#rows.notices.delete(id);
  }

  spend(counters: readonly Counter[], now: number): ScopeReport {
    const { total, adjusted } = this.#account;
    const meters = counters.map(({ meter, windowStart }) => [meter, this.#spent(meter, windowStart)]);
    const leased = counters.map(({ meter, windowStart }) => [
      meter,
      this.#held(moneyKey(meter, windowStart), now, undefined) + this.#setAside(meter, now),
    ]);
    return { total, adjusted, meters: Object.fromEntries(meters), leased: Object.fromEntries(leased), now };
  }

  /** What lists show: the total, and the newest window of the scope's own budget. Nano-dollars. */
  summary(): { total: number; window: { start: number; spent: number } } {
    const starts = [...this.#rows.windows.entries()].flatMap(([key]) =>
      key.startsWith("budget@") ? [Number(key.slice("budget@".length))] : [],
    );
    const start = Math.max(0, ...starts);
    return { total: this.#account.total, window: { start, spent: start === 0 ? 0 : this.#spent("budget", start) } };
  }

  /** Sets a counter, or the total; the difference is an adjustment. */
  reset(counter: Counter | undefined, to: number, now: number): void {
    const account = this.#account;
    const difference = to - (counter === undefined ? account.total : this.#spent(counter.meter, counter.windowStart));
    if (counter !== undefined) this.#spend(counter.meter, counter.windowStart, difference, now);
    // What is crossed after that is crossed anew.
    if (difference < 0) this.#rows.alerts.delete(String(counter?.windowStart ?? 0));
    this.#rows.account.put("", {
      ...account,
      total: account.total + difference,
      adjusted: account.adjusted + difference,
    });
  }

  standing(meters: readonly MeterSpec[], now: number): Omit<Standing, "scope">[] {
    return meters.map((meter) => {
      const remaining = this.#available(meter, now);
      if (meter.kind !== "budget") return { meter, remaining };
      return { meter, remaining, ...(meter.window && { resetAt: meter.window.end }), spent: this.#spentOf(meter) };
    });
  }

  /** @param version as the admin plane counts; told with every exchange. An older one changes nothing. */
  setVersion(version: number): void {
    const account = this.#account;
    if (version > account.version) this.#rows.account.put("", { ...account, version });
  }

  /** The scope is deleted. */
  forget(): void {
    this.#rows.clear();
  }

  get #account(): AccountRow {
    return this.#rows.account.get("") ?? { total: 0, adjusted: 0, version: 0 };
  }

  /** Gives a holder what its call needs, and what it wants beside that, of what there is. */
  #allot(holder: string, row: HolderRow, request: MeterRequest, now: number): MeterReply {
    const { meter, least, others, extra } = request;
    const key = leaseKey(meter);
    const lease = row.leases[key];
    if (lease === undefined) throw new Error(`no lease of ${key}`); // made by the caller
    this.#noteWindow(meter, now);
    const taken = this.#spentOf(meter) + this.#held(key, now, { holder, row }) + this.#heldOf(meter, now);
    const room = meter.limit - taken;
    const inHand = lease.allotment - lease.used;
    const amount = least > 0 ? share(request, room + inHand) : 0;
    const isRefused = least > 0 && amount === 0;
    const chunk = chunkOf(meter.limit, room + inHand - amount - others);
    const target = amount + (isRefused ? 0 : others) + Math.min(extra, chunk);
    const given = Math.max(0, Math.min(target - inHand, room));
    row.leases[key] = { ...lease, allotment: lease.allotment + given };
    const reply = { ...this.#told(meter, row, now), available: room - given, amount, chunk };
    return isRefused ? { ...reply, ...this.#hope(key, holder, least - room - inHand, now) } : reply;
  }

  /** How a lease stands. */
  #told(meter: MeterSpec, row: HolderRow, now: number): MeterReply {
    const lease = row.leases[leaseKey(meter)];
    const reply = { allotment: lease?.allotment ?? 0, amount: 0, chunk: 0, isIdleElsewhere: false };
    const available = this.#available(meter, now);
    if (meter.kind !== "budget") return { ...reply, available };
    const charged = lease?.kind === "budget" ? lease.charged : 0;
    return { ...reply, available, spent: this.#spentOf(meter), charged };
  }

  /** When what is lacking may be there. */
  #hope(key: string, holder: string, lacking: number, now: number): Partial<MeterReply> {
    let idle = 0;
    const counting: { units: number; until: number }[] = [];
    for (const [id, { seenAt, leases }] of this.#rows.holders.entries()) {
      const lease = leases[key];
      if (lease === undefined) continue;
      if (id !== holder) idle += spareOf(lease, seenAt, now);
      if (lease.kind === "rate") counting.push(...countsUntil(lease));
    }
    let missing = lacking;
    let freeAt: number | undefined;
    for (const { units, until } of counting.sort((one, other) => one.until - other.until)) {
      if (until <= now || missing <= 0) continue;
      missing -= units;
      freeAt = until;
    }
    const freeIn = freeAt !== undefined && missing <= 0 ? { freeIn: freeAt - now } : {};
    return { isIdleElsewhere: idle >= lacking, ...freeIn };
  }

  #available(meter: MeterSpec, now: number): number {
    return meter.limit - this.#spentOf(meter) - this.#held(leaseKey(meter), now, undefined) - this.#heldOf(meter, now);
  }

  #heldOf(meter: MeterSpec, now: number): number {
    return meter.kind === "budget" ? this.#setAside(meter.id, now) : 0;
  }

  /** What holds take from a budget. */
  #setAside(meter: string, now: number): number {
    let sum = 0;
    for (const [, { meters, until }] of this.#rows.holds.entries()) if (until > now) sum += meters[meter] ?? 0;
    return sum;
  }

  /** What all holders' leases of a meter take from its limit. */
  #held(key: string, now: number, changed: { holder: string; row: HolderRow } | undefined): number {
    let sum = 0;
    const count = ({ seenAt, leases }: HolderRow) => {
      const lease = leases[key];
      if (lease !== undefined) sum += heldBy(lease, seenAt, now);
    };
    for (const [id, row] of this.#rows.holders.entries()) if (id !== changed?.holder) count(row);
    if (changed !== undefined) count(changed.row);
    return sum;
  }

  #spentOf(meter: MeterSpec): number {
    return meter.kind === "budget" ? this.#spent(meter.id, meter.window?.start ?? 0) : 0;
  }

  #spent(meter: string, windowStart: number): number {
    if (isTotal(meter, windowStart)) return this.#account.total;
    return this.#rows.windows.get(`${meter}@${windowStart}`)?.spent ?? 0;
  }

  #spend(meter: string, windowStart: number, amount: number, now: number): void {
    if (isTotal(meter, windowStart)) return;
    const key = `${meter}@${windowStart}`;
    const row = this.#rows.windows.get(key) ?? { spent: 0, end: 0 };
    this.#rows.windows.put(key, { ...row, spent: row.spent + amount, at: now });
  }

  /** Looks whether a charge has crossed something. */
  #watch({ meters }: Charge, mark: Mark, now: number): void {
    const start = meters.find(({ id }) => id === "budget")?.windowStart ?? 0;
    const before = this.#rows.alerts.get(String(start));
    const end = this.#rows.windows.get(`budget@${start}`)?.end ?? 0;
    const [row, notices] = crossings(before, mark, { spent: this.#spent("budget", start), start, end, now });
    if (notices.length > 0) this.#tell(start, row, notices);
  }

  #tell(start: number, row: AlertRow, notices: readonly BudgetNotice[]): void {
    this.#rows.alerts.put(String(start), row);
    for (const notice of notices) this.#rows.notices.put(`${notice.event}@${start}@${notice.at}`, notice);
  }

  /** Remembers when a window ends, so that its row can go. */
  #noteWindow(meter: MeterSpec, now: number): void {
    if (meter.kind !== "budget" || meter.window === undefined) return;
    const key = `${meter.id}@${meter.window.start}`;
    const row = this.#rows.windows.get(key);
    if (row?.end !== meter.window.end)
      this.#rows.windows.put(key, { spent: row?.spent ?? 0, end: meter.window.end, at: now });
  }

  /** What was charged is not leased any more. */
  #release(holder: string, charges: readonly Pick<Charge, "meters" | "amount">[]): void {
    const row = this.#rows.holders.get(holder);
    if (row === undefined) return;
    const leases = { ...row.leases };
    for (const { meters, amount } of charges)
      for (const { id, windowStart, leased } of meters) {
        const key = moneyKey(id, windowStart);
        const lease = leases[key];
        if (leased && lease?.kind === "budget") leases[key] = { ...lease, charged: lease.charged + amount };
      }
    this.#rows.holders.put(holder, { ...row, leases });
  }

  #prune(now: number): void {
    if (now < this.#pruneAt) return;
    this.#pruneAt = now + PRUNE_EVERY;
    for (const [id, { seenAt, leases }] of this.#rows.holders.entries()) {
      const isHolding = Object.values(leases).some((lease) => heldBy(lease, seenAt, now) > 0);
      const silence = now - seenAt;
      // What was settled and never charged: the ledger has given up by then.
      if ((silence > MONEY_SILENCE && !isHolding) || silence > DELIVERY_TIME + LOST_CALL_TIME)
        this.#rows.holders.delete(id);
    }
    for (const [id, { until }] of this.#rows.holds.entries()) if (until <= now) this.#rows.holds.delete(id);
    for (const [id, { at }] of this.#rows.senders.entries())
      if (now - at > DELIVERY_TIME) this.#rows.senders.delete(id);
    for (const [key, { end, at }] of this.#rows.windows.entries()) {
      if (key.endsWith("@0")) continue;
      if (now > (end === 0 ? at + LONGEST_WINDOW : end + DELIVERY_TIME)) this.#rows.windows.delete(key);
    }
    for (const [start, { end, at }] of this.#rows.alerts.entries()) {
      if (start === "0") continue;
      if (now > (end === 0 ? at + LONGEST_WINDOW : end + DELIVERY_TIME)) this.#rows.alerts.delete(start);
    }
  }
}

/** The scope's own budget without a window is for all it has ever spent, also before there was a budget. */
function isTotal(meter: string, windowStart: number): boolean {
  return meter === "budget" && windowStart === 0;
}

export function leaseKey(meter: MeterSpec): string {
  return meter.kind === "budget" ? moneyKey(meter.id, meter.window?.start ?? 0) : `${meter.kind}:${meter.id}@0`;
}

function moneyKey(id: string, windowStart: number): string {
  return `budget:${id}@${windowStart}`;
}

function windowEnd(meter: MeterSpec): number {
  return meter.kind === "budget" ? (meter.window?.end ?? 0) : 0;
}

/** A lease of a window that is over, and nothing of it is held. */
function isSpent(lease: LeaseRow, now: number): boolean {
  if (lease.kind !== "budget" || lease.windowEnd === 0 || lease.windowEnd > now) return false;
  return lease.allotment <= lease.charged;
}

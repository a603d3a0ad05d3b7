import { DurableObject, waitUntil } from "cloudflare:workers";
import type { Counter, ScopeAccounts } from "../limits/accounts.ts";
import type { BudgetNotice } from "../limits/crossing.ts";
import type { BudgetMeter, Charge, HeldFrom, Hold, MeterSpec, ScopeId, Standing } from "../limits/demand.ts";
import type { ExchangeReply, ExchangeRequest, ScopeService } from "../limits/exchange.ts";
import { LeasingLimiter, type LimiterOptions } from "../limits/leasing.ts";
import { Scope, type ScopeReport } from "../limits/scope.ts";
import { openDatabase } from "../store/database.ts";
import { forgetScopeSpend, writeScopeSpend } from "../store/scope-spend.ts";
import type { BudgetMessage } from "../telemetry/alerts/message.ts";
import { askObject } from "./ask.ts";

/** Milliseconds from a charge until lists show it: what is charged meanwhile is one write. */
const SUMMARY_AFTER = 10_000;
/** Milliseconds in which what was spent before a refusal is charged, most of the time. */
const CHARGED_AFTER = 3000;

/**
 * The counters of one scope: a key, a team, ... All calls are short and may be made twice; each is one transaction.
 * Rows that are of no use go with the next call. The alarm writes what is spent to the database, for lists.
 * Storage: `docs/storage.md`.
 */
export class ScopeObject extends DurableObject<{ DB: D1Database; ALERT_QUEUE: Queue<BudgetMessage> }> {
  /** What storage says, in memory; dropped when a change of it could not be stored. */
  #scope: Scope | undefined;
  /** As far as this instance of the object knows. */
  #alarmAt: number | undefined;

  exchange(request: ExchangeRequest): ExchangeReply {
    return this.#change((scope, now) => scope.exchange(request, now));
  }

  apply(sender: string, sequence: number, charges: Charge[]): boolean {
    const { isNew, hasNews } = this.#change((scope, now) => ({
      isNew: scope.apply(sender, sequence, charges, now),
      hasNews: scope.notices().size > 0,
    }));
    if (isNew) this.#summarise(hasNews ? 0 : SUMMARY_AFTER);
    return isNew;
  }

  refused(meter: BudgetMeter, again: number | undefined): void {
    const hasNews = this.#change((scope, now) => {
      scope.refused(meter, again, now);
      return scope.notices().size > 0;
    });
    if (hasNews) this.#summarise(CHARGED_AFTER);
  }

  hold(id: string, hold: Hold, from: HeldFrom[]): void {
    this.#change((scope) => scope.hold(id, hold, from));
  }

  unhold(id: string): void {
    this.#change((scope) => scope.unhold(id));
  }

  spend(counters: Counter[]): ScopeReport {
    return this.#change((scope, now) => scope.spend(counters, now));
  }

  reset(counter: Counter | undefined, to: number): void {
    this.#change((scope, now) => scope.reset(counter, to, now));
    this.#summarise(0);
  }

  standing(meters: MeterSpec[]): Omit<Standing, "scope">[] {
    return this.#change((scope, now) => scope.standing(meters, now));
  }

  setVersion(version: number): void {
    this.#change((scope) => scope.setVersion(version));
  }

  async forget(): Promise<void> {
    this.#scope = undefined;
    await this.ctx.storage.deleteAll();
    this.#alarmAt = undefined;
    const { name } = this.ctx.id;
    // A copy that stays is of a scope nobody asks for any more.
    if (name !== undefined) await forgetScopeSpend(openDatabase(this.env.DB), name).catch(() => {});
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    const { name } = this.ctx.id;
    if (name === undefined) return;
    const { summary, notices } = this.#change((scope) => ({ summary: scope.summary(), notices: scope.notices() }));
    const { total, window } = summary;
    await writeScopeSpend(openDatabase(this.env.DB), {
      scope: name,
      total_nano: total,
      window_nano: window.spent,
      window_start: window.start,
      updated_at: Date.now(),
    });
    if (notices.size > 0) await this.#tell(name, notices);
  }

  /** Once the queue has them they are not told again. Where it cannot be reached the alarm comes again. */
  async #tell(scope: ScopeId, notices: ReadonlyMap<string, BudgetNotice>): Promise<void> {
    const messages = [...notices.values()].map((notice) => ({
      body: { kind: "budget" as const, scope, notice },
      contentType: "json" as const,
    }));
    await this.env.ALERT_QUEUE.sendBatch(messages);
    this.#change((known) => known.told(notices.keys()));
  }

  /** An alarm that is set for earlier stays. */
  #summarise(after: number): void {
    const at = Date.now() + after;
    if (this.#alarmAt !== undefined && this.#alarmAt <= at && this.#alarmAt > Date.now() - 60_000) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }

  #change<T>(change: (scope: Scope, now: number) => T): T {
    const { storage } = this.ctx;
    try {
      return storage.transactionSync(() => {
        this.#scope ??= new Scope({
          list: () => storage.kv.list(),
          put: (key, value) => storage.kv.put(key, value),
          delete: (key) => storage.kv.delete(key),
          deleteAll: () => {
            for (const [key] of [...storage.kv.list()]) storage.kv.delete(key);
          },
        });
        return change(this.#scope, Date.now());
      });
    } catch (error) {
      this.#scope = undefined;
      throw error;
    }
  }
}

/** All scopes, an object each: what the ledger's and the admin plane's calls go to. */
export interface ScopeObjects extends ScopeService, ScopeAccounts {
  spend(scope: ScopeId, counters: readonly Counter[]): Promise<ScopeReport>;
  /** Counts charges to one scope, once; `sequence` as for `Scope.apply`. */
  apply(scope: ScopeId, sender: string, sequence: number, charges: readonly Charge[]): Promise<boolean>;
  standing(scope: ScopeId, meters: readonly MeterSpec[]): Promise<Omit<Standing, "scope">[]>;
  /** The scope's record has changed: isolates hear of it with their next exchange. */
  setVersion(scope: ScopeId, version: number): Promise<void>;
}

export function scopeObjects(namespace: DurableObjectNamespace<ScopeObject>): ScopeObjects {
  const ask = <T>(scope: ScopeId, call: (object: DurableObjectStub<ScopeObject>) => Promise<T>) =>
    askObject(namespace, scope, call);
  return {
    exchange: (scope, request) => ask(scope, async (object) => object.exchange(request)),
    apply: (scope, sender, sequence, charges) =>
      ask(scope, async (object) => object.apply(sender, sequence, [...charges])),
    spend: (scope, counters) => ask(scope, async (object) => object.spend([...counters])),
    reset: (scope, counter, to) => ask(scope, async (object) => object.reset(counter, to)),
    standing: (scope, meters) => ask(scope, async (object) => object.standing([...meters])),
    setVersion: (scope, version) => ask(scope, async (object) => object.setVersion(version)),
    refused: (scope, meter, again) => ask(scope, async (object) => object.refused(meter, again)),
    hold: (scope, id, hold, from = []) => ask(scope, async (object) => object.hold(id, hold, [...from])),
    unhold: (scope, id) => ask(scope, async (object) => object.unhold(id)),
    forget: (scope) => ask(scope, (object) => object.forget()),
  };
}

/** The limiter of this isolate: its leases outlive requests, its promises do not. */
export function objectLimiter(
  namespace: DurableObjectNamespace<ScopeObject>,
  options: Omit<LimiterOptions, "service" | "waitUntil"> = {},
): LeasingLimiter {
  return new LeasingLimiter({ waitUntil, ...options, service: scopeObjects(namespace) });
}

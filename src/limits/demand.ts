/** The words of this folder: what is limited, what a call demands of it, and what it is told. */
import type { Mark } from "./crossing.ts";

/** Who is limited: `key:<digest>`, `team:<id>`, `team_member:<team>:<user>`, `tag:<name>`, `deployment:<id>`, ... */
export type ScopeId = string;

/** One thing a scope counts. Meters with the same id in the same scope are the same counter. */
export type MeterSpec = RateMeter | ParallelMeter | BudgetMeter;

/** Requests or tokens in any 60 seconds. */
export interface RateMeter {
  kind: "rate";
  /** `requests`, `tokens`, or one of these for a model: `tokens/gpt-4o`. */
  id: string;
  limit: number;
}

/** Calls under way at a time. */
export interface ParallelMeter {
  kind: "parallel";
  id: string;
  limit: number;
}

/** Money. */
export interface BudgetMeter {
  kind: "budget";
  /** `budget`, `budget:7d` for one of several windows, `budget/gpt-4o:1d` for a model's. */
  id: string;
  /** Nano-dollars. */
  limit: number;
  /** What counts is spent in it; absent: whatever was spent. Milliseconds since the epoch; the end is not in it. */
  window?: Window;
}

/** Milliseconds since the epoch; the end is not in it. */
export interface Window {
  start: number;
  end: number;
}

/** What a call needs of one meter before it may go upstream. */
export interface Demand {
  scope: ScopeId;
  meter: MeterSpec;
  /** Requests, tokens, slots or nano-dollars it cannot do without. */
  least: number;
  /**
   * What it may use at most. More than `least` where the answer has no bound of its own: then an eighth of what is
   * available will do, if that is more than `least`.
   */
  most: number;
}

/** What a meter says after a demand was granted, or refused. */
export interface Standing {
  scope: ScopeId;
  meter: MeterSpec;
  /** Of the limit, what nobody has used or reserved; as known here. */
  remaining: number;
  /** When there will be more: the end of the budget's window, or when enough of the last 60 seconds is over. */
  resetAt?: number;
  /** Budgets: what is spent in the window, in nano-dollars, without what is only reserved. */
  spent?: number;
}

/** `unavailable`: nothing was exceeded, but the scope's object cannot be asked and the policy is not to guess. */
export type Verdict = { ok: true; admission: Admission } | { ok: false; refusal: Refusal; unavailable?: boolean };

export interface Refusal extends Standing {
  demanded: number;
  /** Seconds after which it may be worth trying again; absent where only an admin can help. */
  retryAfter?: number;
}

/** A call that was let in. All its meters are reserved; all methods may be called in any order and more than once. */
export interface Admission {
  /** How each meter stood when it was let in. */
  readonly standings: readonly Standing[];
  /** The smallest reservation of its budgets in nano-dollars; `undefined` where no budget bounds it. */
  readonly reserved: number | undefined;
  /** Reserves more money, up to this much in all, in every budget; refused where one has not so much. */
  raise(total: number): Promise<{ ok: true } | { ok: false; refusal: Refusal; unavailable?: boolean }>;
  /** Ends the call: what it really used. What was reserved beyond it is free again. The first call counts. */
  settle(used: Used): void;
  /** What the ledger's outbox delivers for this call if it costs so much: to each budget's scope and each counted one. */
  charges(cost: number): Charge[];
}

export interface Used {
  /** Tokens as reported; counted against every rate meter of tokens. */
  tokens: number;
  /** Nano-dollars. */
  cost: number;
}

/** Lets calls in or refuses them. */
export interface Limiter {
  /**
   * Reserves all demands or none. Waits for no object where this isolate holds leases that cover them.
   * @param call id of the call, for whoever reads a log of reservations
   * @param counted scopes whose spend is counted, whether or not a budget bounds it
   */
  admit(call: string, demands: readonly Demand[], counted?: readonly ScopeId[]): Promise<Verdict>;
}

/**
 * What a finished (or lost) call charges to one scope's counters; delivered to the scope's object exactly once by the
 * ledger's outbox (`src/ledger/`).
 */
export interface Charge {
  scope: ScopeId;
  /** Of whose lease the money was reserved (`Admission.charges` says it). */
  holder: string;
  /** The budget meters it counts for, beside the scope's total: id and start of the window (0: none). */
  meters: readonly {
    id: string;
    windowStart: number /** Was it reserved from the holder's lease? */;
    leased: boolean;
  }[];
  /** Nano-dollars. */
  amount: number;
  /** The hold (its id) that it takes the place of. */
  hold?: string;
  /** From what spend on somebody is told, of the scope's own budget. */
  mark?: Mark;
}

/**
 * Money that is set aside for something that runs for hours, beyond any isolate's lease. It is not spent, and nobody else can
 * spend it, whichever window of a budget it is by then.
 */
export interface Hold {
  /** Nano-dollars, by meter id. */
  meters: Record<string, number>;
  /** Until when it counts, should nobody end it. Milliseconds since the epoch. */
  until: number;
}

/** Money that leaves a holder's lease for a hold. */
export interface HeldFrom {
  holder: string;
  /** The meter, and the start of the window (0: none). */
  id: string;
  windowStart: number;
  /** Nano-dollars. */
  amount: number;
}

/** What a scope has spent; all in nano-dollars. */
export interface ScopeSpend {
  /** Since ever: the sum of its ledger rows and of `adjusted`. */
  total: number;
  /** By meter id: in the window that was asked for. */
  meters: Record<string, number>;
  /** What an admin added or took off (`reset_spend`), in all. */
  adjusted: number;
}

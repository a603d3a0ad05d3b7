/** What the admin plane asks of the scopes' counters. */
import type { BudgetMeter, HeldFrom, Hold, ScopeId, ScopeSpend } from "./demand.ts";

/** A counter of a scope: the id of its meter, and the start of the window in milliseconds since the epoch (0: none). */
export interface Counter {
  meter: string;
  windowStart: number;
}

export interface ScopeAccounts {
  /** What the scope has spent in all, and in the windows asked for. */
  spend(scope: ScopeId, counters: readonly Counter[]): Promise<ScopeSpend>;
  /** Sets a counter to an amount in nano-dollars; the difference is kept as an adjustment. Without a counter: the total. */
  reset(scope: ScopeId, counter: Counter | undefined, to: number): Promise<void>;
  /** The record of the scope has changed: isolates hear of it with their next exchange, and forget their copies. */
  setVersion(scope: ScopeId, version: number): Promise<void>;
  /** A call was refused for want of money in the scope's own budget. @param again as `Mark.again` */
  refused(scope: ScopeId, meter: BudgetMeter, again: number | undefined): Promise<void>;
  /**
   * Sets money aside, whether or not there is so much: whoever asks has reserved it. Again: the hold is as said last, and
   * nothing leaves a lease twice.
   */
  hold(scope: ScopeId, id: string, hold: Hold, from?: readonly HeldFrom[]): Promise<void>;
  /** It is needed no more; one that is not there is none. */
  unhold(scope: ScopeId, id: string): Promise<void>;
  /** The scope is deleted: its counters are void. */
  forget(scope: ScopeId): Promise<void>;
}

/** Windows of budgets as rows describe them: the same that calls count in. */
import type { Window } from "../../limits/demand.ts";
import { budgetWindow } from "../../limits/window.ts";

/** When it is, and whose midnights budgets begin at. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now: number;
  /** IANA name. */
  timezone: string;
}

/** A budget's period, as rows have it. */
export interface Period {
  budget_duration: string | null;
  budget_anchor: string | null;
}

/** For scopes without a budget of their own. */
export const NO_PERIOD: Period = { budget_duration: null, budget_anchor: null };

/** When the budget's window ends (ISO 8601), `null` for one that has none. */
export function resetAt(period: Period, clock: Clock): string | null {
  const window = windowOf(period, clock);
  return window === undefined ? null : new Date(window.end).toISOString();
}

/** Milliseconds since the epoch; 0 where the budget has no window. */
export function windowStart(period: Period, clock: Clock): number {
  return windowOf(period, clock)?.start ?? 0;
}

function windowOf({ budget_duration, budget_anchor }: Period, { now, timezone }: Clock): Window | undefined {
  if (budget_duration === null) return undefined;
  const anchor = budget_anchor === null ? {} : { anchor: Date.parse(budget_anchor) };
  return budgetWindow(budget_duration, now, { timezone, ...anchor });
}

/** What rows have spent, as routes show it: US dollars, asked of the scopes' own counters. */
import { budgetWindow } from "../../limits/window.ts";
import type { AdminCall } from "./admin-call.ts";

export const NANO = 1e9;

/** A budget's period, as rows have it. */
export interface Period {
  budget_duration: string | null;
  budget_anchor: string | null;
}

/** The meter of a scope's own budget (`tenancy/demands.ts`). */
export const BUDGET_METER = "budget";

/** Spent in the current window of the budget, or since ever where it has none; in US dollars. */
export async function spendOf({ gateway, now }: AdminCall, scope: string, period: Period): Promise<number> {
  const counter = { meter: BUDGET_METER, windowStart: windowStart(period, now) };
  const { total, meters } = await gateway.accounts.spend(scope, period.budget_duration === null ? [] : [counter]);
  return (period.budget_duration === null ? total : (meters[BUDGET_METER] ?? 0)) / NANO;
}

/** The same for many scopes. At most 1,000: each is asked by itself. */
export async function spendOfAll(
  call: AdminCall,
  scopes: readonly { scope: string; period: Period }[],
): Promise<Map<string, number>> {
  const spends = await Promise.all(scopes.map(({ scope, period }) => spendOf(call, scope, period)));
  return new Map(scopes.map(({ scope }, index) => [scope, spends[index] ?? 0]));
}

/** Sets what is counted as spent, in the current window or since ever. */
export async function resetSpend(
  { gateway, now }: AdminCall,
  scope: string,
  period: Period,
  dollars: number,
): Promise<void> {
  const counter =
    period.budget_duration === null ? undefined : { meter: BUDGET_METER, windowStart: windowStart(period, now) };
  await gateway.accounts.reset(scope, counter, Math.round(dollars * NANO));
}

/** Milliseconds since the epoch; 0 where the budget has no window. */
export function windowStart({ budget_duration, budget_anchor }: Period, now: number): number {
  if (budget_duration === null) return 0;
  return budgetWindow(budget_duration, now, budget_anchor === null ? {} : { anchor: Date.parse(budget_anchor) }).start;
}

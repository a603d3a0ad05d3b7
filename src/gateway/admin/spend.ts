/** What rows have spent, as routes show it: US dollars, asked of the scopes' own counters. */
import { NANO } from "../../models/money.ts";
import { budgetMeter, modelBudgetMeter } from "../../tenancy/demands.ts";
import type { Subject } from "../../tenancy/subjects.ts";
import type { AdminCall } from "./admin-call.ts";
import { type Period, windowStart } from "./windows.ts";

/** The meter of a scope's own budget (`tenancy/demands.ts`). */
export const BUDGET_METER = "budget";

/** Spent in the current window of the budget, or since ever where it has none; in US dollars. */
export async function spendOf(call: AdminCall, scope: string, period: Period): Promise<number> {
  const counter = { meter: BUDGET_METER, windowStart: windowStart(period, call) };
  const { total, meters } = await call.gateway.accounts.spend(scope, period.budget_duration === null ? [] : [counter]);
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

/** Spent in the current windows of budgets of single models, by their names; in US dollars. */
export async function modelSpendOf(
  call: AdminCall,
  { scope, models }: Pick<Subject, "scope" | "models">,
): Promise<Record<string, number>> {
  const counters = Object.entries(models).flatMap(([model, { budget }]) => {
    if (budget === undefined) return [];
    const { id, window } = budgetMeter(modelBudgetMeter(model), budget, call);
    return [{ model, meter: id, windowStart: window?.start ?? 0 }];
  });
  if (counters.length === 0) return {};
  const { meters } = await call.gateway.accounts.spend(scope, counters);
  return Object.fromEntries(counters.map(({ model, meter }) => [model, (meters[meter] ?? 0) / NANO]));
}

/** Sets what is counted as spent, in the current window or since ever. */
export async function resetSpend(call: AdminCall, scope: string, period: Period, dollars: number): Promise<void> {
  const counter =
    period.budget_duration === null ? undefined : { meter: BUDGET_METER, windowStart: windowStart(period, call) };
  await call.gateway.accounts.reset(scope, counter, Math.round(dollars * NANO));
}

/** Windows of budgets as rows describe them. */
import { budgetWindow } from "../../limits/window.ts";

/** When the budget's window ends (ISO 8601), `null` for one that has none. */
export function resetAt(
  { budget_duration, budget_anchor }: { budget_duration: string | null; budget_anchor: string | null },
  now: number,
): string | null {
  if (budget_duration === null) return null;
  const anchor = budget_anchor === null ? undefined : Date.parse(budget_anchor);
  return new Date(budgetWindow(budget_duration, now, anchor === undefined ? {} : { anchor }).end).toISOString();
}

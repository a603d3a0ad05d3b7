/** What many scopes have spent, for lists: as their objects wrote it down a while ago, in one query. */
import { NANO } from "../../models/money.ts";
import { among } from "../../store/among.ts";
import { scopeSpend } from "../../store/schema/index.ts";
import type { AdminCall } from "./admin-call.ts";
import { type Period, windowStart } from "./windows.ts";

/** US dollars in the current window of each scope's budget, or since ever where it has none. */
export async function listedSpend(
  call: AdminCall,
  scopes: readonly { scope: string; period: Period }[],
): Promise<(scope: string) => number> {
  if (scopes.length === 0) return () => 0;
  const names = scopes.map(({ scope }) => scope);
  const rows = await call.db.select().from(scopeSpend).where(among(scopeSpend.scope, names));
  const known = new Map(rows.map((row) => [row.scope, row]));
  const spends = new Map<string, number>();
  for (const { scope, period } of scopes) {
    const row = known.get(scope);
    if (row === undefined) continue;
    const isCurrent = row.window_start === windowStart(period, call);
    const nano = period.budget_duration === null ? row.total_nano : isCurrent ? row.window_nano : 0;
    spends.set(scope, nano / NANO);
  }
  return (scope) => spends.get(scope) ?? 0;
}

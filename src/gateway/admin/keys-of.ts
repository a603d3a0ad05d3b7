/** The keys of a team, of a user or of all: shown with them, and deleted with them. */
import { asc, type SQL } from "drizzle-orm";
import { type KeyRow, keys } from "../../store/schema/index.ts";
import { findTiers } from "../../store/teams.ts";
import type { AdminCall } from "./admin-call.ts";
import { removeKeys } from "./keys/delete.ts";
import { keyScope, keyView, periodOf } from "./keys/view.ts";
import { listedSpend } from "./listed-spend.ts";

/** Keys that are shown in one answer; `/key/list` has pages. */
const MOST_KEYS = 1000;

/** With what each has spent, as it was written down. @param where all keys, where it is absent */
export async function keyViewsWhere(call: AdminCall, where: SQL | undefined) {
  const rows = await call.db.select().from(keys).where(where).orderBy(asc(keys.created_at)).limit(MOST_KEYS);
  const tiers = await findTiers(
    call.db,
    rows.map(({ budget_id }) => budget_id),
  );
  const tierOf = ({ budget_id }: KeyRow) => tiers.get(budget_id ?? "");
  const spendIn = await listedSpend(
    call,
    rows.map((row) => ({ scope: keyScope(row), period: periodOf(row, tierOf(row)) })),
  );
  return rows.map((row) => ({ token: row.token, view: keyView(row, call, spendIn(keyScope(row)), tierOf(row)) }));
}

/** Each key is asked what it has spent: a Worker asks so many at a time. */
const MOST_AT_ONCE = 200;

export async function removeKeysWhere(call: AdminCall, where: SQL): Promise<void> {
  for (;;) {
    const rows = await call.db.select().from(keys).where(where).limit(MOST_AT_ONCE);
    await removeKeys(call, rows);
    if (rows.length < MOST_AT_ONCE) return;
  }
}

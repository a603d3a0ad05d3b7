/** The keys of a team, of a user or of all: shown with them, and deleted with them. */
import { asc, type SQL } from "drizzle-orm";
import { keys } from "../../store/schema/index.ts";
import type { AdminCall } from "./admin-call.ts";
import { removeKeys } from "./keys/delete.ts";
import { listedKeyViews } from "./keys/view.ts";

/** Keys that are shown in one answer; `/key/list` has pages. */
const MOST_KEYS = 1000;

/** With what each has spent, as it was written down. @param where all keys, where it is absent */
export async function keyViewsWhere(call: AdminCall, where: SQL | undefined) {
  const rows = await call.db.select().from(keys).where(where).orderBy(asc(keys.created_at)).limit(MOST_KEYS);
  return (await listedKeyViews(call, rows)).map(({ key, view }) => ({ token: key.token, view }));
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

/** Keys and users, those first whose scopes have spent the most. */
import { desc, eq, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "../database.ts";
import { type KeyRow, keys, scopeSpend, type UserRow, users } from "../schema/index.ts";

/** Rows an answer has at most. */
export const MOST_SPENDERS = 1000;

interface Wanted {
  /** What names of the scopes begin with. */
  prefix: string;
  /** Absent: everybody's. */
  userId?: string | undefined;
}

export async function spendingKeys(db: Database, { prefix, userId }: Wanted): Promise<KeyRow[]> {
  const rows = await db
    .select({ row: keys })
    .from(keys)
    .leftJoin(scopeSpend, isOf(prefix, keys.scope_id))
    .where(userId === undefined ? undefined : eq(keys.user_id, userId))
    .orderBy(desc(SPENT), keys.token)
    .limit(MOST_SPENDERS);
  return rows.map(({ row }) => row);
}

export async function spendingUsers(db: Database, { prefix, userId }: Wanted): Promise<UserRow[]> {
  const rows = await db
    .select({ row: users })
    .from(users)
    .leftJoin(scopeSpend, isOf(prefix, users.user_id))
    .where(userId === undefined ? undefined : eq(users.user_id, userId))
    .orderBy(desc(SPENT), users.user_id)
    .limit(MOST_SPENDERS);
  return rows.map(({ row }) => row);
}

const SPENT = sql`coalesce(${scopeSpend.total_nano}, 0)`;

function isOf(prefix: string, id: SQLiteColumn): SQL {
  return sql`${scopeSpend.scope} = ${prefix} || ${id}`;
}

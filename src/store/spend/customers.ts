/** End users that ever called. */
import { sql } from "drizzle-orm";
import type { Database } from "../database.ts";
import { spendLogs } from "../schema/spend.ts";

/** By name. Goes from one to the next through the index of customers, and does not read the calls of each. */
export async function customersSeen(db: Database, limit: number): Promise<string[]> {
  const first = sql`SELECT min(customer_id) FROM ${spendLogs} WHERE customer_id IS NOT NULL`;
  const next = sql`SELECT min(customer_id) FROM ${spendLogs} WHERE customer_id IS NOT NULL AND customer_id > seen.id`;
  const rows = await db.all<{ id: string }>(sql`
    WITH RECURSIVE seen(id) AS (
      SELECT (${first}) UNION ALL SELECT (${next}) FROM seen WHERE seen.id IS NOT NULL LIMIT ${limit}
    ) SELECT id FROM seen WHERE id IS NOT NULL`);
  return rows.map(({ id }) => id);
}

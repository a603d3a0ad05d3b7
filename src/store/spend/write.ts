/** Writes spend rows and their sums: the only place that does. */
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../database.ts";
import { dailySpend, dailyTagSpend, KEY_SLOT, SUMS, spendLogKeys, spendLogs } from "../schema/spend.ts";

/** A row as it is written: the fields of `spendLogs`; what is absent is null. */
export type NewSpendLog = typeof spendLogs.$inferInsert;

/**
 * Adds rows and changes the sums for those that are new, all or nothing, so that rows that come twice change nothing. Each
 * statement takes all rows as one parameter. The sums come first: what is not stored yet is what will be inserted.
 *
 * @param rows no two with the same id; 1 MB as JSON at most
 */
export async function addSpend(db: Database, rows: readonly NewSpendLog[]): Promise<void> {
  if (rows.length === 0) return;
  const lines = sql`json_each(${JSON.stringify(rows)}) AS line`;
  const tags = sql`${lines}, json_each(line.value, '$.tags') AS tag`;
  const slot = sql`${field("startedAt")} / ${sql.raw(String(KEY_SLOT))}`;
  // ON CONFLICT DO NOTHING and not INSERT OR IGNORE, which would pass over a missing field in silence too.
  await db.batch([
    db
      .insert(dailySpend)
      .select(newSums(DIMENSIONS, lines))
      .onConflictDoUpdate({ target: keyOf(dailySpend, DIMENSIONS), set: added(dailySpend) }),
    db
      .insert(dailyTagSpend)
      .select(newSums(TAG_DIMENSIONS, tags))
      .onConflictDoUpdate({ target: keyOf(dailyTagSpend, TAG_DIMENSIONS), set: added(dailyTagSpend) }),
    db
      .insert(spendLogKeys)
      .select(sql`SELECT DISTINCT ${field("keyHash")}, ${slot} FROM ${lines} WHERE true`)
      .onConflictDoNothing(),
    db
      .insert(spendLogs)
      .select(sql`SELECT ${list(Object.keys(getTableColumns(spendLogs)).map(field))} FROM ${lines} WHERE true`)
      .onConflictDoNothing(),
  ]);
}

/** Sums of the rows that are not stored yet. The columns are in the order of the table. */
function newSums(dimensions: Record<string, SQL>, source: SQL): SQL {
  return sql`
    SELECT ${list([...Object.values(dimensions), ...SUMS.map((name) => SUM_OF[name])])} FROM ${source}
    WHERE NOT EXISTS (
      SELECT 1 FROM ${spendLogs} WHERE started_at = ${field("startedAt")} AND id = ${field("id")}
    )
    GROUP BY ${list(Object.values(dimensions).map((_, index) => sql.raw(String(index + 1))))}`;
}

function keyOf(table: SQLiteTable, dimensions: Record<string, SQL>): SQLiteColumn[] {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table);
  return Object.keys(dimensions).flatMap((name) => columns[name] ?? []);
}

const added = (table: Record<(typeof SUMS)[number], SQLiteColumn>): Record<string, SQL> =>
  Object.fromEntries(SUMS.map((name) => [name, sql`${table[name]} + excluded.${sql.identifier(table[name].name)}`]));

const list = (parts: SQL[]): SQL => sql.join(parts, sql`, `);

/** A field of the row that is looked at. The names are this file's and the schema's, never a client's. */
const field = (name: string): SQL => sql.raw(`(line.value ->> '$.${name}')`);
const orEmpty = (name: string): SQL => sql.raw(`coalesce(line.value ->> '$.${name}', '')`);

const DAY = sql.raw("strftime('%Y-%m-%d', (line.value ->> '$.startedAt') / 1000, 'unixepoch')");

/** What sums are by, and where it is in a row. */
const OF_MODEL = {
  model: orEmpty("model"),
  modelGroup: orEmpty("modelGroup"),
  provider: orEmpty("provider"),
  endpoint: orEmpty("callType"),
};
const DIMENSIONS = {
  day: DAY,
  keyHash: orEmpty("keyHash"),
  userId: orEmpty("userId"),
  teamId: orEmpty("teamId"),
  organizationId: orEmpty("organizationId"),
  projectId: orEmpty("projectId"),
  customerId: orEmpty("customerId"),
  ...OF_MODEL,
};
const TAG_DIMENSIONS = { day: DAY, tag: sql.raw("tag.value"), keyHash: orEmpty("keyHash"), ...OF_MODEL };

const total = (name: string): SQL => sql.raw(`sum(line.value ->> '$.${name}')`);
const isServed = "(line.value ->> '$.outcome') IN ('success', 'aborted')";
const SUM_OF: Record<(typeof SUMS)[number], SQL> = {
  spend: total("cost"),
  promptTokens: total("promptTokens"),
  completionTokens: total("completionTokens"),
  totalTokens: total("totalTokens"),
  cacheReadTokens: total("cacheReadTokens"),
  cacheCreationTokens: total("cacheCreationTokens"),
  requests: sql.raw("count(*)"),
  successful: sql.raw(`sum(${isServed})`),
  failed: sql.raw(`sum(NOT ${isServed})`),
};

/** Calls as they are listed: pages by keyset, pages by number, one call, a session. */
import { and, asc, desc, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Database } from "../database.ts";
import { KEY_SLOT, type SpendLog, spendLogKeys, spendLogs } from "../schema/spend.ts";
import { type LogFilter, matching } from "./filter.ts";

const { messages: _messages, response: _response, ...listed } = getTableColumns(spendLogs);

/** A call without what was asked and answered. */
export type ListedLog = Omit<SpendLog, "messages" | "response">;

/** Where a page ends: the key of its last row. */
export interface LogCursor {
  startedAt: number;
  id: string;
}

/** A page takes this many rows at most. */
export const LARGEST_PAGE = 1000;
/** Calls are counted up to here: a table has many millions. */
export const MOST_COUNTED = 100_000;

/**
 * The newest calls, or the newest before a cursor. The cost does not depend on how far back a page is: it reads the rows it
 * gives, and those between them that do not match. Of one key the slots of five minutes without it are skipped.
 *
 * @returns `next` is absent on the last page
 */
export async function logPage(
  db: Database,
  filter: LogFilter,
  { limit = 50, before }: { limit?: number; before?: LogCursor } = {},
): Promise<{ logs: ListedLog[]; next?: LogCursor }> {
  const size = Math.min(limit, LARGEST_PAGE);
  const where = and(matching(filter), before && isBefore(before));
  const [key, ...others] = filter.keyHashes ?? [];
  const isOfOneKey = key !== undefined && others.length === 0 && filter.requestId === undefined;
  const rows = isOfOneKey
    ? await db
        .select(listed)
        .from(spendLogKeys)
        // CROSS JOIN: the slots from the newest, and within each its calls.
        .crossJoin(spendLogs)
        .where(and(eq(spendLogKeys.keyHash, key), slotsWithin(filter, before), inSlot, where))
        .orderBy(desc(spendLogKeys.slot), desc(spendLogs.startedAt), desc(spendLogs.id))
        .limit(size + 1)
    : await db
        .select(listed)
        .from(spendLogs)
        .where(where)
        .orderBy(desc(spendLogs.startedAt), desc(spendLogs.id))
        .limit(size + 1);
  const logs = rows.slice(0, size);
  const last = logs.at(-1);
  return rows.length > size && last ? { logs, next: { startedAt: last.startedAt, id: last.id } } : { logs };
}

const SLOT = sql.raw(String(KEY_SLOT));
const inSlot = sql`${spendLogs.startedAt} >= ${spendLogKeys.slot} * ${SLOT}
  AND ${spendLogs.startedAt} < (${spendLogKeys.slot} + 1) * ${SLOT}`;

function slotsWithin({ from, to }: LogFilter, before: LogCursor | undefined): SQL | undefined {
  const end = before === undefined ? to : Math.min(to ?? before.startedAt, before.startedAt);
  return and(
    from === undefined ? undefined : sql`${spendLogKeys.slot} >= ${Math.floor(from / KEY_SLOT)}`,
    end === undefined ? undefined : sql`${spendLogKeys.slot} <= ${Math.floor(end / KEY_SLOT)}`,
  );
}

/** Row values, so that the table's key is walked from there. */
function isBefore({ startedAt, id }: LogCursor): SQL {
  return sql`(${spendLogs.startedAt}, ${spendLogs.id}) < (${startedAt}, ${id})`;
}

export type LogOrder = "startTime" | "endTime" | "spend" | "total_tokens";

/**
 * A page by number, as LiteLLM's `/spend/logs/v2` has them. Far pages read all before them; `logPage` does not.
 *
 * @returns `total` up to `MOST_COUNTED`
 */
export async function numberedLogPage(
  db: Database,
  filter: LogFilter,
  options: { page?: number; pageSize?: number; orderBy?: LogOrder; ascending?: boolean } = {},
): Promise<{ logs: ListedLog[]; total: number; page: number; pageSize: number; totalPages: number }> {
  const { page = 1, pageSize = 50, orderBy = "startTime", ascending = false } = options;
  const size = Math.min(Math.max(1, pageSize), LARGEST_PAGE);
  const where = matching(filter);
  const direction = ascending ? asc : desc;
  const column = {
    startTime: spendLogs.startedAt,
    endTime: spendLogs.endedAt,
    spend: spendLogs.cost,
    total_tokens: spendLogs.totalTokens,
  }[orderBy];
  const counted = db.select({ one: sql`1` }).from(spendLogs).where(where).limit(MOST_COUNTED).as("counted");
  const [logs, count] = await db.batch([
    db
      .select(listed)
      .from(spendLogs)
      .where(where)
      .orderBy(direction(column), direction(spendLogs.startedAt), direction(spendLogs.id))
      .limit(size)
      .offset((Math.max(1, page) - 1) * size),
    db.select({ total: sql<number>`count(*)` }).from(counted),
  ]);
  const total = count[0]?.total ?? 0;
  return { logs, total, page: Math.max(1, page), pageSize: size, totalPages: Math.ceil(total / size) };
}

/** One call with what was asked and answered, by its row's id or the id the client knows it by; of several the newest. */
export async function findLog(db: Database, requestId: string): Promise<SpendLog | undefined> {
  const [log] = await db
    .select()
    .from(spendLogs)
    .where(matching({ requestId }))
    .orderBy(desc(spendLogs.startedAt), desc(spendLogs.id))
    .limit(1);
  return log;
}

export interface SessionView {
  /** Oldest first. */
  logs: ListedLog[];
  /** Of the whole session. `cost` in nano-dollars, times in milliseconds since the epoch. */
  totals: { calls: number; cost: number; totalTokens: number; startedAt: number | null; endedAt: number | null };
}

/** The calls of one session, and their sum. An index has them. */
export async function sessionLogs(
  db: Database,
  sessionId: string,
  { page = 1, pageSize = 50, filter = {} }: { page?: number; pageSize?: number; filter?: LogFilter } = {},
): Promise<SessionView> {
  const where = matching({ ...filter, sessionId });
  const size = Math.min(Math.max(1, pageSize), LARGEST_PAGE);
  const [logs, totals] = await db.batch([
    db
      .select(listed)
      .from(spendLogs)
      .where(where)
      .orderBy(asc(spendLogs.startedAt), asc(spendLogs.id))
      .limit(size)
      .offset((Math.max(1, page) - 1) * size),
    db
      .select({
        calls: sql<number>`count(*)`,
        cost: sql<number>`coalesce(sum(${spendLogs.cost}), 0)`,
        totalTokens: sql<number>`coalesce(sum(${spendLogs.totalTokens}), 0)`,
        startedAt: sql<number | null>`min(${spendLogs.startedAt})`,
        endedAt: sql<number | null>`max(${spendLogs.endedAt})`,
      })
      .from(spendLogs)
      .where(where),
  ]);
  const [sum] = totals;
  return { logs, totals: sum ?? { calls: 0, cost: 0, totalTokens: 0, startedAt: null, endedAt: null } };
}

/** How fast and how well models answered, from single calls. Each reads all calls of its range: keep ranges short. */
import { and, asc, desc, eq, gt, isNotNull, type SQL, sql } from "drizzle-orm";
import type { Database } from "../database.ts";
import { spendLogs } from "../schema/spend.ts";
import { type LogFilter, matching } from "./filter.ts";

/** Rows an answer has at most. */
const MOST_ROWS = 10_000;

const DAY = sql<string>`strftime('%Y-%m-%d', ${spendLogs.startedAt} / 1000, 'unixepoch')`;

/** Calls of a public name. */
export interface GroupFilter extends LogFilter {
  modelGroup?: string;
}

function ofGroup({ modelGroup, ...filter }: GroupFilter, ...more: (SQL | undefined)[]): SQL | undefined {
  return and(matching(filter), modelGroup === undefined ? undefined : eq(spendLogs.modelGroup, modelGroup), ...more);
}

/** By day, the calls that were refused with 429. */
export function rateLimited(db: Database, filter: GroupFilter): Promise<{ day: string; calls: number }[]> {
  return db
    .select({ day: DAY, calls: sql<number>`count(*)` })
    .from(spendLogs)
    .where(ofGroup(filter, eq(spendLogs.status, 429)))
    .groupBy(DAY)
    .orderBy(asc(DAY))
    .limit(MOST_ROWS);
}

/** The same by upstream; calls that never got to one are left out. */
export function rateLimitedByUpstream(db: Database, filter: GroupFilter) {
  return db
    .select({ day: DAY, apiBase: sql<string>`${spendLogs.apiBase}`, calls: sql<number>`count(*)` })
    .from(spendLogs)
    .where(ofGroup(filter, eq(spendLogs.status, 429), isNotNull(spendLogs.apiBase)))
    .groupBy(DAY, spendLogs.apiBase)
    .orderBy(asc(DAY), asc(spendLogs.apiBase))
    .limit(MOST_ROWS);
}

/** What the response cache answered, by the key's alias, operation and model. */
export function cacheHits(db: Database, filter: LogFilter) {
  const isHit = sql`coalesce(${spendLogs.cacheHit}, 0)`;
  return db
    .select({
      keyAlias: spendLogs.keyAlias,
      callType: spendLogs.callType,
      model: spendLogs.model,
      calls: sql<number>`count(*)`,
      hits: sql<number>`sum(${isHit})`,
      cachedTokens: sql<number>`sum(iif(${isHit}, ${spendLogs.completionTokens}, 0))`,
      generatedTokens: sql<number>`sum(iif(${isHit}, 0, ${spendLogs.completionTokens}))`,
    })
    .from(spendLogs)
    .where(matching(filter))
    .groupBy(spendLogs.keyAlias, spendLogs.callType, spendLogs.model)
    .orderBy(desc(sql`count(*)`))
    .limit(MOST_ROWS);
}

/** Where a call went, and a mean of its time. */
export interface Latency {
  /** A day, or the id of a call. */
  at: string;
  model: string;
  apiBase: string | null;
  /** Seconds. */
  seconds: number;
}

const fromUpstream = sql`coalesce(${spendLogs.cacheHit}, 0) = 0`;

/** Seconds for each token of the answers, the mean of a day. */
export function latencyPerToken(db: Database, filter: GroupFilter): Promise<Latency[]> {
  return db
    .select({
      at: DAY,
      model: spendLogs.model,
      apiBase: spendLogs.apiBase,
      seconds: sql<number>`avg((${spendLogs.endedAt} - ${spendLogs.startedAt}) / 1000.0 / ${spendLogs.completionTokens})`,
    })
    .from(spendLogs)
    .where(ofGroup({ ...filter, status: "success" }, gt(spendLogs.completionTokens, 0), fromUpstream))
    .groupBy(DAY, spendLogs.model, spendLogs.apiBase)
    .orderBy(asc(DAY))
    .limit(MOST_ROWS);
}

/** Seconds until the first content of streams: the mean of a day, or of single calls. */
export function timeToFirstToken(db: Database, filter: GroupFilter, single: boolean): Promise<Latency[]> {
  const at = single ? sql<string>`coalesce(${spendLogs.callId}, ${spendLogs.id})` : DAY;
  const oldest = sql`min(${spendLogs.startedAt})`;
  return db
    .select({
      at,
      model: spendLogs.model,
      apiBase: spendLogs.apiBase,
      seconds: sql<number>`avg((${spendLogs.firstContentAt} - ${spendLogs.startedAt}) / 1000.0)`,
    })
    .from(spendLogs)
    .where(ofGroup(filter, eq(spendLogs.stream, true), isNotNull(spendLogs.firstContentAt), fromUpstream))
    .groupBy(at, spendLogs.model, spendLogs.apiBase)
    .orderBy(asc(oldest))
    .limit(MOST_ROWS);
}

/** Calls by upstream, and how many took longer than so many seconds. */
export function slowCalls(db: Database, filter: GroupFilter, threshold: number) {
  const slow = sql<number>`sum(${spendLogs.endedAt} - ${spendLogs.startedAt} > ${threshold * 1000})`;
  return db
    .select({ apiBase: spendLogs.apiBase, calls: sql<number>`count(*)`, slow })
    .from(spendLogs)
    .where(ofGroup({ ...filter, status: "success" }, fromUpstream))
    .groupBy(spendLogs.apiBase)
    .orderBy(desc(slow))
    .limit(MOST_ROWS);
}

/** Failed calls by model, upstream and class of the error. */
export function errorsByClass(db: Database, filter: GroupFilter) {
  return db
    .select({
      model: spendLogs.model,
      apiBase: spendLogs.apiBase,
      error: sql<string>`coalesce(${spendLogs.error}, 'Unknown')`,
      calls: sql<number>`count(*)`,
    })
    .from(spendLogs)
    .where(ofGroup(filter, eq(spendLogs.outcome, "failure")))
    .groupBy(spendLogs.model, spendLogs.apiBase, spendLogs.error)
    .orderBy(desc(sql`count(*)`))
    .limit(MOST_ROWS);
}

/** What was spent, from the daily sums: by anything, for days, without a look at single calls. */
import { and, asc, desc, eq, gte, inArray, lte, ne, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "../database.ts";
import { dailySpend, dailyTagSpend } from "../schema/spend.ts";

/** Nano-dollars, tokens and calls. */
export interface Metrics {
  spend: number;
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
  cacheReadTokens: number;
  cacheCreationTokens: number;
  requests: number;
  /** Also those whose client left. */
  successful: number;
  failed: number;
}

export type Dimension =
  | "key"
  | "user"
  | "team"
  | "organization"
  | "project"
  | "customer"
  | "model"
  | "modelGroup"
  | "provider"
  | "endpoint"
  | "tag";

/** All that are given must hold. A tag is of another table, which knows keys, models, providers and endpoints only. */
export interface SumFilter {
  /** Days in UTC, `2026-11-22`; both are in it. */
  from?: string;
  to?: string;
  keyHashes?: readonly string[];
  userIds?: readonly string[];
  teamIds?: readonly string[];
  organizationIds?: readonly string[];
  projectIds?: readonly string[];
  customerIds?: readonly string[];
  tags?: readonly string[];
  /** The provider's model, or the public name. */
  model?: string;
  provider?: string;
  endpoint?: string;
}

/** Groups an answer has at most. */
export const MOST_GROUPS = 50_000;

/** The table an answer comes from. */
export type SumTable = typeof dailySpend | typeof dailyTagSpend;

export function tableFor(by: Dimension | undefined, filter: SumFilter): SumTable {
  return by === "tag" || filter.tags !== undefined ? dailyTagSpend : dailySpend;
}

/** @throws RangeError where tags are asked for together with what the table of tags does not know */
export function columnOf(table: SumTable, dimension: Dimension): SQLiteColumn {
  const columns: Partial<Record<Dimension, SQLiteColumn>> =
    table === dailyTagSpend
      ? { tag: dailyTagSpend.tag, key: dailyTagSpend.keyHash, ...ofModel(dailyTagSpend) }
      : {
          key: dailySpend.keyHash,
          user: dailySpend.userId,
          team: dailySpend.teamId,
          organization: dailySpend.organizationId,
          project: dailySpend.projectId,
          customer: dailySpend.customerId,
          ...ofModel(dailySpend),
        };
  const column = columns[dimension];
  if (column === undefined) throw new RangeError(`tags cannot be combined with ${dimension}`);
  return column;
}

const ofModel = (table: SumTable) => ({
  model: table.model,
  modelGroup: table.modelGroup,
  provider: table.provider,
  endpoint: table.endpoint,
});

export function within(table: SumTable, filter: SumFilter): SQL | undefined {
  const { from, to, model } = filter;
  const oneOf = (dimension: Dimension, ids: readonly string[] | undefined) =>
    ids && inArray(columnOf(table, dimension), sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`);
  return and(
    from === undefined ? undefined : gte(table.day, from),
    to === undefined ? undefined : lte(table.day, to),
    oneOf("key", filter.keyHashes),
    oneOf("user", filter.userIds),
    oneOf("team", filter.teamIds),
    oneOf("organization", filter.organizationIds),
    oneOf("project", filter.projectIds),
    oneOf("customer", filter.customerIds),
    oneOf("tag", filter.tags),
    model === undefined ? undefined : sql`(${table.model} = ${model} OR ${table.modelGroup} = ${model})`,
    filter.provider === undefined ? undefined : eq(table.provider, filter.provider),
    filter.endpoint === undefined ? undefined : eq(table.endpoint, filter.endpoint),
  );
}

export function metricsOf(table: SumTable) {
  const sum = (column: SQLiteColumn) => sql<number>`coalesce(sum(${column}), 0)`;
  return {
    spend: sum(table.spend),
    promptTokens: sum(table.promptTokens),
    completionTokens: sum(table.completionTokens),
    totalTokens: sum(table.totalTokens),
    cacheReadTokens: sum(table.cacheReadTokens),
    cacheCreationTokens: sum(table.cacheCreationTokens),
    requests: sum(table.requests),
    successful: sum(table.successful),
    failed: sum(table.failed),
  };
}

/** The whole of a range. */
export async function total(db: Database, filter: SumFilter): Promise<Metrics> {
  const table = tableFor(undefined, filter);
  const [metrics] = await db.select(metricsOf(table)).from(table).where(within(table, filter));
  if (metrics === undefined) throw new Error("a sum without a row");
  return metrics;
}

/** One of a dimension with its sum; `id` is empty for calls that have none. */
export interface Total extends Metrics {
  id: string;
}

/** Sums by one dimension, the largest spend first. */
export async function totalsBy(
  db: Database,
  by: Dimension,
  filter: SumFilter,
  {
    limit = 1000,
    withoutNone = false,
  }: { limit?: number /** Leave out calls that have none. */; withoutNone?: boolean } = {},
): Promise<Total[]> {
  const table = tableFor(by, filter);
  const id = columnOf(table, by);
  const metrics = metricsOf(table);
  return db
    .select({ id: sql<string>`${id}`, ...metrics })
    .from(table)
    .where(and(within(table, filter), withoutNone ? ne(id, "") : undefined))
    .groupBy(id)
    .orderBy(desc(metrics.spend), asc(id))
    .limit(Math.min(limit, MOST_GROUPS));
}

/** A day's sum. */
export interface DayTotal extends Metrics {
  day: string;
}

/** Sums by day, oldest first. Days without calls are not in it. */
export async function dailyTotals(db: Database, filter: SumFilter): Promise<DayTotal[]> {
  const table = tableFor(undefined, filter);
  return db
    .select({ day: table.day, ...metricsOf(table) })
    .from(table)
    .where(within(table, filter))
    .groupBy(table.day)
    .orderBy(asc(table.day))
    .limit(MOST_GROUPS);
}

/** Sums by day and one dimension: oldest day first, within a day the largest spend. */
export async function dailyTotalsBy(
  db: Database,
  by: Dimension,
  filter: SumFilter,
): Promise<(DayTotal & { id: string })[]> {
  const table = tableFor(by, filter);
  const id = columnOf(table, by);
  const metrics = metricsOf(table);
  return db
    .select({ day: table.day, id: sql<string>`${id}`, ...metrics })
    .from(table)
    .where(within(table, filter))
    .groupBy(table.day, id)
    .orderBy(asc(table.day), desc(metrics.spend), asc(id))
    .limit(MOST_GROUPS);
}

/** The tags that were ever used in a range, by name. */
export async function distinctTags(db: Database, filter: Pick<SumFilter, "from" | "to"> = {}): Promise<string[]> {
  const rows = await db
    .selectDistinct({ tag: dailyTagSpend.tag })
    .from(dailyTagSpend)
    .where(within(dailyTagSpend, filter))
    .orderBy(asc(dailyTagSpend.tag))
    .limit(MOST_GROUPS);
  return rows.map(({ tag }) => tag);
}

/** Daily activity, in the form of LiteLLM's `SpendAnalyticsPaginatedResponse`: each day with what it is made of. */
import { and, asc, desc, sql } from "drizzle-orm";
import type { Database } from "../database.ts";
import { columnOf, type Dimension, type Metrics, metricsOf, type SumFilter, tableFor, within } from "./sums.ts";

/** Sums of one model, provider, ..., and what each key has of it. */
export interface Part {
  metrics: Metrics;
  /** By SHA-256 of the key. */
  keys: Record<string, Metrics>;
}

export interface DayActivity {
  /** `2026-11-22` */
  day: string;
  metrics: Metrics;
  /** By id; calls that have none are under the empty string. */
  breakdown: {
    models: Record<string, Part>;
    modelGroups: Record<string, Part>;
    providers: Record<string, Part>;
    endpoints: Record<string, Part>;
    keys: Record<string, Metrics>;
    /** The users, teams, tags, ... that were asked for. */
    entities: Record<string, Part>;
  };
}

export interface Activity {
  /** Newest day first. */
  days: DayActivity[];
  /** Of all days of the range, whatever the page. */
  total: Metrics;
  page: number;
  totalPages: number;
}

/** Groups by day, part and key an answer is made of: more are left out, the smallest spend first. */
const MOST_PARTS = 20_000;

/**
 * What users, teams, tags, ... did day by day. Pages are of days.
 *
 * @param by whose activity it is; `filter` says which of them, and narrows it down
 */
export async function dailyActivity(
  db: Database,
  by: Dimension,
  filter: SumFilter,
  { page = 1, pageSize = 50 }: { page?: number; pageSize?: number } = {},
): Promise<Activity> {
  const table = tableFor(by, filter);
  const where = within(table, filter);
  const size = Math.max(1, pageSize);
  const number = Math.max(1, page);
  const [sums, days, counts] = await db.batch([
    db.select(metricsOf(table)).from(table).where(where),
    db
      .select({ day: table.day, ...metricsOf(table) })
      .from(table)
      .where(where)
      .groupBy(table.day)
      .orderBy(desc(table.day))
      .limit(size)
      .offset((number - 1) * size),
    db
      .select({ days: sql<number>`count(DISTINCT ${table.day})` })
      .from(table)
      .where(where),
  ]);
  const totalPages = Math.ceil((counts[0]?.days ?? 0) / size);
  const [total] = sums;
  if (total === undefined) throw new Error("a sum without a row");
  const [newest, oldest] = [days[0], days.at(-1)];
  if (newest === undefined || oldest === undefined) return { days: [], total, page: number, totalPages };

  const onPage = and(where, within(table, { from: oldest.day, to: newest.day }));
  const parts = (dimension: Dimension) => {
    const metrics = metricsOf(table);
    return db
      .select({ day: table.day, id: sql<string>`${columnOf(table, dimension)}`, key: table.keyHash, ...metrics })
      .from(table)
      .where(onPage)
      .groupBy(table.day, columnOf(table, dimension), table.keyHash)
      .orderBy(desc(metrics.spend), asc(columnOf(table, dimension)))
      .limit(MOST_PARTS);
  };
  const [models, modelGroups, providers, endpoints, entities] = await db.batch([
    parts("model"),
    parts("modelGroup"),
    parts("provider"),
    parts("endpoint"),
    parts(by),
  ]);
  const of = (day: string, rows: readonly PartRow[]) => folded(rows.filter((row) => row.day === day));
  return {
    days: days.map(({ day, ...metrics }) => ({
      day,
      metrics,
      breakdown: {
        models: of(day, models),
        modelGroups: of(day, modelGroups),
        providers: of(day, providers),
        endpoints: of(day, endpoints),
        entities: of(day, entities),
        keys: byKey(endpoints.filter((row) => row.day === day)),
      },
    })),
    total,
    page: number,
    totalPages,
  };
}

interface PartRow extends Metrics {
  day: string;
  id: string;
  key: string;
}

function folded(rows: readonly PartRow[]): Record<string, Part> {
  const parts = new Map<string, Part>();
  for (const { day: _, id, key, ...metrics } of rows) {
    const part = parts.get(id);
    if (part === undefined) parts.set(id, { metrics, keys: { [key]: metrics } });
    else parts.set(id, { metrics: plus(part.metrics, metrics), keys: { ...part.keys, [key]: metrics } });
  }
  return Object.fromEntries(parts);
}

function byKey(rows: readonly PartRow[]): Record<string, Metrics> {
  const keys = new Map<string, Metrics>();
  for (const { day: _, id: __, key, ...metrics } of rows) {
    const known = keys.get(key);
    keys.set(key, known === undefined ? metrics : plus(known, metrics));
  }
  return Object.fromEntries(keys);
}

function plus(a: Metrics, b: Metrics): Metrics {
  return {
    spend: a.spend + b.spend,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheCreationTokens: a.cacheCreationTokens + b.cacheCreationTokens,
    requests: a.requests + b.requests,
    successful: a.successful + b.successful,
    failed: a.failed + b.failed,
  };
}

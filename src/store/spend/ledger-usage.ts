/** What the ledger has of a provider, in the grain of its bills: a sum for each day and model. */
import { and, asc, eq, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "../database.ts";
import { spendLogs } from "../schema/spend.ts";

export interface LedgerUsage {
  /** In UTC: `2026-11-22`. */
  day: string;
  model: string;
  requests: number;
  promptTokens: number;
  cacheReadTokens: number;
  cacheCreationTokens: number;
  completionTokens: number;
  /** Nano-dollars. */
  cost: number;
}

/** Sums an answer has at most. */
export const MOST_LINES = 20_000;

/** @param times milliseconds since the epoch; calls the response cache answered are no provider's */
export function usageOfProvider(
  db: Database,
  provider: string,
  { from, to }: { from: number; to: number },
): Promise<LedgerUsage[]> {
  const day = sql<string>`strftime('%Y-%m-%d', ${spendLogs.startedAt} / 1000, 'unixepoch')`;
  const sum = (column: SQLiteColumn) => sql<number>`sum(${column})`;
  return db
    .select({
      day,
      model: spendLogs.model,
      requests: sql<number>`count(*)`,
      promptTokens: sum(spendLogs.promptTokens),
      cacheReadTokens: sum(spendLogs.cacheReadTokens),
      cacheCreationTokens: sum(spendLogs.cacheCreationTokens),
      completionTokens: sum(spendLogs.completionTokens),
      cost: sum(spendLogs.cost),
    })
    .from(spendLogs)
    .where(
      and(
        sql`${spendLogs.startedAt} >= ${from} AND ${spendLogs.startedAt} < ${to}`,
        eq(spendLogs.provider, provider),
        sql`coalesce(${spendLogs.cacheHit}, 0) = 0`,
      ),
    )
    .groupBy(day, spendLogs.model)
    .orderBy(asc(day), asc(spendLogs.model))
    .limit(MOST_LINES);
}

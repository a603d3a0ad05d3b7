/** Tags that requests had and nobody made: from the daily sums. */
import { and, asc, gte, lte, max, min, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { dailyTagSpend, tags } from "./schema/index.ts";

export interface SeenTag {
  tag: string;
  /** Days in UTC: `2026-11-22`. */
  first: string | null;
  last: string | null;
}

/** @param days both are in it */
export async function seenTags(
  db: Database,
  { from, to, most }: { from: string; to?: string; most: number },
): Promise<SeenTag[]> {
  const isMade = sql`exists (select 1 from ${tags} where ${tags.tag_name} = ${dailyTagSpend.tag})`;
  return db
    .select({ tag: dailyTagSpend.tag, first: min(dailyTagSpend.day), last: max(dailyTagSpend.day) })
    .from(dailyTagSpend)
    .where(
      and(gte(dailyTagSpend.day, from), to === undefined ? undefined : lte(dailyTagSpend.day, to), sql`not ${isMade}`),
    )
    .groupBy(dailyTagSpend.tag)
    .orderBy(asc(dailyTagSpend.tag))
    .limit(most);
}

/** How many users called with a tag. The sums know the key of a call; whose it is say the keys, those deleted included. */
import { and, asc, desc, gt, like, type SQL, sql } from "drizzle-orm";
import type { Database } from "../database.ts";
import { dailyTagSpend, deletedKeys, keys } from "../schema/index.ts";
import { metricsOf, within } from "./sums.ts";

/** Tags an answer has at most, as in LiteLLM. */
export const MOST_TAGS = 250;

export interface TagRange {
  /** Days in UTC; both are in it. */
  from: string;
  to: string;
  /** Absent: those LiteLLM makes of the client's `User-Agent`. */
  tags?: readonly string[];
}

/** LiteLLM's tag of the client program. */
const USER_AGENT = "User-Agent:";

function meant({ from, to, tags }: TagRange): SQL | undefined {
  return and(
    within(dailyTagSpend, { from, to, ...(tags && { tags }) }),
    tags === undefined ? like(dailyTagSpend.tag, `${USER_AGENT}%`) : undefined,
  );
}

/** The user of the call's key; null for a key without. Looked up key by key: the sums of tags have few of them. */
const USER = sql`coalesce(
  (SELECT k.user_id FROM ${keys} AS k WHERE k.token = ${dailyTagSpend.keyHash}),
  (SELECT d.user_id FROM ${deletedKeys} AS d WHERE d.token = ${dailyTagSpend.keyHash} ORDER BY d.deleted_at DESC LIMIT 1)
)`;

/** The tags of clients that came by, by name. */
export async function clientTags(db: Database, range: Pick<TagRange, "from" | "to">): Promise<string[]> {
  const rows = await db
    .selectDistinct({ tag: dailyTagSpend.tag })
    .from(dailyTagSpend)
    .where(meant(range))
    .orderBy(asc(dailyTagSpend.tag))
    .limit(MOST_TAGS);
  return rows.map(({ tag }) => tag);
}

/** Users by tag within the range, the most first. Tags nobody with a user called with are left out. */
export function activeUsers(db: Database, range: TagRange): Promise<{ tag: string; users: number }[]> {
  const users = sql<number>`count(DISTINCT ${USER})`;
  return db
    .select({ tag: dailyTagSpend.tag, users })
    .from(dailyTagSpend)
    .where(meant(range))
    .groupBy(dailyTagSpend.tag)
    .having(gt(users, 0))
    .orderBy(desc(users), asc(dailyTagSpend.tag))
    .limit(MOST_TAGS);
}

/** What was spent with each tag, the most calls first. */
export async function tagSummaries(db: Database, range: TagRange) {
  const metrics = metricsOf(dailyTagSpend);
  const sums = await db
    .select({ tag: dailyTagSpend.tag, ...metrics })
    .from(dailyTagSpend)
    .where(meant(range))
    .groupBy(dailyTagSpend.tag)
    .orderBy(desc(metrics.requests), asc(dailyTagSpend.tag))
    .limit(MOST_TAGS);
  if (sums.length === 0) return [];
  const active = await activeUsers(db, { ...range, tags: sums.map(({ tag }) => tag) });
  const users = new Map(active.map(({ tag, users }) => [tag, users]));
  return sums.map((sum) => ({ ...sum, users: users.get(sum.tag) ?? 0 }));
}

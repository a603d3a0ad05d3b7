/** How many users called with a tag. The sums know the key of a call; whose it is say the keys, those deleted included. */
import { and, asc, desc, like, type SQL, sql } from "drizzle-orm";
import { unionAll } from "drizzle-orm/sqlite-core";
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

/** The user of each key, and none for a key without. */
function usersOfKeys(db: Database) {
  return unionAll(
    db.select({ token: keys.token, user_id: keys.user_id }).from(keys),
    db.select({ token: deletedKeys.token, user_id: deletedKeys.user_id }).from(deletedKeys),
  ).as("key_users");
}

const isOfRange = (users: ReturnType<typeof usersOfKeys>) => sql`${users.token} = ${dailyTagSpend.keyHash}`;

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
  const keyUsers = usersOfKeys(db);
  const users = sql<number>`count(DISTINCT ${keyUsers.user_id})`;
  return db
    .select({ tag: dailyTagSpend.tag, users })
    .from(dailyTagSpend)
    .innerJoin(keyUsers, isOfRange(keyUsers))
    .where(and(meant(range), sql`${keyUsers.user_id} IS NOT NULL`))
    .groupBy(dailyTagSpend.tag)
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

/** Keys that rotations have made, until somebody takes them. What takes one is `replaceKey`, which knows of them. */
import { and, eq, lte, ne, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { type KeySuccessorRow, keySuccessors, keys } from "./schema/index.ts";

/** Nothing happens where the key has been replaced meanwhile, or one waits already. @returns whether it is kept */
export async function keepSuccessor(db: Database, row: KeySuccessorRow): Promise<boolean> {
  const kept = await db
    .insert(keySuccessors)
    .select(
      db
        .select({
          token: keys.token,
          scope_id: keys.scope_id,
          successor_token: sql<string>`${row.successor_token}`.as("successor_token"),
          key_name: sql<string>`${row.key_name}`.as("key_name"),
          sealed: sql<string>`${row.sealed}`.as("sealed"),
          made_at: sql<string>`${row.made_at}`.as("made_at"),
          retire_at: sql<string | null>`${row.retire_at}`.as("retire_at"),
        })
        .from(keys)
        .where(eq(keys.token, row.token)),
    )
    .onConflictDoNothing()
    .returning({ token: keySuccessors.token });
  return kept.length > 0;
}

export async function findSuccessor(db: Database, token: string): Promise<KeySuccessorRow | undefined> {
  const [row] = await db.select().from(keySuccessors).where(eq(keySuccessors.token, token));
  return row;
}

/** Those whose old key is to stop, though nobody has come. */
export async function overdueSuccessors(db: Database, now: string, most: number): Promise<KeySuccessorRow[]> {
  return db
    .select()
    .from(keySuccessors)
    .where(and(lte(keySuccessors.retire_at, now), ne(keySuccessors.token, keySuccessors.successor_token)))
    .orderBy(keySuccessors.retire_at)
    .limit(most);
}

/** Takes one that is in force already. @returns whether it was there: of two who take it one does */
export async function dropSuccessor(db: Database, { token, successor_token }: KeySuccessorRow): Promise<boolean> {
  const dropped = await db
    .delete(keySuccessors)
    .where(and(eq(keySuccessors.token, token), eq(keySuccessors.successor_token, successor_token)))
    .returning({ token: keySuccessors.token });
  return dropped.length > 0;
}

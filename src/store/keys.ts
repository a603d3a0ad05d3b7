/** Virtual keys: looked up, made, changed, replaced and deleted. Lists are in `key-list.ts`. */
import { and, eq, getTableColumns, lt, lte, notExists, type SQL, sql } from "drizzle-orm";
import { among } from "./among.ts";
import { inOrderOf } from "./copies.ts";
import type { Database } from "./database.ts";
import { deletedKeys, deprecatedKeys, type KeyRow, keySuccessors, keys } from "./schema/index.ts";

/** What an update may set. Whose spend it is (`scope_id`) never changes. */
export type KeyChanges = Partial<Omit<KeyRow, "token" | "scope_id">>;
/** A key to be made: its scope is its own. */
export type NewKey = Omit<typeof keys.$inferInsert, "scope_id">;

export async function findKey(db: Database, token: string): Promise<KeyRow | undefined> {
  const [key] = await db.select().from(keys).where(eq(keys.token, token));
  return key;
}

/** In no order; those that are not there are left out. */
export async function findKeys(db: Database, tokens: readonly string[]): Promise<KeyRow[]> {
  return db.select().from(keys).where(among(keys.token, tokens));
}

export async function findKeysByAlias(db: Database, aliases: readonly string[]): Promise<KeyRow[]> {
  return db.select().from(keys).where(among(keys.key_alias, aliases));
}

/** @throws where the token, its scope or the alias is taken (`isDuplicate`) */
export async function insertKey(db: Database, key: NewKey): Promise<KeyRow> {
  const [row] = await db
    .insert(keys)
    .values({ ...key, scope_id: key.token })
    .returning();
  if (row === undefined) throw new Error("D1 returned no row of an insert");
  return row;
}

/** Takes back a key that nobody has seen: as if it had never been made. */
export async function unmakeKey(db: Database, token: string): Promise<void> {
  await db.delete(keys).where(eq(keys.token, token));
}

/** `undefined` where the key is gone. @throws where the alias is taken (`isDuplicate`) */
export async function updateKey(db: Database, token: string, changes: KeyChanges): Promise<KeyRow | undefined> {
  const [row] = await db.update(keys).set(changes).where(eq(keys.token, token)).returning();
  return row;
}

export interface Replacement {
  token: string;
  changes: KeyChanges;
  /** Until when the old key works too (ISO 8601); absent: not any more. */
  revokeAt?: string;
  /** The new token is the waiting successor's, which nobody has taken yet; else one that waits is void. */
  keepsSuccessor?: true;
  /** For the copy of the key as it was: who looks at spend of the old digest finds whose it was. */
  deletion: Deletion;
}

/**
 * Gives a key a new token, all of it or nothing. Older keys that still work go on working until they are revoked.
 * `undefined` where the key is gone: somebody else replaced it first.
 */
export async function replaceKey(
  db: Database,
  old: string,
  { token, changes, revokeAt, keepsSuccessor, deletion }: Replacement,
): Promise<KeyRow | undefined> {
  const keep = db.insert(deletedKeys).select(copies(db, [old], deletion));
  const isReplaced = sql`exists (select 1 from ${keys} where ${keys.token} = ${token})`;
  const replace = db
    .update(keys)
    .set({ ...changes, token, rotation_count: sql`${keys.rotation_count} + 1` })
    .where(eq(keys.token, old))
    .returning();
  const forgetNew = db.delete(deprecatedKeys).where(eq(deprecatedKeys.token, token));
  const follow = db
    .update(deprecatedKeys)
    .set({ active_token: token })
    .where(and(eq(deprecatedKeys.active_token, old), isReplaced));
  // One that waits for whoever replaced the key first is not of the old one any more.
  const isWaiting = and(eq(keySuccessors.token, old), isReplaced);
  const settle = keepsSuccessor
    ? db.update(keySuccessors).set({ token }).where(isWaiting)
    : db.delete(keySuccessors).where(isWaiting);
  if (revokeAt === undefined) {
    const [, [row]] = await db.batch([keep, replace, forgetNew, follow, settle]);
    return row;
  }
  const remember = db
    .insert(deprecatedKeys)
    .select(
      db
        .select({
          token: sql<string>`${old}`.as("token"),
          active_token: keys.token,
          revoke_at: sql<string>`${revokeAt}`.as("revoke_at"),
          created_at: sql<string>`${deletion.deletedAt}`.as("created_at"),
        })
        .from(keys)
        .where(eq(keys.token, token)),
    )
    .onConflictDoUpdate({ target: deprecatedKeys.token, set: { active_token: token, revoke_at: revokeAt } });
  const [, [row]] = await db.batch([keep, replace, forgetNew, follow, settle, remember]);
  return row;
}

export interface Deletion {
  /** Nano-dollars by token, as the scopes say. */
  spend: Readonly<Record<string, number>>;
  /** ISO 8601. */
  deletedAt: string;
  deletedBy: string | undefined;
  deletedByKey: string;
  changedBy: string | undefined;
}

/** Deletes keys and those they replaced, and keeps copies for audit: all of it or nothing. */
export async function deleteKeys(db: Database, tokens: readonly string[], deletion: Deletion): Promise<void> {
  await db.batch([
    db.delete(deprecatedKeys).where(among(deprecatedKeys.active_token, tokens)),
    db.delete(keySuccessors).where(among(keySuccessors.token, tokens)),
    db.insert(deletedKeys).select(copies(db, tokens, deletion)),
    db.delete(keys).where(among(keys.token, tokens)),
  ]);
}

/** The rows as `deleted_keys` has them. */
function copies(db: Database, tokens: readonly string[], deletion: Deletion) {
  const { spend, deletedAt, deletedBy, deletedByKey, changedBy } = deletion;
  const own: Record<string, SQL> = {
    id: sql`lower(hex(randomblob(16)))`,
    spend_nano: sql`coalesce(json_extract(${JSON.stringify(spend)}, '$.' || '"' || ${keys.token} || '"'), 0)`,
    deleted_at: sql`${deletedAt}`,
    deleted_by: sql`${deletedBy ?? null}`,
    deleted_by_api_key: sql`${deletedByKey}`,
    litellm_changed_by: sql`${changedBy ?? null}`,
  };
  return db
    .select(inOrderOf(deletedKeys, { ...getTableColumns(keys), ...own }))
    .from(keys)
    .where(among(keys.token, tokens));
}

/** Keys whose rotation is due, and that have no successor waiting. */
export async function dueKeys(db: Database, now: string, most: number): Promise<KeyRow[]> {
  return db
    .select()
    .from(keys)
    .where(
      and(
        eq(keys.auto_rotate, true),
        lte(keys.key_rotation_at, now),
        notExists(db.select().from(keySuccessors).where(eq(keySuccessors.token, keys.token))),
      ),
    )
    .orderBy(keys.key_rotation_at)
    .limit(most);
}

/** Replaced keys that do not work any more. */
export async function forgetRevokedKeys(db: Database, now: string): Promise<void> {
  await db.delete(deprecatedKeys).where(lt(deprecatedKeys.revoke_at, now));
}

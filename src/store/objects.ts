/** Objects clients come back for. Each is looked up with its owner: for anybody else there is none. */
import { and, desc, eq, inArray, lt, or } from "drizzle-orm";
import { among } from "./among.ts";
import type { Database } from "./database.ts";
import { type ObjectRow, objects } from "./schema/index.ts";

export async function insertObject(db: Database, row: ObjectRow): Promise<void> {
  await db.insert(objects).values(row);
}

/** @param owner whose it must be; absent: anybody's */
export async function findObject(db: Database, id: string, owner?: string): Promise<ObjectRow | undefined> {
  const [row] = await db
    .select()
    .from(objects)
    .where(and(eq(objects.id, id), ownedBy(owner)));
  return row;
}

/** Of so many ids those there are, in no order. */
export function findObjects(db: Database, ids: readonly string[], owner?: string): Promise<ObjectRow[]> {
  return db
    .select()
    .from(objects)
    .where(and(among(objects.id, ids), ownedBy(owner)));
}

export interface ObjectList {
  kinds: readonly string[];
  /** Absent: everybody's. */
  owner?: string;
  /** The last object of the page before. */
  after?: Pick<ObjectRow, "id" | "created_at">;
  most: number;
}

/** Newest first. */
export function listObjects(db: Database, { kinds, owner, after, most }: ObjectList): Promise<ObjectRow[]> {
  const isBefore =
    after &&
    or(
      lt(objects.created_at, after.created_at),
      and(eq(objects.created_at, after.created_at), lt(objects.id, after.id)),
    );
  return db
    .select()
    .from(objects)
    .where(and(inArray(objects.kind, [...kinds]), ownedBy(owner), isBefore))
    .orderBy(desc(objects.created_at), desc(objects.id))
    .limit(most);
}

/** @returns whether there was one */
export async function updateObject(
  db: Database,
  id: string,
  fields: Partial<Pick<ObjectRow, "body" | "state" | "provider_id" | "expires_at">>,
): Promise<boolean> {
  const changed = await db.update(objects).set(fields).where(eq(objects.id, id)).returning({ id: objects.id });
  return changed.length > 0;
}

/** @returns whether there was one */
export async function deleteObject(db: Database, id: string): Promise<boolean> {
  const deleted = await db.delete(objects).where(eq(objects.id, id)).returning({ id: objects.id });
  return deleted.length > 0;
}

function ownedBy(owner: string | undefined) {
  return owner === undefined ? undefined : eq(objects.owner, owner);
}

/** Objects clients come back for. Each is looked up with its owner: for anybody else there is none. */
import { and, asc, desc, eq, gt, inArray, isNotNull, lt, or, sql } from "drizzle-orm";
import { among, atOnce, inParts } from "./among.ts";
import type { Database } from "./database.ts";
import { type ObjectRow, objects } from "./schema/index.ts";

export async function insertObject(db: Database, row: ObjectRow): Promise<void> {
  await db.insert(objects).values(row);
}

/** Keeps the object as it was last seen, whether it was known before or not. */
export async function keepObject(db: Database, row: ObjectRow): Promise<void> {
  const { body, state, model } = row;
  await db
    .insert(objects)
    .values(row)
    .onConflictDoUpdate({ target: objects.id, set: { body, ...(state && { state }), ...(model && { model }) } });
}

/** Those of them that are not known yet. */
export async function insertNewObjects(db: Database, rows: readonly ObjectRow[]): Promise<void> {
  await atOnce(
    db,
    inParts(rows).map((part) => db.insert(objects).values(part).onConflictDoNothing()),
  );
}

/** What is known under ids of providers, whosever it is and whichever provider keeps it; the oldest first. */
export function findByProviderIds(db: Database, providerIds: readonly string[]): Promise<ObjectRow[]> {
  return db
    .select()
    .from(objects)
    .where(among(objects.provider_id, providerIds))
    .orderBy(asc(objects.created_at), asc(objects.id));
}

/** Runs that exist inside of an object, as its provider calls that. */
export function findRunsWithin(db: Database, kind: string, owner: string, within: string): Promise<ObjectRow[]> {
  return db
    .select()
    .from(objects)
    .where(and(eq(objects.owner, owner), eq(objects.kind, kind), sql`${objects.state} ->> '$.within' = ${within}`));
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
  /** Oldest first; newest, unless said. */
  isAscending?: boolean;
  /** Of files: what they are for. */
  purpose?: string;
  /** Who keeps them. */
  provider?: string;
  name?: string;
  /** As the client named it, or as the provider does. */
  model?: string;
  /** Texts that their metadata have. */
  metadata?: Readonly<Record<string, string>>;
  most: number;
}

/** Objects that were seen; of some only the ids are known, as another object named them. */
export function listObjects(
  db: Database,
  { kinds, owner, after, isAscending = false, purpose, provider, name, model, metadata = {}, most }: ObjectList,
): Promise<ObjectRow[]> {
  const [order, isBeyond] = isAscending ? [asc, gt] : [desc, lt];
  const isOnPage =
    after &&
    or(
      isBeyond(objects.created_at, after.created_at),
      and(eq(objects.created_at, after.created_at), isBeyond(objects.id, after.id)),
    );
  return db
    .select()
    .from(objects)
    .where(
      and(
        inArray(objects.kind, [...kinds]),
        ownedBy(owner),
        isNotNull(objects.body),
        purpose === undefined ? undefined : sql`${objects.body} ->> '$.purpose' = ${purpose}`,
        provider === undefined ? undefined : eq(objects.provider, provider),
        name === undefined ? undefined : sql`${objects.body} ->> '$.name' = ${name}`,
        model === undefined ? undefined : or(eq(objects.model, model), sql`${objects.body} ->> '$.model' = ${model}`),
        ...Object.entries(metadata).map(hasMetadata),
        isOnPage,
      ),
    )
    .orderBy(order(objects.created_at), order(objects.id))
    .limit(most);
}

/** @returns whether there was one */
export async function updateObject(
  db: Database,
  id: string,
  fields: Partial<
    Pick<ObjectRow, "body" | "state" | "provider_id" | "expires_at" | "deployment_id" | "provider" | "model">
  >,
): Promise<boolean> {
  const changed = await db.update(objects).set(fields).where(eq(objects.id, id)).returning({ id: objects.id });
  return changed.length > 0;
}

/** @returns whether there was one */
export async function deleteObject(db: Database, id: string): Promise<boolean> {
  const deleted = await db.delete(objects).where(eq(objects.id, id)).returning({ id: objects.id });
  return deleted.length > 0;
}

/** Objects of a kind whose time is over, longest first. */
export function expiredObjects(db: Database, kind: string, now: number, most: number): Promise<ObjectRow[]> {
  return db
    .select()
    .from(objects)
    .where(and(lt(objects.expires_at, now), eq(objects.kind, kind)))
    .orderBy(asc(objects.expires_at))
    .limit(most);
}

export async function deleteExpired(db: Database, ids: readonly string[]): Promise<void> {
  await db.delete(objects).where(among(objects.id, ids));
}

/** The name is a value here, so that it may be any text: in a JSON path some cannot be written. */
function hasMetadata([name, value]: readonly [string, string]) {
  return sql`EXISTS (SELECT 1 FROM json_each(${objects.body}, '$.metadata') AS field WHERE field.key = ${name} AND field.value = ${value})`;
}

/** The fine-tuning job that made the model, as far as it was seen to have. */
export async function findJobOfModel(db: Database, name: string, owner?: string): Promise<ObjectRow | undefined> {
  const [row] = await db
    .select()
    .from(objects)
    .where(
      and(eq(objects.kind, "fine_tuning.job"), ownedBy(owner), sql`${objects.body} ->> '$.fine_tuned_model' = ${name}`),
    )
    .limit(1);
  return row;
}

function ownedBy(owner: string | undefined) {
  return owner === undefined ? undefined : eq(objects.owner, owner);
}

/** Credentials in the database. Every change makes the version of the models grow, which are served with them. */
import { and, eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import { type CredentialRow, credentials } from "./schema/index.ts";
import { grow } from "./versions.ts";

export async function findCredential(db: Database, name: string): Promise<CredentialRow | undefined> {
  const [row] = await db.select().from(credentials).where(eq(credentials.credential_name, name));
  return row;
}

/** Rows of a list at most. */
const MOST_ROWS = 10_000;

export function listCredentials(db: Database): Promise<CredentialRow[]> {
  return db.select().from(credentials).orderBy(credentials.credential_name).limit(MOST_ROWS);
}

export async function insertCredential(db: Database, row: CredentialRow): Promise<void> {
  await db.batch([db.insert(credentials).values(row), grow(db, "models")]);
}

/** @returns whether the row was still as `before` says */
export async function updateCredential(db: Database, before: CredentialRow, row: CredentialRow): Promise<boolean> {
  const { credential_id, ...fields } = row;
  const isAsBefore = and(eq(credentials.credential_id, credential_id), eq(credentials.updated_at, before.updated_at));
  const [changed] = await db.batch([
    db.update(credentials).set(fields).where(isAsBefore).returning({ id: credentials.credential_id }),
    grow(db, "models"),
  ]);
  return changed.length > 0;
}

/** @returns whether there was one */
export async function deleteCredential(db: Database, name: string): Promise<boolean> {
  const [deleted] = await db.batch([
    db.delete(credentials).where(eq(credentials.credential_name, name)).returning({ id: credentials.credential_id }),
    grow(db, "models"),
  ]);
  return deleted.length > 0;
}

/** Versions of what isolates keep copies of: one that grew tells them to read again. */
import { eq, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { versions } from "./schema/index.ts";

export type Subject = "models";

/** To be written in one batch with the change it tells of. */
export function grow(db: Database, subject: Subject) {
  return db
    .insert(versions)
    .values({ subject, version: 1 })
    .onConflictDoUpdate({ target: versions.subject, set: { version: sql`${versions.version} + 1` } });
}

/** 0 where nothing has ever changed. */
export async function versionOf(db: Database, subject: Subject): Promise<number> {
  const [row] = await selectVersion(db, subject);
  return row?.version ?? 0;
}

export function selectVersion(db: Database, subject: Subject) {
  return db.select({ version: versions.version }).from(versions).where(eq(versions.subject, subject));
}

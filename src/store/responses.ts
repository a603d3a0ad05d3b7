/** Responses that the gateway keeps itself. Each is looked up with its owner: for anybody else there is none. */
import { and, asc, eq, inArray, lt } from "drizzle-orm";
import { among } from "./among.ts";
import type { Database } from "./database.ts";
import { type StoredResponseRow, storedResponses } from "./schema/index.ts";

/** Of responses that are still to be made, in the background. */
const UNFINISHED = ["queued", "in_progress"] as const;

export function isUnfinished(status: unknown): boolean {
  return UNFINISHED.some((one) => one === status);
}

export async function insertResponse(db: Database, row: StoredResponseRow): Promise<void> {
  await db.insert(storedResponses).values(row);
}

/** @param owner whose it must be; absent: anybody's */
export async function findResponse(db: Database, id: string, owner?: string): Promise<StoredResponseRow | undefined> {
  const [row] = await db
    .select()
    .from(storedResponses)
    .where(and(eq(storedResponses.id, id), ownedBy(owner)));
  return row;
}

/** Changes one that is still to be made. @returns whether there was one */
export async function updateUnfinished(
  db: Database,
  id: string,
  fields: Pick<StoredResponseRow, "status"> & Partial<Pick<StoredResponseRow, "content">>,
): Promise<boolean> {
  const changed = await db
    .update(storedResponses)
    .set(fields)
    .where(and(eq(storedResponses.id, id), isToBeMade()))
    .returning({ id: storedResponses.id });
  return changed.length > 0;
}

/** Those that the gateway was to make, and was asked for before then, have failed. */
export async function failUnfinished(db: Database, before: number): Promise<void> {
  await db
    .update(storedResponses)
    .set({ status: "failed" })
    .where(and(isToBeMade(), lt(storedResponses.created_at, before)));
}

export async function statusOf(db: Database, id: string): Promise<string | undefined> {
  const [row] = await db
    .select({ status: storedResponses.status })
    .from(storedResponses)
    .where(eq(storedResponses.id, id));
  return row?.status;
}

export async function deleteResponses(db: Database, ids: readonly string[]): Promise<void> {
  await db.delete(storedResponses).where(among(storedResponses.id, ids));
}

/** Those whose time is over, longest first. */
export async function expiredResponses(db: Database, now: number, most: number): Promise<string[]> {
  const rows = await db
    .select({ id: storedResponses.id })
    .from(storedResponses)
    .where(lt(storedResponses.expires_at, now))
    .orderBy(asc(storedResponses.expires_at))
    .limit(most);
  return rows.map(({ id }) => id);
}

function isToBeMade() {
  return inArray(storedResponses.status, [...UNFINISHED]);
}

function ownedBy(owner: string | undefined) {
  return owner === undefined ? undefined : eq(storedResponses.owner, owner);
}

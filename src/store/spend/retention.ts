/** Deletes calls that are old. The daily sums stay. */
import { and, asc, isNotNull, lt, sql } from "drizzle-orm";
import type { Database } from "../database.ts";
import { KEY_SLOT, spendLogKeys, spendLogs } from "../schema/spend.ts";

export interface Deletion {
  /** Rows that are gone; call again while there are as many as the limit. */
  deleted: number;
  /** Keys of R2 that nothing points to any more: for the caller to delete. */
  payloads: string[];
}

/**
 * Deletes the oldest calls, a bounded number. Nothing but those calls is read, and no row comes into memory.
 *
 * @param before milliseconds since the epoch: calls that began earlier are deleted
 */
export async function deleteLogsBefore(db: Database, before: number, limit: number): Promise<Deletion> {
  const oldest = db
    .select({ startedAt: spendLogs.startedAt, id: spendLogs.id })
    .from(spendLogs)
    .where(lt(spendLogs.startedAt, before))
    .orderBy(asc(spendLogs.startedAt), asc(spendLogs.id))
    .limit(limit);
  const isOld = sql`(${spendLogs.startedAt}, ${spendLogs.id}) IN ${oldest}`;
  const [payloads, result] = await db.batch([
    db
      .select({ key: spendLogs.payloadRef })
      .from(spendLogs)
      .where(and(isOld, isNotNull(spendLogs.payloadRef))),
    db.delete(spendLogs).where(isOld),
  ]);
  return { deleted: result.meta.changes, payloads: payloads.flatMap(({ key }) => key ?? []) };
}

/** The same for the slots of keys; returns how many are gone. */
export async function deleteKeySlotsBefore(db: Database, before: number, limit: number): Promise<number> {
  const slot = Math.floor(before / KEY_SLOT);
  const some = db
    .select({ keyHash: spendLogKeys.keyHash, slot: spendLogKeys.slot })
    .from(spendLogKeys)
    .where(lt(spendLogKeys.slot, slot))
    .limit(limit);
  const result = await db.delete(spendLogKeys).where(sql`(${spendLogKeys.keyHash}, ${spendLogKeys.slot}) IN ${some}`);
  return result.meta.changes;
}

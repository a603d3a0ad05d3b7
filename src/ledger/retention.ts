/** `maximum_spend_logs_retention_period`: calls older than it are deleted, a bounded number at a time. */
import { SECONDS } from "../limits/window.ts";
import type { Database } from "../store/database.ts";
import { deleteKeySlotsBefore, deleteLogsBefore } from "../store/spend/retention.ts";

/** Rows of one statement, which must not hold up the database for long, and statements of one run of the cron. */
const AT_A_TIME = 1000;
const MOST_STEPS = 50;

/**
 * LiteLLM's periods: `30s`, `15m`, `12h`, `7d`, `2w`, `1mo` (30 days), or seconds.
 *
 * @returns milliseconds
 * @throws RangeError for anything else
 */
export function retentionPeriod(text: string): number {
  const match = /^\s*(\d+)\s*(s|m|h|d|w|mo)?\s*$/.exec(text);
  const unit = SECONDS[(match?.[2] ?? "s") as keyof typeof SECONDS]; // the pattern has no others
  const count = Number(match?.[1]);
  if (match === null || count === 0)
    throw new RangeError(`${JSON.stringify(text)} is no period like "7d", "12h" or "1mo"`);
  return count * unit * 1000;
}

export interface RetentionPorts {
  db: Database;
  now(): number;
  /** Deletes what is too big for a row from R2. */
  deletePayloads?(keys: string[]): Promise<void>;
}

/**
 * Deletes what is older than the period; for a cron to call. What one run does not manage the next one does.
 *
 * @param period milliseconds
 * @returns rows deleted, and whether that was all
 */
export async function deleteOldLogs(
  { db, now, deletePayloads }: RetentionPorts,
  period: number,
): Promise<{ deleted: number; isDone: boolean }> {
  const before = now() - period;
  let deleted = 0;
  let hasLogs = true;
  for (let step = 0; step < MOST_STEPS; step++) {
    if (hasLogs) {
      const { deleted: logs, payloads } = await deleteLogsBefore(db, before, AT_A_TIME);
      if (payloads.length > 0) await deletePayloads?.(payloads);
      deleted += logs;
      hasLogs = logs === AT_A_TIME;
    } else if ((await deleteKeySlotsBefore(db, before, AT_A_TIME)) < AT_A_TIME) return { deleted, isDone: true };
  }
  return { deleted, isDone: false };
}

/** What cron sees to beside health checks: old calls leave the ledger, files expire, replaced keys stop, keys replace themselves. */
import { deleteOldLogs, retentionPeriod } from "../ledger/retention.ts";
import type { Gateway } from "./gateway.ts";
import { rotateKeys } from "./keys/rotation.ts";
import { removeExpiredFiles } from "./llm/files/expire.ts";
import { removeExpiredResponses } from "./llm/responses/expire.ts";

/** Bounded: what one run does not manage the next one does. */
export async function housekeeping(gateway: Gateway): Promise<void> {
  const { config, database, payloads, log } = gateway;
  if (database === undefined) return;
  const { maximum_spend_logs_retention_period: period } = config.settings.general;
  const deletePayloads = payloads && ((refs: string[]) => payloads.delete(refs));
  const ports = { db: database, now: Date.now, ...(deletePayloads && { deletePayloads }) };
  try {
    if (period !== undefined) await deleteOldLogs(ports, retentionPeriod(period));
  } catch (error) {
    log.fault("maximum_spend_logs_retention_period", error); // the rest is to be seen to all the same
  }
  try {
    await removeExpiredFiles(gateway, Date.now());
  } catch (error) {
    log.fault("files that expire", error);
  }
  try {
    await removeExpiredResponses(gateway, Date.now());
  } catch (error) {
    log.fault("responses that expire", error);
  }
  await rotateKeys(gateway, Date.now());
}

/**
 * Keys that replace themselves (`auto_rotate`). Nobody is there to see the new key, so one is made only where somebody
 * takes it: a secret manager, say. Without one, a key whose time has come stays as it is rather than be lost.
 */
import type { Database } from "../../../store/database.ts";
import { dueKeys, forgetRevokedKeys, replaceKey } from "../../../store/keys.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { digestOf, keyName, newKey } from "../../../tenancy/digest.ts";
import { after } from "./make.ts";

/** `LITELLM_KEY_ROTATION_ENABLED`; as in LiteLLM, not unless it says so. */
export function isRotationEnabled(variable: (name: string) => string | undefined): boolean {
  return variable("LITELLM_KEY_ROTATION_ENABLED")?.toLowerCase() === "true";
}

export interface RotationPorts {
  /** Keeps the new key where its users find it. Called before the old key is replaced; where it throws, nothing is. */
  deliver: ((key: KeyRow, secret: string) => Promise<void>) | undefined;
  /** How long the old key works too (`LITELLM_KEY_ROTATION_GRACE_PERIOD`): `24h`. */
  grace: string | undefined;
  /** A key could not be delivered. */
  onFailure(key: KeyRow, error: unknown): void;
}

export interface Rotations {
  rotated: number;
  /** Keys whose time has come that nobody takes. */
  waiting: number;
}

/** Who replaced them, as LiteLLM calls it. */
const ROTATION = "litellm_internal_jobs";

/** Keys replaced in one run; the rest is for the next. */
const MOST = 100;

/** For cron. Also forgets replaced keys whose grace is over. @param now milliseconds since the epoch */
export async function rotateDueKeys(db: Database, now: number, ports: RotationPorts): Promise<Rotations> {
  const nowText = new Date(now).toISOString();
  await forgetRevokedKeys(db, nowText);
  const due = await dueKeys(db, nowText, MOST);
  if (ports.deliver === undefined) return { rotated: 0, waiting: due.length };
  let rotated = 0;
  for (const key of due) if (await rotate(db, key, now, ports, ports.deliver)) rotated++;
  return { rotated, waiting: due.length - rotated };
}

async function rotate(
  db: Database,
  key: KeyRow,
  now: number,
  { grace, onFailure }: RotationPorts,
  deliver: NonNullable<RotationPorts["deliver"]>,
): Promise<boolean> {
  const secret = newKey();
  const nowText = new Date(now).toISOString();
  try {
    await deliver(key, secret);
    const row = await replaceKey(db, key.token, {
      token: await digestOf(secret),
      changes: {
        key_name: keyName(secret),
        last_rotation_at: nowText,
        key_rotation_at: key.rotation_interval === null ? null : after(now, key.rotation_interval),
        updated_at: nowText,
      },
      deletion: { spend: {}, deletedAt: nowText, deletedBy: ROTATION, deletedByKey: ROTATION, changedBy: undefined },
      ...(grace ? { revokeAt: after(now, grace) } : {}),
    });
    return row !== undefined;
  } catch (error) {
    onFailure(key, error);
    return false;
  }
}

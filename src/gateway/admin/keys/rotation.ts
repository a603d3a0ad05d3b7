/**
 * Keys that replace themselves (`auto_rotate`). Nobody is there to see the new key: it is written to the secret manager
 * that keeps them, or else sealed, and waits to be taken (`successor.ts`). Either way none is lost.
 */
import type { KeyStore } from "../../../secrets/managers/key-store.ts";
import type { Vault } from "../../../secrets/vault.ts";
import type { Database } from "../../../store/database.ts";
import { dueKeys, forgetRevokedKeys } from "../../../store/keys.ts";
import type { KeyRow, KeySuccessorRow } from "../../../store/schema/index.ts";
import { overdueSuccessors } from "../../../store/successors.ts";
import { digestOf, keyName, newKey } from "../../../tenancy/digest.ts";
import { after } from "./make.ts";
import { replaceAndKeep } from "./replace.ts";
import { makeSuccessor, retire, rotated } from "./successor.ts";

type Variable = (name: string) => string | undefined;

/** `LITELLM_KEY_ROTATION_ENABLED`; as in LiteLLM, not unless it says so. */
export function isRotationEnabled(variable: Variable): boolean {
  return variable("LITELLM_KEY_ROTATION_ENABLED")?.toLowerCase() === "true";
}

const MINUTE = 60_000;

/** Is it this minute that due keys are looked for? Each is, unless `LITELLM_KEY_ROTATION_CHECK_INTERVAL_SECONDS` is set. */
export function isRotationTime(variable: Variable, now: number): boolean {
  const interval = Number(variable("LITELLM_KEY_ROTATION_CHECK_INTERVAL_SECONDS")) * 1000;
  return !(interval > MINUTE) || now % interval < MINUTE;
}

/** How long an old key works from when its rotation was due, where nobody takes the successor and no config says. */
export const USUAL_BOUND = "30d";

/** What became of a key. `waiting`: a successor waits; `retired`: it still does, and the old key has stopped. */
export type Rotation =
  | { kind: "replaced"; key: KeyRow }
  | { kind: "waiting"; key: KeyRow; retireAt: string | null }
  | { kind: "retired"; key: KeyRow };

export interface RotationPorts {
  /** Where new keys are kept; absent: they wait. */
  store: KeyStore | undefined;
  vault: Vault;
  /** How long the old key works beside one that was stored (`LITELLM_KEY_ROTATION_GRACE_PERIOD`): `24h`. */
  grace: string | undefined;
  /** How long it works where nobody takes the successor: `30d`; `-1`: until somebody does. */
  bound: string;
  onRotated(rotation: Rotation): void;
  /** A key stays as it was. */
  onFailure(key: KeyRow | KeySuccessorRow, error: unknown): void;
}

export type Rotations = Record<Rotation["kind"], number>;

/** Who replaced them, as LiteLLM calls it. */
const ROTATION = "litellm_internal_jobs";

/** Keys replaced in one run; the rest is for the next. */
const MOST = 100;

/** For cron. @param now milliseconds since the epoch */
export async function rotateDueKeys(db: Database, now: number, ports: RotationPorts): Promise<Rotations> {
  const counts: Rotations = { replaced: 0, waiting: 0, retired: 0 };
  for (const key of await dueKeys(db, new Date(now).toISOString(), MOST)) {
    const rotation = await orFail(key, ports, () =>
      ports.store === undefined ? wait(db, key, now, ports) : store(db, key, now, ports, ports.store),
    );
    if (rotation !== undefined) counts[rotation.kind]++;
  }
  return counts;
}

/**
 * For cron, also where rotation is switched off: forgets replaced keys whose grace is over, and stops old keys that were to
 * work no longer than until now. @returns how many were stopped
 */
export async function endOldKeys(db: Database, now: number, ports: RotationPorts): Promise<number> {
  const nowText = new Date(now).toISOString();
  await forgetRevokedKeys(db, nowText);
  let retired = 0;
  for (const successor of await overdueSuccessors(db, nowText, MOST)) {
    const rotation = await orFail(successor, ports, async () => {
      const key = await retire(db, successor, { now, by: ROTATION });
      return key && { kind: "retired", key };
    });
    if (rotation !== undefined) retired++;
  }
  return retired;
}

async function orFail(
  key: KeyRow | KeySuccessorRow,
  { onRotated, onFailure }: RotationPorts,
  rotate: () => Promise<Rotation | undefined>,
): Promise<Rotation | undefined> {
  try {
    const rotation = await rotate();
    if (rotation !== undefined) onRotated(rotation);
    return rotation;
  } catch (error) {
    onFailure(key, error);
    return undefined;
  }
}

async function store(
  db: Database,
  key: KeyRow,
  now: number,
  { grace }: RotationPorts,
  keyStore: KeyStore,
): Promise<Rotation | undefined> {
  const secret = newKey();
  const nowText = new Date(now).toISOString();
  const row = await replaceAndKeep(db, keyStore, key, secret, {
    token: await digestOf(secret),
    changes: { key_name: keyName(secret), ...rotated(key, now) },
    deletion: { spend: {}, deletedAt: nowText, deletedBy: ROTATION, deletedByKey: ROTATION, changedBy: undefined },
    ...(grace ? { revokeAt: after(now, grace) } : {}),
  });
  return row && { kind: "replaced", key: row };
}

async function wait(
  db: Database,
  key: KeyRow,
  now: number,
  { vault, bound }: RotationPorts,
): Promise<Rotation | undefined> {
  const retireAt = bound === "-1" ? null : after(now, bound);
  const isKept = await makeSuccessor(db, vault, key, { now: new Date(now).toISOString(), retireAt });
  return isKept ? { kind: "waiting", key, retireAt } : undefined;
}

/** Scheduled rotation of this gateway's keys, and who is told of it. */
import { findSpender, nameOfKey } from "../../store/spenders.ts";
import { EMPTY_EVENT } from "../../telemetry/alerts/event.ts";
import { scopeOf } from "../../tenancy/scopes.ts";
import {
  endOldKeys,
  isRotationEnabled,
  isRotationTime,
  type Rotation,
  type RotationPorts,
  rotateDueKeys,
  USUAL_BOUND,
} from "../admin/keys/rotation.ts";
import type { Gateway } from "../gateway.ts";

/** @param now milliseconds since the epoch */
export async function rotateKeys(gateway: Gateway, now: number): Promise<void> {
  const { config, database, vault, log, keyStore } = gateway;
  if (database === undefined) return;
  const told: Promise<void>[] = [];
  const ports: RotationPorts = {
    store: keyStore,
    vault,
    grace: config.variable("LITELLM_KEY_ROTATION_GRACE_PERIOD"),
    bound: config.settings.general.key_rotation_bound ?? USUAL_BOUND,
    onRotated(rotation) {
      gateway.forgetTenancy();
      const { scope_id } = rotation.key;
      // Isolates that cannot be told forget their copies by their age.
      told.push(gateway.accounts.setVersion(scopeOf.key(scope_id), now).catch(() => {}));
      told.push(tell(gateway, rotation, now).catch((error: unknown) => log.fault("key rotation", error)));
    },
    onFailure: (key, error) => log.notice(`the key ${key.key_name ?? key.token} could not be replaced: ${error}`),
  };
  await endOldKeys(database, now, ports);
  if (isRotationEnabled(config.variable) && isRotationTime(config.variable, now))
    await rotateDueKeys(database, now, ports);
  await Promise.all(told);
}

/** The key's user is written to as well. The new key is in no message: a mail is read by many, and kept for ever. */
async function tell({ alerts, database }: Gateway, rotation: Rotation, now: number): Promise<void> {
  if (!alerts.settings.isOn || database === undefined) return;
  const { key } = rotation;
  const email = (await findSpender(database, scopeOf.key(key.scope_id)))?.userEmail ?? null;
  alerts.raise({
    type: "key_rotated",
    level: rotation.kind === "retired" ? "High" : "Medium",
    message: `${nameOfKey(key)} ${happened(rotation)}`,
    at: now,
    event: {
      ...EMPTY_EVENT,
      token: key.token,
      key_alias: key.key_alias,
      user_id: key.user_id,
      team_id: key.team_id,
      organization_id: key.organization_id,
      user_email: email,
      event: "key_rotated",
      event_group: "key",
      event_message: rotation.kind === "waiting" ? "API Key Successor Waiting" : "API Key Rotated",
    },
    ...(email !== null && { mail: { to: [email], subject: `A key of yours ${SUBJECTS[rotation.kind]}` } }),
  });
}

const SUBJECTS: Readonly<Record<Rotation["kind"], string>> = {
  replaced: "has a new value",
  waiting: "has a successor to be taken",
  retired: "has stopped working",
};

function happened(rotation: Rotation): string {
  switch (rotation.kind) {
    case "replaced":
      return "has a new value, which is in the secret manager.";
    case "waiting":
      return rotation.retireAt === null
        ? "has a successor, which waits to be taken: POST /key/successor with the old key. The old key works until then."
        : `has a successor, which waits to be taken: POST /key/successor with the old key. The old key works until ${rotation.retireAt} at most.`;
    case "retired":
      return "has stopped working: nobody took its successor in time. Its user or an admin can still take it: POST /key/{token}/successor.";
  }
}

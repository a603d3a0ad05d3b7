/**
 * Keys that replace themselves where no secret manager takes the new one: it is sealed and waits. Whoever has the old key, or
 * may regenerate it, takes it, once. The old key works as before until then, and for the grace period after it.
 */
import { Secret } from "../../../credentials/secret.ts";
import { BadRequestError, ConflictError, NotFoundError } from "../../../formats/errors.ts";
import { NANO } from "../../../models/money.ts";
import type { Vault } from "../../../secrets/vault.ts";
import type { Database } from "../../../store/database.ts";
import type { KeyChanges } from "../../../store/keys.ts";
import { findKey, replaceKey } from "../../../store/keys.ts";
import type { KeyRow, KeySuccessorRow } from "../../../store/schema/index.ts";
import { dropSuccessor, findSuccessor, keepSuccessor } from "../../../store/successors.ts";
import { digestOf, keyName, newKey } from "../../../tenancy/digest.ts";
import { type AdminCall, changed } from "../admin-call.ts";
import { readable } from "../models/store.ts";
import { KEY_TABLE } from "./create.ts";
import { deletionOf } from "./delete.ts";
import { after } from "./make.ts";
import { replaceAndKeep } from "./replace.ts";
import { findOwned, type OwnedKey, requireRight } from "./rights.ts";
import { planChanges } from "./update.ts";
import { keyScope, keySpend, keyView, madeKeyView } from "./view.ts";

/** How long the old key works once its successor is taken, where `LITELLM_KEY_ROTATION_GRACE_PERIOD` says nothing. */
export const USUAL_GRACE = "24h";

/** Makes a successor and seals it. @param retireAt when the old key stops whatever happens; null: never */
export async function makeSuccessor(
  db: Database,
  vault: Vault,
  key: KeyRow,
  { now, retireAt }: { now: string; retireAt: string | null },
): Promise<boolean> {
  const secret = newKey();
  const successor_token = await digestOf(secret);
  const place = placeOf({ scope_id: key.scope_id, successor_token });
  return keepSuccessor(db, {
    token: key.token,
    scope_id: key.scope_id,
    successor_token,
    key_name: keyName(secret),
    sealed: await vault.seal("key_successor", place, new Secret(secret)),
    made_at: now,
    retire_at: retireAt,
  });
}

/** Nobody has come: the old key stops, the successor works, and can still be taken by whoever may regenerate the key. */
export async function retire(
  db: Database,
  { token, successor_token, key_name }: KeySuccessorRow,
  { now, by }: { now: number; by: string },
): Promise<KeyRow | undefined> {
  const key = await findKey(db, token);
  const nowText = new Date(now).toISOString();
  return (
    key &&
    replaceKey(db, token, {
      token: successor_token,
      changes: { key_name, ...rotated(key, now) },
      keepsSuccessor: true,
      deletion: { spend: {}, deletedAt: nowText, deletedBy: by, deletedByKey: by, changedBy: undefined },
    })
  );
}

/** What of a key a rotation changes beside its value. */
export function rotated({ rotation_interval }: KeyRow, now: number): KeyChanges {
  const nowText = new Date(now).toISOString();
  return {
    last_rotation_at: nowText,
    key_rotation_at: rotation_interval === null ? null : after(now, rotation_interval),
    updated_at: nowText,
  };
}

/** The caller takes the successor of the key it calls with. @throws BadRequestError, ConflictError, NotFoundError */
export async function takeOwnSuccessor(call: AdminCall) {
  const { identity, token } = call.principal;
  if (identity === undefined)
    throw new BadRequestError(
      "The master key has no successor; of another key: POST /key/{key}/successor, with its value or token",
      { param: "key" },
    );
  if (identity.revokeAt !== undefined) throw taken();
  const owned = await findOwned(call, token).catch((error: unknown) => {
    throw error instanceof NotFoundError ? taken() : error; // it was there a moment ago
  });
  return take(call, owned);
}

/** The caller takes that of a key it may regenerate. @throws what keeps it from it */
export async function takeSuccessorOf(call: AdminCall, given: string) {
  const owned = await findOwned(call, given);
  requireRight(call, owned, "/key/regenerate");
  // Whoever sees the new key has all it may do: so all of it is measured, as where a key is regenerated.
  const isItself = owned.key.token === call.principal.token;
  await planChanges(call, owned, {}, isItself ? "changes" : "everything");
  return take(call, owned);
}

async function take(call: AdminCall, { key, owners }: OwnedKey) {
  const { db, now, gateway } = call;
  const waiting = await findSuccessor(db, key.token);
  if (waiting === undefined) throw new NotFoundError("No successor waits for this key", { param: "key" });
  const secret = (await readable(() => gateway.vault.open("key_successor", placeOf(waiting), waiting.sealed))).reveal();
  const before = await keySpend(call, key, owners.budget);
  const isInForce = waiting.successor_token === key.token;
  const revokeAt = isInForce ? undefined : graceEnd(call, waiting);
  const row = isInForce
    ? await takeInForce(call, key, waiting)
    : await replaceAndKeep(db, gateway.keyStore, key, secret, {
        token: waiting.successor_token,
        changes: { key_name: waiting.key_name, ...rotated(key, now), updated_by: call.actor },
        deletion: deletionOf(call, { [key.token]: Math.round(before * NANO) }),
        ...(revokeAt !== undefined && { revokeAt }),
      });
  if (row === undefined) throw taken();
  const view = keyView(row, call, before, owners.budget);
  await changed(call, {
    table: KEY_TABLE,
    id: row.token,
    scope: keyScope(row),
    action: "rotated",
    before: { ...keyView(key, call, before, owners.budget), token: key.token },
    after: { ...view, token: row.token },
  });
  const made = madeKeyView(secret, row, call, { spend: before, tier: owners.budget, duration: null });
  return { ...made, previous_key_works_until: revokeAt ?? null };
}

async function takeInForce(call: AdminCall, key: KeyRow, waiting: KeySuccessorRow): Promise<KeyRow | undefined> {
  return (await dropSuccessor(call.db, waiting)) ? key : undefined;
}

/** The grace period from now on, but no longer than the old key was ever to work. */
function graceEnd({ now, gateway }: AdminCall, { retire_at }: KeySuccessorRow): string {
  const end = after(now, gateway.config.variable("LITELLM_KEY_ROTATION_GRACE_PERIOD") || USUAL_GRACE);
  return retire_at !== null && retire_at < end ? retire_at : end;
}

function placeOf({ scope_id, successor_token }: Pick<KeySuccessorRow, "scope_id" | "successor_token">) {
  return { tenant: "", row: scope_id, field: successor_token };
}

function taken(): ConflictError {
  return new ConflictError("The successor of this key has been taken already", { param: "key" });
}

/** Changes of a key that stays the same key. */
import { PermissionDeniedError } from "../../../formats/errors.ts";
import { isSame } from "../../../formats/json.ts";
import { isDuplicate } from "../../../store/database.ts";
import { loadOwners, type Owners } from "../../../store/key-owners.ts";
import { type KeyChanges, updateKey } from "../../../store/keys.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { type AdminCall, type AuditAction, changed } from "../admin-call.ts";
import { resetSpend } from "../spend.ts";
import { checkBelonging, checkMove } from "./belonging.ts";
import { sealedKey } from "./config.ts";
import { KEY_TABLE } from "./create.ts";
import type { KeyFields } from "./fields.ts";
import { aliasTaken, columnsOf, type KeyColumns, requireAdminForSpend, requireWithinMaker } from "./make.ts";
import { findOwned, keyNotFound, type OwnedKey, requireRight, requireRightToMake, runs } from "./rights.ts";
import { withinUpperBounds } from "./settings.ts";
import { type KeyView, keyScope, keySpend, keyView, periodOf } from "./view.ts";

/** @throws NotFoundError, and whatever keeps the caller from changing it so */
export async function changeKey(call: AdminCall, given: string, fields: KeyFields): Promise<KeyView> {
  const owned = await findOwned(call, given);
  requireRight(call, owned, "/key/update");
  const { changes, owners } = await planChanges(call, owned, fields);
  const row = await writeChanges(call, owned.key, changes);
  if (fields.spend != null) await resetSpend(call, keyScope(row), periodOf(row, owners.budget), fields.spend);
  return report(call, owned, row, owners, "updated");
}

/** @throws NotFoundError, PermissionDeniedError */
export async function blockKey(call: AdminCall, given: string, blocked: boolean): Promise<KeyView & { token: string }> {
  const owned = await findOwned(call, given);
  requireRight(call, owned, blocked ? "/key/block" : "/key/unblock");
  const row = await writeChanges(call, owned.key, { blocked });
  const view = await report(call, owned, row, owned.owners, blocked ? "blocked" : "unblocked");
  return { token: row.token, ...view };
}

/** What a body changes, once all that may speak against it has been asked. */
export async function planChanges(
  call: AdminCall,
  owned: OwnedKey,
  asked: KeyFields,
  matters: "changes" | "everything" = "changes",
): Promise<{ changes: Partial<KeyColumns>; owners: Owners }> {
  const { key } = owned;
  const fields = withinUpperBounds(call, asked, true);
  requireAdminForSpend(call, fields);
  const changes = columnsOf(call, fields, key);
  const after = { ...key, ...changes };
  const isMoved = (["user_id", "team_id", "project_id", "organization_id", "budget_id"] as const).some(
    (id) => after[id] !== key[id],
  );
  const owners = isMoved ? await loadOwners(call.db, after, call.principal.userId) : owned.owners;
  if (isMoved) requireRightToMove(call, owned, after, owners, fields);
  if (key.blocked && !after.blocked) requireRight(call, owned, "/key/unblock");
  const isChanged = (field: string) => !isSame(at(after, field), at(key, field));
  requireWithinMaker(call, after, owners, matters === "everything" || isMoved ? undefined : isChanged);
  await checkBelonging(call, after, owners, key);
  return { changes, owners };
}

/** The value of a field such as `metadata.guardrails`; of a duration, what it is kept as. */
function at(key: KeyColumns, field: string): unknown {
  const [name = "", inner] = (field === "duration" ? "expires" : field).split(".");
  const value: unknown = Object.entries(key).find(([column]) => column === name)?.[1];
  if (inner === undefined) return value;
  return typeof value === "object" && value !== null ? Object.entries(value).find(([one]) => one === inner)?.[1] : null;
}

/** @throws PermissionDeniedError where the caller may not make such a key there */
function requireRightToMove(
  call: AdminCall,
  { key, owners: before }: OwnedKey,
  after: KeyRow,
  owners: Owners,
  fields: KeyFields,
): void {
  const { role, userId } = call.principal;
  const isToTeam = after.team_id !== null && after.team_id !== key.team_id;
  const problem = isToTeam ? checkMove(call, after, owners) : undefined;
  if (problem !== undefined) throw refused(problem, "team_id");
  if (isAdmin(role)) return;
  if (after.user_id !== key.user_id)
    throw refused(
      `User=${fields.user_id} is not allowed to update key to belong to user=${after.user_id}: only a proxy admin changes whose a key is`,
      "user_id",
    );
  if (after.team_id !== key.team_id && key.team_id !== null && !runs(before) && key.user_id !== userId)
    throw refused(`User=${userId} is not a Proxy Admin or Team Admin for team=${key.team_id}.`, "team_id");
  if (after.team_id === null && after.user_id !== userId)
    throw refused("A key without a team is its user's: only a proxy admin makes one for somebody else", "team_id");
  const { team_id, organization_id, project_id } = after;
  // Its user may be another: an admin of the team moves keys of its members.
  requireRightToMake(call, { ...fields, user_id: null, team_id, organization_id, project_id }, owners, "/key/update");
}

async function writeChanges(call: AdminCall, key: KeyRow, changes: KeyChanges): Promise<KeyRow> {
  const sealed = await sealedKey(call, key.scope_id, changes);
  const stamped = { ...sealed, updated_at: call.nowText, updated_by: call.actor };
  const row = await updateKey(call.db, key.token, stamped).catch((error: unknown) => {
    throw isDuplicate(error) ? aliasTaken(changes.key_alias) : error;
  });
  if (row === undefined) throw keyNotFound();
  await renameKept(call, key, row);
  return row;
}

/** What is kept under the key's alias goes along with it, or the alias stays as it was. */
async function renameKept({ db, gateway }: AdminCall, before: KeyRow, after: KeyRow): Promise<void> {
  if (gateway.keyStore === undefined || before.key_alias === after.key_alias) return;
  try {
    await gateway.keyStore.rename(before, after);
  } catch (error) {
    await updateKey(db, after.token, before);
    throw error;
  }
}

async function report(
  call: AdminCall,
  { key: before, owners: { budget } }: OwnedKey,
  row: KeyRow,
  owners: Owners,
  action: AuditAction,
): Promise<KeyView> {
  const spend = await keySpend(call, row, owners.budget);
  const view = keyView(row, call, spend, owners.budget);
  const was = keyView(before, call, spend, budget);
  const scope = keyScope(row);
  await changed(call, { table: KEY_TABLE, id: row.token, scope, action, before: was, after: view });
  return view;
}

function refused(message: string, param: string): PermissionDeniedError {
  return new PermissionDeniedError(message, { type: "auth_error", param });
}

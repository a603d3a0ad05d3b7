/** The end of keys. What is kept of them: a copy for audit, and the rows of their calls. */

import { BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { NANO } from "../../../models/money.ts";
import { loadOwners } from "../../../store/key-owners.ts";
import { type Deletion, deleteKeys, findKeys, findKeysByAlias } from "../../../store/keys.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { tokenOf } from "../../../tenancy/digest.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { type AdminCall, changed } from "../admin-call.ts";
import { spendOfAll } from "../spend.ts";
import { tiersOf } from "../tiers.ts";
import { KEY_TABLE } from "./create.ts";
import { requireRight } from "./rights.ts";
import { keyScope, keyView, periodOf } from "./view.ts";

interface Named {
  keys?: string[] | null | undefined;
  key_aliases?: string[] | null | undefined;
}

/**
 * All of them or none.
 * @returns what was given
 * @throws NotFoundError where one is not there; what `requireRight` throws where one may not be deleted
 */
export async function deleteNamed(call: AdminCall, { keys, key_aliases }: Named): Promise<string[]> {
  const given = keys?.length ? keys : (key_aliases ?? []);
  if (given.length === 0)
    throw new BadRequestError("Pass in `keys` or `key_aliases`", { type: "bad_request_error", param: "keys" });
  const tokens = await Promise.all((keys ?? []).map(tokenOf));
  const found = keys?.length ? await findKeys(call.db, tokens) : await findKeysByAlias(call.db, given);
  if (found.length < new Set(keys?.length ? tokens : given).size)
    throw new NotFoundError(
      found.length === 0
        ? "No keys found: key not found in database"
        : "Not all keys passed in were deleted: key not found in database",
      {
        param: keys?.length ? "keys" : "key_aliases",
      },
    );
  await requireRights(call, found);
  await removeKeys(call, found);
  return given;
}

async function requireRights(call: AdminCall, keys: readonly KeyRow[]): Promise<void> {
  if (isAdmin(call.principal.role)) return;
  for (const key of keys)
    requireRight(call, { key, owners: await loadOwners(call.db, key, call.principal.userId) }, "/key/delete");
}

/** Deletes keys nobody asks about any more: also those of a team or user that is deleted. */
export async function removeKeys(call: AdminCall, rows: readonly KeyRow[]): Promise<void> {
  if (rows.length === 0) return;
  const tierOf = await tiersOf(call, rows);
  const spends = await spendOfAll(
    call,
    rows.map((row) => ({ scope: keyScope(row), period: periodOf(row, tierOf(row)) })),
  );
  const spendIn = (row: KeyRow) => spends.get(keyScope(row)) ?? 0;
  const nano = Object.fromEntries(rows.map((row) => [row.token, Math.round(spendIn(row) * NANO)]));
  await deleteKeys(
    call.db,
    rows.map(({ token }) => token),
    deletionOf(call, nano),
  );
  for (const row of rows) {
    const before = keyView(row, call, spendIn(row));
    await changed(call, { table: KEY_TABLE, id: row.token, scope: keyScope(row), action: "deleted", before });
  }
  await Promise.all(rows.map((row) => call.gateway.accounts.forget(keyScope(row))));
  await Promise.all(rows.map((row) => removeKept(call, row)));
}

/** The key is void already: what stays where keys are kept opens nothing, and is named in the log. */
async function removeKept({ gateway }: AdminCall, row: KeyRow): Promise<void> {
  await gateway.keyStore?.remove(row).catch((error: unknown) => {
    gateway.log.notice(`the deleted key ${row.key_name ?? row.token} is still in ${gateway.keyStore?.name}: ${error}`);
  });
}

/** Who deletes, and when. @param spend nano-dollars by token */
export function deletionOf({ context, principal, nowText }: AdminCall, spend: Record<string, number>): Deletion {
  return {
    spend,
    deletedAt: nowText,
    deletedBy: principal.userId,
    deletedByKey: principal.token,
    changedBy: isAdmin(principal.role) ? context.req.header("litellm-changed-by") : undefined,
  };
}

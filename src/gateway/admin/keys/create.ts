/** Keys are made here, for whatever route makes them. */
import { Secret } from "../../../credentials/secret.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import { isDuplicate } from "../../../store/database.ts";
import { loadOwners } from "../../../store/key-owners.ts";
import { findKeysByAlias, insertKey, unmakeKey } from "../../../store/keys.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { digestOf, keyName } from "../../../tenancy/digest.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { type AdminCall, changed } from "../admin-call.ts";
import { resetSpend } from "../spend.ts";
import { checkBelonging } from "./belonging.ts";
import { withinMaker } from "./ceiling.ts";
import { sealedKey } from "./config.ts";
import type { KeyFields } from "./fields.ts";
import { aliasTaken, columnsOf, EMPTY_KEY, keyValue, requireAdminForSpend, requireWithinMaker } from "./make.ts";
import { withDefaults, withinUpperBounds } from "./settings.ts";
import { keyScope, keyView, madeKeyView, periodOf } from "./view.ts";

export const KEY_TABLE = "LiteLLM_VerificationToken";

/**
 * Makes a key and answers as `/key/generate` does: the only time the key itself is shown. That the caller may make it,
 * and for whom, is asked before (`rights.ts`); that it is not more than its maker, here.
 * @throws BadRequestError, NotFoundError, PermissionDeniedError
 */
export async function createKey(call: AdminCall, asked: KeyFields & { key?: string | null | undefined }) {
  const { db, principal, actor, nowText } = call;
  const { key: chosen, ...rest } = asked;
  const fields = withinUpperBounds(call, withDefaults(call, rest));
  requireAdminForSpend(call, { spend: fields.spend || null });
  const secret = keyValue(call, chosen, "key");
  const wanted = { ...EMPTY_KEY, ...columnsOf(call, fields, EMPTY_KEY) };
  const isBounded = principal.identity !== undefined && !isAdmin(principal.role);
  const columns = isBounded && principal.identity ? withinMaker(wanted, principal.identity) : wanted;
  const owners = await loadOwners(db, columns, principal.userId);
  requireWithinMaker(call, columns, owners);
  await checkBelonging(call, columns, owners);
  const token = await digestOf(secret);
  const sealed = await sealedKey(call, token, columns);
  const row = await insertKey(db, {
    ...sealed,
    budget_anchor: nowText,
    token,
    key_name: keyName(secret),
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  }).catch(async (error: unknown) => {
    if (!isDuplicate(error)) throw error;
    const alias = columns.key_alias;
    const [other] = alias === null ? [] : await findKeysByAlias(db, [alias]);
    throw other === undefined ? keyTaken() : aliasTaken(alias);
  });
  // After the row, which says that the alias is nobody else's: under it another key may be kept.
  await keep(call, row, secret);
  const spend = fields.spend ?? 0;
  if (spend > 0) await resetSpend(call, keyScope(row), periodOf(row, owners.budget), spend);
  await changed(call, {
    table: KEY_TABLE,
    id: token,
    action: "created",
    after: keyView(row, call, spend, owners.budget),
  });
  return madeKeyView(secret, row, call, { spend, tier: owners.budget, duration: fields.duration ?? null });
}

/** Writes the key where keys are kept. Where that fails there is no key. @throws SecretManagerError */
async function keep({ db, gateway }: AdminCall, row: KeyRow, secret: string): Promise<void> {
  try {
    await gateway.keyStore?.save(row, new Secret(secret));
  } catch (error) {
    await unmakeKey(db, row.token);
    throw error;
  }
}

function keyTaken(): BadRequestError {
  return new BadRequestError("Key already exists", { type: "bad_request_error", param: "key" });
}

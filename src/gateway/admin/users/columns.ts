/** From a body to the columns of a user. */
import { defined, isSame } from "../../../formats/json.ts";
import type { UserRow } from "../../../store/schema/index.ts";
import { findUserByEmail } from "../../../store/users.ts";
import type { AdminCall } from "../admin-call.ts";
import { limitsOf, orEmpty } from "../fields.ts";
import { foldMetadata } from "../metadata.ts";
import { changedPermission } from "../object-permissions.ts";
import { METADATA_NAMES, type UpdateFields } from "./body.ts";
import { emailTaken } from "./named.ts";

/** The columns a body sets; what it does not say is not in them. */
export function columnsOf(fields: Omit<UpdateFields, "spend">, before: UserRow | undefined): Partial<UserRow> {
  const metadata = foldMetadata(METADATA_NAMES, fields, before?.metadata);
  return defined({
    user_alias: fields.user_alias,
    user_email: fields.user_email?.trim() === "" ? null : fields.user_email?.trim(),
    ...(fields.user_email === null && { user_email: null }),
    user_role: fields.user_role,
    ...limitsOf(fields),
    models: orEmpty(fields.models, []),
    allowed_cache_controls: orEmpty(fields.allowed_cache_controls, []),
    policies: orEmpty(fields.policies, []),
    object_permission: changedPermission(before?.object_permission ?? null, fields.object_permission),
    metadata: before && isSame(metadata, before.metadata) ? undefined : metadata,
  });
}

/** An email is one user's, in any case. @throws BadRequestError */
export async function checkEmail({ db }: AdminCall, email: string | null | undefined, own?: string): Promise<void> {
  if (!email) return;
  const holder = await findUserByEmail(db, email);
  if (holder === undefined || holder.user_id === own) return;
  throw emailTaken(holder.user_email);
}

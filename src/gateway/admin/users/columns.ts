/** From a body to the columns of a user. */
import { BadRequestError } from "../../../formats/errors.ts";
import type { UserRow } from "../../../store/schema/index.ts";
import { findUserByEmail } from "../../../store/users.ts";
import type { AdminCall } from "../admin-call.ts";
import { given } from "../fields.ts";
import { foldMetadata } from "../metadata.ts";
import { changedPermission } from "../object-permissions.ts";
import { METADATA_NAMES, type UpdateFields } from "./body.ts";

/** The columns a body sets; what it does not say is not in them. */
export function columnsOf(fields: Omit<UpdateFields, "spend">, before: UserRow | undefined): Partial<UserRow> {
  const metadata = foldMetadata(METADATA_NAMES, fields, before?.metadata);
  return given({
    user_alias: fields.user_alias,
    user_email: fields.user_email?.trim() === "" ? null : fields.user_email?.trim(),
    ...(fields.user_email === null && { user_email: null }),
    user_role: fields.user_role,
    max_budget: fields.max_budget,
    soft_budget: fields.soft_budget,
    budget_duration: fields.budget_duration,
    max_parallel_requests: fields.max_parallel_requests,
    tpm_limit: fields.tpm_limit,
    rpm_limit: fields.rpm_limit,
    model_max_budget: fields.model_max_budget === null ? {} : fields.model_max_budget,
    models: fields.models === null ? [] : fields.models,
    allowed_cache_controls: fields.allowed_cache_controls === null ? [] : fields.allowed_cache_controls,
    policies: fields.policies === null ? [] : fields.policies,
    object_permission: changedPermission(before?.object_permission ?? null, fields.object_permission),
    metadata: JSON.stringify(metadata) === JSON.stringify(before?.metadata) ? undefined : metadata,
  });
}

/** An email is one user's, in any case. @throws BadRequestError */
export async function checkEmail({ db }: AdminCall, email: string | null | undefined, own?: string): Promise<void> {
  if (!email) return;
  const holder = await findUserByEmail(db, email);
  if (holder === undefined || holder.user_id === own) return;
  throw new BadRequestError(`User with email ${holder.user_email} already exists`, { param: "user_email" });
}

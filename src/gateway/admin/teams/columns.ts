/** From a body to the columns of a team. */
import type { TeamRow } from "../../../store/schema/index.ts";
import { given, orEmpty } from "../fields.ts";
import { foldMetadata } from "../metadata.ts";
import { changedPermission } from "../object-permissions.ts";
import { METADATA_NAMES, type TeamFields } from "./body.ts";

/** The columns a body sets; what it does not say is not in them. */
export function columnsOf(fields: TeamFields, before: TeamRow | undefined): Partial<TeamRow> {
  const metadata = withoutTier(foldMetadata(METADATA_NAMES, fields, before?.metadata));
  return given({
    team_alias: fields.team_alias,
    organization_id: fields.organization_id === "" ? null : fields.organization_id,
    max_budget: fields.max_budget,
    soft_budget: fields.soft_budget,
    budget_duration: fields.budget_duration,
    max_parallel_requests: fields.max_parallel_requests,
    tpm_limit: fields.tpm_limit,
    rpm_limit: fields.rpm_limit,
    model_max_budget: orEmpty(fields.model_max_budget, {}),
    models: orEmpty(fields.models, []),
    model_aliases: orEmpty(fields.model_aliases, {}),
    blocked: orEmpty(fields.blocked, false),
    router_settings: fields.router_settings,
    team_member_permissions: orEmpty(fields.team_member_permissions, []),
    access_group_ids: orEmpty(fields.access_group_ids, []),
    policies: orEmpty(fields.policies, []),
    object_permission: changedPermission(before?.object_permission ?? null, fields.object_permission),
    metadata: JSON.stringify(metadata) === JSON.stringify(before?.metadata) ? undefined : metadata,
  });
}

/** Which tier a team has is shown there, and never taken from there. */
function withoutTier({ team_member_budget_id: _, ...metadata }: Record<string, unknown>): Record<string, unknown> {
  return metadata;
}

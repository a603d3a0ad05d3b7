/** From a body to the columns of a team. */
import { defined, isSame } from "../../../formats/json.ts";
import type { TeamRow } from "../../../store/schema/index.ts";
import { limitsOf, orEmpty } from "../fields.ts";
import { foldMetadata } from "../metadata.ts";
import { changedPermission } from "../object-permissions.ts";
import { checkRouterSettings } from "../own-settings.ts";
import { METADATA_NAMES, type TeamFields } from "./body.ts";

/** The columns a body sets; what it does not say is not in them. @throws BadRequestError */
export function columnsOf(fields: TeamFields, before: TeamRow | undefined): Partial<TeamRow> {
  checkRouterSettings(fields.router_settings, before?.router_settings);
  const metadata = withoutTier(foldMetadata(METADATA_NAMES, fields, before?.metadata));
  return defined({
    team_alias: fields.team_alias,
    organization_id: fields.organization_id === "" ? null : fields.organization_id,
    ...limitsOf(fields),
    models: orEmpty(fields.models, []),
    model_aliases: orEmpty(fields.model_aliases, {}),
    blocked: orEmpty(fields.blocked, false),
    router_settings: fields.router_settings,
    team_member_permissions: orEmpty(fields.team_member_permissions, []),
    access_group_ids: orEmpty(fields.access_group_ids, []),
    policies: orEmpty(fields.policies, []),
    object_permission: changedPermission(before?.object_permission ?? null, fields.object_permission),
    metadata: before && isSame(metadata, before.metadata) ? undefined : metadata,
  });
}

/** Which tier a team has is shown there, and never taken from there. */
function withoutTier({ team_member_budget_id: _, ...metadata }: Record<string, unknown>): Record<string, unknown> {
  return metadata;
}

/** What a project may have at most: what its team has, whoever makes it; and what its maker may give. */
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import type { ObjectPermission } from "../../../store/schema/columns.ts";
import type { TeamRow } from "../../../store/schema/index.ts";
import { isListed } from "../../../tenancy/model-access.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";
import { modelNames } from "../keys/model-names.ts";
import { changedReserved, type Metadata } from "../metadata.ts";
import { beyond } from "../object-permissions.ts";
import type { TierFields } from "../tiers.ts";
import { METADATA_NAMES } from "./body.ts";

/** @throws BadRequestError where the project would have more than its team */
export function checkLimits(
  call: AdminCall,
  { models, ...limits }: TierFields & { models?: readonly string[] | null },
  team: TeamRow,
): void {
  const { max_budget: most, soft_budget: soft } = limits;
  if (soft != null && most != null && soft >= most)
    throw bad(`soft_budget (${soft}) must be strictly lower than max_budget (${most})`, "soft_budget");
  const names = modelNames(call);
  const outside = team.models.length > 0 ? models?.find((model) => !isListed(team.models, model, names)) : undefined;
  if (outside !== undefined)
    throw bad(
      `Model '${outside}' not in team's allowed models. Team allowed models=${JSON.stringify(team.models)}. Team: ${team.team_id}`,
      "models",
    );
  for (const name of ["max_budget", "tpm_limit", "rpm_limit"] as const) {
    const [own, its] = [limits[name], team[name]];
    if (own != null && its !== null && own > its)
      throw bad(`Project ${name} (${own}) exceeds team's ${name} (${its}). Team: ${team.team_id}`, name);
  }
}

/** @throws PermissionDeniedError where somebody who runs the team would give what only the proxy admin may */
export function checkGrants(
  { principal }: AdminCall,
  { metadata, permission }: { metadata: Metadata | undefined; permission: ObjectPermission | null | undefined },
  before: Metadata,
  team: TeamRow,
): void {
  if (isAdmin(principal.role)) return;
  const reserved = metadata && changedReserved(withoutFields(before), withoutFields(metadata));
  const [field] = permission ? beyond(team.object_permission, permission) : [];
  const refused = reserved === undefined ? field && `object_permission.${field}` : `metadata.${reserved}`;
  if (refused === undefined) return;
  throw new PermissionDeniedError(`Only the proxy admin may set '${refused}' of a project to that.`, {
    type: "auth_error",
    param: refused,
  });
}

/** The fields of the body itself are for whoever may make the project. */
function withoutFields(metadata: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !METADATA_NAMES.includes(name)));
}

function bad(message: string, param: string): BadRequestError {
  return new BadRequestError(message, { param });
}

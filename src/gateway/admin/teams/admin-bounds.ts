/** What those who are not the proxy admin may make of a team: never more than they were given. */
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { isSame } from "../../../formats/json.ts";
import type { OrganizationRow, TeamRow } from "../../../store/schema/index.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { groupNamesOf } from "../../model-names.ts";
import type { AdminCall } from "../admin-call.ts";
import { changedReserved, changedTrusted } from "../metadata.ts";
import { beyond } from "../object-permissions.ts";
import { pythonList } from "../python-list.ts";
import { type BoundedTeam, modelsOf, outside } from "./organization-bounds.ts";

/** A new team is within what its maker's key and user may. @throws BadRequestError */
export function checkWithinMaker(call: AdminCall, team: BoundedTeam): void {
  const { role, userId, identity } = call.principal;
  if (isAdmin(role) || identity === undefined) return;
  const { key, user } = identity;
  const bounds = [
    { name: "tpm_limit", word: "tpm limit", most: key.tpm_limit },
    { name: "rpm_limit", word: "rpm limit", most: key.rpm_limit },
    { name: "max_budget", word: "max budget", most: user?.max_budget ?? null },
  ] as const;
  for (const { name, word, most } of bounds) {
    const own = team[name];
    if (own !== null && most !== null && own > most)
      throw new BadRequestError(`${word} higher than user max. User ${word}=${most}. User role=${role}`, {
        param: name,
      });
  }
  const wanted = team.models.length === 0 ? ["all-proxy-models"] : modelsOf(team);
  const allowed = key.models.filter((model) => model !== "all-team-models");
  if (outside(call, allowed, wanted).length > 0)
    throw new BadRequestError(
      `Model not in allowed user models. User allowed models=${pythonList(key.models)}. User id=${userId}`,
      { param: "models" },
    );
}

/**
 * Whoever runs the organization gives its teams no more than the organization has, and nothing the gateway trusts.
 * @param before absent for a new team
 * @throws PermissionDeniedError
 */
export function checkWithinGrant(organization: OrganizationRow, before: TeamRow | undefined, after: TeamRow): void {
  const trusted = changedTrusted(before?.metadata ?? {}, after.metadata);
  if (trusted !== undefined) throw notTheirs(trusted);
  if (!isSame(before?.router_settings, after.router_settings)) throw notTheirs("router_settings");
  const held = before?.access_group_ids ?? [];
  if (after.access_group_ids.some((id) => !held.includes(id))) throw notTheirs("access_group_ids");
  if (isSame(before?.object_permission, after.object_permission)) return;
  const [more] = beyond(organization.object_permission, after.object_permission);
  if (more !== undefined) throw notTheirs(`object_permission.${more}`);
}

/**
 * A team admin runs the team within what was set for it: limits may become narrower, what the gateway goes by in the
 * metadata stays, and the rest is not its to change.
 * @throws PermissionDeniedError
 */
export function checkWithinTeam(call: AdminCall, before: TeamRow, after: TeamRow): void {
  const fixed = [
    "organization_id",
    "budget_duration",
    "blocked",
    "object_permission",
    "policies",
    "router_settings",
  ] as const;
  for (const name of fixed) if (!isSame(before[name], after[name])) throw notTheirs(name);
  const reserved = changedReserved(before.metadata, after.metadata);
  if (reserved !== undefined) throw notTheirs(reserved);
  for (const name of ["max_budget", "tpm_limit", "rpm_limit", "max_parallel_requests"] as const)
    if (isWider(before[name], after[name])) throw notTheirs(name);
  for (const [model, limit] of Object.entries(before.model_max_budget))
    if (!isSame(limit, after.model_max_budget[model])) throw notTheirs("model_max_budget");
  if (after.access_group_ids.some((id) => !before.access_group_ids.includes(id))) throw notTheirs("access_group_ids");
  checkModels(call, before, after);
}

function checkModels(call: AdminCall, before: TeamRow, after: TeamRow): void {
  if (before.models.length === 0) return;
  if (after.models.length === 0 || outside(call, before.models, after.models).length > 0) throw notTheirs("models");
  const added = Object.entries(after.model_aliases).filter(([alias, model]) => before.model_aliases[alias] !== model);
  const isModel = (alias: string) => groupNamesOf(call.gateway.router.groups, alias).length > 0;
  // A name that is a model's own counts too: an alias is on the team's list, and so would the model be.
  const names = added.flatMap(([alias, model]) => (isModel(alias) ? [alias, String(model)] : [String(model)]));
  if (outside(call, before.models, names).length > 0) throw notTheirs("model_aliases");
}

function isWider(before: number | null, after: number | null): boolean {
  return before !== null && (after === null || after > before);
}

function notTheirs(field: string): PermissionDeniedError {
  return new PermissionDeniedError(
    `Only proxy admins can change '${field}' of a team to that. Contact your proxy admin.`,
    { type: "auth_error", param: field },
  );
}

/** Whose spend a caller may see. Every route of this folder that is not for admins alone asks here. */
import { NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { findTeam, findTeams, membershipsOf, organizationsRunBy } from "../../../store/teams.ts";
import { tokenOf } from "../../../tenancy/digest.ts";
import { seesAll } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";

/** Conditions of `LogFilter` and `SumFilter`. Of an admin there are none. */
export type Own = { userIds?: readonly string[]; keyHashes?: readonly string[] };

/** A user's own calls; of a key without a user those of the key. */
export function ownOf({ principal }: AdminCall): Own {
  if (seesAll(principal.role)) return {};
  if (principal.role !== "key" && principal.userId !== undefined) return { userIds: [principal.userId] };
  return { keyHashes: [principal.token] };
}

/**
 * The condition for a key, given as it is or as its digest; where none is given the caller's own.
 * @throws PermissionDeniedError where a key without a user asks for another
 */
export async function keyFilter(
  { principal }: AdminCall,
  own: Own,
  given: string | null | undefined,
): Promise<{ keyHashes?: readonly string[] }> {
  if (!given) return own.keyHashes === undefined ? {} : { keyHashes: own.keyHashes };
  const keyHash = await tokenOf(given);
  if (own.keyHashes !== undefined && keyHash !== principal.token)
    throw new PermissionDeniedError("A key without a user may only see its own spend.", {
      type: "auth_error",
      param: "api_key",
    });
  return { keyHashes: [keyHash] };
}

/** LiteLLM's name of the right to see a team's spend, in `team_member_permissions`. */
const TEAM_SPEND = "/team/daily/activity";

/**
 * The condition for teams: those asked for, else all of the caller's. Who does not run them all sees of them what is
 * their own.
 * @throws NotFoundError in LiteLLM's words where the caller is in none of that name
 */
export async function teamSight(
  { db, principal }: AdminCall,
  asked: readonly string[] | undefined,
): Promise<{ teamIds?: readonly string[]; userIds?: readonly string[] }> {
  if (seesAll(principal.role)) return asked === undefined ? {} : { teamIds: asked };
  const userId = principal.userId ?? "";
  const memberships = await membershipsOf(db, [userId]);
  const roles = new Map(memberships.map(({ team_id, role }) => [team_id, role]));
  const teamIds = asked ?? [...roles.keys()];
  for (const id of teamIds)
    if (!roles.has(id))
      throw new NotFoundError(`User does not belong to Team= ${id}. Call \`/user/info\` to see user's teams`, {
        param: "team_ids",
        type: "not_found",
      });
  const asPlainMember = teamIds.filter((id) => roles.get(id) !== "admin");
  const teams = await findTeams(db, asPlainMember);
  const seen = new Set(
    teams.filter(({ team_member_permissions: may }) => may.includes(TEAM_SPEND)).map(({ team_id }) => team_id),
  );
  return asPlainMember.every((id) => seen.has(id)) ? { teamIds } : { teamIds, userIds: [userId] };
}

/** May the caller see all of a team: as an admin of it or of its organization, or because its members may? */
export async function seesTeam(call: AdminCall, teamId: string): Promise<boolean> {
  const { db, principal } = call;
  if (seesAll(principal.role)) return true;
  const { userId } = principal;
  if (principal.role === "key" || userId === undefined) return false;
  const team = await findTeam(db, teamId);
  if (team === undefined) return false;
  const membership = (await membershipsOf(db, [userId])).find(({ team_id }) => team_id === teamId);
  if (membership !== undefined && (membership.role === "admin" || team.team_member_permissions.includes(TEAM_SPEND)))
    return true;
  const run = team.organization_id === null ? [] : await organizationsRunBy(db, userId);
  return run.some(({ organization_id }) => organization_id === team.organization_id);
}

/**
 * The condition for organizations: those asked for, else all the caller runs.
 * @throws PermissionDeniedError
 */
export async function organizationSight(
  { db, principal }: AdminCall,
  asked: readonly string[] | undefined,
): Promise<{ organizationIds?: readonly string[] }> {
  if (seesAll(principal.role)) return asked === undefined ? {} : { organizationIds: asked };
  const run = (await organizationsRunBy(db, principal.userId ?? "")).map(({ organization_id }) => organization_id);
  if (run.length > 0 && (asked ?? []).every((id) => run.includes(id))) return { organizationIds: asked ?? run };
  throw new PermissionDeniedError("Only admins of an organization may see its spend.", {
    type: "auth_error",
    param: "organization_ids",
  });
}

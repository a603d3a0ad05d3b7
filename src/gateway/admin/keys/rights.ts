/** Who may do what to which key. */
import { AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { loadOwners, type Owners } from "../../../store/key-owners.ts";
import { findKey } from "../../../store/keys.ts";
import type { KeyRow, TeamRow } from "../../../store/schema/index.ts";
import { tokenOf } from "../../../tenancy/digest.ts";
import { isAdmin, seesAll } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";
import { pythonList } from "../python-list.ts";
import type { KeyFields } from "./fields.ts";
import { checkPersonalGeneration, checkTeamGeneration } from "./settings.ts";

/** Routes as `team_member_permissions` names them. */
export type KeyRoute =
  | "/key/generate"
  | "/key/service-account/generate"
  | "/key/update"
  | "/key/delete"
  | "/key/regenerate"
  | "/key/block"
  | "/key/unblock"
  | "/key/{key_id}/reset_spend"
  | "/key/info";

/** What members of a team may do where the team says nothing; also part of what it says. */
const ALWAYS_PERMITTED: readonly string[] = ["/key/info", "/key/health"];

/** What takes back what an admin decided: not for a key's own user. */
const GOVERNING: ReadonlySet<KeyRoute> = new Set(["/key/block", "/key/unblock", "/key/{key_id}/reset_spend"]);

/** A key, and whom it belongs to. */
export interface OwnedKey {
  key: KeyRow;
  owners: Owners;
}

/**
 * The key a route was given, or its digest.
 * @throws NotFoundError
 */
export async function findOwned({ db, principal }: AdminCall, given: string): Promise<OwnedKey> {
  const key = await findKey(db, await tokenOf(given));
  if (key === undefined) throw keyNotFound();
  return { key, owners: await loadOwners(db, key, principal.userId) };
}

export function keyNotFound(): NotFoundError {
  return new NotFoundError("Key not found in database", { param: "key" });
}

/** Is the caller an admin of the team, or of the organization? */
export function runs({ callerMember, callerOrganization }: Owners): boolean {
  return callerMember?.role === "admin" || callerOrganization?.user_role === "org_admin";
}

/**
 * May the caller do this to the key?
 * @throws PermissionDeniedError; AuthenticationError where it is the team that does not permit it, as LiteLLM
 */
export function requireRight({ principal }: AdminCall, { key, owners }: OwnedKey, route: KeyRoute): void {
  const { role, userId } = principal;
  if (isAdmin(role) || (route === "/key/info" && seesAll(role))) return;
  if (route === "/key/info" && key.token === principal.token) return;
  const isOwn = userId !== undefined && key.user_id === userId;
  const isOthers = key.user_id !== null && !isOwn;
  if (runs(owners)) {
    // The new key would be its user's, with all that user may do: nobody else may see it.
    if (route === "/key/regenerate" && isOthers) throw refusal(route);
    return;
  }
  if (GOVERNING.has(route)) throw refusal(route);
  if (key.team_id !== null) requireMembership(owners, key.team_id, userId, route);
  const isShared = key.team_id !== null && (route === "/key/info" || (route === "/key/update" && !isOthers));
  if (!isOwn && !isShared) throw refusal(route, role);
}

const VERBS: Readonly<Partial<Record<KeyRoute, string>>> = {
  "/key/delete": "delete",
  "/key/regenerate": "regenerate",
  "/key/update": "update",
  "/key/block": "block",
  "/key/unblock": "unblock",
};

function refusal(route: KeyRoute, role = ""): PermissionDeniedError {
  const verb = VERBS[route];
  const message =
    route === "/key/info"
      ? `You are not allowed to access this key's info. Your role=${role}`
      : verb === undefined
        ? "You must be a proxy admin or team admin to reset key spend"
        : `You are not authorized to ${verb} this key`;
  return new PermissionDeniedError(message, { type: "auth_error", param: "key" });
}

/** @throws where the caller is not in the team, or its members may not do it */
function requireMembership(owners: Owners, teamId: string, userId: string | undefined, route: KeyRoute): void {
  const { team, callerMember } = owners;
  if (team === undefined || callerMember === undefined)
    throw new PermissionDeniedError(
      `User ${userId ?? "None"} does not belong to team ${teamId}. Team-scoped key management endpoints can only be used for keys in your own team.`,
      { type: "auth_error", param: "team_id" },
    );
  requirePermission(team, route);
}

/** @throws AuthenticationError with LiteLLM's words, which its dashboard looks for */
function requirePermission(team: TeamRow, route: KeyRoute): void {
  const permitted = [...new Set([...ALWAYS_PERMITTED, ...team.team_member_permissions])];
  if (permitted.includes(route)) return;
  throw new AuthenticationError(
    `Team member does not have permissions for endpoint: ${route}. You only have access to the following endpoints: ${pythonList(permitted)} for team ${team.team_id}. To create keys for this team, please ask your proxy admin to check the team member permission settings and update the settings to allow team member users to create keys.`,
    { type: "team_member_permission_error", param: route },
  );
}

/**
 * May the caller make such a key, or make one so?
 * @param fields as the caller gave them: what the config adds is the admin's word
 */
export function requireRightToMake(call: AdminCall, fields: KeyFields, owners: Owners, route: KeyRoute): void {
  const { role, userId } = call.principal;
  const { user_id, team_id } = fields;
  if (team_id != null && owners.team === undefined)
    throw bad(`Unable to find team object in database. Team not found. Team ID: ${team_id}`, "team_id");
  if (isAdmin(role)) {
    if (team_id == null) checkPersonalGeneration(call, fields);
    return;
  }
  // A key acts as its user: one made for somebody else would lend the maker that user's rights.
  if (user_id != null && user_id !== userId)
    throw new PermissionDeniedError(
      `User can only create keys for themselves. Got user_id=${user_id}, Your ID=${userId}`,
      { type: "auth_error", param: "user_id" },
    );
  if (team_id == null) checkPersonalGeneration(call, fields);
  else requireTeamRight(call, { ...fields, team_id }, owners, route);
  requireOrganizationRight(call, fields, owners);
  // A project without a team is an admin's: whoever could join it would spend its budget.
  if (fields.project_id != null && owners.project?.team_id === null)
    throw new PermissionDeniedError(`Only a proxy admin may make keys for project=${fields.project_id}`, {
      type: "auth_error",
      param: "project_id",
    });
}

function requireTeamRight(
  call: AdminCall,
  fields: KeyFields & { team_id: string },
  { team, member, callerMember, callerOrganization }: Owners,
  route: KeyRoute,
): void {
  const { userId } = call.principal;
  const runsOrganization = callerOrganization?.user_role === "org_admin";
  if (fields.user_id != null && member === undefined && !runsOrganization)
    throw bad(`User=${fields.user_id} not assigned to team=${fields.team_id}`, "user_id");
  if (callerMember === undefined && !runsOrganization)
    throw bad(`User=${userId} not assigned to team=${fields.team_id}`, "team_id");
  checkTeamGeneration(call, fields, callerMember);
  if (callerMember?.role !== "admin" && !runsOrganization && team !== undefined) requirePermission(team, route);
}

/** An organization that the key names itself is one the caller is in. */
function requireOrganizationRight(
  { principal }: AdminCall,
  { organization_id, team_id }: KeyFields,
  { team, callerOrganization }: Owners,
): void {
  if (organization_id == null || callerOrganization !== undefined) return;
  if (team_id != null && team?.organization_id === organization_id) return;
  throw new PermissionDeniedError(`User=${principal.userId} is not a member of organization=${organization_id}`, {
    type: "auth_error",
    param: "organization_id",
  });
}

function bad(message: string, param: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", param });
}

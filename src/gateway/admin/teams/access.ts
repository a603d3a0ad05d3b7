/** What a caller is in a team, and what follows from it. */
import { or, type SQL, sql } from "drizzle-orm";
import { NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { type TeamRow, teams } from "../../../store/schema/index.ts";
import { findMember, findTeam, hasMember, isRunBy, organizationsRunBy } from "../../../store/teams.ts";
import { isAdmin, seesAll } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";

/** From most to least. Members, viewers of everything and the team's own keys may look. */
const STANDINGS = ["proxy_admin", "org_admin", "team_admin", "looker", "stranger"] as const;
export type Standing = (typeof STANDINGS)[number];

/** Is it at least that? */
export function isAtLeast(standing: Standing, least: Standing): boolean {
  return STANDINGS.indexOf(standing) <= STANDINGS.indexOf(least);
}

export async function standingIn(
  { db, principal }: AdminCall,
  { team_id, organization_id }: Pick<TeamRow, "team_id" | "organization_id">,
): Promise<Standing> {
  const { role, userId, identity } = principal;
  if (isAdmin(role)) return "proxy_admin";
  if (userId !== undefined) {
    if (organization_id !== null && (await runsOrganization({ db, principal }, organization_id))) return "org_admin";
    const member = await findMember(db, team_id, userId);
    if (member !== undefined) return member.role === "admin" ? "team_admin" : "looker";
  }
  return seesAll(role) || identity?.key.team_id === team_id ? "looker" : "stranger";
}

export async function runsOrganization(
  { db, principal }: Pick<AdminCall, "db" | "principal">,
  id: string,
): Promise<boolean> {
  const { userId } = principal;
  if (userId === undefined) return false;
  const run = await organizationsRunBy(db, userId);
  return run.some(({ organization_id }) => organization_id === id);
}

/** The team, for a caller who is at least that in it. @throws NotFoundError, PermissionDeniedError */
export async function teamFor(
  call: AdminCall,
  id: string,
  least: Standing,
): Promise<{ team: TeamRow; standing: Standing }> {
  const team = await findTeam(call.db, id);
  if (team === undefined) throw teamNotFound(id);
  const standing = await standingIn(call, team);
  if (!isAtLeast(standing, least)) throw refused(call, id, least);
  return { team, standing };
}

/** A condition on teams: those the caller may see; `undefined`: all of them. */
export function visibleTeams({ db, principal }: AdminCall): SQL | undefined {
  const { role, userId, identity } = principal;
  if (seesAll(role)) return undefined;
  const teamId = identity?.key.team_id;
  return or(
    ...(userId === undefined ? [] : [hasMember(db, userId), isRunBy(db, userId)]),
    ...(teamId == null ? [] : [sql`${teams.team_id} = ${teamId}`]),
    sql`0`,
  );
}

export function teamNotFound(id: string): NotFoundError {
  return new NotFoundError(`Team not found, passed team_id=${id}`, { param: "team_id", type: "not_found_error" });
}

function refused({ principal, context }: AdminCall, id: string, least: Standing): PermissionDeniedError {
  const route = context.req.path;
  if (least === "looker")
    return new PermissionDeniedError(`User=${principal.userId ?? null} not authorized to access this team=${id}`, {
      type: "auth_error",
    });
  const who = least === "team_admin" ? "proxy admin OR team admin" : "proxy admin OR organization admin";
  return new PermissionDeniedError(`Call not allowed. User not ${who}. route=${route}, team_id=${id}`, {
    type: "auth_error",
  });
}

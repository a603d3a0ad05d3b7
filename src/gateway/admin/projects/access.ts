/** Whose projects a caller may see and change: those of teams it runs, or is in. */
import { NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { type ListedProject, listProjects } from "../../../store/projects.ts";
import type { ProjectRow, TeamRow } from "../../../store/schema/index.ts";
import { findTeam } from "../../../store/teams.ts";
import { isAdmin, seesAll } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";
import { isAtLeast, standingIn } from "../teams/access.ts";

/** @throws NotFoundError */
export async function findProject({ db }: AdminCall, id: string): Promise<ListedProject> {
  const [listed] = await listProjects(db, { ids: [id], most: 1 });
  if (listed === undefined) throw notFound(id);
  return listed;
}

/** The team, for a caller who may make projects in it. @throws NotFoundError, PermissionDeniedError */
export async function teamToRun(call: AdminCall, id: string, what: "create" | "update"): Promise<TeamRow> {
  const team = await findTeam(call.db, id);
  if (team === undefined)
    throw new NotFoundError(`Team not found, team_id=${id}`, { type: "not_found", param: "team_id" });
  if (!isAtLeast(await standingIn(call, team), "team_admin"))
    throw denied(`Only admins or team admins can ${what} projects. Your role is ${call.principal.role}`);
  return team;
}

/** @throws PermissionDeniedError */
export async function checkVisible(call: AdminCall, { team_id }: ProjectRow): Promise<void> {
  if (seesAll(call.principal.role)) return;
  const team = team_id === null ? undefined : await findTeam(call.db, team_id);
  if (team === undefined || !isAtLeast(await standingIn(call, team), "looker"))
    throw denied("You don't have access to this project");
}

/**
 * The team a project has after a change, for a caller who may change it: who runs the team it has, and the one it goes
 * to. `undefined` where its team is gone; then only the proxy admin may.
 * @throws NotFoundError, PermissionDeniedError
 */
export async function teamAfter(
  call: AdminCall,
  { team_id: current }: ProjectRow,
  wanted: string | undefined,
): Promise<TeamRow | undefined> {
  const now = isAdmin(call.principal.role) ? undefined : await teamToRun(call, current ?? "", "update");
  if (wanted !== undefined && wanted !== now?.team_id) return teamToRun(call, wanted, "update");
  return now ?? (current === null ? undefined : findTeam(call.db, current));
}

export function notFound(id: string, param = "project_id"): NotFoundError {
  return new NotFoundError(`Project not found, project_id=${id}`, { type: "not_found", param });
}

function denied(message: string): PermissionDeniedError {
  return new PermissionDeniedError(message, { type: "auth_error" });
}

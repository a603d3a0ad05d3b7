/** What a caller is to a user, and which users it may see. */
import { and, eq, inArray, or, type SQL, sql } from "drizzle-orm";
import { NotFoundError } from "../../../formats/errors.ts";
import { organizationMembers, teamMembers, teams, type UserRow, users } from "../../../store/schema/index.ts";
import { organizationsRunBy } from "../../../store/teams.ts";
import { organizationsOf } from "../../../store/users.ts";
import { isAdmin, roleOf, seesAll } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";

export type Relation = "proxy_admin" | "org_admin" | "self" | "stranger";

/**
 * A user belongs to whoever runs all organizations it and its teams are in. Who runs an organization too, or is an admin
 * of the gateway, is the proxy admin's alone.
 */
export async function relationTo({ db, principal }: AdminCall, user: UserRow): Promise<Relation> {
  const { role, userId } = principal;
  if (isAdmin(role)) return "proxy_admin";
  if (userId === undefined) return "stranger";
  if (userId === user.user_id) return "self";
  if (seesAll(roleOf(user.user_role))) return "stranger";
  const [theirs, run, inTeams] = await Promise.all([
    organizationsOf(db, [user.user_id]),
    organizationsRunBy(db, userId),
    db
      .select({ organization_id: teams.organization_id })
      .from(teamMembers)
      .innerJoin(teams, eq(teams.team_id, teamMembers.team_id))
      .where(eq(teamMembers.user_id, user.user_id)),
  ]);
  const isRun = (id: string | null) => run.some(({ organization_id }) => organization_id === id);
  const isTheirs =
    theirs.length > 0 &&
    theirs.every(({ organization_id, user_role }) => isRun(organization_id) && user_role !== "org_admin") &&
    inTeams.every(({ organization_id }) => isRun(organization_id));
  return isTheirs ? "org_admin" : "stranger";
}

/** A condition on users: those in organizations the caller runs. */
export function inOrganizationsRunBy({ db }: AdminCall, userId: string): SQL {
  return inArray(
    users.user_id,
    db
      .select({ user_id: organizationMembers.user_id })
      .from(organizationMembers)
      .where(inArray(organizationMembers.organization_id, organizationsRunBy(db, userId))),
  );
}

/** A condition on users: those in teams the caller is an admin of. */
export function inTeamsRunBy({ db }: AdminCall, userId: string): SQL {
  const run = db
    .select({ team_id: teamMembers.team_id })
    .from(teamMembers)
    .where(and(eq(teamMembers.user_id, userId), eq(teamMembers.role, "admin")));
  return inArray(
    users.user_id,
    db.select({ user_id: teamMembers.user_id }).from(teamMembers).where(inArray(teamMembers.team_id, run)),
  );
}

/** A condition on users: those the caller may see; `undefined`: all of them. */
export function visibleUsers(call: AdminCall): SQL | undefined {
  const { role, userId } = call.principal;
  if (seesAll(role)) return undefined;
  if (userId === undefined) return sql`0`;
  return or(eq(users.user_id, userId), inOrganizationsRunBy(call, userId), inTeamsRunBy(call, userId));
}

export function userNotFound(id: string): NotFoundError {
  return new NotFoundError(`User not found: ${id}`, { param: "user_id" });
}

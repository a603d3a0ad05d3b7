/** A key and all it belongs to, in one trip: a statement for each table, as D1 gives no more than 100 columns at once. */
import { and, eq, inArray, ne, or, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { identityOf, type KeyIdentity } from "./identity.ts";
import {
  accessGroups,
  budgets,
  deprecatedKeys,
  keySuccessors,
  keys,
  organizationMembers,
  organizations,
  projects,
  scopeSpend,
  teamMembers,
  teams,
  users,
} from "./schema/index.ts";

/**
 * @param token SHA-256 of a key in hex; one that was replaced is followed to the key in its place, until it is revoked
 * @param now milliseconds since the epoch
 */
export async function loadIdentity(db: Database, token: string, now: number): Promise<KeyIdentity | undefined> {
  const isMeant = eq(keys.token, token);
  const of = (column: (typeof keys)[keyof Pick<typeof keys, "user_id" | "team_id" | "project_id" | "budget_id">]) =>
    db.select({ value: column }).from(keys).where(isMeant);
  const teamBudgetId = db
    .select({ value: teams.team_member_budget_id })
    .from(teams)
    .where(eq(teams.team_id, of(keys.team_id)));
  const organizationId = sql`coalesce(${db.select({ value: keys.organization_id }).from(keys).where(isMeant)}, ${db
    .select({ value: teams.organization_id })
    .from(teams)
    .where(eq(teams.team_id, of(keys.team_id)))})`;
  const isTeamMember = and(eq(teamMembers.team_id, of(keys.team_id)), eq(teamMembers.user_id, of(keys.user_id)));
  const isOrganizationMember = and(
    eq(organizationMembers.organization_id, organizationId),
    eq(organizationMembers.user_id, of(keys.user_id)),
  );
  const [
    [key],
    [replacement],
    [user],
    [team],
    [member],
    [organization],
    [organizationMember],
    [project],
    tiers,
    groups,
    [spend],
    [successor],
  ] = await db.batch([
    db.select().from(keys).where(isMeant),
    db.select().from(deprecatedKeys).where(eq(deprecatedKeys.token, token)),
    db
      .select()
      .from(users)
      .where(eq(users.user_id, of(keys.user_id))),
    db
      .select()
      .from(teams)
      .where(eq(teams.team_id, of(keys.team_id))),
    db.select().from(teamMembers).where(isTeamMember),
    db.select().from(organizations).where(eq(organizations.organization_id, organizationId)),
    db.select().from(organizationMembers).where(isOrganizationMember),
    db
      .select()
      .from(projects)
      .where(eq(projects.project_id, of(keys.project_id))),
    db
      .select()
      .from(budgets)
      .where(
        or(
          eq(budgets.budget_id, of(keys.budget_id)),
          eq(budgets.budget_id, teamBudgetId),
          eq(budgets.budget_id, db.select({ value: teamMembers.budget_id }).from(teamMembers).where(isTeamMember)),
          eq(
            budgets.budget_id,
            db
              .select({ value: organizations.budget_id })
              .from(organizations)
              .where(eq(organizations.organization_id, organizationId)),
          ),
          eq(
            budgets.budget_id,
            db.select({ value: organizationMembers.budget_id }).from(organizationMembers).where(isOrganizationMember),
          ),
          eq(
            budgets.budget_id,
            db
              .select({ value: projects.budget_id })
              .from(projects)
              .where(eq(projects.project_id, of(keys.project_id))),
          ),
        ),
      ),
    groupsOf(db, token),
    db
      .select()
      .from(scopeSpend)
      .where(eq(scopeSpend.scope, sql`'key:' || ${db.select({ value: keys.scope_id }).from(keys).where(isMeant)}`)),
    db
      .select({ madeAt: keySuccessors.made_at, retireAt: keySuccessors.retire_at })
      .from(keySuccessors)
      .where(and(eq(keySuccessors.token, token), ne(keySuccessors.successor_token, token))),
  ]);
  if (key === undefined) {
    if (replacement === undefined || Date.parse(replacement.revoke_at) <= now) return undefined;
    const active = await loadIdentity(db, replacement.active_token, now);
    if (active === undefined) return undefined;
    const { successor: _, ...rest } = active; // is that key's to take
    return { ...rest, revokeAt: replacement.revoke_at };
  }
  const modelsOf = (ids: readonly string[] = []) =>
    groups
      .filter(
        ({ access_group_id, access_group_name }) => ids.includes(access_group_id) || ids.includes(access_group_name),
      )
      .flatMap(({ access_model_names }) => access_model_names);
  const spentNano = spend?.total_nano ?? 0;
  return {
    ...identityOf({ key, user, team, member, organization, organizationMember, project, tiers, spentNano }),
    keyGroupModels: modelsOf(key.access_group_ids),
    teamGroupModels: modelsOf(team?.access_group_ids),
    ...(successor && { successor }),
  };
}

/** The access groups of the key and of its team: `access_group_ids` may hold ids and names. */
function groupsOf(db: Database, token: string) {
  const named = sql`(select value from ${keys}, json_each(${keys.access_group_ids}) where ${keys.token} = ${token}
    union select value from ${teams}, json_each(${teams.access_group_ids})
    where ${teams.team_id} = (select ${keys.team_id} from ${keys} where ${keys.token} = ${token}))`;
  return db
    .select()
    .from(accessGroups)
    .where(or(inArray(accessGroups.access_group_id, named), inArray(accessGroups.access_group_name, named)));
}

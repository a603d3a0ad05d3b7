/** Organizations, who is in them, and what goes with one when it is deleted. */
import { and, asc, eq, getTableColumns, inArray, or, type SQL, sql } from "drizzle-orm";
import { among, contains } from "./among.ts";
import { inOrderOf } from "./copies.ts";
import type { Database } from "./database.ts";
import {
  type BudgetRow,
  budgets,
  deletedKeys,
  deletedTeams,
  deprecatedKeys,
  keySuccessors,
  keys,
  type OrganizationMemberRow,
  type OrganizationRow,
  organizationMembers,
  organizations,
  projects,
  scopeSpend,
  type TeamRow,
  teamMembers,
  teams,
  type UserRow,
  users,
} from "./schema/index.ts";

export interface ListedOrganization {
  organization: OrganizationRow;
  tier: BudgetRow | undefined;
}

export interface OrganizationFilter {
  ids?: readonly string[];
  /** A part of the alias, in any case. */
  alias?: string;
  /** Only those this user is in. */
  member?: string;
  most: number;
}

export async function findOrganization(db: Database, id: string): Promise<ListedOrganization | undefined> {
  const [listed] = await listOrganizations(db, { ids: [id], most: 1 });
  return listed;
}

/** In the order of their ids. */
export async function listOrganizations(
  db: Database,
  { ids, alias, member, most }: OrganizationFilter,
): Promise<ListedOrganization[]> {
  const theirs = db
    .select({ id: organizationMembers.organization_id })
    .from(organizationMembers)
    .where(eq(organizationMembers.user_id, member ?? ""));
  const rows = await db
    .select()
    .from(organizations)
    .leftJoin(budgets, eq(budgets.budget_id, organizations.budget_id))
    .where(
      and(
        ids && among(organizations.organization_id, ids),
        alias === undefined ? undefined : contains(organizations.organization_alias, alias),
        member === undefined ? undefined : inArray(organizations.organization_id, theirs),
      ),
    )
    .orderBy(asc(organizations.organization_id))
    .limit(most);
  return rows.map(({ organizations: organization, budgets: tier }) => ({ organization, tier: tier ?? undefined }));
}

export interface Membership {
  member: OrganizationMemberRow;
  tier: BudgetRow | undefined;
  /** Absent where the user was deleted. */
  user: Pick<UserRow, "user_id" | "user_email" | "user_alias" | "user_role"> | undefined;
}

/** Members, or teams, that are shown of the organizations of one answer. */
const MOST_SHOWN = 20_000;

export async function listMembers(db: Database, organizationIds: readonly string[]): Promise<Membership[]> {
  return memberships(db, among(organizationMembers.organization_id, organizationIds));
}

export async function findMembership(
  db: Database,
  organization: string,
  user: string,
): Promise<Membership | undefined> {
  const [membership] = await memberships(
    db,
    and(eq(organizationMembers.organization_id, organization), eq(organizationMembers.user_id, user)),
  );
  return membership;
}

async function memberships(db: Database, condition: SQL | undefined): Promise<Membership[]> {
  const { user_id, user_email, user_alias, user_role } = users;
  const rows = await db
    .select({ member: organizationMembers, tier: budgets, user: { user_id, user_email, user_alias, user_role } })
    .from(organizationMembers)
    .leftJoin(budgets, eq(budgets.budget_id, organizationMembers.budget_id))
    .leftJoin(users, eq(users.user_id, organizationMembers.user_id))
    .where(condition)
    .orderBy(asc(organizationMembers.created_at), asc(organizationMembers.user_id))
    .limit(MOST_SHOWN);
  return rows.map(({ member, tier, user }) => ({ member, tier: tier ?? undefined, user: user ?? undefined }));
}

export async function listTeams(db: Database, organizationIds: readonly string[]): Promise<TeamRow[]> {
  return db
    .select()
    .from(teams)
    .where(among(teams.organization_id, organizationIds))
    .orderBy(asc(teams.team_id))
    .limit(MOST_SHOWN);
}

/** Who deletes, for the copies that are kept. */
export interface Deletion {
  deletedAt: string;
  deletedBy: string;
  deletedByKey: string;
}

/**
 * Deletes organizations with their memberships, teams, projects and keys; also the keys of their teams and projects,
 * which would be bounded by nothing without. Copies of teams and keys are kept for audit. All of it or nothing.
 */
export async function deleteOrganizations(db: Database, ids: readonly string[], deletion: Deletion): Promise<void> {
  const isTheirTeam = among(teams.organization_id, ids);
  const theirTeams = db.select({ id: teams.team_id }).from(teams).where(isTheirTeam);
  const isTheirProject = inArray(projects.team_id, theirTeams);
  const theirProjects = db.select({ id: projects.project_id }).from(projects).where(isTheirProject);
  const isTheirKey = or(
    among(keys.organization_id, ids),
    inArray(keys.team_id, theirTeams),
    inArray(keys.project_id, theirProjects),
  );
  const theirKeys = db.select({ token: keys.token }).from(keys).where(isTheirKey);
  await db.batch([
    db.insert(deletedKeys).select(keyCopies(db, isTheirKey, deletion)),
    db.insert(deletedTeams).select(teamCopies(db, isTheirTeam, deletion)),
    db.delete(deprecatedKeys).where(inArray(deprecatedKeys.active_token, theirKeys)),
    db.delete(keySuccessors).where(inArray(keySuccessors.token, theirKeys)),
    db.delete(keys).where(isTheirKey),
    db.delete(projects).where(isTheirProject),
    db.delete(teamMembers).where(inArray(teamMembers.team_id, theirTeams)),
    db.delete(teams).where(isTheirTeam),
    db.delete(organizationMembers).where(among(organizationMembers.organization_id, ids)),
    db.delete(organizations).where(among(organizations.organization_id, ids)),
  ]);
}

function keyCopies(db: Database, condition: SQL | undefined, deletion: Deletion) {
  const scope = sql`'key:' || ${keys.scope_id}`;
  return db
    .select(inOrderOf(deletedKeys, { ...getTableColumns(keys), ...endOf(db, scope, deletion) }))
    .from(keys)
    .where(condition);
}

function teamCopies(db: Database, condition: SQL | undefined, deletion: Deletion) {
  const scope = sql`'team:' || ${teams.team_id}`;
  // As queries of their own: in the fields of a select from one table Drizzle writes columns without their table's name.
  const member = sql`json_object('user_id', ${teamMembers.user_id}, 'user_email', ${teamMembers.user_email}, 'role', ${teamMembers.role})`;
  const theirs = db
    .select({ list: sql`json_group_array(${member})`.as("list") })
    .from(teamMembers)
    .where(eq(teamMembers.team_id, teams.team_id));
  const members = sql`${theirs}`;
  return db
    .select(
      inOrderOf(deletedTeams, {
        ...getTableColumns(teams),
        members_with_roles: members,
        ...endOf(db, scope, deletion),
      }),
    )
    .from(teams)
    .where(condition);
}

function endOf(db: Database, scope: SQL, { deletedAt, deletedBy, deletedByKey }: Deletion): Record<string, SQL> {
  const spent = db.select({ nano: scopeSpend.total_nano }).from(scopeSpend).where(eq(scopeSpend.scope, scope));
  return {
    id: sql`lower(hex(randomblob(16)))`,
    spend_nano: sql`coalesce(${spent}, 0)`,
    deleted_at: sql`${deletedAt}`,
    deleted_by: sql`${deletedBy}`,
    deleted_by_api_key: sql`${deletedByKey}`,
    litellm_changed_by: sql`null`,
  };
}

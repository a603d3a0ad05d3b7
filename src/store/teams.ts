/** Teams and who is in them. */
import { and, asc, eq, inArray, type SQL, sql } from "drizzle-orm";
import { among, equalsInAnyCase } from "./among.ts";
import type { Database } from "./database.ts";
import {
  type BudgetRow,
  budgets,
  organizationMembers,
  type TeamMemberRow,
  type TeamRow,
  teamMembers,
  teams,
  users,
} from "./schema/index.ts";

export async function findTeam(db: Database, id: string): Promise<TeamRow | undefined> {
  const [team] = await db.select().from(teams).where(eq(teams.team_id, id));
  return team;
}

export async function findTeams(db: Database, ids: readonly string[]): Promise<TeamRow[]> {
  return ids.length === 0 ? [] : db.select().from(teams).where(among(teams.team_id, ids)).orderBy(asc(teams.team_id));
}

/** Members that are shown of the teams of one answer. */
const MOST_MEMBERS = 20_000;

/** Those of all the teams, in the order they came. */
export async function membersOf(db: Database, teamIds: readonly string[]): Promise<TeamMemberRow[]> {
  if (teamIds.length === 0) return [];
  return db
    .select()
    .from(teamMembers)
    .where(among(teamMembers.team_id, teamIds))
    .orderBy(asc(teamMembers.created_at), sql`rowid`)
    .limit(MOST_MEMBERS);
}

export async function findMember(db: Database, teamId: string, userId: string): Promise<TeamMemberRow | undefined> {
  const [member] = await db
    .select()
    .from(teamMembers)
    .where(and(eq(teamMembers.team_id, teamId), eq(teamMembers.user_id, userId)));
  return member;
}

/** Members known by an email: as it was given when they were added, or as their user has it. */
export async function findMembersByEmail(db: Database, teamId: string, email: string): Promise<TeamMemberRow[]> {
  const holders = db.select({ user_id: users.user_id }).from(users).where(equalsInAnyCase(users.user_email, email));
  return db
    .select()
    .from(teamMembers)
    .where(
      and(
        eq(teamMembers.team_id, teamId),
        sql`(${equalsInAnyCase(teamMembers.user_email, email)} or ${inArray(teamMembers.user_id, holders)})`,
      ),
    );
}

export async function membershipsOf(db: Database, userIds: readonly string[]): Promise<TeamMemberRow[]> {
  if (userIds.length === 0) return [];
  return db
    .select()
    .from(teamMembers)
    .where(among(teamMembers.user_id, userIds))
    .orderBy(asc(teamMembers.created_at), sql`rowid`)
    .limit(MOST_MEMBERS);
}

/** Tiers by their ids; ids that are `null` or not known are left out. */
export async function findTiers(
  db: Database,
  ids: readonly (string | null | undefined)[],
): Promise<Map<string, BudgetRow>> {
  const wanted = [...new Set(ids.filter((id) => id != null))];
  if (wanted.length === 0) return new Map();
  const rows = await db.select().from(budgets).where(among(budgets.budget_id, wanted));
  return new Map(rows.map((row) => [row.budget_id, row]));
}

/** Whom of the team the organization does not know. */
export async function membersOutside(db: Database, teamId: string, organizationId: string): Promise<string[]> {
  const known = db
    .select({ user_id: organizationMembers.user_id })
    .from(organizationMembers)
    .where(eq(organizationMembers.organization_id, organizationId));
  const rows = await db
    .select({ user_id: teamMembers.user_id })
    .from(teamMembers)
    .where(and(eq(teamMembers.team_id, teamId), sql`${teamMembers.user_id} not in ${known}`))
    .limit(100);
  return rows.map(({ user_id }) => user_id);
}

/** The organizations a user runs. */
export function organizationsRunBy(db: Database, userId: string) {
  return db
    .select({ organization_id: organizationMembers.organization_id })
    .from(organizationMembers)
    .where(and(eq(organizationMembers.user_id, userId), eq(organizationMembers.user_role, "org_admin")));
}

/** A condition on teams: those the user is in. */
export function hasMember(db: Database, userId: string): SQL {
  return inArray(
    teams.team_id,
    db.select({ team_id: teamMembers.team_id }).from(teamMembers).where(eq(teamMembers.user_id, userId)),
  );
}

/** A condition on teams: those of organizations the user runs. */
export function isRunBy(db: Database, userId: string): SQL {
  return inArray(teams.organization_id, organizationsRunBy(db, userId));
}

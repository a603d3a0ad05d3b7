/** Whom a key belongs to or shall belong to, and what the caller is there: in one trip. */
import { and, eq, isNotNull, ne, or, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import {
  type BudgetRow,
  budgets,
  keys,
  type OrganizationMemberRow,
  type OrganizationRow,
  organizationMembers,
  organizations,
  type ProjectRow,
  projects,
  type TeamMemberRow,
  type TeamRow,
  teamMembers,
  teams,
  type UserRow,
  users,
} from "./schema/index.ts";

/** Ids as a key has them. */
export interface OwnerIds {
  user_id: string | null;
  team_id: string | null;
  project_id: string | null;
  organization_id: string | null;
  budget_id: string | null;
}

export interface Owners {
  user: UserRow | undefined;
  team: TeamRow | undefined;
  project: ProjectRow | undefined;
  projectBudget: BudgetRow | undefined;
  /** The one the key names, else its team's. */
  organization: OrganizationRow | undefined;
  organizationBudget: BudgetRow | undefined;
  /** The tier the key names. */
  budget: BudgetRow | undefined;
  /** The memberships of the key's user and of the caller in the team. */
  member: TeamMemberRow | undefined;
  callerMember: TeamMemberRow | undefined;
  /** The caller's membership in the organization. */
  callerOrganization: OrganizationMemberRow | undefined;
}

export async function loadOwners(db: Database, ids: OwnerIds, callerId: string | undefined): Promise<Owners> {
  const [user_id, team_id, project_id] = [ids.user_id ?? "", ids.team_id ?? "", ids.project_id ?? ""];
  const ofTeam = db.select({ id: teams.organization_id }).from(teams).where(eq(teams.team_id, team_id));
  const organizationId = sql`coalesce(${ids.organization_id}, ${ofTeam})`;
  const budgetOf = {
    project: db.select({ id: projects.budget_id }).from(projects).where(eq(projects.project_id, project_id)),
    organization: db
      .select({ id: organizations.budget_id })
      .from(organizations)
      .where(eq(organizations.organization_id, organizationId)),
  };
  const isMember = (userId: string) => and(eq(teamMembers.team_id, team_id), eq(teamMembers.user_id, userId));
  const [[user], [team], [project], [organization], tiers, [member], [callerMember], [callerOrganization]] =
    await db.batch([
      db.select().from(users).where(eq(users.user_id, user_id)),
      db.select().from(teams).where(eq(teams.team_id, team_id)),
      db.select().from(projects).where(eq(projects.project_id, project_id)),
      db.select().from(organizations).where(eq(organizations.organization_id, organizationId)),
      db
        .select()
        .from(budgets)
        .where(
          or(
            eq(budgets.budget_id, ids.budget_id ?? ""),
            eq(budgets.budget_id, budgetOf.project),
            eq(budgets.budget_id, budgetOf.organization),
          ),
        ),
      db.select().from(teamMembers).where(isMember(user_id)),
      db
        .select()
        .from(teamMembers)
        .where(isMember(callerId ?? "")),
      db
        .select()
        .from(organizationMembers)
        .where(
          and(eq(organizationMembers.organization_id, organizationId), eq(organizationMembers.user_id, callerId ?? "")),
        ),
    ]);
  const tier = (id: string | null | undefined) => tiers.find(({ budget_id }) => budget_id === id);
  return {
    user,
    team,
    project,
    projectBudget: tier(project?.budget_id),
    organization,
    organizationBudget: tier(organization?.budget_id),
    budget: tier(ids.budget_id),
    member,
    callerMember,
    callerOrganization,
  };
}

/** What is promised to the other keys of a team or organization. */
export interface Allocations {
  requests: number;
  tokens: number;
  /** `model_rpm_limit` and `model_tpm_limit` of each key that has any. */
  models: { requests: Record<string, number> | null; tokens: Record<string, number> | null }[];
}

/** @param except token of the key that is about to be changed */
export async function loadAllocations(
  db: Database,
  owner: { team_id: string } | { organization_id: string },
  except: string | undefined,
): Promise<Allocations> {
  const isTheirs = and(
    "team_id" in owner ? eq(keys.team_id, owner.team_id) : eq(keys.organization_id, owner.organization_id),
    ne(keys.token, except ?? ""),
  );
  const requestsOf = sql<string | null>`json_extract(${keys.metadata}, '$.model_rpm_limit')`;
  const tokensOf = sql<string | null>`json_extract(${keys.metadata}, '$.model_tpm_limit')`;
  const [[sums], models] = await db.batch([
    db
      .select({
        requests: sql<number>`coalesce(sum(${keys.rpm_limit}), 0)`,
        tokens: sql<number>`coalesce(sum(${keys.tpm_limit}), 0)`,
      })
      .from(keys)
      .where(isTheirs),
    db
      .select({ requests: requestsOf.as("requests"), tokens: tokensOf.as("tokens") })
      .from(keys)
      .where(and(isTheirs, or(isNotNull(requestsOf), isNotNull(tokensOf)))),
  ]);
  return {
    requests: sums?.requests ?? 0,
    tokens: sums?.tokens ?? 0,
    models: models.map(({ requests, tokens }) => ({ requests: parsed(requests), tokens: parsed(tokens) })),
  };
}

function parsed(text: string | null): Record<string, number> | null {
  return text === null ? null : JSON.parse(text);
}

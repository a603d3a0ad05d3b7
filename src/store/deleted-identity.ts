/** A key that was deleted, with all it belonged to that is still there: for what it has begun, and others pay for. */
import { and, desc, eq, inArray } from "drizzle-orm";
import type { Database } from "./database.ts";
import { identityOf, type KeyIdentity } from "./identity.ts";
import {
  budgets,
  deletedKeys,
  organizationMembers,
  organizations,
  projects,
  teamMembers,
  teams,
  users,
} from "./schema/index.ts";

/** @param token SHA-256 of the key in hex */
export async function loadDeletedIdentity(db: Database, token: string): Promise<KeyIdentity | undefined> {
  const [key] = await db
    .select()
    .from(deletedKeys)
    .where(eq(deletedKeys.token, token))
    .orderBy(desc(deletedKeys.id))
    .limit(1);
  if (key === undefined) return undefined;
  const [userId, teamId] = [key.user_id ?? "", key.team_id ?? ""];
  const [[user], [team], [member], [project]] = await db.batch([
    db.select().from(users).where(eq(users.user_id, userId)),
    db.select().from(teams).where(eq(teams.team_id, teamId)),
    db
      .select()
      .from(teamMembers)
      .where(and(eq(teamMembers.team_id, teamId), eq(teamMembers.user_id, userId))),
    db
      .select()
      .from(projects)
      .where(eq(projects.project_id, key.project_id ?? "")),
  ]);
  const organizationId = key.organization_id ?? team?.organization_id ?? "";
  const [[organization], [organizationMember]] = await db.batch([
    db.select().from(organizations).where(eq(organizations.organization_id, organizationId)),
    db
      .select()
      .from(organizationMembers)
      .where(and(eq(organizationMembers.organization_id, organizationId), eq(organizationMembers.user_id, userId))),
  ]);
  const memberBudgetId = member?.budget_id ?? team?.team_member_budget_id;
  const named = [key, organization, organizationMember, project].map((of) => of?.budget_id);
  const ids = [...named, memberBudgetId].filter((id) => typeof id === "string");
  const tiers = ids.length === 0 ? [] : await db.select().from(budgets).where(inArray(budgets.budget_id, ids));
  return identityOf({
    key,
    user,
    team,
    member,
    organization,
    organizationMember,
    project,
    tiers,
    spentNano: key.spend_nano ?? 0,
  });
}

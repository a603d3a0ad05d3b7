/** Who has a tier. */
import { eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import {
  customers,
  keys,
  organizationMembers,
  organizations,
  projects,
  tags,
  teamMembers,
  teams,
} from "./schema/index.ts";

/** Do two rows or more have this tier? */
export async function isShared(db: Database, id: string): Promise<boolean> {
  const holders = await db.batch([
    db.select({ id: keys.token }).from(keys).where(eq(keys.budget_id, id)).limit(2),
    db.select({ id: teams.team_id }).from(teams).where(eq(teams.team_member_budget_id, id)).limit(2),
    db.select({ id: teamMembers.user_id }).from(teamMembers).where(eq(teamMembers.budget_id, id)).limit(2),
    db
      .select({ id: organizations.organization_id })
      .from(organizations)
      .where(eq(organizations.budget_id, id))
      .limit(2),
    db
      .select({ id: organizationMembers.user_id })
      .from(organizationMembers)
      .where(eq(organizationMembers.budget_id, id))
      .limit(2),
    db.select({ id: projects.project_id }).from(projects).where(eq(projects.budget_id, id)).limit(2),
    db.select({ id: customers.user_id }).from(customers).where(eq(customers.budget_id, id)).limit(2),
    db.select({ id: tags.tag_name }).from(tags).where(eq(tags.budget_id, id)).limit(2),
  ]);
  return holders.flat().length > 1;
}

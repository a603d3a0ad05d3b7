/** Projects, each with its tier. */
import { and, asc, eq, inArray, type SQL, sql } from "drizzle-orm";
import { among } from "./among.ts";
import type { Database } from "./database.ts";
import { type BudgetRow, budgets, keys, type ProjectRow, projects, teams } from "./schema/index.ts";

export interface ListedProject {
  project: ProjectRow;
  tier: BudgetRow | undefined;
}

export interface ProjectFilter {
  ids?: readonly string[];
  /** A condition on their teams. */
  teams?: SQL;
  most: number;
}

/** In the order of their ids. */
export async function listProjects(
  db: Database,
  { ids, teams: ofTeams, most }: ProjectFilter,
): Promise<ListedProject[]> {
  const rows = await db
    .select()
    .from(projects)
    .leftJoin(budgets, eq(budgets.budget_id, projects.budget_id))
    .where(
      and(
        ids && among(projects.project_id, ids),
        ofTeams && inArray(projects.team_id, db.select({ id: teams.team_id }).from(teams).where(ofTeams)),
      ),
    )
    .orderBy(asc(projects.project_id))
    .limit(most);
  return rows.map(({ projects: project, budgets: tier }) => ({ project, tier: tier ?? undefined }));
}

/** How many keys each has; those that have none are not in it. */
export async function keysOfProjects(db: Database, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .select({ id: keys.project_id, count: sql<number>`count(*)` })
    .from(keys)
    .where(among(keys.project_id, ids))
    .groupBy(keys.project_id);
  return new Map(rows.flatMap(({ id, count }) => (id === null ? [] : [[id, count]])));
}

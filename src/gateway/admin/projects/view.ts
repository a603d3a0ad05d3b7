/** Projects as routes show them: an allow-list of fields. */
import { eq } from "drizzle-orm";
import { type ListedProject, listProjects } from "../../../store/projects.ts";
import { teams } from "../../../store/schema/index.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { AdminCall } from "../admin-call.ts";
import { listedSpend } from "../listed-spend.ts";
import { metadataView } from "../metadata-fields.ts";
import { permissionView } from "../object-permissions.ts";
import { spendOf } from "../spend.ts";
import { periodOf, tierView } from "../tiers.ts";
import type { Clock } from "../windows.ts";
import { METADATA_NAMES } from "./body.ts";

/** What the audit log calls them. */
export const PROJECT_TABLE = "LiteLLM_ProjectTable";

/** @param spend US dollars in the current window */
export function projectView({ project, tier }: ListedProject, spend: number, clock: Clock) {
  return {
    project_id: project.project_id,
    project_alias: project.project_alias,
    description: project.description,
    team_id: project.team_id,
    budget_id: project.budget_id,
    ...metadataView(project.metadata, METADATA_NAMES),
    models: project.models,
    spend,
    model_spend: {},
    model_rpm_limit: project.model_rpm_limit,
    model_tpm_limit: project.model_tpm_limit,
    blocked: project.blocked,
    created_at: project.created_at,
    created_by: project.created_by,
    updated_at: project.updated_at,
    updated_by: project.updated_by,
    litellm_budget_table: tierView(tier, clock),
    ...permissionView(project.object_permission),
  };
}

/** A project as it is now, its counter asked. */
export async function freshView(call: AdminCall, listed: ListedProject) {
  const spend = await spendOf(call, scopeOf.project(listed.project.project_id), periodOf(listed.tier));
  return projectView(listed, spend, call);
}

/** Projects a team may have that go with it. */
const MOST_OF_TEAM = 10_000;

export async function projectsOfTeam(call: AdminCall, id: string) {
  return listedViews(call, await listProjects(call.db, { teams: eq(teams.team_id, id), most: MOST_OF_TEAM }));
}

/** Projects of a list, with what they have spent as it was written down. */
export async function listedViews(call: AdminCall, rows: readonly ListedProject[]) {
  const scope = ({ project }: ListedProject) => scopeOf.project(project.project_id);
  const spend = await listedSpend(
    call,
    rows.map((row) => ({ scope: scope(row), period: periodOf(row.tier) })),
  );
  return rows.map((row) => projectView(row, spend(scope(row)), call));
}

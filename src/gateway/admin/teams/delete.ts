/** `POST /team/delete`: the team goes, and its keys, projects and memberships with it; copies stay for audit. */
import { eq, inArray, or, sql } from "drizzle-orm";
import { among, atOnce } from "../../../store/among.ts";
import { budgets, deletedTeams, keys, projects, teamMembers, teams } from "../../../store/schema/index.ts";
import { findTeams, membersOf } from "../../../store/teams.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { deletionOf } from "../keys/delete.ts";
import { removeKeysWhere } from "../keys-of.ts";
import { PROJECT_TABLE, projectsOfTeam } from "../projects/view.ts";
import { teamFor, teamNotFound } from "./access.ts";
import { TeamsBody } from "./body.ts";
import { freshTeamView, memberView } from "./view.ts";

export const deleteTeams = adminRoute({
  method: "POST",
  paths: ["/team/delete"],
  access: "manage",
  summary: "Delete teams, with their projects, keys and memberships",
  tag: "teams",
  body: TeamsBody,
  async handle(call) {
    const { team_ids } = await bodyOf(call, TeamsBody);
    const ids = [...new Set(team_ids)];
    const known = await findTeams(call.db, ids);
    const missing = ids.find((id) => !known.some(({ team_id }) => team_id === id));
    if (missing !== undefined) throw teamNotFound(missing);
    for (const id of ids) await teamFor(call, id, "org_admin"); // all or none
    for (const id of ids) await deleteTeam(call, id);
    return { deleted_teams: ids };
  },
});

async function deleteTeam(call: AdminCall, id: string): Promise<void> {
  const { db, gateway } = call;
  const { team } = await teamFor(call, id, "org_admin");
  const members = await membersOf(db, [id]);
  const [view, ofTeam] = await Promise.all([freshTeamView(call, team), projectsOfTeam(call, id)]);
  const projectIds = ofTeam.map(({ project_id }) => project_id);
  await removeKeysWhere(call, sql`(${eq(keys.team_id, id)} or ${among(keys.project_id, projectIds)})`);
  const { total } = await gateway.accounts.spend(scopeOf.team(id), []);
  const { deletedAt, deletedBy, deletedByKey, changedBy } = deletionOf(call, {});
  const isMember = eq(teamMembers.team_id, id);
  const tiers = db.select({ budget_id: teamMembers.budget_id }).from(teamMembers).where(isMember);
  await atOnce(db, [
    db.insert(deletedTeams).values({
      ...team,
      id: crypto.randomUUID(),
      members_with_roles: members.map(memberView),
      spend_nano: Math.round(total),
      deleted_at: deletedAt,
      deleted_by: deletedBy ?? null,
      deleted_by_api_key: deletedByKey,
      litellm_changed_by: changedBy ?? null,
    }),
    db
      .delete(budgets)
      .where(or(inArray(budgets.budget_id, tiers), eq(budgets.budget_id, team.team_member_budget_id ?? ""))),
    db.delete(teamMembers).where(isMember),
    db.delete(projects).where(eq(projects.team_id, id)),
    db.delete(teams).where(eq(teams.team_id, id)),
  ]);
  await gateway.accounts.forget(scopeOf.team(id));
  await Promise.all([
    ...members.map(({ user_id }) => gateway.accounts.forget(scopeOf.teamMember(id, user_id))),
    ...projectIds.map((project) => gateway.accounts.forget(scopeOf.project(project))),
  ]);
  for (const before of ofTeam)
    await changed(call, { table: PROJECT_TABLE, id: before.project_id, action: "deleted", before });
  await changed(call, { table: "LiteLLM_TeamTable", id, action: "deleted", before: view });
}

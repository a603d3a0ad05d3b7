/** `POST /team/delete`: the team goes, and its keys and memberships with it; copies stay for audit. */
import { eq, inArray, or } from "drizzle-orm";
import { atOnce } from "../../../store/among.ts";
import { budgets, deletedTeams, keys, teamMembers, teams } from "../../../store/schema/index.ts";
import { findTeams, membersOf } from "../../../store/teams.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { deletionOf } from "../keys/delete.ts";
import { removeKeysWhere } from "../keys-of.ts";
import { teamFor, teamNotFound } from "./access.ts";
import { TeamsBody } from "./body.ts";
import { freshTeamView, memberView } from "./view.ts";

export const deleteTeams = adminRoute({
  method: "POST",
  paths: ["/team/delete"],
  access: "manage",
  summary: "Delete teams, with their keys and memberships",
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
  const view = await freshTeamView(call, team);
  await removeKeysWhere(call, eq(keys.team_id, id));
  const { total } = await gateway.accounts.spend(scopeOf.team(id), []);
  const { deletedAt, deletedBy, deletedByKey, changedBy } = deletionOf(call, {});
  const ofTeam = eq(teamMembers.team_id, id);
  const tiers = db.select({ budget_id: teamMembers.budget_id }).from(teamMembers).where(ofTeam);
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
    db.delete(teamMembers).where(ofTeam),
    db.delete(teams).where(eq(teams.team_id, id)),
  ]);
  await gateway.accounts.forget(scopeOf.team(id));
  await Promise.all(members.map(({ user_id }) => gateway.accounts.forget(scopeOf.teamMember(id, user_id))));
  await changed(call, { table: "LiteLLM_TeamTable", id, action: "deleted", before: view });
}

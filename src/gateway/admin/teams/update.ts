/** Changes of a team: all its fields, its models, its members' permissions, and whether it is blocked. */
import { eq } from "drizzle-orm";
import { PermissionDeniedError } from "../../../formats/errors.ts";
import { type TeamRow, teams } from "../../../store/schema/index.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, type AuditAction, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { withSealed } from "../metadata-credentials.ts";
import { type Standing, teamFor, teamNotFound } from "./access.ts";
import { checkWithinGrant, checkWithinTeam } from "./admin-bounds.ts";
import { PermissionsBody, TeamBody, type TeamFields, TeamModelsBody, UpdateTeamBody } from "./body.ts";
import { columnsOf } from "./columns.ts";
import { checkMove, checkPromises, checkWithinOrganization, organizationOf } from "./organization-bounds.ts";
import { dropTier, setTier, sharedTierLimits } from "./tiers.ts";
import { freshTeamView, storedView } from "./view.ts";

export const updateRoutes = [
  adminRoute({
    method: "POST",
    paths: ["/team/update"],
    access: "manage",
    summary: "Change a team",
    tag: "teams",
    body: UpdateTeamBody,
    async handle(call) {
      const { team_id, ...fields } = await bodyOf(call, UpdateTeamBody);
      const { team: before, standing } = await teamFor(call, team_id, "team_admin");
      const changes = columnsOf(fields, before);
      if (standing === "team_admin") checkWithinTeam(call, before, { ...before, ...changes });
      await checkOrganization(call, before, changes, standing);
      const team = await save(call, before, { ...changes, ...(await tierChange(call, before, fields)) });
      return { team_id, data: await freshTeamView(call, team) };
    },
  }),
  blockRoute("block", true),
  blockRoute("unblock", false),
  modelsRoute("add", "Let a team use more models", (models, more) => [...new Set([...models, ...more])]),
  modelsRoute("delete", "Let a team not use some models any more", (models, less) =>
    models.filter((model) => !less.includes(model)),
  ),
  adminRoute({
    method: "POST",
    paths: ["/team/permissions_update"],
    access: "manage",
    summary: "Set what members who are not its admins may do with a team's keys",
    tag: "teams",
    body: PermissionsBody,
    async handle(call) {
      const { team_id, team_member_permissions } = await bodyOf(call, PermissionsBody);
      const { team } = await teamFor(call, team_id, "team_admin");
      return freshTeamView(call, await save(call, team, { team_member_permissions: team_member_permissions ?? [] }));
    },
  }),
];

function blockRoute(action: "block" | "unblock", blocked: boolean) {
  return adminRoute({
    method: "POST",
    paths: [`/team/${action}`],
    access: "manage",
    summary: blocked ? "Refuse all keys of a team" : "Let a team's keys be used again",
    tag: "teams",
    body: TeamBody,
    async handle(call) {
      const { team_id } = await bodyOf(call, TeamBody);
      const { team } = await teamFor(call, team_id, "org_admin");
      return freshTeamView(call, await save(call, team, { blocked }, blocked ? "blocked" : "unblocked"));
    },
  });
}

function modelsRoute(
  action: "add" | "delete",
  summary: string,
  change: (models: readonly string[], named: readonly string[]) => string[],
) {
  return adminRoute({
    method: "POST",
    paths: [`/team/model/${action}`],
    access: "manage",
    summary,
    tag: "teams",
    body: TeamModelsBody,
    async handle(call) {
      const { team_id, models: named } = await bodyOf(call, TeamModelsBody);
      const { team: before, standing } = await teamFor(call, team_id, "team_admin");
      const changes = { models: change(before.models, named) };
      if (standing === "team_admin") checkWithinTeam(call, before, { ...before, ...changes });
      await checkOrganization(call, before, changes, standing);
      return freshTeamView(call, await save(call, before, changes));
    },
  });
}

/** The team stays within its organization, and only the proxy admin takes it out of it or into another. */
async function checkOrganization(
  call: AdminCall,
  before: TeamRow,
  changes: Partial<TeamRow>,
  standing: Standing,
): Promise<void> {
  const after = { ...before, ...changes };
  const isMoved = after.organization_id !== before.organization_id;
  if (isMoved && !isAdmin(call.principal.role))
    throw new PermissionDeniedError("Only proxy admins can change the organization of a team.", {
      type: "auth_error",
      param: "organization_id",
    });
  if (after.organization_id === null) return;
  const organization = isMoved
    ? await checkMove(call, after, after.organization_id)
    : await organizationOf(call, after.organization_id);
  checkWithinOrganization(call, organization, changes);
  if (standing === "org_admin") checkWithinGrant(organization.organization, before, after);
  const touchesPromises = ["tpm_limit", "rpm_limit", "metadata"].some((name) => name in changes);
  if (isMoved || touchesPromises) await checkPromises(call, organization, after);
}

async function tierChange(call: AdminCall, before: TeamRow, fields: TeamFields): Promise<Partial<TeamRow>> {
  const limits = sharedTierLimits(fields);
  if (Object.keys(limits).length === 0) return {};
  return { team_member_budget_id: await setTier(call, before.team_member_budget_id, limits) };
}

/** Writes what changed; a budget whose period changes begins anew. */
export async function save(
  call: AdminCall,
  before: TeamRow,
  changes: Partial<TeamRow>,
  action: AuditAction = "updated",
): Promise<TeamRow> {
  const { db, actor, nowText } = call;
  const isNewPeriod = changes.budget_duration !== undefined && changes.budget_duration !== before.budget_duration;
  const sealed = await withSealed(call, scopeOf.team(before.team_id), changes);
  const [team] = await db
    .update(teams)
    .set({ ...sealed, ...(isNewPeriod && { budget_anchor: nowText }), updated_at: nowText, updated_by: actor })
    .where(eq(teams.team_id, before.team_id))
    .returning();
  if (team === undefined) throw teamNotFound(before.team_id);
  if (before.team_member_budget_id !== null && team.team_member_budget_id === null)
    await dropTier(call, before.team_member_budget_id);
  await changed(call, {
    table: "LiteLLM_TeamTable",
    id: team.team_id,
    action,
    before: storedView(before, call),
    after: storedView(team, call),
  });
  return team;
}

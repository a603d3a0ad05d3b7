/** Organizations and memberships as routes show them: an allow-list of fields. */
import { type ListedOrganization, listMembers, listTeams, type Membership } from "../../../store/organizations.ts";
import { membersOf } from "../../../store/teams.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { AdminCall } from "../admin-call.ts";
import { listedSpend } from "../listed-spend.ts";
import { metadataView } from "../metadata-fields.ts";
import { permissionView } from "../object-permissions.ts";
import { spendOf } from "../spend.ts";
import { listedTeamViews } from "../teams/view.ts";
import { periodOf, tierView } from "../tiers.ts";
import type { Clock } from "../windows.ts";
import { METADATA_NAMES } from "./body.ts";

/** @param spend US dollars in the current window */
export function organizationView({ organization, tier }: ListedOrganization, spend: number, clock: Clock) {
  return {
    organization_id: organization.organization_id,
    organization_alias: organization.organization_alias,
    budget_id: organization.budget_id,
    spend,
    ...metadataView(organization.metadata, METADATA_NAMES),
    models: organization.models,
    model_spend: {},
    blocked: organization.blocked,
    created_at: organization.created_at,
    created_by: organization.created_by,
    updated_at: organization.updated_at,
    updated_by: organization.updated_by,
    users: null,
    litellm_budget_table: tierView(tier, clock),
    ...permissionView(organization.object_permission),
  };
}

export async function organizationSpend(call: AdminCall, { organization, tier }: ListedOrganization): Promise<number> {
  return spendOf(call, scopeOf.organization(organization.organization_id), periodOf(tier));
}

/** One organization as it is now, its counter asked, with its members and teams. */
export async function fullView(call: AdminCall, listed: ListedOrganization) {
  const [[view], spend] = await Promise.all([fullViews(call, [listed]), organizationSpend(call, listed)]);
  return { ...view, spend };
}

/** Organizations with their members and teams, and with what they have spent as it was written down. */
export async function fullViews(call: AdminCall, rows: readonly ListedOrganization[]) {
  if (rows.length === 0) return [];
  const ids = rows.map(({ organization }) => organization.organization_id);
  const [members, teams] = await Promise.all([memberViewsOf(call, ids), teamViewsOf(call, ids)]);
  const views = await plainViews(call, rows);
  return views.map((view) => ({
    ...view,
    members: members.get(view.organization_id) ?? [],
    teams: teams.get(view.organization_id) ?? [],
  }));
}

/** Organizations without who is in them. */
export async function plainViews(call: AdminCall, rows: readonly ListedOrganization[]) {
  const scope = ({ organization }: ListedOrganization) => scopeOf.organization(organization.organization_id);
  const spend = await listedSpend(
    call,
    rows.map((row) => ({ scope: scope(row), period: periodOf(row.tier) })),
  );
  return rows.map((row) => organizationView(row, spend(scope(row)), call));
}

async function memberViewsOf(call: AdminCall, ids: readonly string[]) {
  const members = await listMembers(call.db, ids);
  return Map.groupBy(await memberViews(call, members), ({ organization_id }) => organization_id);
}

async function teamViewsOf(call: AdminCall, ids: readonly string[]) {
  const teams = await listTeams(call.db, ids);
  const members = await membersOf(
    call.db,
    teams.map(({ team_id }) => team_id),
  );
  return Map.groupBy(await listedTeamViews(call, teams, members), ({ organization_id }) => organization_id);
}

export async function memberViews(call: AdminCall, memberships: readonly Membership[]) {
  const scope = ({ member }: Membership) => scopeOf.organizationMember(member.organization_id, member.user_id);
  const spend = await listedSpend(
    call,
    memberships.map((membership) => ({ scope: scope(membership), period: periodOf(membership.tier) })),
  );
  return memberships.map((membership) => memberView(membership, spend(scope(membership)), call));
}

function memberView({ member, tier, user }: Membership, spend: number, clock: Clock) {
  return {
    user_id: member.user_id,
    organization_id: member.organization_id,
    user_role: member.user_role,
    spend,
    budget_id: member.budget_id,
    created_at: member.created_at,
    updated_at: member.updated_at,
    user: user === undefined ? null : shownUser(user),
    user_email: user?.user_email ?? null,
    litellm_budget_table: tierView(tier, clock),
  };
}

function shownUser({ user_id, user_email, user_alias, user_role }: NonNullable<Membership["user"]>) {
  return { user_id, user_email, user_alias, user_role };
}

/** Teams and memberships as routes show them: an allow-list of fields. */
import { NANO } from "../../../models/money.ts";
import type { BudgetRow, deletedTeams, TeamMemberRow, TeamRow } from "../../../store/schema/index.ts";
import { findTiers, membersOf } from "../../../store/teams.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { AdminCall } from "../admin-call.ts";
import { budgetView } from "../budgets.ts";
import { listedSpend } from "../listed-spend.ts";
import { shownMetadata } from "../metadata-credentials.ts";
import { permissionView } from "../object-permissions.ts";
import { spendOf } from "../spend.ts";
import { type Clock, NO_PERIOD, resetAt } from "../windows.ts";
import { METADATA_NAMES } from "./body.ts";

type ShownTeam = Omit<TeamRow, "created_by" | "updated_by">;

/** @param spend US dollars in the current window */
export function teamView(team: ShownTeam, members_with_roles: readonly unknown[], spend: number, clock: Clock) {
  const { team_member_budget_id } = team;
  const metadata = shownMetadata(team.metadata);
  const hasAliases = Object.keys(team.model_aliases).length > 0;
  return {
    team_id: team.team_id,
    team_alias: team.team_alias,
    organization_id: team.organization_id,
    admins: [],
    members: [],
    members_with_roles,
    team_member_permissions: team.team_member_permissions,
    metadata: {
      ...metadata,
      ...(team_member_budget_id !== null && { team_member_budget_id }), // where LiteLLM's clients look for it
    },
    models: team.models,
    blocked: team.blocked,
    spend,
    max_budget: team.max_budget,
    soft_budget: team.soft_budget,
    budget_duration: team.budget_duration,
    budget_reset_at: resetAt(team, clock),
    max_parallel_requests: team.max_parallel_requests,
    tpm_limit: team.tpm_limit,
    rpm_limit: team.rpm_limit,
    model_max_budget: team.model_max_budget,
    model_spend: {},
    router_settings: team.router_settings,
    access_group_ids: team.access_group_ids,
    policies: team.policies,
    model_id: null,
    model_aliases: team.model_aliases,
    litellm_model_table: hasAliases ? { model_aliases: team.model_aliases } : null,
    ...permissionView(team.object_permission),
    ...Object.fromEntries(METADATA_NAMES.map((name) => [name, metadata[name] ?? null])), // Terraform reads them here
    created_at: team.created_at,
    updated_at: team.updated_at,
  };
}

export function memberView({ user_id, user_email, role }: TeamMemberRow) {
  return { user_id, user_email, role };
}

/** What is stored of a team, for the audit log. */
export function storedView(team: TeamRow, clock: Clock) {
  const { spend: _, members_with_roles: __, ...stored } = teamView(team, [], 0, clock);
  return stored;
}

/** A team as it is now, its counters asked. */
export async function freshTeamView(call: AdminCall, team: TeamRow) {
  const [members, spend] = await Promise.all([
    membersOf(call.db, [team.team_id]),
    spendOf(call, scopeOf.team(team.team_id), team),
  ]);
  return teamView(team, members.map(memberView), spend, call);
}

/** Teams of a list, with what they have spent as it was written down. */
export async function listedTeamViews(call: AdminCall, rows: readonly TeamRow[], members: readonly TeamMemberRow[]) {
  const spendIn = await listedSpend(
    call,
    rows.map((team) => ({ scope: scopeOf.team(team.team_id), period: team })),
  );
  const membersByTeam = Map.groupBy(members, ({ team_id }) => team_id);
  return rows.map((team) => {
    const own = membersByTeam.get(team.team_id) ?? [];
    return teamView(team, own.map(memberView), spendIn(scopeOf.team(team.team_id)), call);
  });
}

/** Memberships with their tiers, the team's own where a member has none. */
export async function membershipViews(
  call: AdminCall,
  members: readonly TeamMemberRow[],
  rows: readonly Pick<TeamRow, "team_id" | "team_member_budget_id">[],
) {
  const teamTiers = new Map(rows.map(({ team_id, team_member_budget_id }) => [team_id, team_member_budget_id]));
  const tierId = ({ team_id, budget_id }: TeamMemberRow) => budget_id ?? teamTiers.get(team_id) ?? null;
  const tiers = await findTiers(call.db, members.map(tierId));
  const tierOf = (member: TeamMemberRow): BudgetRow | undefined => tiers.get(tierId(member) ?? "");
  const scope = ({ team_id, user_id }: TeamMemberRow) => scopeOf.teamMember(team_id, user_id);
  const spendIn = await listedSpend(
    call,
    members.map((member) => ({ scope: scope(member), period: tierOf(member) ?? NO_PERIOD })),
  );
  return members.map((member) => {
    const tier = tierOf(member);
    return {
      user_id: member.user_id,
      team_id: member.team_id,
      budget_id: tierId(member),
      spend: spendIn(scope(member)),
      litellm_budget_table: tier === undefined ? null : budgetView(tier, call),
    };
  });
}

/** A deleted team, with what is known of its end. */
export function deletedTeamView(row: typeof deletedTeams.$inferSelect, clock: Clock) {
  return {
    ...teamView(row, row.members_with_roles, row.spend_nano / NANO, clock),
    id: row.id,
    deleted_at: row.deleted_at,
    deleted_by: row.deleted_by,
    deleted_by_api_key: row.deleted_by_api_key,
    litellm_changed_by: row.litellm_changed_by,
  };
}

/** Users as routes show them: an allow-list of fields. */
import type { OrganizationMemberRow, UserRow } from "../../../store/schema/index.ts";
import { membershipsOf } from "../../../store/teams.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { AdminCall } from "../admin-call.ts";
import { listedSpend } from "../listed-spend.ts";
import { shownMetadata } from "../metadata-credentials.ts";
import { permissionView } from "../object-permissions.ts";
import { spendOf } from "../spend.ts";
import { type Clock, resetAt } from "../windows.ts";

/** @param spend US dollars in the current window */
export function userView(user: UserRow, teams: readonly string[], spend: number, clock: Clock) {
  return {
    user_id: user.user_id,
    user_alias: user.user_alias,
    user_email: user.user_email,
    user_role: user.user_role,
    sso_user_id: user.sso_user_id,
    teams,
    models: user.models,
    spend,
    max_budget: user.max_budget,
    soft_budget: user.soft_budget,
    budget_duration: user.budget_duration,
    budget_reset_at: resetAt(user, clock),
    max_parallel_requests: user.max_parallel_requests,
    tpm_limit: user.tpm_limit,
    rpm_limit: user.rpm_limit,
    model_max_budget: user.model_max_budget,
    model_spend: {},
    allowed_cache_controls: user.allowed_cache_controls,
    policies: user.policies,
    metadata: shownMetadata(user.metadata),
    ...permissionView(user.object_permission),
    created_at: user.created_at,
    updated_at: user.updated_at,
  };
}

/** What is stored of a user, for the audit log. */
export function storedView(user: UserRow, clock: Clock) {
  const { spend: _, teams: __, ...stored } = userView(user, [], 0, clock);
  return stored;
}

/** A user as it is now, its counters asked. */
export async function freshUserView(call: AdminCall, user: UserRow) {
  const [memberships, spend] = await Promise.all([
    membershipsOf(call.db, [user.user_id]),
    spendOf(call, scopeOf.user(user.user_id), user),
  ]);
  return userView(
    user,
    memberships.map(({ team_id }) => team_id),
    spend,
    call,
  );
}

/** Users of a list, with what they have spent as it was written down. */
export async function listedUserViews(call: AdminCall, rows: readonly UserRow[]) {
  const [memberships, spendIn] = await Promise.all([
    membershipsOf(
      call.db,
      rows.map(({ user_id }) => user_id),
    ),
    listedSpend(
      call,
      rows.map((user) => ({ scope: scopeOf.user(user.user_id), period: user })),
    ),
  ]);
  const byUser = Map.groupBy(memberships, ({ user_id }) => user_id);
  return rows.map((user) => {
    const teams = (byUser.get(user.user_id) ?? []).map(({ team_id }) => team_id);
    return userView(user, teams, spendIn(scopeOf.user(user.user_id)), call);
  });
}

export function organizationMembershipView(member: OrganizationMemberRow) {
  const { user_id, organization_id, user_role, budget_id, created_at, updated_at } = member;
  return { user_id, organization_id, user_role, budget_id, created_at, updated_at };
}

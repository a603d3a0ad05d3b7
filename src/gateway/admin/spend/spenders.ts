/** `/spend/keys` and `/spend/users`: who has spent the most. */
import { z } from "zod";
import type { KeyRow, UserRow } from "../../../store/schema/index.ts";
import { spendingKeys, spendingUsers } from "../../../store/spend/scopes.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { Route } from "../../route.ts";
import { adminRoute, queryOf } from "../admin-call.ts";
import { keyScope, periodOf } from "../keys/view.ts";
import { listedSpend } from "../listed-spend.ts";
import { shownMetadata } from "../metadata-credentials.ts";
import { tiersOf } from "../tiers.ts";
import { type Clock, resetAt } from "../windows.ts";
import { ownOf } from "./sight.ts";

export const spenderRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/spend/keys"],
    access: "spend",
    summary: "The thousand keys that have spent the most; who is no admin sees their own",
    tag: "spend",
    async handle(call) {
      const [userId] = ownOf(call).userIds ?? [];
      const keys = await spendingKeys(call.db, { prefix: scopeOf.key(""), userId });
      const tierOf = await tiersOf(call, keys);
      const periods = keys.map((key) => ({
        key,
        scope: keyScope(key),
        period: periodOf(key, tierOf(key)),
      }));
      const spent = await listedSpend(call, periods);
      return periods.map(({ key, scope, period }) => keyView(key, spent(scope), resetAt(period, call))).sort(bySpend);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/spend/users"],
    access: "spend",
    summary: "The thousand users that have spent the most (?user_id= one); who is no admin sees themselves",
    tag: "spend",
    async handle(call) {
      const { user_id } = queryOf(call, z.object({ user_id: z.string().max(512).optional() }));
      const userId = ownOf(call).userIds?.[0] ?? user_id;
      const users = await spendingUsers(call.db, { prefix: scopeOf.user(""), userId });
      const scopes = users.map((period) => ({ scope: scopeOf.user(period.user_id), period }));
      const spent = await listedSpend(call, scopes);
      return users.map((user) => userView(user, spent(scopeOf.user(user.user_id)), call)).sort(bySpend);
    },
  }),
];

const bySpend = (a: { spend: number }, b: { spend: number }) => b.spend - a.spend;

/** `token` is the key's digest: it names the key, and lets nobody in. */
function keyView(key: KeyRow, spend: number, budget_reset_at: string | null) {
  return {
    token: key.token,
    key_name: key.key_name,
    key_alias: key.key_alias,
    spend,
    max_budget: key.max_budget,
    budget_duration: key.budget_duration,
    budget_reset_at,
    expires: key.expires,
    models: key.models,
    user_id: key.user_id,
    team_id: key.team_id,
    organization_id: key.organization_id,
    project_id: key.project_id,
    tpm_limit: key.tpm_limit,
    rpm_limit: key.rpm_limit,
    max_parallel_requests: key.max_parallel_requests,
    blocked: key.blocked,
    metadata: shownMetadata(key.metadata),
    created_at: key.created_at,
    created_by: key.created_by,
    updated_at: key.updated_at,
  };
}

function userView(user: UserRow, spend: number, clock: Clock) {
  return {
    user_id: user.user_id,
    user_alias: user.user_alias,
    user_email: user.user_email,
    user_role: user.user_role,
    spend,
    max_budget: user.max_budget,
    budget_duration: user.budget_duration,
    budget_reset_at: resetAt(user, clock),
    models: user.models,
    tpm_limit: user.tpm_limit,
    rpm_limit: user.rpm_limit,
    max_parallel_requests: user.max_parallel_requests,
    metadata: shownMetadata(user.metadata),
    created_at: user.created_at,
    updated_at: user.updated_at,
  };
}

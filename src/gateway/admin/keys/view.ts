/** Keys as routes show them: an allow-list of fields, and never the key itself again. */
import { NANO } from "../../../models/money.ts";
import type { BudgetRow, deletedKeys, KeyRow } from "../../../store/schema/index.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { keySubject } from "../../../tenancy/subjects.ts";
import type { AdminCall } from "../admin-call.ts";
import { listedSpend } from "../listed-spend.ts";
import { shownMetadata } from "../metadata-credentials.ts";
import { permissionView } from "../object-permissions.ts";
import { modelSpendOf, spendOf } from "../spend.ts";
import { tiersOf, tierView } from "../tiers.ts";
import { type Clock, type Period, resetAt } from "../windows.ts";
import { shownConfig } from "./config.ts";
import { unfolded } from "./metadata.ts";

/** The key's own period, else that of its tier. */
export function periodOf(key: Pick<KeyRow, "budget_duration" | "budget_anchor">, tier: BudgetRow | undefined): Period {
  return {
    budget_duration: key.budget_duration ?? tier?.budget_duration ?? null,
    budget_anchor: key.budget_anchor ?? tier?.budget_anchor ?? null,
  };
}

export function keyScope({ scope_id }: Pick<KeyRow, "scope_id">): string {
  return scopeOf.key(scope_id);
}

export async function keySpend(call: AdminCall, key: KeyRow, tier: BudgetRow | undefined): Promise<number> {
  return spendOf(call, keyScope(key), periodOf(key, tier));
}

/** Of the models that have a budget of their own. Only where one key is asked for: lists have no such counters. */
export async function keyModelSpend(call: AdminCall, key: KeyRow, tier: BudgetRow | undefined) {
  return modelSpendOf(call, keySubject({ key, keyBudget: tier }, call.now));
}

/** A key without its token, as `/key/info` and `/key/update` give it. */
export function keyView(key: Omit<KeyRow, "token" | "scope_id">, clock: Clock, spend: number, tier?: BudgetRow) {
  return {
    key_name: key.key_name,
    key_alias: key.key_alias,
    soft_budget_cooldown: false,
    spend,
    expires: key.expires,
    models: key.models,
    aliases: key.aliases,
    config: shownConfig(key.config),
    router_settings: key.router_settings,
    user_id: key.user_id,
    team_id: key.team_id,
    agent_id: key.agent_id,
    project_id: key.project_id,
    organization_id: key.organization_id,
    permissions: key.permissions,
    max_parallel_requests: key.max_parallel_requests,
    metadata: shownMetadata(key.metadata),
    blocked: key.blocked,
    tpm_limit: key.tpm_limit,
    rpm_limit: key.rpm_limit,
    max_budget: key.max_budget,
    soft_budget: key.soft_budget,
    budget_duration: key.budget_duration,
    budget_reset_at: resetAt(periodOf(key, tier), clock),
    allowed_cache_controls: key.allowed_cache_controls,
    allowed_routes: key.allowed_routes,
    policies: key.policies,
    access_group_ids: key.access_group_ids,
    model_spend: {},
    model_max_budget: key.model_max_budget,
    budget_id: key.budget_id,
    ...permissionView(key.object_permission),
    created_at: key.created_at,
    created_by: key.created_by,
    updated_at: key.updated_at,
    updated_by: key.updated_by,
    last_active: null,
    rotation_count: key.rotation_count,
    auto_rotate: key.auto_rotate,
    rotation_interval: key.rotation_interval,
    last_rotation_at: key.last_rotation_at,
    key_rotation_at: key.key_rotation_at,
    litellm_budget_table: tierView(tier, clock),
  };
}

/** Keys of a list, in its order, with what they have spent as it was written down. */
export async function listedKeyViews(call: AdminCall, rows: readonly KeyRow[]) {
  const tierOf = await tiersOf(call, rows);
  const spendIn = await listedSpend(
    call,
    rows.map((key) => ({ scope: keyScope(key), period: periodOf(key, tierOf(key)) })),
  );
  return rows.map((key) => ({ key, view: keyView(key, call, spendIn(keyScope(key)), tierOf(key)) }));
}

export type KeyView = ReturnType<typeof keyView>;

/** The answer to whoever made a key: the only time it is shown. */
export function madeKeyView(
  secret: string,
  row: KeyRow,
  clock: Clock,
  { spend, tier, duration }: { spend: number; tier: BudgetRow | undefined; duration: string | null },
) {
  const view = keyView(row, clock, spend, tier);
  return { ...unfolded(view.metadata), ...view, key: secret, token: row.token, token_id: row.token, duration };
}

/** A deleted key, with what is known of its end. */
export function deletedKeyView(row: typeof deletedKeys.$inferSelect, clock: Clock) {
  return {
    ...keyView(row, clock, row.spend_nano / NANO),
    token: row.token,
    id: row.id,
    deleted_at: row.deleted_at,
    deleted_by: row.deleted_by,
    deleted_by_api_key: row.deleted_by_api_key,
    litellm_changed_by: row.litellm_changed_by,
  };
}

/**
 * The budget of an organization, a customer, a project, a tag or an organization's member: a tier, which it may share.
 * A body names one by `budget_id`, or says limits, and then the row has a tier of its own.
 */
import { BadRequestError, PermissionDeniedError } from "../../formats/errors.ts";
import { defined } from "../../formats/json.ts";
import { isShared } from "../../store/budgets.ts";
import type { BudgetRow } from "../../store/schema/index.ts";
import { findTiers } from "../../store/teams.ts";
import { isAdmin } from "../../tenancy/roles.ts";
import type { AdminCall } from "./admin-call.ts";
import { type BudgetFields, budgetView, createBudget, findBudget, updateBudget } from "./budgets.ts";
import { identifier, LIMIT_FIELDS, limitsOf } from "./fields.ts";
import type { Clock, Period } from "./windows.ts";

export const TIER_FIELDS = { budget_id: identifier, ...LIMIT_FIELDS };

export type TierFields = BudgetFields & { budget_id?: string | null };

/** The tier fields of a body, and the rest of it. */
export function splitTier<Body extends TierFields>(
  body: Body,
): { tier: TierFields; rest: Omit<Body, keyof TierFields> } {
  const {
    budget_id,
    max_budget,
    soft_budget,
    budget_duration,
    max_parallel_requests,
    tpm_limit,
    rpm_limit,
    model_max_budget,
    ...rest
  } = body;
  const limits = { max_budget, soft_budget, budget_duration, max_parallel_requests, tpm_limit, rpm_limit };
  return { tier: { budget_id, ...limits, model_max_budget }, rest };
}

/** Is any limit set? `null` sets none. */
export function hasLimits({ budget_id: _, ...limits }: TierFields): boolean {
  return Object.values(limits).some((value) => value != null);
}

/**
 * The tier of a new row: one made of the limits, or the one that is named, or none.
 * @throws BadRequestError where both are given and the tier is there: nobody could say which counts
 */
export async function newTier(call: AdminCall, { budget_id, ...limits }: TierFields): Promise<BudgetRow | undefined> {
  refuseNaming(call, budget_id, undefined);
  if (hasLimits(limits)) return createBudget(call, limits, budget_id ?? crypto.randomUUID());
  return budget_id == null ? undefined : findBudget(call, budget_id);
}

/**
 * Changes the tier a row has, gives it another, or makes one. An admin's change of a tier is for all that share it;
 * anybody else's makes a copy.
 * @returns the tier the row has then
 */
export async function changeTier(
  call: AdminCall,
  current: string | null,
  { budget_id, ...limits }: TierFields,
): Promise<BudgetRow | undefined> {
  refuseNaming(call, budget_id, current);
  const isSaid = Object.values(limits).some((value) => value !== undefined);
  if (isSaid && budget_id != null && budget_id !== current)
    throw new BadRequestError("Give either a budget_id or limits, not both: the budget may be shared by others.", {
      param: "budget_id",
    });
  if (budget_id != null && budget_id !== current) return findBudget(call, budget_id);
  const before = budget_id === null ? undefined : await tierOf(call, current);
  if (!isSaid) return before;
  if (before === undefined) return hasLimits(limits) ? createBudget(call, limits, crypto.randomUUID()) : undefined;
  if (isAdmin(call.principal.role) || !(await isShared(call.db, before.budget_id)))
    return updateBudget(call, before.budget_id, limits);
  return createBudget(call, { ...limitsOf(before), ...defined(limits) }, crypto.randomUUID());
}

/** A tier that limits nothing, for rows that have one always. */
export async function emptyTier(call: AdminCall): Promise<BudgetRow> {
  return createBudget(call, {}, crypto.randomUUID());
}

/** `undefined` where the row has none, or it was deleted. */
export async function tierOf({ db }: AdminCall, id: string | null): Promise<BudgetRow | undefined> {
  return id === null ? undefined : (await findTiers(db, [id])).get(id);
}

/** The tiers of many rows, asked for at once. */
export async function tiersOf(
  { db }: AdminCall,
  rows: readonly Tiered[],
): Promise<(row: Tiered) => BudgetRow | undefined> {
  const tiers = await findTiers(
    db,
    rows.map(({ budget_id }) => budget_id),
  );
  return ({ budget_id }) => tiers.get(budget_id ?? "");
}

interface Tiered {
  budget_id: string | null;
}

export function periodOf(tier: BudgetRow | undefined): Period {
  return { budget_duration: tier?.budget_duration ?? null, budget_anchor: tier?.budget_anchor ?? null };
}

/** `litellm_budget_table` of an answer. */
export function tierView(tier: BudgetRow | undefined, clock: Clock) {
  return tier === undefined ? null : budgetView(tier, clock);
}

/** Whoever names a tier may change it afterwards: of somebody else's, only the admin may. */
function refuseNaming({ principal }: AdminCall, wanted: string | null | undefined, current: string | null | undefined) {
  if (wanted === undefined || wanted === current || isAdmin(principal.role)) return;
  if (wanted === null && current == null) return;
  throw new PermissionDeniedError("Only the proxy admin may choose the budget_id. Set limits instead.", {
    type: "auth_error",
    param: "budget_id",
  });
}

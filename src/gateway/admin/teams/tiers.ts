/** Tiers of members: one that a team's members share, and one of each member that has limits of its own. */

import { eq } from "drizzle-orm";
import { defined } from "../../../formats/json.ts";
import { type BudgetRow, budgets } from "../../../store/schema/index.ts";
import { findTiers } from "../../../store/teams.ts";
import type { AdminCall } from "../admin-call.ts";
import { createBudget, updateBudget } from "../budgets.ts";
import { NO_LIMITS } from "../fields.ts";
import type { TeamFields } from "./body.ts";

/** Absent: not said; `null`: no such limit. */
export interface TierLimits {
  max_budget?: number | null;
  budget_duration?: string | null;
  rpm_limit?: number | null;
  tpm_limit?: number | null;
}

/** What a body says of the tier that a team's members share. */
export function sharedTierLimits(fields: TeamFields): TierLimits {
  return defined({
    max_budget: fields.team_member_budget,
    budget_duration: fields.team_member_budget_duration,
    rpm_limit: fields.team_member_rpm_limit,
    tpm_limit: fields.team_member_tpm_limit,
  });
}

/**
 * Makes or changes a tier.
 * @param base limits a new tier begins with
 * @returns its id; `null` where nothing is limited any more (`dropTier` then removes the row)
 */
export async function setTier(
  call: AdminCall,
  id: string | null,
  limits: TierLimits,
  base: BudgetRow | undefined = undefined,
): Promise<string | null> {
  if (Object.keys(limits).length === 0) return id;
  const known = id === null ? undefined : (await findTiers(call.db, [id])).get(id);
  const wanted = { ...limitsOf(known ?? base), ...limits };
  if (Object.values(wanted).every((limit) => limit == null)) return null;
  const row = known
    ? await updateBudget(call, known.budget_id, limits)
    : await createBudget(call, wanted, crypto.randomUUID());
  return row.budget_id;
}

function limitsOf(row: BudgetRow | undefined): TierLimits {
  if (row === undefined) return {};
  const { max_budget, budget_duration, rpm_limit, tpm_limit } = row;
  return { max_budget, budget_duration, rpm_limit, tpm_limit };
}

/** Removes a tier that nobody has any more. */
export function dropTier({ db }: AdminCall, id: string) {
  return db.delete(budgets).where(eq(budgets.budget_id, id));
}

/** A tier of a member's own: its limits, and for the rest those it would have had. */
export function ownTier(call: AdminCall, limits: TierLimits, base: BudgetRow | undefined): BudgetRow {
  const { actor, nowText } = call;
  return {
    ...NO_LIMITS,
    ...limitsOf(base),
    ...limits,
    budget_id: crypto.randomUUID(),
    budget_anchor: nowText,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  };
}

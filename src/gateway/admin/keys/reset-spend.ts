/** What a key has spent is set back. */
import { BadRequestError } from "../../../formats/errors.ts";
import { type AdminCall, changed } from "../admin-call.ts";
import { resetSpend } from "../spend.ts";
import { resetAt } from "../windows.ts";
import { KEY_TABLE } from "./create.ts";
import { findOwned, requireRight } from "./rights.ts";
import { keyScope, keySpend, periodOf } from "./view.ts";

/** @throws BadRequestError where it would be more than is spent, or than may be */
export async function resetKeySpend(call: AdminCall, given: string, to: number) {
  const owned = await findOwned(call, given);
  requireRight(call, owned, "/key/{key_id}/reset_spend");
  const { key, owners } = owned;
  const previous = await keySpend(call, key, owners.budget);
  const budgets = [key.max_budget, owners.budget?.max_budget].filter((budget) => budget != null);
  if (to < 0) throw refused("reset_to must be >= 0");
  if (to > previous) throw refused(`reset_to (${to}) must be <= current spend (${previous})`);
  for (const budget of budgets) if (to > budget) throw refused(`reset_to (${to}) must be <= budget (${budget})`);
  const period = periodOf(key, owners.budget);
  await resetSpend(call, keyScope(key), period, to);
  await changed(call, {
    table: KEY_TABLE,
    id: key.token,
    scope: keyScope(key),
    action: "updated",
    before: { spend: previous },
    after: { spend: to },
  });
  return {
    key_hash: key.token,
    spend: to,
    previous_spend: previous,
    max_budget: key.max_budget,
    budget_reset_at: resetAt(period, call),
  };
}

function refused(message: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", param: "reset_to" });
}

/** Limits and budgets that refuse a call: LiteLLM's texts, with whose limit it is, what is used, and when it is free again. */

import { RateLimitError, SluiceError } from "../formats/errors.ts";
import type { Refusal } from "../limits/demand.ts";
import { NANO } from "../models/money.ts";
import type { Subject, SubjectKind } from "./subjects.ts";

/** A budget is used up, or too small for the call. No retry and no other deployment helps. */
export class BudgetExceededError extends SluiceError {
  override name = "BudgetExceededError";
  constructor(message: string, status: number, headers: Record<string, string>) {
    super(message, { headers, blameless: true }, status, "budget_exceeded");
  }
}

/** @param subjects those the call counts for; the refusing one is found by its scope */
export function limitRefused(
  refusal: Refusal,
  subjects: readonly Subject[],
  { budgetStatus, now }: { budgetStatus: number; now: number },
): SluiceError {
  const { scope, meter, resetAt } = refusal;
  const subject = subjects.find((one) => one.scope === scope);
  const kind = subject?.kind ?? scope.slice(0, Math.max(0, scope.indexOf(":")));
  const id = subject?.id ?? scope;
  const headers: Record<string, string> = {};
  if (refusal.retryAfter !== undefined) headers["retry-after"] = String(Math.max(1, Math.ceil(refusal.retryAfter)));
  if (resetAt !== undefined) headers["reset_at"] = String(Math.ceil(resetAt / 1000));
  if (meter.kind === "budget") {
    const spent = refusal.spent ?? meter.limit - refusal.remaining;
    const reserved = Math.max(0, meter.limit - spent - refusal.remaining);
    const text = [
      `Budget has been exceeded! ${nameOf(kind, id)}${modelOf(meter.id)} Current cost: ${spent / NANO}, Max budget: ${meter.limit / NANO}.`,
      `Reserved by calls under way: ${reserved / NANO}; this call may cost ${refusal.demanded / NANO}.`,
      resetAt === undefined ? "The budget does not reset." : `Budget resets at: ${new Date(resetAt).toISOString()}.`,
    ].join(" ");
    return new BudgetExceededError(text, budgetStatus, headers);
  }
  const type = meter.kind === "parallel" ? "max_parallel_requests" : (meter.id.split("/")[0] ?? meter.id);
  headers["rate_limit_type"] = type;
  const resets = resetAt ?? now + 1000 * (refusal.retryAfter ?? 1);
  return new RateLimitError(
    `Rate limit exceeded for ${kind}: ${id}${modelOf(meter.id)}. Limit type: ${type}. Current limit: ${meter.limit}, Remaining: ${Math.max(0, Math.floor(refusal.remaining))}. Limit resets at: ${new Date(resets).toISOString()}`,
    { headers, blameless: true, type: "rate_limit_error" },
  );
}

const NAMES: Partial<Record<SubjectKind, string>> = {
  api_key: "Key",
  user: "User",
  team: "Team",
  team_member: "Team member",
  organization: "Organization",
  organization_member: "Organization member",
  project: "Project",
  end_user: "End User",
  tag: "Tag",
  proxy: "LiteLLM Proxy",
};

function nameOf(kind: string, id: string): string {
  const name = NAMES[kind as SubjectKind] ?? kind; // an unknown kind is shown as it is
  return kind === "proxy" ? name : `${name}=${id}`;
}

/** ` model=gpt-4o` for a meter of one model. */
function modelOf(meter: string): string {
  const [, ...model] = meter.split("/");
  return model.length === 0 ? "" : ` model=${model.join("/")}`;
}

/** What a provider's batch will cost is known when it is over: whose money is spent by then may start none. */
import type { CallDependencies } from "../../../call/call.ts";
import type { Caller } from "../../../call/caller.ts";
import { ServiceUnavailableError, type SluiceError } from "../../../formats/errors.ts";
import { demandsOf } from "../../../tenancy/demands.ts";
import { limitRefused } from "../../../tenancy/limit-refusals.ts";

const NOTHING = { tokens: 0, cost: 0 };
/** Tokens, and nano-dollars. */
const NONE = { least: 0, most: 0 };
const LEAST = { least: 1, most: 1 };

/** Why it may not; `undefined` where every budget has something left. */
export async function refuseSpent(
  { limiter, now, settings }: Pick<CallDependencies, "limiter" | "now" | "settings">,
  caller: Caller,
  model: string,
): Promise<SluiceError | undefined> {
  const { timezone, compatibility } = settings;
  const subjects = await caller.subjects(caller.tags);
  const facts = { model, now: now(), timezone, tokens: NONE, cost: LEAST, isSaturated: false };
  const demands = demandsOf(subjects, facts).filter(({ meter }) => meter.kind === "budget");
  const verdict = await limiter.admit("batch", demands);
  if (verdict.ok) {
    verdict.admission.settle(NOTHING);
    return undefined;
  }
  if (verdict.unavailable)
    return new ServiceUnavailableError("litellm.ServiceUnavailableError: budgets cannot be looked at at the moment.");
  return limitRefused(verdict.refusal, subjects, { budgetStatus: compatibility.budgetStatus, now: now() });
}

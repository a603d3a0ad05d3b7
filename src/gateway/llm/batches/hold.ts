/**
 * What a provider's batch may cost is set aside before it begins, for as long as it runs: nobody's lease lasts so long, so the
 * money moves from the lease it was reserved with into a hold of each scope's own (`docs/decisions/batches.md`).
 */
import { LOOKS_AFTER_WINDOW } from "../../../batches/book.ts";
import type { BatchHold, BatchSize } from "../../../batches/size.ts";
import type { CallDependencies } from "../../../call/call.ts";
import type { Caller } from "../../../call/caller.ts";
import { ServiceUnavailableError } from "../../../formats/errors.ts";
import type { ScopeAccounts } from "../../../limits/accounts.ts";
import type { Admission, Demand, HeldFrom } from "../../../limits/demand.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { demandsOf } from "../../../tenancy/demands.ts";
import { limitRefused } from "../../../tenancy/limit-refusals.ts";
import type { Subject } from "../../../tenancy/subjects.ts";
import type { RouteCall } from "../../route.ts";
import { LONGEST_CREATION } from "./sought.ts";

export interface HoldPorts {
  calls: Pick<CallDependencies, "limiter" | "now" | "settings" | "onBudgetRefused">;
  accounts: Pick<ScopeAccounts, "hold" | "unhold">;
  caller: Caller;
}

const NOTHING = { tokens: 0, cost: 0 };

/** Is anything limited that a batch of whatever model counts for? Only then its input is read. */
export async function isLimited(caller: Caller): Promise<boolean> {
  const subjects = await caller.subjects(caller.tags);
  return subjects.some(
    ({ budgets, models, requests, tokens }) =>
      requests !== undefined ||
      tokens !== undefined ||
      budgets.some(({ dollars }) => Number.isFinite(dollars)) ||
      Object.keys(models).length > 0,
  );
}

export interface Holding {
  id: string;
  sizes: ReadonlyMap<string, BatchSize>;
  /** The call that starts the batch is one of its requests, and counted by itself. */
  isCalled: boolean;
  /** Milliseconds since the epoch. */
  until: number;
}

/**
 * Lets a batch in: its requests and tokens count for the rate limits, its money is set aside.
 * @returns `undefined` where no budget bounds it
 * @throws RateLimitError, BudgetExceededError, ServiceUnavailableError
 */
export async function holdFor(
  ports: HoldPorts,
  { id, sizes, isCalled, until }: Holding,
): Promise<BatchHold | undefined> {
  const subjects = await ports.caller.subjects(ports.caller.tags);
  const admitted: Admitted[] = [];
  try {
    for (const [model, size] of sizes) {
      const demands = demandsFor(ports, subjects, model, size, isCalled && admitted.length === 0);
      const admission = await admit(ports, id, subjects, demands);
      admitted.push({ admission, demands, tokens: size.tokens, cost: leastOf(size) });
    }
  } catch (refusal) {
    for (const { admission } of admitted) admission.settle(NOTHING);
    throw refusal;
  }
  const { scopes, from } = setAside(admitted);
  const hold: BatchHold = { id, scopes, sizes: Object.fromEntries(sizes) };
  const put = () => prolong(ports.accounts, hold, until, from);
  try {
    await put();
  } catch (cause) {
    // Whatever has come through: once all is held the leases are rid of it, and what is held can be freed.
    await put().catch(() => {});
    await unhold(ports.accounts, hold);
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: budgets cannot be looked at at the moment.", {
      cause,
    });
  } finally {
    for (const { admission, tokens, cost } of admitted) admission.settle({ tokens, cost });
  }
  return Object.keys(scopes).length === 0 ? undefined : hold;
}

/**
 * What is about to be begun is let in, and held for until its provider has taken it, or never will.
 * @param name of what is begun
 * @param sizes asked only where something is limited
 * @returns `undefined` where no budget bounds it
 * @throws RateLimitError, BudgetExceededError, ServiceUnavailableError
 */
export async function holdUntilTaken(
  { gateway, context }: RouteCall,
  caller: Caller,
  name: string,
  sizes: () => Promise<ReadonlyMap<string, BatchSize>>,
): Promise<BatchHold | undefined> {
  if (!(await isLimited(caller))) return undefined;
  const now = Date.now();
  const holding = { id: `${name}:${newLogId(now)}`, sizes: await sizes(), isCalled: true };
  const ports = { calls: gateway.calls(context), accounts: gateway.accounts, caller };
  return holdFor(ports, { ...holding, until: Date.now() + LONGEST_CREATION });
}

interface Admitted {
  admission: Admission;
  demands: readonly Demand[];
  tokens: number;
  /** Nano-dollars. */
  cost: number;
}

/** What is to be held of each scope, and the leases it leaves. */
function setAside(admitted: readonly Admitted[]): { scopes: BatchHold["scopes"]; from: Map<string, HeldFrom[]> } {
  const scopes: BatchHold["scopes"] = {};
  const from = new Map<string, HeldFrom[]>();
  for (const { admission, demands, cost } of admitted) {
    for (const { scope, meter } of demands) {
      if (meter.kind !== "budget" || !Number.isFinite(meter.limit)) continue;
      scopes[scope] ??= {};
      scopes[scope][meter.id] = (scopes[scope][meter.id] ?? 0) + cost;
    }
    for (const { scope, holder, meters } of admission.charges(cost))
      for (const { id, windowStart, leased } of meters)
        if (leased) from.set(scope, [...(from.get(scope) ?? []), { holder, id, windowStart, amount: cost }]);
  }
  return { scopes, from };
}

const DAY = 86_400_000;

/** Longer than its provider is asked what it cost. */
export function heldUntil(expiresAt: number): number {
  return expiresAt + LOOKS_AFTER_WINDOW + DAY;
}

/** It is held until then. @throws where a scope's object cannot be asked */
export async function prolong(
  accounts: Pick<ScopeAccounts, "hold">,
  { id, scopes }: BatchHold,
  until: number,
  from: ReadonlyMap<string, readonly HeldFrom[]> = new Map(),
): Promise<void> {
  const hold = ([scope, meters]: [string, Record<string, number>]) =>
    accounts.hold(scope, id, { meters, until }, from.get(scope) ?? []);
  // All are through before anybody frees them again.
  const told = await Promise.allSettled(Object.entries(scopes).map(hold));
  const failed = told.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/**
 * Never rejects: what cannot be ended now lapses.
 * @param but scopes that are charged for it: there the charge ends it
 */
export async function unhold(
  accounts: Pick<ScopeAccounts, "unhold">,
  { id, scopes }: Pick<BatchHold, "id" | "scopes">,
  but: ReadonlySet<string> = new Set(),
): Promise<void> {
  const left = Object.keys(scopes).filter((scope) => !but.has(scope));
  await Promise.allSettled(left.map((scope) => accounts.unhold(scope, id)));
}

/** A budget that is used up lets in nothing, whatever it costs. Nano-dollars. */
function leastOf({ cost }: BatchSize): number {
  return Math.max(1, cost);
}

function demandsFor(
  { calls }: HoldPorts,
  subjects: readonly Subject[],
  model: string,
  size: BatchSize,
  isCalled: boolean,
): Demand[] {
  const { requests, tokens } = size;
  const cost = leastOf(size);
  const { timezone } = calls.settings;
  const facts = {
    model,
    now: calls.now(),
    timezone,
    isSaturated: false,
    tokens: { least: tokens, most: tokens },
    cost: { least: cost, most: cost },
  };
  const others = isCalled ? requests - 1 : requests;
  return demandsOf(subjects, facts).flatMap((demand) => {
    const { kind, id } = demand.meter;
    if (kind === "parallel") return [];
    const isOfRequests = kind === "rate" && /^requests(?:\/|$)/.test(id);
    return [isOfRequests ? { ...demand, least: others, most: others } : demand];
  });
}

async function admit(
  { calls }: HoldPorts,
  id: string,
  subjects: readonly Subject[],
  demands: readonly Demand[],
): Promise<Admission> {
  const verdict = await calls.limiter.admit(id, demands);
  if (verdict.ok) return verdict.admission;
  calls.onBudgetRefused?.(verdict.refusal);
  if (verdict.unavailable)
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: budgets cannot be looked at at the moment.");
  const { compatibility } = calls.settings;
  throw limitRefused(verdict.refusal, subjects, { budgetStatus: compatibility.budgetStatus, now: calls.now() });
}

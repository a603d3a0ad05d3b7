/** What a call demands of each meter of those it counts for. */
import type { BudgetMeter, Demand, MeterSpec } from "../limits/demand.ts";
import { budgetWindow } from "../limits/window.ts";
import type { Budget, Subject } from "./subjects.ts";

/** Nano-dollars of a dollar. */
const NANO = 1e9;

/** What the call may use; known before it goes upstream. */
export interface CallFacts {
  /** The public name it asks for. */
  model: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** IANA name: whose midnights budgets begin at. */
  timezone: string;
  tokens: Amount;
  /** Nano-dollars. */
  cost: Amount;
  /** Is the model under pressure, so that `dynamic` limits hold? */
  isSaturated: boolean;
}

export interface Amount {
  least: number;
  most: number;
}

const ONE: Amount = { least: 1, most: 1 };

export function demandsOf(subjects: readonly Subject[], facts: CallFacts): Demand[] {
  return subjects.flatMap((subject) => [...rateDemands(subject, facts), ...budgetDemands(subject, facts)]);
}

function rateDemands(subject: Subject, { model, tokens, isSaturated }: CallFacts): Demand[] {
  const demands: Demand[] = [];
  const demand = (meter: MeterSpec, amount: Amount) => demands.push({ scope: subject.scope, meter, ...amount });
  if (subject.parallel !== undefined) demand({ kind: "parallel", id: "parallel", limit: subject.parallel }, ONE);
  if (subject.requests !== undefined && (isSaturated || !subject.requestsAreDynamic))
    demand({ kind: "rate", id: "requests", limit: subject.requests }, ONE);
  if (subject.tokens !== undefined && (isSaturated || !subject.tokensAreDynamic))
    demand({ kind: "rate", id: "tokens", limit: subject.tokens }, bounded(tokens, subject.tokens));
  const own = modelLimitsOf(subject, model);
  if (own?.requests !== undefined) demand({ kind: "rate", id: `requests/${model}`, limit: own.requests }, ONE);
  if (own?.tokens !== undefined)
    demand({ kind: "rate", id: `tokens/${model}`, limit: own.tokens }, bounded(tokens, own.tokens));
  return demands;
}

/** An answer without a bound may take all there is, but is not refused because it might take more than there ever is. */
function bounded({ least, most }: Amount, limit: number): Amount {
  return { least, most: least < most ? Math.max(least, Math.min(most, limit)) : most };
}

/** Limits of a model are found by its name, with or without the provider before it. */
export function modelLimitsOf({ models }: Subject, model: string) {
  return models[model] ?? models[model.slice(model.indexOf("/") + 1)];
}

function budgetDemands(subject: Subject, facts: CallFacts): Demand[] {
  const budgets = subject.budgets.map((budget, index) => ({
    id: index === 0 ? "budget" : `budget:${budget.duration}`,
    budget,
  }));
  const own = modelLimitsOf(subject, facts.model)?.budget;
  if (own !== undefined) budgets.push({ id: modelBudgetMeter(facts.model), budget: own });
  return budgets.map(({ id, budget }) => ({
    scope: subject.scope,
    meter: budgetMeter(id, budget, facts),
    ...facts.cost,
  }));
}

/** The meter of a scope's budget for a single model. */
export function modelBudgetMeter(model: string): string {
  return `budget/${model}`;
}

export function budgetMeter(
  id: string,
  { dollars, duration, anchor }: Budget,
  { now, timezone }: Pick<CallFacts, "now" | "timezone">,
): BudgetMeter {
  const limit = Math.round(dollars * NANO);
  if (duration === undefined) return { kind: "budget", id, limit };
  const window = budgetWindow(duration, now, { timezone, ...(anchor !== undefined && { anchor }) });
  return { kind: "budget", id, limit, window };
}

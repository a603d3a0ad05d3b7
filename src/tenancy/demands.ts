/** What a call demands of each meter of those it counts for. */

import type { BudgetMeter, Demand, MeterSpec } from "../limits/demand.ts";
import { budgetWindow } from "../limits/window.ts";
import { NANO } from "../models/money.ts";
import type { Budget, Subject } from "./subjects.ts";

/** What the call may use; known before it goes upstream. */
export interface CallFacts {
  /** The name it asks for. */
  model: string;
  /** The public name of the group it is served by: the same model may go by an alias, or by the id of a deployment. */
  group?: string;
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
  return subjects.flatMap((subject) => [
    ...rateDemands(subject, facts),
    ...budgetDemands(subject, facts),
    ...modelDemands(subject, facts),
  ]);
}

function rateDemands(subject: Subject, { tokens, isSaturated }: CallFacts): Demand[] {
  const demands: Demand[] = [];
  const demand = (meter: MeterSpec, amount: Amount) => demands.push({ scope: subject.scope, meter, ...amount });
  if (subject.parallel !== undefined) demand({ kind: "parallel", id: "parallel", limit: subject.parallel }, ONE);
  if (subject.requests !== undefined && (isSaturated || !subject.requestsAreDynamic))
    demand({ kind: "rate", id: "requests", limit: subject.requests }, ONE);
  if (subject.tokens !== undefined && (isSaturated || !subject.tokensAreDynamic))
    demand({ kind: "rate", id: "tokens", limit: subject.tokens }, bounded(tokens, subject.tokens));
  return demands;
}

/** What it demands of the limits of its model alone. By whatever name it is called, the meters are the same. */
export function modelDemands(subject: Subject, facts: CallFacts): Demand[] {
  const name = limitedName(subject, facts);
  const { requests, tokens, budget } = (name !== undefined && subject.models[name]) || {};
  const { scope } = subject;
  const demands: Demand[] = [];
  if (requests !== undefined)
    demands.push({ scope, meter: { kind: "rate", id: `requests/${name}`, limit: requests }, ...ONE });
  if (tokens !== undefined)
    demands.push({
      scope,
      meter: { kind: "rate", id: `tokens/${name}`, limit: tokens },
      ...bounded(facts.tokens, tokens),
    });
  if (name !== undefined && budget !== undefined)
    demands.push({ scope, meter: budgetMeter(modelBudgetMeter(name), budget, facts), ...facts.cost });
  return demands;
}

/** An answer without a bound may take all there is, but is not refused because it might take more than there ever is. */
function bounded({ least, most }: Amount, limit: number): Amount {
  return { least, most: least < most ? Math.max(least, Math.min(most, limit)) : most };
}

/** The name under which a model is limited: its own or its group's, with or without the provider before it. */
export function limitedName({ models }: Subject, { model, group = model }: Pick<CallFacts, "model" | "group">) {
  const names = [model, group, withoutProvider(model), withoutProvider(group)];
  return names.find((name) => models[name] !== undefined);
}

function withoutProvider(model: string): string {
  return model.slice(model.indexOf("/") + 1);
}

function budgetDemands(subject: Subject, facts: CallFacts): Demand[] {
  return subject.budgets.map((budget, index) => ({
    scope: subject.scope,
    meter: budgetMeter(index === 0 ? "budget" : `budget:${budget.duration}`, budget, facts),
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

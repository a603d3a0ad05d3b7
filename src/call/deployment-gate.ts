/**
 * Limits of deployments and budgets of providers, held exactly across isolates: what a deployment may take is reserved
 * before it is asked. One that has no more is passed over for a while; the router then goes to another.
 */

import { RateLimitError, ServiceUnavailableError } from "../formats/errors.ts";
import type { Admission, Demand, Limiter, Refusal } from "../limits/demand.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import { NANO } from "../models/money.ts";
import { type AskedTerms, longestOutput, worstCase } from "../models/worst-case.ts";
import type { Target } from "../providers/provider.ts";
import type { Deployment } from "../router/deployment.ts";
import { budgetMeter } from "../tenancy/demands.ts";
import { scopeOf } from "../tenancy/scopes.ts";
import type { Budget } from "../tenancy/subjects.ts";

export interface DeploymentGateOptions {
  limiter: Limiter;
  /** Are `rpm` and `tpm` limits, or only weights of the shuffle? */
  enforcesRates: boolean;
  /** `provider_budget_config`, by provider. */
  providerBudgets: ReadonlyMap<string, Budget>;
  /** Calls a deployment takes at a time; absent: any number. */
  parallel(deployment: Deployment): number | undefined;
  /** `max_budget` of deployments, by id. */
  deploymentBudget(deployment: Deployment): Budget | undefined;
  timezone: string;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What is known of the request. */
export interface RequestSize {
  input(): Promise<number>;
  output: number | undefined;
  /** Tokens a provider is allowed beyond that; none, unless said. */
  roomFor?(target: Target): number;
  /** What is known of the target's model for such a request; what the target says, unless said. */
  rowFor?(target: Target): ModelInfo | undefined;
  /** Answers asked for: each may be as long as the model gives. */
  answers: number;
  terms: AskedTerms;
}

/** A deployment that had no more is asked again after so many milliseconds at most: limits change. */
const PASSED_OVER = 1000;

/** A place may come free with the next answer. */
const WHILE_FULL = 50;

export class DeploymentGate {
  readonly #options: DeploymentGateOptions;
  readonly #closedUntil = new Map<string, number>();

  constructor(options: DeploymentGateOptions) {
    this.#options = options;
  }

  /** Had it no more when it was last asked, a moment ago? */
  isClosed(id: string): boolean {
    const until = this.#closedUntil.get(id);
    if (until === undefined) return false;
    if (until > this.#options.now()) return true;
    this.#closedUntil.delete(id);
    return false;
  }

  /**
   * Reserves what one attempt may take of the deployment; `undefined` where nothing limits it.
   * @throws RateLimitError, and ServiceUnavailableError where a budget cannot be asked; neither says anything against the
   *   deployment
   */
  async enter(call: string, deployment: Deployment, size: RequestSize): Promise<Admission | undefined> {
    const demands = await this.#demands(deployment, size);
    if (demands.length === 0) return undefined;
    const verdict = await this.#options.limiter.admit(call, demands);
    if (verdict.ok) return verdict.admission;
    if (verdict.unavailable)
      throw new ServiceUnavailableError("The budget of the deployment cannot be asked at the moment.", {
        headers: { "retry-after": "2" },
        blameless: true,
      });
    const now = this.#options.now();
    const isFull = verdict.refusal.meter.kind === "parallel";
    const wait = isFull ? WHILE_FULL : Math.min(PASSED_OVER, (verdict.refusal.retryAfter ?? 1) * 1000);
    this.#closedUntil.set(deployment.id, now + wait);
    throw refused(deployment, verdict.refusal);
  }

  async #demands(deployment: Deployment, size: RequestSize): Promise<Demand[]> {
    const { input, output, answers, terms } = size;
    const { enforcesRates, providerBudgets, timezone } = this.#options;
    const { id, rpm, tpm, target } = deployment;
    const scope = scopeOf.deployment(id);
    const longest = longestOutput(target.info) * answers;
    const demands: Demand[] = [];
    const parallel = this.#options.parallel(deployment);
    if (parallel !== undefined)
      demands.push({ scope, meter: { kind: "parallel", id: "parallel", limit: parallel }, least: 1, most: 1 });
    if (enforcesRates && rpm !== undefined)
      demands.push({ scope, meter: { kind: "rate", id: "requests", limit: rpm }, least: 1, most: 1 });
    if (enforcesRates && tpm !== undefined) {
      const least = (await input()) + (output ?? answers);
      const most = output === undefined ? Math.max(least, Math.min(tpm, least + longest)) : least;
      demands.push({ scope, meter: { kind: "rate", id: "tokens", limit: tpm }, least, most });
    }
    const budgets: [string, Budget | undefined][] = [
      [scope, this.#options.deploymentBudget(deployment)],
      [scopeOf.provider(target.provider), providerBudgets.get(target.provider)],
    ];
    const now = this.#options.now();
    for (const [whose, budget] of budgets) {
      if (budget === undefined) continue;
      const tokens = await input();
      const info = size.rowFor?.(target) ?? target.info;
      const room = size.roomFor?.(target) ?? 0;
      const least = worstCase(info, tokens, output === undefined ? answers : output + room, now, terms);
      const most = worstCase(info, tokens, output === undefined ? longest : output + room, now, terms);
      demands.push({ scope: whose, meter: budgetMeter("budget", budget, { now, timezone }), least, most });
    }
    return demands;
  }
}

function refused({ id, target }: Deployment, { meter, scope, remaining, retryAfter }: Refusal): RateLimitError {
  const what =
    meter.kind === "budget"
      ? `No deployments available - crossed budget. ${scope}: limit=${meter.limit / NANO}, remaining=${Math.max(0, remaining) / NANO}`
      : `Model rate limit exceeded. ${id}: ${meter.id} limit=${meter.limit}, remaining=${Math.max(0, Math.floor(remaining))}`;
  return new RateLimitError(`litellm.RateLimitError: ${what}`, {
    model: target.model,
    provider: target.provider,
    headers: { "retry-after": String(Math.max(1, Math.ceil(retryAfter ?? 60))) },
    blameless: true,
  });
}

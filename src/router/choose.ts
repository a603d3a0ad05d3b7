import { RateLimitError } from "../formats/errors.ts";
import type { Deployment } from "./deployment.ts";
import { filters } from "./filters/index.ts";
import type { Candidate, ChoiceContext, RouteRequest, RoutingSettings } from "./request.ts";
import type { DeploymentStats, RouterState } from "./state.ts";
import { strategies } from "./strategies/index.ts";

/** Milliseconds after which a deployment on probation may be tried by another request: the first may take for ever. */
const PROBE_PATIENCE = 10_000;

/** The level of a deployment; those without come last. */
export function orderOf({ order }: Deployment): number {
  return order ?? Number.POSITIVE_INFINITY;
}

/**
 * One of the deployments, by cooldown, filters, order and strategy. Those this call has tried come last.
 * @throws RateLimitError in LiteLLM's words where none is left
 */
export async function choose(
  deployments: readonly Deployment[],
  state: RouterState,
  request: RouteRequest,
  context: ChoiceContext,
): Promise<Deployment> {
  const { group, settings, now, tried } = context;
  const all = deployments.map(
    (deployment): Candidate => ({ deployment, stats: state.stats(group, deployment.id, now) }),
  );
  let candidates = awake(all, now);
  if (candidates.length === 0) throw noneLeft(request.model, all, now, settings);
  for (const filter of filters) candidates = await filter(candidates, request, context);
  const level = lowestLevel(candidates);
  const fresh = level.filter(({ deployment }) => !tried?.has(deployment.id));
  const chosen = await (context.strategy ?? strategies[settings.strategy])(
    fresh.length > 0 ? fresh : level,
    request,
    context,
  );
  if (chosen === undefined) throw noneLeft(request.model, all, now, settings);
  return chosen;
}

/** Those that do not cool. One that comes back is tried by one request at a time, while others are there. */
function awake(candidates: readonly Candidate[], now: number): readonly Candidate[] {
  const open = candidates.filter(({ stats }) => stats.cooldownUntil <= now);
  const sound = open.filter(({ stats }) => !isBeingTried(stats, now));
  return sound.length > 0 ? sound : open;
}

/** It has cooled, and there is a request that will tell whether it is well again. */
export function isBeingTried({ onProbation, probedAt }: DeploymentStats, now: number): boolean {
  return onProbation && now - probedAt < PROBE_PATIENCE;
}

function lowestLevel(candidates: readonly Candidate[]): readonly Candidate[] {
  const lowest = Math.min(...candidates.map(({ deployment }) => orderOf(deployment)));
  return candidates.filter(({ deployment }) => orderOf(deployment) === lowest);
}

function noneLeft(model: string, all: readonly Candidate[], now: number, settings: RoutingSettings): RateLimitError {
  const cooling = all.filter(({ stats }) => stats.cooldownUntil > now);
  const until = Math.min(...cooling.map(({ stats }) => stats.cooldownUntil));
  const seconds = cooling.length > 0 ? Math.max(1, Math.ceil((until - now) / 1000)) : settings.cooldownTime;
  const ids = cooling.map(({ deployment }) => `'${deployment.id}'`).join(", ");
  return new RateLimitError(
    `No deployments available for selected model, Try again in ${seconds} seconds. ` +
      `Passed model=${model}. pre-call-checks=${settings.preCallChecks ? "True" : "False"}, cooldown_list=[${ids}]`,
    { model, headers: { "retry-after": String(seconds) } },
  );
}

/** When a failing deployment is left alone, and for how long. Source: LiteLLM's router (`headers-and-routing`, 4.3). */
import { APIConnectionError, type SluiceError } from "../formats/errors.ts";
import type { Deployment } from "./deployment.ts";
import type { RoutingSettings } from "./request.ts";
import { countFor } from "./retry.ts";
import type { DeploymentStats } from "./state.ts";

/** LiteLLM's `allowed_fails` where nothing is set: then the share of errors decides. */
const UNSET_ALLOWED_FAILS = 3;
const SHARE_OF_FAILURES = 0.5;
const LEAST_REQUESTS = 5;
/** A deployment alone in its group cools only if everything fails, at this many requests in a minute. */
const LEAST_REQUESTS_ALONE = 1000;

/**
 * Seconds a deployment cools after this failure, or `undefined` where it does not.
 * @param stats with the failure counted in
 * @param size deployments of its group
 */
export function cooldownAfter(
  error: SluiceError,
  deployment: Pick<Deployment, "cooldownTime">,
  stats: DeploymentStats,
  size: number,
  settings: RoutingSettings,
): number | undefined {
  if (settings.disableCooldowns) return undefined;
  const seconds = deployment.cooldownTime ?? error.retryAfter ?? settings.cooldownTime;
  if (seconds <= 0) return undefined;
  return mustCool(error, stats, size, settings) ? seconds : undefined;
}

function mustCool(error: SluiceError, stats: DeploymentStats, size: number, settings: RoutingSettings): boolean {
  if (!mayCool(error)) return false;
  if (stats.onProbation && size > 1) return true; // it was given one try
  const { allowedFails, allowedFailsPolicy: policy } = settings;
  if (policy !== undefined) return stats.fails > (countFor(error, policy) ?? allowedFails);
  if (allowedFails !== UNSET_ALLOWED_FAILS) return stats.fails > allowedFails;

  const answered = stats.successes + stats.failures;
  const share = answered === 0 ? 0 : stats.failures / answered;
  if (error.status === 429 && size > 1) return true;
  if (share === 1 && answered >= LEAST_REQUESTS_ALONE) return true;
  if (share > SHARE_OF_FAILURES && answered >= LEAST_REQUESTS && size > 1) return true;
  return error.status === 401 || error.status === 404;
}

/** Does the failure say something of the deployment? A client's mistake does not. */
export function countsAgainst({ status, blameless }: SluiceError): boolean {
  if (blameless) return false;
  return status === 401 || status === 404 || status === 408 || status === 429 || status >= 500;
}

/** A connection that broke is counted, but is no reason to cool: it may as well have been this side's. */
export function mayCool(error: SluiceError): boolean {
  return countsAgainst(error) && !(error instanceof APIConnectionError);
}

/** When a failing deployment is left alone, and for how long. Source: LiteLLM's router (`headers-and-routing`, 4.3). */
import { APIConnectionError, type SluiceError } from "../formats/errors.ts";
import type { Deployment } from "./deployment.ts";
import type { RoutingSettings } from "./request.ts";
import { countFor } from "./retry.ts";
import type { DeploymentStats } from "./state.ts";

/** LiteLLM's `allowed_fails` where nothing is set: then the share of errors decides. */
const UNSET_ALLOWED_FAILS = 3;
const SHARE_OF_FAILURES = 0.5;
const LEAST_FAILURES = 5;
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
  if (!countsAgainst(error)) return false;
  const stated = settings.allowedFailsPolicy && countFor(error, settings.allowedFailsPolicy);
  if (stated !== undefined) return stats.fails > stated;
  if (settings.allowedFails !== UNSET_ALLOWED_FAILS) return stats.fails > settings.allowedFails;

  const answered = stats.successes + stats.failures;
  const share = answered === 0 ? 0 : stats.failures / answered;
  if (error.status === 429) return size > 1;
  if (share === 1 && answered >= LEAST_REQUESTS_ALONE) return true;
  if (share > SHARE_OF_FAILURES && stats.failures >= LEAST_FAILURES && size > 1) return true;
  return error.status === 401 || error.status === 404;
}

/** A client's mistake says nothing of the deployment, nor does a connection of ours that broke. */
function countsAgainst(error: SluiceError): boolean {
  if (error instanceof APIConnectionError) return true;
  const { status } = error;
  return status === 401 || status === 404 || status === 408 || status === 429 || status >= 500;
}

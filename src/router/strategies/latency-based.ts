import type { Candidate, RouteRequest, RoutingSettings, Strategy } from "../request.ts";
import type { DeploymentStats } from "../state.ts";
import { withinLimits } from "../within-limits.ts";
import { anyOf } from "./lowest.ts";

/** LiteLLM's `RoutingArgs`. */
const DEFAULTS = { ttl: 3600, lowestLatencyBuffer: 0, maxLatencyListSize: 10 };

/**
 * `latency-based-routing`: of those within their limits any whose mean latency is at most `lowest_latency_buffer`
 * (a share) above the lowest. One not measured yet, or not for `ttl` seconds, counts as 0 and so is tried.
 */
export const latencyBased: Strategy = async (candidates, request, { settings, now, random }) => {
  const args = { ...DEFAULTS, ...settings.strategyArgs };
  const latency = ({ stats }: Candidate) => (isStale(stats, now, args.ttl) ? 0 : mean(samples(stats, request, args)));
  const timed = (await withinLimits(candidates, request)).map((candidate) => ({
    deployment: candidate.deployment,
    latency: latency(candidate),
  }));
  const limit = Math.min(...timed.map((candidate) => candidate.latency)) * (1 + args.lowestLatencyBuffer);
  return anyOf(
    timed.filter((candidate) => candidate.latency <= limit),
    random,
  )?.deployment;
};

/** For a stream the time to its first content counts, where it is known. */
function samples(
  { latencies, firstContents }: DeploymentStats,
  { stream }: Pick<RouteRequest, "stream">,
  { maxLatencyListSize }: Required<RoutingSettings["strategyArgs"]>,
): readonly number[] {
  const kept = stream && firstContents.length > 0 ? firstContents : latencies;
  return kept.slice(-maxLatencyListSize);
}

function isStale({ peakAt }: DeploymentStats, now: number, ttl: number): boolean {
  return peakAt > 0 && now - peakAt > ttl * 1000;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

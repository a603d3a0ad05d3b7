import type { Candidate, Strategy } from "../request.ts";
import { DECAY } from "../state.ts";
import { withinLimits } from "../within-limits.ts";

/**
 * `power-of-two-choices`: of two at random, both within their limits, the one that is expected to answer sooner: its
 * peak latency, which fades while nothing is heard of it, times the requests that would then be under way. One that
 * has not been measured is tried once; until it has answered it counts as fast as the other.
 *
 * Unlike a plain lowest-latency rule it does not send every isolate to the same deployment at once.
 *
 * Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (2001); Finagle's `p2cPeakEwma`.
 */
export const powerOfTwo: Strategy = async (candidates, request, { now, random }) => {
  const open = await withinLimits(candidates, request);
  const [one, other] = twoOf(open, random);
  if (one === undefined || other === undefined) return one?.deployment;
  const [peak, otherPeak] = [fadedPeak(one, now), fadedPeak(other, now)];
  const load = expected(one, peak, otherPeak);
  const otherLoad = expected(other, otherPeak, peak);
  return (load <= otherLoad ? one : other).deployment;
};

/** Two different items in random order. */
function twoOf<T>(items: readonly T[], random: () => number): readonly [T?, T?] {
  const first = Math.floor(random() * items.length);
  const step = 1 + Math.floor(random() * (items.length - 1));
  return items.length < 2 ? [items[first]] : [items[first], items[(first + step) % items.length]];
}

/** Milliseconds; `undefined` where it has never answered. */
function fadedPeak({ stats: { peak, peakAt } }: Candidate, now: number): number | undefined {
  return peakAt === 0 ? undefined : peak * Math.exp(-Math.max(0, now - peakAt) / DECAY);
}

function expected({ stats: { inFlight } }: Candidate, peak: number | undefined, otherPeak = 1): number {
  if (peak === undefined && inFlight === 0) return 0;
  return (peak ?? otherPeak) * (inFlight + 1);
}

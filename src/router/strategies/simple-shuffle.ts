import type { Deployment } from "../deployment.ts";
import type { Strategy } from "../request.ts";
import { anyOf } from "./lowest.ts";

/** `simple-shuffle`: at random, by the deployments' shares. */
export const simpleShuffle: Strategy = (candidates, _request, { random }) =>
  candidates.length === 0
    ? undefined
    : pick(
        candidates.map(({ deployment }) => deployment),
        random,
      );

/**
 * By `weight` where the first deployment has one, else by its `rpm`, else by its `tpm` (a deployment without one
 * counts 0), else each alike. LiteLLM's rule; where all count 0 it fails, and here each is as likely.
 *
 * @throws RangeError where there is no deployment
 */
export function pick(deployments: readonly Deployment[], random: () => number): Deployment {
  const [first] = deployments;
  if (first === undefined) throw new RangeError("pick() needs a deployment");
  const field = (["weight", "rpm", "tpm"] as const).find((name) => first[name] !== undefined);
  const weighted = deployments
    .map((deployment) => ({ deployment, weight: field === undefined ? 1 : (deployment[field] ?? 0) }))
    .filter(({ weight }) => weight > 0);
  let left = random() * weighted.reduce((sum, { weight }) => sum + weight, 0);
  for (const { deployment, weight } of weighted) {
    left -= weight;
    if (left < 0) return deployment;
  }
  // sums of fractions may leave a crumb for the last; without any weight each is as good
  return weighted.at(-1)?.deployment ?? anyOf(deployments, random) ?? first;
}

import type { Deployment } from "../deployment.ts";
import type { Candidate } from "../request.ts";

/** Any of the items, each as likely. */
export function anyOf<T>(items: readonly T[], random: () => number): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** The candidate that scores lowest; any of those that score the same. */
export function lowest(
  candidates: readonly Candidate[],
  score: (candidate: Candidate) => number,
  random: () => number,
): Deployment | undefined {
  const scores = candidates.map(score);
  const least = Math.min(...scores);
  return anyOf(
    candidates.filter((_, index) => scores[index] === least),
    random,
  )?.deployment;
}

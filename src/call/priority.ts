/**
 * Priority reservation: shares of a model's capacity (the `rpm` and `tpm` of its deployments) that callers of a
 * priority can count on. While the model is quiet everybody may use all of it; from a threshold on each priority has its
 * share. Source: LiteLLM's `dynamic_rate_limiter_v3`.
 */
import type { ModelGroup } from "../router/groups.ts";
import type { RouterState } from "../router/state.ts";
import type { Subject } from "../tenancy/subjects.ts";

export interface PrioritySettings {
  /** Shares of the capacity by priority, from 0 to 1. */
  shares: ReadonlyMap<string, number>;
  /** The share of those who have no priority, or one without a share. */
  defaultShare: number;
  /** The share of the capacity in use from which shares are held. */
  threshold: number;
}

/** What limits a caller of this priority: the capacity itself, and its share. Nothing where nobody states a capacity. */
export function prioritySubjects(
  group: ModelGroup,
  priority: string | undefined,
  state: Pick<RouterState, "stats">,
  now: number,
  { shares, defaultShare, threshold }: PrioritySettings,
): Subject[] {
  const { deployments, name } = group;
  const requests = total(deployments.map(({ rpm }) => rpm));
  const tokens = total(deployments.map(({ tpm }) => tpm));
  if (requests === undefined && tokens === undefined) return [];
  const stats = deployments.map(({ id }) => state.stats(name, id, now));
  const load = Math.max(
    stats.reduce((sum, one) => sum + one.requests, 0) / (requests ?? Number.POSITIVE_INFINITY),
    stats.reduce((sum, one) => sum + one.tokens, 0) / (tokens ?? Number.POSITIVE_INFINITY),
  );
  const share = load < threshold ? 1 : (shares.get(priority ?? "") ?? defaultShare);
  const named = priority !== undefined && shares.has(priority) ? priority : "default";
  const limited = (who: string, part: number): Subject => ({
    kind: "priority",
    scope: `priority:${encodeURIComponent(name)}:${who}`,
    id: `${name}:${who}`,
    budgets: [],
    models: {},
    ...(requests !== undefined && { requests: Math.floor(requests * part) }),
    ...(tokens !== undefined && { tokens: Math.floor(tokens * part) }),
  });
  return [limited("*", 1), limited(named, share)];
}

/** The sum, where each has one: one that is not limited leaves the model without a capacity that could be shared. */
function total(values: readonly (number | undefined)[]): number | undefined {
  let sum = 0;
  for (const value of values) {
    if (value === undefined) return undefined;
    sum += value;
  }
  return values.length === 0 ? undefined : sum;
}

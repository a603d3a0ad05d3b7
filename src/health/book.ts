/** What health checks have found: the last of each deployment, and how it went before. Pure: the clock is handed in. */

/** One deployment, checked once. */
export interface HealthResult {
  deploymentId: string;
  modelName: string;
  /** `unchecked`: there is no way to check it, and the error says why. */
  status: "healthy" | "unhealthy" | "unchecked";
  /** Milliseconds since the epoch. */
  checkedAt: number;
  /** Milliseconds until it answered or failed. */
  took: number;
  /** Without credentials. */
  error?: string;
  /** HTTP status of the error. */
  errorStatus?: number;
  /** Rate limits of the provider's answer, by header. */
  rateLimits?: Record<string, string>;
}

export interface HealthSnapshot {
  /** One for each deployment ever checked. */
  latest: HealthResult[];
  /** Newest first. */
  history: HealthResult[];
  /** Until then somebody is checking, or has checked: nobody else need do it. */
  claimedUntil: number;
  /** When the cron trigger last claimed. */
  cronAt: number;
}

/** Who asks whether it is time for background checks: the cron trigger, or a call that came by. */
export type Claimant = "cron" | "call";

/** Where results are kept, for all isolates. */
export interface HealthStore {
  read(): Promise<Pick<HealthSnapshot, "latest" | "history">>;
  keep(results: readonly HealthResult[]): Promise<void>;
  /** True for one asker in each period: that one checks. */
  claim(by: Claimant, period: number): Promise<boolean>;
}

/** Results the history holds. */
const MOST_HISTORY = 500;
/** A deployment that goes on as it was is written down once in this time, as LiteLLM does: an hour. */
const HISTORY_INTERVAL = 3_600_000;
/** A deployment not checked for this long is no longer in the config: a week. */
const FORGOTTEN_AFTER = 7 * 86_400_000;

export const EMPTY_HEALTH: HealthSnapshot = { latest: [], history: [], claimedUntil: 0, cronAt: 0 };

export function withResults(snapshot: HealthSnapshot, results: readonly HealthResult[], now: number): HealthSnapshot {
  const latest = new Map(snapshot.latest.map((result) => [result.deploymentId, result]));
  const news = results.filter((result) => isNews(snapshot.history, result));
  for (const result of results) latest.set(result.deploymentId, result);
  return {
    ...snapshot,
    latest: [...latest.values()].filter(({ checkedAt }) => now - checkedAt < FORGOTTEN_AFTER),
    history: [...news.toReversed(), ...snapshot.history].slice(0, MOST_HISTORY),
  };
}

/**
 * The snapshot with the claim in it, or `undefined` where the claim is refused: somebody has it, or a call asks where
 * the cron trigger is at work. What a call starts ends soon after its answer; a check that hangs needs longer.
 */
export function withClaim(
  snapshot: HealthSnapshot,
  by: Claimant,
  period: number,
  now: number,
): HealthSnapshot | undefined {
  if (snapshot.claimedUntil > now) return undefined;
  if (by === "call" && snapshot.cronAt + 2 * period > now) return undefined;
  return { ...snapshot, claimedUntil: now + period, ...(by === "cron" && { cronAt: now }) };
}

function isNews(history: readonly HealthResult[], { deploymentId, status, checkedAt }: HealthResult): boolean {
  const last = history.find((result) => result.deploymentId === deploymentId);
  return last === undefined || last.status !== status || checkedAt - last.checkedAt >= HISTORY_INTERVAL;
}

/** For one process alone. */
export class MemoryHealthStore implements HealthStore {
  #snapshot = EMPTY_HEALTH;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async read(): Promise<HealthSnapshot> {
    return this.#snapshot;
  }

  async keep(results: readonly HealthResult[]): Promise<void> {
    this.#snapshot = withResults(this.#snapshot, results, this.#now());
  }

  async claim(by: Claimant, period: number): Promise<boolean> {
    const claimed = withClaim(this.#snapshot, by, period, this.#now());
    this.#snapshot = claimed ?? this.#snapshot;
    return claimed !== undefined;
  }
}

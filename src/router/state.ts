/**
 * What is known of the deployments of a model group. Pure arithmetic over events with the clock handed in: the same
 * code runs in an isolate, in the library, and in the Durable Object that isolates share.
 */

/** One deployment at one moment. Times in milliseconds since the epoch. */
export interface DeploymentStats {
  /** Not to be chosen before; 0 where it is not cooling. */
  cooldownUntil: number;
  /** Why it cools: status and the error's first words. */
  cooldownCause?: string;
  /** It has cooled and has not answered since: one request at a time tries it out. */
  onProbation: boolean;
  inFlight: number;
  /** The minute the four counts are of: Unix minutes. */
  minute: number;
  /** Requests begun. */
  requests: number;
  /** Tokens in and out, as far as they are known. */
  tokens: number;
  successes: number;
  failures: number;
  /** Failures counted towards `allowed_fails`, and when they are forgotten. */
  fails: number;
  failsUntil: number;
  /** The last answers, newest last: milliseconds for each completion token. */
  latencies: readonly number[];
  /** The last streams, newest last: milliseconds to the first content. */
  firstContents: readonly number[];
  /** Peak-sensitive moving average of the time to an answer, in milliseconds, and when it was last moved. */
  peak: number;
  peakAt: number;
}

export type RouterEvent =
  | { type: "begin"; id: string; at: number }
  | {
      type: "success";
      id: string;
      at: number;
      latency?: number;
      firstContent?: number;
      tokens: number;
      completionTokens: number;
    }
  | { type: "failure"; id: string; at: number; latency?: number; penalty?: number; failsFor: number }
  /** Neither: the client left, or a hedge lost. */
  | { type: "release"; id: string; at: number }
  | { type: "cooldown"; id: string; at: number; until: number; cause: string };

/** Where the engine keeps what it knows. Reading never waits; writing never does either. */
export interface RouterState {
  stats(group: string, id: string, now: number): DeploymentStats;
  record(group: string, event: RouterEvent): void;
}

/** LiteLLM's `max_latency_list_size`. */
const KEPT_LATENCIES = 10;
/** Time constant of the peak average, in milliseconds. */
export const DECAY = 10_000;

const MINUTE = 60_000;

const UNKNOWN: Omit<DeploymentStats, "minute"> = {
  cooldownUntil: 0,
  onProbation: false,
  inFlight: 0,
  requests: 0,
  tokens: 0,
  successes: 0,
  failures: 0,
  fails: 0,
  failsUntil: 0,
  latencies: [],
  firstContents: [],
  peak: 0,
  peakAt: 0,
};

/** The deployments of one group by id. A snapshot is plain data. */
export type GroupSnapshot = Record<string, DeploymentStats>;

export class GroupState {
  readonly #deployments: Map<string, DeploymentStats>;

  constructor(snapshot: GroupSnapshot = {}) {
    this.#deployments = new Map(Object.entries(snapshot));
  }

  /** As it stands now: counts of a minute that is over are 0. */
  stats(id: string, now: number): DeploymentStats {
    const minute = Math.floor(now / MINUTE);
    const known = this.#deployments.get(id);
    if (known === undefined) return { ...UNKNOWN, minute };
    const counts = known.minute === minute ? {} : { minute, requests: 0, tokens: 0, successes: 0, failures: 0 };
    const fails = known.failsUntil > now ? {} : { fails: 0 };
    return { ...known, ...counts, ...fails };
  }

  apply(event: RouterEvent): void {
    this.#deployments.set(event.id, next(this.stats(event.id, event.at), event));
  }

  snapshot(): GroupSnapshot {
    return Object.fromEntries(this.#deployments);
  }
}

function next(stats: DeploymentStats, event: RouterEvent): DeploymentStats {
  switch (event.type) {
    case "begin":
      return { ...stats, inFlight: stats.inFlight + 1, requests: stats.requests + 1 };
    case "release":
      return { ...stats, inFlight: Math.max(0, stats.inFlight - 1) };
    case "success":
      return {
        ...moved(stats, event),
        inFlight: Math.max(0, stats.inFlight - 1),
        successes: stats.successes + 1,
        tokens: stats.tokens + event.tokens,
        onProbation: false,
        latencies: kept(
          stats.latencies,
          event.latency === undefined ? undefined : event.latency / Math.max(1, event.completionTokens),
        ),
        firstContents: kept(stats.firstContents, event.firstContent),
      };
    case "failure":
      return {
        ...moved(stats, event),
        inFlight: Math.max(0, stats.inFlight - 1),
        failures: stats.failures + 1,
        fails: stats.fails + 1,
        failsUntil: stats.fails === 0 ? event.at + event.failsFor : stats.failsUntil,
        latencies: kept(stats.latencies, event.penalty),
      };
    case "cooldown":
      return { ...stats, cooldownUntil: event.until, cooldownCause: event.cause, onProbation: true, fails: 0 };
  }
}

function kept(values: readonly number[], value: number | undefined): readonly number[] {
  return value === undefined ? values : [...values, value].slice(-KEPT_LATENCIES);
}

/** Peak EWMA, as Finagle's: a slower answer counts at once, a faster one by and by. */
function moved(stats: DeploymentStats, { latency, at }: { latency?: number; at: number }): DeploymentStats {
  if (latency === undefined) return stats;
  const weight = Math.exp(-Math.max(0, at - stats.peakAt) / DECAY);
  const peak = latency > stats.peak ? latency : stats.peak * weight + latency * (1 - weight);
  return { ...stats, peak, peakAt: at };
}

/** State of one process: for the library, and for what an isolate knows by itself. */
export class MemoryRouterState implements RouterState {
  readonly #groups = new Map<string, GroupState>();

  stats(group: string, id: string, now: number): DeploymentStats {
    return this.#group(group).stats(id, now);
  }

  record(group: string, event: RouterEvent): void {
    this.#group(group).apply(event);
  }

  #group(name: string): GroupState {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new GroupState();
      this.#groups.set(name, group);
    }
    return group;
  }
}

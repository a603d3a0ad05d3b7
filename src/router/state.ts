/**
 * What is known of the deployments of a model group. Pure arithmetic over events with the clock handed in: the same
 * code runs in an isolate, in the library, and in the Durable Object that isolates share.
 */
import { RecentMap } from "./recent.ts";

/** One deployment at one moment. Times in milliseconds since the epoch. */
export interface DeploymentStats {
  /** Not to be chosen before; 0 where it is not cooling. */
  cooldownUntil: number;
  /** Why it cools: status and the error's first words. */
  cooldownCause?: string;
  /** It has cooled and has not answered since: one request at a time tries it out. */
  onProbation: boolean;
  /** When the request that tries it out began; 0 where none does. */
  probedAt: number;
  inFlight: number;
  /** The minute the four counts are of: Unix minutes. */
  minute: number;
  /** Requests begun. */
  requests: number;
  /** Tokens in and out, as far as they are known. */
  tokens: number;
  successes: number;
  /** Failures that say something of the deployment. */
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

/**
 * What happened at a deployment. Some stand for several that were folded into one (`count`); what each of them
 * measured is then the last's, but the latency, which is the slowest's.
 */
export type RouterEvent =
  | { type: "begin"; id: string; at: number; count?: number }
  /** A stream has its first content, `wait` milliseconds after it was asked for. */
  | { type: "content"; id: string; at: number; wait: number }
  | {
      type: "success";
      id: string;
      at: number;
      latency?: number;
      tokens: number;
      completionTokens: number;
      count?: number;
    }
  /** Without `failsFor` it does not count towards `allowed_fails`. */
  | { type: "failure"; id: string; at: number; latency?: number; penalty?: number; failsFor?: number; count?: number }
  /** Neither: the client left, a hedge lost, or the request was at fault. */
  | { type: "release"; id: string; at: number }
  | { type: "cooldown"; id: string; at: number; until: number; cause: string };

/** Where the engine keeps what it knows. Reading never waits; writing never does either. */
export interface RouterState {
  stats(group: string, id: string, now: number): DeploymentStats;
  record(group: string, event: RouterEvent): void;
}

/** LiteLLM's `max_latency_list_size`. */
export const KEPT_LATENCIES = 10;
/** Time constant of the peak average, in milliseconds. */
export const DECAY = 10_000;

const MINUTE = 60_000;

/** What events tell of a deployment. Requests in flight are no sum of events: whoever dies leaves theirs behind. */
export type KnownStats = Omit<DeploymentStats, "inFlight">;

/** The deployments of one group by id. A snapshot is plain data. */
export type GroupSnapshot = Readonly<Record<string, KnownStats>>;

const UNKNOWN: Omit<KnownStats, "minute"> = {
  cooldownUntil: 0,
  onProbation: false,
  probedAt: 0,
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

export class GroupState {
  #deployments: Map<string, KnownStats>;
  readonly #inFlight = new Map<string, number>();

  constructor(snapshot: GroupSnapshot = {}) {
    this.#deployments = new Map(Object.entries(snapshot));
  }

  /** As it stands now: counts of a minute that is over are 0. */
  stats(id: string, now: number): DeploymentStats {
    return { ...this.#known(id, now), inFlight: this.#inFlight.get(id) ?? 0 };
  }

  apply(event: RouterEvent): void {
    this.learn(event);
    const change = event.type === "begin" ? 1 : event.type === "content" || event.type === "cooldown" ? 0 : -1;
    const inFlight = (this.#inFlight.get(event.id) ?? 0) + change;
    if (inFlight > 0) this.#inFlight.set(event.id, inFlight);
    else this.#inFlight.delete(event.id);
  }

  /** As `apply`, but for an event of elsewhere: requests in flight here stay as they are. */
  learn(event: RouterEvent): void {
    // Isolates report one after the other: an event may be of the minute before.
    const now = Math.max(event.at, (this.#deployments.get(event.id)?.minute ?? 0) * MINUTE);
    this.#deployments.set(event.id, next(this.#known(event.id, now), event));
  }

  /** What others know takes the place of what is known here. Requests in flight here stay as they are. */
  rebase(snapshot: GroupSnapshot): void {
    this.#deployments = new Map(Object.entries(snapshot));
  }

  /** Adds what was known at another time or place. Doing it twice changes nothing. */
  recall(snapshot: GroupSnapshot): void {
    for (const [id, stats] of Object.entries(snapshot)) {
      const known = this.#deployments.get(id);
      this.#deployments.set(id, known === undefined ? stats : joined(known, stats));
    }
  }

  snapshot(): GroupSnapshot {
    return Object.fromEntries(this.#deployments);
  }

  inFlight(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#inFlight);
  }

  #known(id: string, now: number): KnownStats {
    const minute = Math.floor(now / MINUTE);
    const known = this.#deployments.get(id);
    if (known === undefined) return { ...UNKNOWN, minute };
    const counts = known.minute >= minute ? {} : { minute, requests: 0, tokens: 0, successes: 0, failures: 0 };
    const fails = known.failsUntil > now ? {} : { fails: 0 };
    return { ...known, ...counts, ...fails };
  }
}

function next(stats: KnownStats, event: RouterEvent): KnownStats {
  const isOfThisMinute = Math.floor(event.at / MINUTE) === stats.minute;
  const count = "count" in event ? (event.count ?? 1) : 1;
  const counted = isOfThisMinute ? count : 0;
  switch (event.type) {
    case "begin":
      return {
        ...stats,
        requests: stats.requests + counted,
        ...(stats.onProbation && event.at >= stats.cooldownUntil && { probedAt: event.at }),
      };
    case "content":
      return {
        ...stats,
        ...recovered(stats, event.at - event.wait),
        firstContents: kept(stats.firstContents, event.wait),
      };
    case "success":
      return {
        ...stats,
        ...moved(stats, event),
        ...recovered(stats, event.at - (event.latency ?? 0)),
        successes: stats.successes + counted,
        tokens: stats.tokens + (isOfThisMinute ? event.tokens : 0),
        latencies: kept(
          stats.latencies,
          event.latency === undefined ? undefined : event.latency / Math.max(1, event.completionTokens),
        ),
      };
    case "failure":
      return {
        ...stats,
        // Failing fast is not being fast.
        ...((event.latency ?? 0) > stats.peak && moved(stats, event)),
        ...(event.failsFor !== undefined && {
          fails: stats.fails + count,
          failsUntil: stats.fails === 0 ? event.at + event.failsFor : stats.failsUntil,
        }),
        probedAt: 0,
        failures: stats.failures + counted,
        latencies: kept(stats.latencies, event.penalty),
      };
    case "release":
      return { ...stats, probedAt: 0 };
    case "cooldown":
      return {
        ...stats,
        // An answer that was on its way for longer may ask for less.
        ...(event.until > stats.cooldownUntil && { cooldownUntil: event.until, cooldownCause: event.cause }),
        onProbation: true,
        probedAt: 0,
        fails: 0,
      };
  }
}

/** A request that began after the cooldown has brought something. What began before it proves nothing. */
function recovered({ cooldownUntil }: KnownStats, begun: number): Partial<KnownStats> {
  return begun >= cooldownUntil ? { onProbation: false, probedAt: 0 } : {};
}

function kept(values: readonly number[], value: number | undefined): readonly number[] {
  return value === undefined ? values : [...values, value].slice(-KEPT_LATENCIES);
}

/** Peak EWMA, as Finagle's: a slower answer counts at once, a faster one by and by. */
function moved(stats: KnownStats, { latency, at }: { latency?: number; at: number }): Partial<KnownStats> {
  if (latency === undefined) return {};
  const weight = Math.exp(-Math.max(0, at - stats.peakAt) / DECAY);
  const peak = latency > stats.peak ? latency : stats.peak * weight + latency * (1 - weight);
  return { peak, peakAt: Math.max(at, stats.peakAt) };
}

/** Of two views of a deployment the most that either knows. The same whichever comes first. */
function joined(one: KnownStats, other: KnownStats): KnownStats {
  const later = (time: "cooldownUntil" | "failsUntil" | "peakAt" | "minute") =>
    one[time] >= other[time] ? one : other;
  const longer = (list: "latencies" | "firstContents") => (one[list].length >= other[list].length ? one : other)[list];
  const most = (count: "requests" | "tokens" | "successes" | "failures") =>
    one.minute === other.minute ? Math.max(one[count], other[count]) : later("minute")[count];
  const { cooldownUntil, cooldownCause, onProbation, probedAt } = later("cooldownUntil");
  const { fails, failsUntil } = later("failsUntil");
  const { peak, peakAt } = later("peakAt");
  return {
    cooldownUntil,
    ...(cooldownCause !== undefined && { cooldownCause }),
    onProbation: one.cooldownUntil === other.cooldownUntil ? one.onProbation && other.onProbation : onProbation,
    probedAt,
    minute: later("minute").minute,
    requests: most("requests"),
    tokens: most("tokens"),
    successes: most("successes"),
    failures: most("failures"),
    fails,
    failsUntil,
    latencies: longer("latencies"),
    firstContents: longer("firstContents"),
    peak,
    peakAt,
  };
}

/** State of one process: for the library, and for a gateway that shares it with nobody. */
export class MemoryRouterState implements RouterState {
  readonly #groups = new RecentMap(() => new GroupState());

  stats(group: string, id: string, now: number): DeploymentStats {
    return this.#groups.get(group, now).stats(id, now);
  }

  record(group: string, event: RouterEvent): void {
    this.#groups.get(group, event.at).apply(event);
  }
}

/**
 * Checks deployments when asked, and in the background: every so often, by whichever isolate comes first. The cron
 * trigger calls `refresh`; where there is none (`npm start`), the calls that come in do.
 */
import type { Deployment } from "../router/deployment.ts";
import type { Log } from "../telemetry/log.ts";
import { type Claimant, EMPTY_HEALTH, type HealthResult, type HealthSnapshot, type HealthStore } from "./book.ts";
import { type CheckPorts, checkDeployment } from "./check.ts";

export interface MonitorOptions extends CheckPorts {
  /** Those there are at the moment. */
  deployments(): readonly Deployment[];
  /** It may fail: then what it holds is not known, and checks go on. */
  store: HealthStore;
  log: Pick<Log, "fault">;
  /** Deployments checked at the same time. */
  concurrency: number;
  /** Milliseconds between background checks; absent: there are none. */
  interval?: number;
  /** Milliseconds a failed check tells the router to pass over the deployment; absent: it is told nothing. */
  staleness?: number;
  /** Checks that failed with 408 or 429 tell the router nothing. */
  ignoreTransient?: boolean;
}

/** How old what this isolate knows of the others' checks may be, in milliseconds. */
const MEMORY = 10_000;
const TRANSIENT: readonly (number | undefined)[] = [408, 429];

export class HealthMonitor {
  readonly #options: MonitorOptions;
  /** When this isolate asks the store again whether it is time, in milliseconds since the epoch. */
  #askAt = 0;
  /** The failed checks this isolate knows of, by deployment, and when it looks again. */
  #failed: ReadonlyMap<string, HealthResult> = new Map();
  #lookAt = 0;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  get runsInBackground(): boolean {
    return this.#options.interval !== undefined;
  }

  /** Checks these now; the results are kept for all. */
  async check(deployments: readonly Deployment[]): Promise<HealthResult[]> {
    const { store, concurrency } = this.#options;
    const results = await eachOf(deployments, concurrency, (one) => checkDeployment(one, this.#options));
    this.#learn(results);
    await this.#orElse(undefined, () => store.keep(results));
    return results;
  }

  #learn(results: readonly HealthResult[]): void {
    const failed = new Map(this.#failed);
    for (const result of results)
      if (result.status === "unhealthy") failed.set(result.deploymentId, result);
      else failed.delete(result.deploymentId);
    this.#failed = failed;
  }

  /** What was found last of each deployment that is still there. */
  async latest(): Promise<HealthResult[]> {
    const ids = new Set(this.#options.deployments().map(({ id }) => id));
    const { latest } = await this.#read();
    return latest.filter(({ deploymentId }) => ids.has(deploymentId));
  }

  /** Newest first: each change, and once an hour what did not change. */
  async history(): Promise<HealthResult[]> {
    return (await this.#read()).history;
  }

  /** For the router: what this isolate knows, at once. */
  isUnhealthy(id: string): boolean {
    const { staleness = 0, ignoreTransient, now } = this.#options;
    const failed = this.#failed.get(id);
    if (failed === undefined || now() - failed.checkedAt > staleness) return false;
    return !(ignoreTransient && TRANSIENT.includes(failed.errorStatus));
  }

  /** To be called by each call: what is due is done beside it. Where nothing is, it costs nothing. */
  tick(waitUntil: (promise: Promise<unknown>) => void): void {
    const { interval, staleness, now } = this.#options;
    if (interval === undefined) return;
    if (now() >= this.#askAt) waitUntil(this.refresh("call"));
    if (staleness === undefined || now() < this.#lookAt) return;
    this.#lookAt = now() + MEMORY;
    waitUntil(this.latest().then((results) => this.#learn(results)));
  }

  /** Checks what may be checked in the background, unless somebody does or has done so within the interval. */
  async refresh(by: Claimant): Promise<void> {
    const { interval, store, deployments, now } = this.#options;
    if (interval === undefined) return;
    this.#askAt = now() + interval;
    if (!(await this.#orElse(false, () => store.claim(by, interval)))) return;
    await this.check(deployments().filter(isForBackground));
  }

  #read(): Promise<Pick<HealthSnapshot, "latest" | "history">> {
    return this.#orElse(EMPTY_HEALTH, () => this.#options.store.read());
  }

  async #orElse<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      this.#options.log.fault("health", error);
      return otherwise;
    }
  }
}

/** `disable_background_health_check` leaves it out. */
export function isForBackground({ raw }: Deployment): boolean {
  return String(raw.info["disable_background_health_check"]).toLowerCase() !== "true";
}

/** As `Promise.all`, with at most `limit` under way. */
async function eachOf<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, limit) }, worker));
  return results;
}

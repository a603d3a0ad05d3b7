/**
 * Checks deployments when asked, and in the background: every so often, by whichever isolate comes first. The cron
 * trigger calls `refresh`; where there is none (`npm start`), the calls that come in do.
 */
import type { Deployment } from "../router/deployment.ts";
import type { Log } from "../telemetry/log.ts";
import { type Claimant, EMPTY_HEALTH, type HealthResult, type HealthSnapshot, type HealthStore } from "./book.ts";
import { type CheckPorts, checkDeployment } from "./check.ts";

export interface MonitorOptions extends CheckPorts {
  deployments: readonly Deployment[];
  /** It may fail: then what it holds is not known, and checks go on. */
  store: HealthStore;
  log: Pick<Log, "fault">;
  /** Deployments checked at the same time. */
  concurrency: number;
  /** Milliseconds between background checks; absent: there are none. */
  interval?: number;
}

export class HealthMonitor {
  readonly #options: MonitorOptions;
  /** When this isolate asks the store again whether it is time, in milliseconds since the epoch. */
  #askAt = 0;

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
    await this.#orElse(undefined, () => store.keep(results));
    return results;
  }

  /** What was found last of each deployment that is still there. */
  async latest(): Promise<HealthResult[]> {
    const ids = new Set(this.#options.deployments.map(({ id }) => id));
    const { latest } = await this.#read();
    return latest.filter(({ deploymentId }) => ids.has(deploymentId));
  }

  /** Newest first: each change, and once an hour what did not change. */
  async history(): Promise<HealthResult[]> {
    return (await this.#read()).history;
  }

  /** Is it time for this isolate to call `refresh`? Costs nothing. */
  get isDue(): boolean {
    return this.runsInBackground && this.#options.now() >= this.#askAt;
  }

  /** Checks what may be checked in the background, unless somebody does or has done so within the interval. */
  async refresh(by: Claimant): Promise<void> {
    const { interval, store, deployments, now } = this.#options;
    if (interval === undefined) return;
    this.#askAt = now() + interval;
    if (!(await this.#orElse(false, () => store.claim(by, interval)))) return;
    await this.check(deployments.filter(isForBackground));
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

function isForBackground({ raw }: Deployment): boolean {
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

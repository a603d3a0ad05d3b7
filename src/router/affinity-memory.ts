/** Which deployment served whom last. */
export interface AffinityMemory {
  /** A deployment's id. @param now milliseconds since the epoch */
  get(key: string, now: number): string | undefined;
  /** @param until milliseconds since the epoch */
  set(key: string, deploymentId: string, until: number): void;
}

/** The memory of one process. Where it is full, what was set longest ago goes. */
export class BoundedAffinityMemory implements AffinityMemory {
  readonly #entries = new Map<string, { deploymentId: string; until: number }>();
  readonly #size: number;

  constructor(size = 10_000) {
    this.#size = size;
  }

  get(key: string, now: number): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.until > now) return entry?.deploymentId;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, deploymentId: string, until: number): void {
    this.#entries.delete(key); // so that it goes to the end
    this.#entries.set(key, { deploymentId, until });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#size) break;
      this.#entries.delete(oldest);
    }
  }
}

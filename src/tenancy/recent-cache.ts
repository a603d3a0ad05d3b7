/**
 * Copies of rows an isolate keeps, each with a bounded age: young ones are used as they are, older ones are renewed
 * beside the request that uses them, and old ones are waited for. Where the database cannot be asked, what is known
 * goes on being used for a while.
 */
export interface RecentCachePorts<Value> {
  load(key: string): Promise<Value>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds: no copy older than this is used while the database answers. Ten seconds, unless said. */
  bound?: number;
  /** The database could not be asked, and an old copy was used. */
  onStale?(key: string, error: unknown): void;
}

/** A copy younger than this is used without a word, in milliseconds. */
const FRESH = 2000;
const BOUND = 10_000;
/** How old a copy may be that is used because the database does not answer. */
const WHEN_DOWN = 3_600_000;
/** Copies kept; the one used longest ago goes first. */
const CAPACITY = 10_000;
/** A renewal that has not come back by then counts as failed, and the next request tries. */
const PATIENCE = 5000;

interface Copy<Value> {
  value: Value;
  loadedAt: number;
  /** When a renewal was begun that is not back yet. */
  renewingSince?: number;
}

export class RecentCache<Value> {
  readonly #ports: RecentCachePorts<Value>;
  #copies = new Map<string, Copy<Value>>();
  /** Grows when all is forgotten, so that a load under way then does not bring back what was before. */
  #generation = 0;

  constructor(ports: RecentCachePorts<Value>) {
    this.#ports = ports;
  }

  /** @throws what `load` throws, where nothing is known */
  async get(key: string, waitUntil: (promise: Promise<unknown>) => void): Promise<Value> {
    const now = this.#ports.now();
    const copy = this.#copies.get(key);
    if (copy === undefined) return this.#load(key);
    const age = now - copy.loadedAt;
    const { bound = BOUND } = this.#ports;
    if (age < Math.min(FRESH, bound)) return copy.value;
    if (age < bound) {
      if (now - (copy.renewingSince ?? 0) > PATIENCE) {
        copy.renewingSince = now;
        waitUntil(this.#load(key).catch((error: unknown) => this.#ports.onStale?.(key, error)));
      }
      return copy.value;
    }
    try {
      return await this.#load(key);
    } catch (error) {
      if (age > WHEN_DOWN) throw error;
      this.#ports.onStale?.(key, error);
      return copy.value;
    }
  }

  /** What is known of all this is void: the next use asks the database. */
  clear(): void {
    this.#generation++;
    this.#copies = new Map();
  }

  forget(key: string): void {
    this.#generation++;
    this.#copies.delete(key);
  }

  async #load(key: string): Promise<Value> {
    const generation = this.#generation;
    const loadedAt = this.#ports.now();
    const value = await this.#ports.load(key);
    // What is not there is not remembered: whoever asks for much that is not would drive out what is.
    if (value === undefined || generation !== this.#generation) return value;
    this.#copies.delete(key); // to the end: the first ones are those used longest ago
    this.#copies.set(key, { value, loadedAt });
    for (const oldest of this.#copies.keys()) {
      if (this.#copies.size <= CAPACITY) break;
      this.#copies.delete(oldest);
    }
    return value;
  }
}

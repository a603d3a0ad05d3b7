import type { ResponseCache } from "./store.ts";

export interface MemoryCacheOptions {
  /** Most bytes of all answers together; 32 MB unless said. Those used longest ago go first. */
  bytes?: number;
  /** Milliseconds since the epoch. */
  now?(): number;
}

const BYTES = 32 * 1024 * 1024;

/** A character of a text takes two bytes at most, and what holds it a few more. */
const BYTES_OF_A_CHARACTER = 2;
const BYTES_OF_AN_ENTRY = 100;

interface Entry {
  value: string;
  /** Milliseconds since the epoch. */
  until: number;
  size: number;
}

/**
 * Answers in the memory of this process, or isolate: LiteLLM's `local`. No other sees them, and none outlives it.
 *
 * @example
 * const cache = new MemoryResponseCache({ bytes: 8_000_000 });
 * await completion({ model: "openai/gpt-5-mini", messages }, { cache });
 */
export class MemoryResponseCache implements ResponseCache {
  /** The one used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  readonly #most: number;
  readonly #now: () => number;
  #size = 0;

  constructor({ bytes = BYTES, now = Date.now }: MemoryCacheOptions = {}) {
    this.#most = bytes;
    this.#now = now;
  }

  async get(key: string): Promise<string | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#forget(key);
    if (entry.until <= this.#now()) return undefined;
    this.#keep(key, entry); // as the one used last
    return entry.value;
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    this.#forget(key);
    const size = (key.length + value.length) * BYTES_OF_A_CHARACTER + BYTES_OF_AN_ENTRY;
    if (size > this.#most) return;
    this.#keep(key, { value, until: this.#now() + ttl * 1000, size });
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#most) break;
      this.#forget(oldest);
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#forget(key);
  }

  async flush(): Promise<void> {
    this.#entries.clear();
    this.#size = 0;
  }

  async ping(): Promise<void> {}

  async info(): Promise<Record<string, unknown>> {
    return { entries: this.#entries.size, bytes: this.#size };
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#size += entry.size;
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
  }
}

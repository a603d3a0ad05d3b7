/** Milliseconds until what nobody asked for is forgotten. */
const IDLE = 10 * 60_000;
const BETWEEN_SWEEPS = 60_000;
/** More than a gateway has in use. */
const MOST = 2000;

/**
 * Values by name, made when they are first asked for and forgotten when nobody has asked for ten minutes, or when there
 * are 2,000 that were asked for later. With wildcards the names of model groups are the clients' choice: whatever is kept
 * for each of them must end.
 */
export class RecentMap<Value> {
  readonly #make: () => Value;
  readonly #entries = new Map<string, { value: Value; usedAt: number }>();
  #sweptAt = 0;

  constructor(make: () => Value) {
    this.#make = make;
  }

  /** @param now milliseconds since the epoch */
  get(name: string, now: number): Value {
    this.#sweep(now);
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { value: this.#make(), usedAt: now };
      this.#entries.set(name, entry);
      if (this.#entries.size > MOST) this.#dropOldest();
    }
    entry.usedAt = now;
    return entry.value;
  }

  get size(): number {
    return this.#entries.size;
  }

  #dropOldest(): void {
    let [oldest] = this.#entries;
    for (const entry of this.#entries) if (oldest === undefined || entry[1].usedAt < oldest[1].usedAt) oldest = entry;
    if (oldest !== undefined) this.#entries.delete(oldest[0]);
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < BETWEEN_SWEEPS) return;
    this.#sweptAt = now;
    for (const [name, { usedAt }] of this.#entries) if (now - usedAt > IDLE) this.#entries.delete(name);
  }
}

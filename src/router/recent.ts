/** Milliseconds until what nobody asked for is forgotten. */
const IDLE = 10 * 60_000;
const BETWEEN_SWEEPS = 60_000;

/**
 * Values by name, made when they are first asked for and forgotten when nobody has asked for ten minutes. With wildcards
 * the names of model groups are the clients' choice: whatever is kept for each of them must end.
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
    }
    entry.usedAt = now;
    return entry.value;
  }

  get size(): number {
    return this.#entries.size;
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < BETWEEN_SWEEPS) return;
    this.#sweptAt = now;
    for (const [name, { usedAt }] of this.#entries) if (now - usedAt > IDLE) this.#entries.delete(name);
  }
}

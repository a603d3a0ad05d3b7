/**
 * A cache that cannot hold a call up: what fails or takes too long is "not there", and after a few failures it is not
 * asked for a while. LiteLLM's figures (`REDIS_CIRCUIT_BREAKER_*`).
 */
import { inTime } from "../router/in-time.ts";
import { getAll, type Kept, type ResponseCache, setAll } from "./store.ts";

/** Failures in a row until it is left alone. */
const FAILURES = 5;
/** Milliseconds for which it is. */
const PAUSE = 60_000;
/** Milliseconds a call waits for an answer of it, unless said. */
const PATIENCE = 500;
/** Milliseconds for writing, which nobody waits for. */
const WRITING = 10_000;

export interface GuardPorts {
  /** Milliseconds since the epoch. */
  now?(): number;
  /** Milliseconds. */
  patience?: number;
  /** Told once whenever it is left alone, never for each call. */
  onPause?(error: unknown): void;
}

export interface GuardedCache {
  /** Never fails. */
  read(keys: readonly string[]): Promise<(string | undefined)[]>;
  /** Never fails. */
  write(values: readonly Kept[]): Promise<void>;
  /** The store itself, whose failures are told. */
  store: ResponseCache;
}

export function guarded(store: ResponseCache, ports: GuardPorts = {}): GuardedCache {
  const { now = Date.now, patience = PATIENCE, onPause } = ports;
  let failures = 0;
  let closedUntil = 0;
  const attempt = async <Result>(act: () => Promise<Result>, limit: number, otherwise: Result): Promise<Result> => {
    const at = now();
    if (at < closedUntil) return otherwise;
    if (failures >= FAILURES) closedUntil = at + limit; // one tries, the others wait for what becomes of it
    try {
      const result = await inTime(act(), limit);
      failures = 0;
      closedUntil = 0;
      return result;
    } catch (error) {
      failures++;
      if (failures < FAILURES) return otherwise;
      closedUntil = now() + PAUSE;
      if (failures === FAILURES) onPause?.(error);
      return otherwise;
    }
  };
  return {
    store,
    read: (keys) =>
      attempt<(string | undefined)[]>(
        () => getAll(store, keys),
        patience,
        keys.map(() => undefined),
      ),
    write: (values) => attempt(() => setAll(store, values), WRITING, undefined),
  };
}

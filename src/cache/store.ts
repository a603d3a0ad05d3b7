/** Where answers are kept: the port, and what every store of the gateway's has in common. */

/**
 * A store of texts, each for a while. Whoever writes one of their own needs the first five; all may fail: whoever uses it
 * takes a failure for "not there" (`guarded`).
 */
export interface ResponseCache {
  /** `undefined` where it is not there, or no longer. */
  get(key: string): Promise<string | undefined>;
  /** @param ttl seconds */
  set(key: string, value: string, ttl: number): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Forgets all answers of this gateway, and nothing else that may stand there. */
  flush(): Promise<void>;
  /** @throws where it cannot be reached */
  ping(): Promise<void>;
  /** Several at once, for stores that make one question of it. */
  getMany?(keys: readonly string[]): Promise<(string | undefined)[]>;
  setMany?(values: readonly Kept[]): Promise<void>;
  /** What the store tells of itself, for admins. */
  info?(): Promise<Record<string, unknown>>;
}

export interface Kept {
  key: string;
  value: string;
  /** Seconds. */
  ttl: number;
}

/** Requests a store is sent at a time where each key is one. */
const AT_A_TIME = 6;

export async function getAll(store: ResponseCache, keys: readonly string[]): Promise<(string | undefined)[]> {
  if (store.getMany !== undefined && keys.length > 1) return store.getMany(keys);
  return inTurn(keys, (key) => store.get(key));
}

export async function setAll(store: ResponseCache, values: readonly Kept[]): Promise<void> {
  if (store.setMany !== undefined && values.length > 1) return store.setMany(values);
  await inTurn(values, ({ key, value, ttl }) => store.set(key, value, ttl));
}

/** A few at a time: a Worker has six connections. */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += AT_A_TIME)
    results.push(...(await Promise.all(items.slice(at, at + AT_A_TIME).map(act))));
  return results;
}

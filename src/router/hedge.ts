/** When a second request goes out because the first is slow. After Dean and Barroso, "The Tail at Scale". */
/**
 * Milliseconds after which to hedge; `undefined` where not at all.
 * @param after seconds, or a percentile of the times that are known (`"p95"`)
 * @param times milliseconds to the first content
 */
export function hedgeDelay(after: number | string | undefined, times: readonly number[]): number | undefined {
  if (after === undefined) return undefined;
  const percentile = /^p(\d{1,2}(?:\.\d+)?)$/i.exec(String(after))?.[1];
  if (percentile === undefined) {
    const seconds = Number(after);
    return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
  }
  const known = [...times].sort((a, b) => a - b);
  if (known.length < LEAST_KNOWN) return undefined;
  return known[Math.min(known.length - 1, Math.ceil((Number(percentile) / 100) * known.length) - 1)];
}

/** Of fewer answers there is no percentile to speak of. */
const LEAST_KNOWN = 5;

/** Bounds the extra load: of the requests of late at most a share is hedged. A bucket that requests fill. */
export class HedgeBudget {
  static readonly #MOST = 10;
  readonly #share: number;
  #tokens = 1;

  constructor(share: number) {
    this.#share = share;
  }

  request(): void {
    this.#tokens = Math.min(HedgeBudget.#MOST, this.#tokens + this.#share);
  }

  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  giveBack(): void {
    this.#tokens += 1;
  }
}

/** An attempt under way. */
export interface Running<T> {
  result: Promise<T>;
  stop(reason: unknown): void;
}

/** The slower is stopped. Where one fails the other is waited for; where both do, the first one's error counts. */
export async function firstToAnswer<T>(first: Running<T>, second: Running<T>): Promise<T> {
  const winner = await Promise.any([
    first.result.then((result) => ({ result, loser: second })),
    second.result.then((result) => ({ result, loser: first })),
  ]).catch(() => undefined);
  if (winner === undefined) return first.result;
  winner.loser.stop(new DOMException("another deployment answered first", "AbortError"));
  winner.loser.result.catch(() => {}); // it was stopped
  return winner.result;
}

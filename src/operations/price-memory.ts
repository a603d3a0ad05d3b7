/**
 * What an isolate has learned of prices from answers, so that the next calls of the same deployment are reserved for by
 * it, and whom the log has told of. It is forgotten with the isolate: the next answer says it again.
 */
import type { ModelInfo } from "../models/catalogue.ts";
import { hasPrice } from "../models/known-price.ts";
import type { Target } from "../providers/provider.ts";

/** Deployments that are remembered; of more than that the oldest are forgotten. */
const MOST = 500;

export class PriceMemory {
  readonly #rows = new Map<string, ModelInfo>();
  readonly #told = new Set<string>();

  /** What answers of this deployment were priced by, where nothing else says its price. */
  rowOf(target: Target): ModelInfo | undefined {
    return hasPrice(target.info) ? undefined : this.#rows.get(placeOf(target));
  }

  /** @param row by which an answer was priced */
  learn(target: Target, row: ModelInfo): void {
    if (row === target.info || hasPrice(target.info) || !hasPrice(row)) return;
    const place = placeOf(target);
    this.#rows.delete(place); // the latest is last
    this.#rows.set(place, row);
    forgetOldest(this.#rows);
  }

  /** An answer could not be priced. @returns whether it is the first there, and somebody is to be told */
  isFirstMiss(target: Target): boolean {
    const place = placeOf(target);
    if (this.#told.has(place)) return false;
    this.#told.add(place);
    forgetOldest(this.#told);
    return true;
  }
}

/** Wildcards make a target anew for each call, so it is known by where it is. */
function placeOf({ provider, apiBase = "", model }: Target): string {
  return `${provider} ${apiBase} ${model}`;
}

function forgetOldest(kept: Map<string, unknown> | Set<string>): void {
  const [oldest] = kept.keys();
  if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
}

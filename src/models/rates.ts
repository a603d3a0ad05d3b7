/** Which of a model's prices holds for a call: by the size of its prompt, its service tier and the time. */
import type { ModelInfo } from "./catalogue.ts";

export interface Terms {
  /** All tokens of the prompt, which decide the size class. */
  promptTokens: number;
  /** `flex`, `priority`, `batch`; anything else is standard. */
  serviceTier?: string | null;
  /** When the call began, Unix milliseconds; for prices that change at a date or by the hour. */
  at?: number;
  /** Results a search was asked for. */
  results?: number;
}

/** Looks up the price of one unit, in dollars; `undefined` where it is not known. */
export type Rates = (field: string) => number | undefined;

export const asPrice = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

/** Seconds since midnight UTC of `hh:mm:ssZ`. */
const clock = (text: unknown): number => {
  const [hours = 0, minutes = 0, seconds = 0] = String(text).replace("Z", "").split(":").map(Number);
  return hours * 3600 + minutes * 60 + seconds;
};

/** Do these timed prices hold? A window may pass midnight. */
function holds(timed: Record<string, unknown>, at: number): boolean {
  if (typeof timed["start_date"] === "string") return at >= Date.parse(`${timed["start_date"]}T00:00:00Z`);
  const from = clock(timed["start_time"]);
  const to = clock(timed["end_time"]);
  const now = Math.floor(at / 1000) % 86_400;
  return from <= to ? now >= from && now < to : now >= from || now < to;
}

/** The row with the prices of the time and of its size class in place of its own. */
function inForce(info: ModelInfo, terms: Terms): ModelInfo {
  const { at } = terms;
  const timed = at === undefined ? undefined : info.timed_pricing?.findLast((prices) => holds(prices, at));
  const row = timed ? { ...info, ...timed } : info;
  const classes = row.tiered_pricing;
  if (!Array.isArray(classes)) return row;
  const within = (range: unknown, size: number) => Array.isArray(range) && size <= Number(range[1]);
  const fits = classes.find((prices) =>
    "max_results_range" in prices
      ? within(prices["max_results_range"], terms.results ?? 0)
      : within(prices["range"], terms.promptTokens),
  );
  // Above the last class nothing else is known: its price holds on.
  return { ...row, ...(fits ?? classes.at(-1)) };
}

const suffixes: Record<string, readonly string[]> = {
  flex: ["_flex"],
  priority: ["_priority"],
  batch: ["_batches", "_batch_requests"],
};

/**
 * The prices that hold under the terms. For each field, best first: its size class in the service tier, its size class,
 * the service tier, the standard price. A class is `…_above_200k_tokens`: once the prompt has more tokens, the whole
 * call is at that price. A service tier without a price of its own is charged at the standard one.
 */
export function ratesFor(info: ModelInfo, terms: Terms): Rates {
  const row = inForce(info, terms);
  const tiers = suffixes[terms.serviceTier ?? ""] ?? [];
  const sizes = new Set<number>();
  for (const field of Object.keys(row)) {
    const match = field.includes("_above_") ? /_above_(\d+)k_tokens/.exec(field) : null;
    if (match && terms.promptTokens > Number(match[1]) * 1000) sizes.add(Number(match[1]));
  }
  const classes = [...sizes].sort((a, b) => b - a).map((size) => `_above_${size}k_tokens`);
  const endings = [...classes.flatMap((size) => [...tiers.map((tier) => size + tier), size]), ...tiers, ""];
  return (field) => {
    for (const ending of endings) {
      const price = asPrice(row[field + ending]);
      if (price !== undefined) return price;
    }
    return undefined;
  };
}

/** What the operator adds to a provider's price or takes off: LiteLLM's `cost_discount_config` and `cost_margin_config`. */
import { isRecord } from "../formats/json.ts";
import { NANO } from "./money.ts";

export interface Surcharges {
  /** Shares taken off, by provider: 0.05 is 5 %. */
  discounts: ReadonlyMap<string, number>;
  /** Added after the discount, by provider; `global` holds for those without one of their own. */
  margins: ReadonlyMap<string, Margin>;
}

export interface Margin {
  /** 0.1 is 10 %. */
  share: number;
  /** Nano-dollars for each call. */
  fixed: number;
}

/** All in nano-dollars. */
export interface Surcharged {
  total: number;
  original: number;
  discount: number;
  margin: number;
  /** As a share. */
  marginShare: number;
}

/** @param original what the provider asks, in nano-dollars; a free call stays free of a share, not of a fixed amount */
export function surcharge(original: number, provider: string, { discounts, margins }: Surcharges): Surcharged {
  const discount = Math.round(original * (discounts.get(provider) ?? 0));
  const { share, fixed } = margins.get(provider) ?? margins.get("global") ?? { share: 0, fixed: 0 };
  const margin = Math.round((original - discount) * share) + fixed;
  return { total: Math.max(0, original - discount + margin), original, discount, margin, marginShare: share };
}

/** What is charged for a cost, in nano-dollars. */
export function chargedFor(cost: number, provider: string, surcharges: Surcharges | undefined): number {
  return surcharges === undefined ? cost : surcharge(cost, provider, surcharges).total;
}

/** `undefined` where neither is configured. Entries that are no shares are left out. */
export function surchargesOf(
  discounts: Readonly<Record<string, unknown>> = {},
  margins: Readonly<Record<string, unknown>> = {},
): Surcharges | undefined {
  const found: Surcharges = {
    discounts: new Map(Object.entries(discounts).flatMap(([name, value]) => (isShare(value) ? [[name, value]] : []))),
    margins: new Map(
      Object.entries(margins).flatMap(([name, value]): [string, Margin][] => {
        const margin = marginOf(value);
        return margin === undefined ? [] : [[name, margin]];
      }),
    ),
  };
  return found.discounts.size + found.margins.size === 0 ? undefined : found;
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/** A share, or `{percentage, fixed_amount}` with the fixed amount in US dollars. */
function marginOf(value: unknown): Margin | undefined {
  if (typeof value === "number" && value >= 0) return { share: value, fixed: 0 };
  if (!isRecord(value)) return undefined;
  const share = Number(value["percentage"] ?? 0);
  const fixed = Number(value["fixed_amount"] ?? 0);
  return share >= 0 && fixed >= 0 ? { share, fixed: Math.round(fixed * NANO) } : undefined;
}

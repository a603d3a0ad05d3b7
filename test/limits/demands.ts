import type { BudgetMeter, Demand, RateMeter, ScopeId, Window } from "../../src/limits/demand.ts";

export const KEY: ScopeId = "key:1";

export function rate(id: string, limit: number, least = 1, most = least, scope = KEY): Demand & { meter: RateMeter } {
  return { scope, meter: { kind: "rate", id, limit }, least, most };
}

export function slot(limit: number, scope = KEY): Demand {
  return { scope, meter: { kind: "parallel", id: "parallel", limit }, least: 1, most: 1 };
}

export function money(
  limit: number,
  least: number,
  most = least,
  { scope = KEY, window, id = "budget" }: { scope?: ScopeId; window?: Window; id?: string } = {},
): Demand & { meter: BudgetMeter } {
  return { scope, meter: { kind: "budget", id, limit, ...(window && { window }) }, least, most };
}

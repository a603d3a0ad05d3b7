/** `/spend/logs?summarize=true`: what was spent each day, and by which keys, users and models. */
import { toUsd } from "../../../models/cost.ts";
import type { Database } from "../../../store/database.ts";
import { type DayTotal, dailyTotals, dailyTotalsBy, type SumFilter } from "../../../store/spend/sums.ts";
import { type Days, eachDay } from "./dates.ts";

type Part = Pick<DayTotal, "day" | "spend"> & { id: string };

/** From the first day with a call to the last one asked for; days without any are 0. */
export async function summaryOf(db: Database, filter: SumFilter, days: Days) {
  const asked = { ...filter, ...days };
  const [totals, keys, users, models] = await Promise.all([
    dailyTotals(db, asked),
    dailyTotalsBy(db, "key", asked),
    dailyTotalsBy(db, "user", asked),
    dailyTotalsBy(db, "model", asked),
  ]);
  const [first] = totals;
  if (first === undefined) return [];
  const spend = new Map(totals.map((total) => [total.day, total.spend]));
  const [ofKeys, ofUsers, ofModels] = [keys, users, models].map((parts) => Map.groupBy(parts, ({ day }) => day));
  return eachDay({ from: first.day, to: days.to }).map((day) => ({
    ...amounts(ofKeys?.get(day)), // first, so that no key can stand for a field
    startTime: day,
    spend: toUsd(spend.get(day) ?? 0),
    users: amounts(ofUsers?.get(day)),
    models: amounts(ofModels?.get(day)),
  }));
}

function amounts(parts: readonly Part[] = []): Record<string, number> {
  return Object.fromEntries(parts.map(({ id, spend }) => [id, toUsd(spend)]));
}

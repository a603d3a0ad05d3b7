/** Sums by several dimensions at once, by day or for the whole range. */
import { asc, desc, sql } from "drizzle-orm";
import { BadRequestError } from "../../formats/errors.ts";
import type { Database } from "../database.ts";
import {
  columnOf,
  type Dimension,
  type Metrics,
  MOST_GROUPS,
  metricsOf,
  type SumFilter,
  tableFor,
  within,
} from "./sums.ts";

export interface Sum extends Metrics {
  /** `2026-11-22`; empty where the whole range is asked for. */
  day: string;
  /** One for each dimension, in their order; empty for calls that have none. */
  ids: string[];
}

/**
 * Oldest day first, within a day the largest spend.
 * @throws BadRequestError where the answer would have more than `MOST_GROUPS` rows
 */
export async function sumsBy(
  db: Database,
  by: readonly Dimension[],
  filter: SumFilter,
  { daily = false }: { daily?: boolean } = {},
): Promise<Sum[]> {
  const table = tableFor(by.includes("tag") ? "tag" : undefined, filter);
  const columns = by.map((dimension) => columnOf(table, dimension));
  const ids = sql`json_array(${sql.join(columns, sql`, `)})`.mapWith((text: string): string[] => JSON.parse(text));
  const metrics = metricsOf(table);
  const day = daily ? sql<string>`${table.day}` : sql<string>`''`;
  const rows = await db
    .select({ day: day.as("on_day"), ids, ...metrics })
    .from(table)
    .where(within(table, filter))
    .groupBy(...(daily ? [table.day] : []), ...columns)
    .orderBy(asc(sql`on_day`), desc(metrics.spend), ...columns.map((column) => asc(column)))
    .limit(MOST_GROUPS + 1);
  if (rows.length > MOST_GROUPS)
    throw new BadRequestError(`The report would have more than ${MOST_GROUPS} rows: ask for fewer days.`, {
      param: "end_date",
    });
  return rows;
}

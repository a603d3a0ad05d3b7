/** Conditions and writes of any size: D1 takes no more than 100 parameters in a statement. */
import { type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "./database.ts";

/** `inArray` with one parameter, however long the list. */
export function among(column: SQLiteColumn | SQL, values: readonly string[]): SQL {
  return sql`${column} in (select value from json_each(${JSON.stringify(values)}))`;
}

/** Does the text contain the other, in any case? Nothing in it is a wildcard. */
export function contains(column: SQLiteColumn, text: string): SQL {
  return sql`instr(lower(${column}), lower(${text})) > 0`;
}

export function equalsInAnyCase(column: SQLiteColumn, text: string): SQL {
  return sql`lower(${column}) = lower(${text})`;
}

export type Statement = BatchItem<"sqlite">;

/** Runs statements as one transaction: all happen, or none does. */
export async function atOnce(db: Database, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  if (first !== undefined) await db.batch([first, ...rest]);
}

/** Parts of a list, each small enough for the rows of one `INSERT`. */
export function inParts<Row extends object>(rows: readonly Row[]): Row[][] {
  const [first] = rows;
  if (first === undefined) return [];
  const size = Math.max(1, Math.floor(MOST_PARAMETERS / Object.keys(first).length));
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, part) => rows.slice(part * size, (part + 1) * size));
}

const MOST_PARAMETERS = 100;

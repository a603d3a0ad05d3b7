/** Copies of rows that are about to go. */
import { getTableColumns, SQL } from "drizzle-orm";
import type { deletedKeys, deletedTeams } from "./schema/index.ts";

/** An insert from a select goes by position: every column of the table, in its order. */
export function inOrderOf(table: typeof deletedKeys | typeof deletedTeams, values: Record<string, unknown>) {
  const selected = Object.keys(getTableColumns(table)).map((name) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nothing to copy into column ${name}`);
    return [name, value instanceof SQL ? value.as(name) : value];
  });
  return Object.fromEntries(selected) as never; // every column of the table, as just built
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Migration } from "./embedded/migrate.ts";

/** The SQL files of a folder, in the order wrangler applies them: by number, then by name. */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1))
    .map((name) => ({ name, sql: readFileSync(join(folder, name), "utf8") }));
}

/** The migrations make the schema: a change of one without the other fails here. */
import { env } from "cloudflare:workers";
import { is } from "drizzle-orm";
import { getTableConfig, type SQLiteColumn, SQLiteSyncDialect, SQLiteTable } from "drizzle-orm/sqlite-core";
import { describe, expect, it } from "vitest";
import type { Bindings } from "../../src/objects/bindings.ts";
import * as schema from "../../src/store/schema/index.ts";

const { DB } = env as unknown as Bindings; // as vitest.config.ts binds it
const dialect = new SQLiteSyncDialect();
const tables = Object.values(schema)
  .filter((exported) => is(exported, SQLiteTable))
  .map((table) => getTableConfig(table));

/** Tables that are not the schema's: D1's, wrangler's, SQLite's. */
const FOREIGN = /^(_cf_|d1_migrations$|sqlite_)/;

async function rows<Row>(sql: string, ...params: string[]): Promise<Row[]> {
  const { results } = await DB.prepare(sql)
    .bind(...params)
    .all<Row>();
  return results;
}

/** SQLite's words for numbers. */
const TRUTH: Readonly<Record<string, string>> = { false: "0", true: "1" };

interface IndexShape {
  name: string;
  unique: boolean;
  columns: string[];
  /** Of a partial index, its condition. */
  where: string | undefined;
}

describe("migrations", () => {
  it("make the tables of the schema and no other", async () => {
    const made = await rows<{ name: string }>("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')");
    const names = made.map(({ name }) => name).filter((name) => !FOREIGN.test(name));
    expect(names.sort()).toEqual(tables.map(({ name }) => name).sort());
  });

  it("make tables without rowid where the schema asks for it", async () => {
    const made = await rows<{ name: string; wr: number }>("PRAGMA table_list");
    const names = made.filter(({ name, wr }) => wr === 1 && !FOREIGN.test(name)).map(({ name }) => name);
    expect(names.sort()).toEqual([...schema.WITHOUT_ROWID].sort());
  });

  it.each(tables)("make $name as it is", async ({ name, columns, primaryKeys, foreignKeys, indexes }) => {
    const key = [...primaryKeys.flatMap((one) => one.columns), ...columns.filter(({ primary }) => primary)];
    expect(await columnsOf(name)).toEqual(
      columns.map((column) => ({
        name: column.name,
        type: column.getSQLType().toLowerCase(),
        required: column.notNull,
        initial: initialOf(column),
        key: key.findIndex((one) => one.name === column.name) + 1,
      })),
    );
    const wanted = [
      ...indexes.map(({ config }) => ({
        name: config.name,
        unique: config.unique,
        columns: config.columns.map((column) => ("name" in column ? column.name : "")),
        where: config.where === undefined ? undefined : plain(dialect.sqlToQuery(config.where.inlineParams()).sql),
      })),
      ...columns
        .filter(({ isUnique }) => isUnique)
        .map((column) => ({
          name: column.uniqueName ?? "",
          unique: true,
          columns: [column.name],
          where: undefined,
        })),
    ];
    expect(await indexesOf(name)).toEqual(wanted.sort(byName));
    expect(await rows(`SELECT * FROM pragma_foreign_key_list(?)`, name)).toHaveLength(foreignKeys.length);
  });
});

async function columnsOf(table: string) {
  const made = await rows<{ name: string; type: string; notnull: number; dflt_value: string | null; pk: number }>(
    'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)',
    table,
  );
  return made.map(({ name, type, notnull, dflt_value, pk }) => ({
    name,
    type: type.toLowerCase(),
    required: notnull === 1,
    initial: TRUTH[dflt_value ?? ""] ?? dflt_value ?? undefined,
    key: pk,
  }));
}

/** Of those the table's own key makes nothing is said. */
async function indexesOf(table: string): Promise<IndexShape[]> {
  const made = await rows<{ name: string; unique: number; sql: string | null }>(
    `SELECT list.name, list."unique", master.sql FROM pragma_index_list(?) AS list
       JOIN sqlite_master AS master ON master.type = 'index' AND master.name = list.name WHERE list.origin <> 'pk'`,
    table,
  );
  const shapes = made.map(async ({ name, unique, sql }) => ({
    name,
    unique: unique === 1,
    columns: (await rows<{ name: string }>("SELECT name FROM pragma_index_info(?) ORDER BY seqno", name)).map(
      (column) => column.name,
    ),
    where: sql === null ? undefined : plain(/\sWHERE\s+(.*)$/is.exec(sql)?.[1]),
  }));
  return (await Promise.all(shapes)).sort(byName);
}

/** A default as it stands in SQL. */
function initialOf(column: SQLiteColumn): string | undefined {
  if (column.default === undefined) return undefined;
  const value = column.mapToDriverValue(column.default);
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

/** SQL without what Drizzle quotes and qualifies in its own way. */
const plain = (sql: string | undefined) =>
  sql
    ?.replaceAll(/[`"]/g, "")
    .replaceAll(/\b\w+\./g, "")
    .trim();

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

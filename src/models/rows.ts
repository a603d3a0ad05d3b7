/**
 * The compact form of the catalogue: a table of facts (one field with one value) and, for each model, a line
 * `name TAB codes`, two characters for each fact that holds of it. Lines are sorted by name, so a model is found by
 * bisection and only its own line is decoded: nothing the size of the catalogue is ever built.
 */

export interface CompactCatalogue {
  /** Where the figures come from. Says when the data is from, never when the file was built. */
  stamp: { figures: string; prices: string };
  /** Field → its distinct values, both sorted. A fact's number is its place in this order. */
  facts: Record<string, unknown[]>;
  /** Models whose dated snapshots (`name-20260131`, `name-2026-01-31`) have the price of the name itself. */
  dated: string[];
  /** Sorted by name, in the order of UTF-16 code units. */
  rows: string[];
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** How many facts two characters can tell apart. */
export const factLimit = digits.length ** 2;

/** The code of a fact, by its number. */
export const factCode = (fact: number): string =>
  digits.charAt(Math.floor(fact / digits.length)) + digits.charAt(fact % digits.length);

/** A model's facts as an object, made anew for each call; `undefined` where the catalogue lacks the name. */
export type RowReader = {
  find(name: string): Record<string, unknown> | undefined;
  has(name: string): boolean;
  /** The value of one field of one row, by the row's index. */
  field(index: number, field: string): unknown;
  name(index: number): string;
  size: number;
};

/** Reads a compact catalogue row by row. The table of facts is laid out at the first look-up. */
export function readRows(catalogue: CompactCatalogue): RowReader {
  const { rows } = catalogue;
  let facts: { field: string; value: unknown }[] | undefined;
  const factAt = (row: string, position: number) => {
    facts ??= Object.entries(catalogue.facts).flatMap(([field, values]) => values.map((value) => ({ field, value })));
    return facts[digits.indexOf(row.charAt(position)) * digits.length + digits.indexOf(row.charAt(position + 1))];
  };
  const line = (index: number) => rows[index] ?? "";
  const name = (index: number) => line(index).slice(0, line(index).indexOf("\t"));

  const indexOf = (wanted: string): number => {
    let low = 0;
    let high = rows.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = name(middle);
      if (found === wanted) return middle;
      if (found < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  };

  return {
    size: rows.length,
    name,
    has: (wanted) => indexOf(wanted) >= 0,
    field(index, field) {
      const row = line(index);
      for (let position = row.indexOf("\t") + 1; position < row.length; position += 2) {
        const fact = factAt(row, position);
        if (fact?.field === field) return fact.value;
      }
      return undefined;
    },
    find(wanted) {
      const index = indexOf(wanted);
      if (index < 0) return undefined;
      const row = line(index);
      const found: Record<string, unknown> = {};
      for (let position = row.indexOf("\t") + 1; position < row.length; position += 2) {
        const fact = factAt(row, position);
        // Lists and tables are shared by many models: a copy keeps one reader's change from the others.
        if (fact) found[fact.field] = typeof fact.value === "object" ? structuredClone(fact.value) : fact.value;
      }
      return found;
    },
  };
}

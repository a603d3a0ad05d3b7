/** Model figures → the compact catalogue (`src/models/rows.ts` reads it). The same figures give the same bytes. */
import { type CompactCatalogue, factCode, factLimit, readRows } from "../../src/models/rows.ts";

/** Model name → its figures, with LiteLLM's field names. */
export type Figures = Record<string, Record<string, unknown>>;

const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function byValue(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return byCodeUnit(JSON.stringify(a), JSON.stringify(b));
}

/** JSON with sorted keys, so that equal values have equal text. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => byCodeUnit(a, b))
      .map(([key, inner]) => [key, canonical(inner)]),
  );
}

/** Equal but for the order of keys. */
export const same = (a: unknown, b: unknown) => JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));

/** @throws Error where the format cannot hold the figures */
export function encode(figures: Figures, stamp: CompactCatalogue["stamp"], dated: string[]): CompactCatalogue {
  const distinct = new Map<string, Map<string, unknown>>();
  for (const info of Object.values(figures))
    for (const [field, value] of Object.entries(info)) {
      const values = distinct.get(field) ?? new Map<string, unknown>();
      distinct.set(field, values.set(JSON.stringify(canonical(value)), canonical(value)));
    }
  const facts: Record<string, unknown[]> = {};
  const numbers = new Map<string, number>();
  for (const field of [...distinct.keys()].sort(byCodeUnit)) {
    facts[field] = [...(distinct.get(field)?.values() ?? [])].sort(byValue);
    for (const value of facts[field]) numbers.set(`${field}\t${JSON.stringify(value)}`, numbers.size);
  }
  if (numbers.size > factLimit) throw new Error(`${numbers.size} facts, but the format can tell ${factLimit} apart`);

  const rows = Object.keys(figures)
    .sort(byCodeUnit)
    .map((name) => {
      if (name.includes("\t")) throw new Error(`a model name with a tab: ${JSON.stringify(name)}`);
      const own = Object.entries(figures[name] ?? {}).map(
        ([field, value]) => numbers.get(`${field}\t${JSON.stringify(canonical(value))}`) ?? Number.NaN,
      );
      return `${name}\t${own
        .sort((a, b) => a - b)
        .map(factCode)
        .join("")}`;
    });
  return { stamp, facts, dated: [...new Set(dated)].sort(byCodeUnit), rows };
}

export function decode(catalogue: CompactCatalogue): Figures {
  const reader = readRows(catalogue);
  const names = Array.from({ length: reader.size }, (_, index) => reader.name(index));
  return Object.fromEntries(names.map((name) => [name, reader.find(name) ?? {}]));
}

/** One row and one field a line: small enough, and a change of one model is a change of few lines. */
export function serialise({ stamp, facts, dated, rows }: CompactCatalogue): string {
  const lines = (items: string[]) => items.join(",\n");
  return [
    "{",
    `"stamp":${JSON.stringify(stamp)},`,
    `"facts":{\n${lines(Object.entries(facts).map(([field, values]) => `${JSON.stringify(field)}:${JSON.stringify(values)}`))}\n},`,
    `"dated":${JSON.stringify(dated)},`,
    `"rows":[\n${lines(rows.map((row) => JSON.stringify(row)))}\n]`,
    "}\n",
  ].join("\n");
}

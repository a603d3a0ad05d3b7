/** CSV as spreadsheets write it (RFC 4180): quotes, commas and line ends in cells, a byte order mark before the first. */
import { UsageExportError } from "./usage.ts";

/** A line of a table, and where it began. */
export interface CsvRow {
  line: number;
  /** By the name in the header; empty where the line is too short. */
  cells: Record<string, string>;
}

export interface CsvTable {
  columns: string[];
  rows: CsvRow[];
}

/** @throws UsageExportError where there is no table, or a quote has no end */
export function readCsv(text: string): CsvTable {
  const lines = [...cellsOf(text.replace(/^\uFEFF/, ""))].filter(({ cells }) => cells.some((cell) => cell !== ""));
  const [header, ...rest] = lines;
  if (header === undefined) throw new UsageExportError("the file is empty");
  const columns = header.cells.map((name) => name.trim());
  return {
    columns,
    rows: rest.map(({ line, cells }) => {
      if (cells.length > columns.length)
        throw new UsageExportError(`${cells.length} cells in a table of ${columns.length} columns`, { line });
      return { line, cells: Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? ""])) };
    }),
  };
}

function* cellsOf(text: string): Generator<{ line: number; cells: string[] }> {
  let cells: string[] = [];
  let line = 1;
  let begun = 1;
  const pattern = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|\n|\r|$)/y;
  while (pattern.lastIndex < text.length || cells.length > 0) {
    const match = pattern.exec(text);
    if (match === null)
      throw new UsageExportError("a quote that has no end, or stands in the middle of a cell", { line });
    const [, cell = "", end] = match;
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    line += cell.split("\n").length - 1;
    if (end === ",") continue;
    yield { line: begun, cells };
    cells = [];
    line += 1;
    begun = line;
    if (end === "") return;
  }
}

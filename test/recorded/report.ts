/** What a run found, as tables for a person. */
import { type Difference, showDifference } from "./difference.ts";
import { REASONS } from "./reasons.ts";
import type { Outcome } from "./run.ts";

type Side = Difference["side"];

/** @param whole all recordings were run: then a reason that explains nothing is one too many */
export function formatReport(outcomes: readonly Outcome[], whole: boolean): string {
  const groups = Map.groupBy(outcomes, ({ exchange }) => `${exchange.provider}/${exchange.endpoint}`);
  const rows = [...groups].map(([name, members]) => [name, ...countsOf(members)]);
  const header = ["provider/endpoint", "exchanges", "request same", "explained", "answer same", "explained", "failed"];
  return [
    table([header, ...rows, ["all", ...countsOf(outcomes)]]),
    "",
    "Reasons (differences, exchanges):",
    table(reasonRows(outcomes)),
    ...(whole ? unusedReasons(outcomes) : []),
  ].join("\n");
}

function countsOf(outcomes: readonly Outcome[]): string[] {
  const count = (test: (outcome: Outcome) => boolean) => String(outcomes.filter(test).length);
  const of = ({ findings }: Outcome, side: Side) => findings.filter(({ difference }) => difference.side === side);
  const same = (side: Side) => count((outcome) => of(outcome, side).length === 0 && wasCompared(outcome, side));
  const explained = (side: Side) =>
    count((outcome) => of(outcome, side).length > 0 && of(outcome, side).every(({ reason }) => reason));
  return [
    String(outcomes.length),
    same("request"),
    explained("request"),
    same("answer"),
    explained("answer"),
    count(isFailed),
  ];
}

/** The answer to a request that was never sent is not compared, nor is a request that was not recorded. */
function wasCompared({ exchange, findings }: Outcome, side: Side): boolean {
  if (side === "request") return exchange.request !== undefined;
  return !findings.some(({ difference }) => difference.side === "request" && difference.path === "");
}

export function isFailed({ findings }: Outcome): boolean {
  return findings.some(({ reason }) => reason === undefined);
}

/** The differences nobody explained, by exchange. */
export function formatFailures(outcomes: readonly Outcome[]): string {
  return outcomes
    .filter(isFailed)
    .map(({ exchange, findings }) =>
      [
        `${exchange.provider}/${exchange.endpoint} ${exchange.id} ${exchange.streaming ? "stream" : "whole"} ${exchange.model}`,
        ...findings
          .filter(({ reason }) => reason === undefined)
          .map(({ difference }) => `    ${showDifference(difference)}`),
      ].join("\n"),
    )
    .join("\n");
}

function unusedReasons(outcomes: readonly Outcome[]): string[] {
  const used = new Set(outcomes.flatMap(({ findings }) => findings.map(({ reason }) => reason)));
  const unused = REASONS.filter((reason) => !used.has(reason)).map(({ id }) => id);
  return unused.length > 0 ? [`Reasons that explain nothing: ${unused.join(", ")}`] : [];
}

function reasonRows(outcomes: readonly Outcome[]): string[][] {
  const all = outcomes.flatMap(({ exchange, findings }) =>
    findings.map(({ difference, reason }) => ({ id: exchange.id, side: difference.side, reason })),
  );
  const byReason = Map.groupBy(all, ({ reason }) => reason);
  return [...byReason]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([reason, found]) => [
      reason?.id ?? "UNEXPLAINED",
      String(found.length),
      String(new Set(found.map(({ id }) => id)).size),
      reason?.explanation ?? "",
    ]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isText = (column: number) => column === 0 || column > 6 || (rows[0]?.length === 4 && column === 3);
  return rows
    .map((row) =>
      row
        .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

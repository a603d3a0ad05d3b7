/**
 * `npm run check-config -- FILE`: what Sluice makes of a LiteLLM configuration, offline. Every setting in the file with
 * its state and its lines, then what is wrong. Exit code 1 where the gateway would not start with it.
 */
import { parseArgs, styleText } from "node:util";
import { type Diagnostic, formatDiagnostic, type Position } from "../src/gateway/config/diagnostics.ts";
import type { FoundSetting, FoundState } from "../src/gateway/config/inspect.ts";
import type { ParsedConfig } from "../src/gateway/config/parse.ts";
import { defaultConfig, readConfig } from "./read-config.ts";

const STATES: Readonly<Record<FoundState, string>> = {
  "in force": "in force",
  accepted: "accepted, not yet in force",
  unknown: "unknown",
};

/** Lines shown of a setting that stands in many places. */
const MAX_LINES = 6;

/** The report as text. `paint` colours a word of warning or error. */
export function report(
  file: string,
  parsed: ParsedConfig,
  env: Record<string, string | undefined>,
  paint: Paint,
): string {
  const { settings, diagnostics } = parsed;
  return [
    settings.length > 0 ? table(file, settings, paint) : "",
    variables(parsed, env),
    diagnostics.map((diagnostic) => painted(diagnostic, paint)).join("\n"),
    summary(settings, diagnostics),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

type Paint = (color: "red" | "yellow" | "dim", text: string) => string;

function table(file: string, settings: readonly FoundSetting[], paint: Paint): string {
  const rows = settings.map((setting) => [setting.name, stateOf(setting), lines(file, setting.positions)] as const);
  const [width, stateWidth] = [columnWidth(rows.map(([name]) => name)), columnWidth(rows.map(([, state]) => state))];
  const header = paint("dim", `${"setting".padEnd(width)}${"state".padEnd(stateWidth)}lines`);
  const body = rows.map(([name, state, where]) => {
    const cell = state.padEnd(stateWidth);
    return `${name.padEnd(width)}${state.startsWith(STATES.unknown) ? paint("yellow", cell) : cell}${where}`;
  });
  return [header, ...body].join("\n");
}

function stateOf({ state, suggestion }: FoundSetting): string {
  return suggestion === undefined ? STATES[state] : `${STATES[state]} (did you mean ${suggestion}?)`;
}

function lines(file: string, positions: readonly Position[]): string {
  const places = positions.map((position) =>
    position.file === file ? `${position.line}` : `${position.file}:${position.line}`,
  );
  const more = places.length > MAX_LINES ? ` and ${places.length - MAX_LINES} more` : "";
  return places.slice(0, MAX_LINES).join(", ") + more;
}

function columnWidth(cells: readonly string[]): number {
  return Math.max(...cells.map(({ length }) => length)) + 2;
}

function variables({ references }: ParsedConfig, env: Record<string, string | undefined>): string {
  const names = [...new Set(references.map(({ name }) => name))];
  if (names.length === 0) return "";
  const width = columnWidth(names);
  const rows = names.map((name) => `  ${name.padEnd(width)}${env[name] === undefined ? "not set here" : "set here"}`);
  return ["Environment variables it reads:", ...rows].join("\n");
}

function painted(diagnostic: Diagnostic, paint: Paint): string {
  return paint(diagnostic.severity === "error" ? "red" : "yellow", formatDiagnostic(diagnostic));
}

function summary(settings: readonly FoundSetting[], diagnostics: readonly Diagnostic[]): string {
  const counts = Object.entries(STATES)
    .map(([state, words]) => [settings.filter((setting) => setting.state === state).length, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`);
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const found = `${plural(errors, "error")}, ${plural(diagnostics.length - errors, "warning")}`;
  return counts.length === 0 ? found : `${plural(settings.length, "setting")}: ${counts.join("; ")}\n${found}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { config: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help || positionals.length > 1) {
    console.log("npm run check-config -- [FILE]    (./config.yaml, else the example config)");
    process.exit(values.help ? 0 : 2);
  }
  const file = positionals[0] ?? values.config ?? defaultConfig();
  const parsed = readConfig(file);
  console.log(report(file, parsed, process.env, (color, text) => styleText(color, text, { stream: process.stdout })));
  process.exitCode = parsed.diagnostics.some(({ severity }) => severity === "error") ? 1 : 0;
}

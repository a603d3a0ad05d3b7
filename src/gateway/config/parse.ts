/**
 * From files to the compiled configuration: a JSON document in which `os.environ/NAME` still stands as written,
 * with everything that is wrong or unknown told by file and line. Pure: files are read through a function.
 */

import { asRecord, isRecord } from "../../formats/json.ts";
import { formatPath } from "../../formats/path.ts";
import type { ProviderLookup } from "../../router/lookup.ts";
import { type Environment, findReferences, findReferencesWithin } from "../../router/settings/environment.ts";
import type { Path } from "../../router/settings/table.ts";
import { checkConfig } from "./checks.ts";
import type { Diagnostic, Position } from "./diagnostics.ts";
import { type FoundSetting, inspectSettings } from "./inspect.ts";
import { locate, type Positions, readYaml } from "./yaml.ts";

/**
 * Finds a file. `name` is as it is written; `from` is the file that includes it, as `ReadFile` itself named it.
 * Gives the file under the name that messages use, or `undefined` where there is none.
 */
export type ReadFile = (name: string, from: string | undefined) => { name: string; text: string } | undefined;

export interface ParsedConfig {
  /** Plain JSON, includes merged. This is what `loadConfig` takes. */
  compiled: Record<string, unknown>;
  /** In the order of the files' lines. */
  diagnostics: Diagnostic[];
  /** Each setting in the file with its state, in the same order. */
  settings: FoundSetting[];
  /** Each `os.environ/NAME`. */
  references: { name: string; path: string; position: Position }[];
}

/**
 * Reads a configuration and all it includes.
 * @param name of the main file, handed to `read`
 * @param providers to check each model's provider; without it none is checked
 */
export function parseConfig(name: string, read: ReadFile, providers?: ProviderLookup): ParsedConfig {
  const positions: Positions = new WeakMap();
  const diagnostics: Diagnostic[] = [];
  const begin: Position = { file: name, line: 1, column: 1 };
  const main = read(name, undefined);
  if (main === undefined) {
    diagnostics.push({ severity: "error", position: begin, path: "", message: "there is no such file" });
    return { compiled: {}, diagnostics, settings: [], references: [] };
  }
  const compiled = readFiles(main, read, positions, diagnostics);
  const at = (path: Path) => locate(compiled, path, positions, { ...begin, file: main.name });
  const report = (severity: Diagnostic["severity"], path: Path, message: string) =>
    diagnostics.push({ severity, position: at(path), path: formatPath(path), message });

  const settings = diagnostics.some(({ severity }) => severity === "error")
    ? [] // what could not be read makes everything else look wrong
    : inspectSettings(compiled, at, report);
  if (settings.length > 0) checkConfig(compiled, report, providers);
  const endpoints = asRecord(compiled["general_settings"])["pass_through_endpoints"];
  const within = findReferencesWithin(endpoints, ["general_settings", "pass_through_endpoints"]);
  const references = [...findReferences(compiled), ...within].map(({ name: variable, path }) => ({
    name: variable,
    path: formatPath(path),
    position: at(path),
  }));
  return {
    compiled,
    diagnostics: inOrder(diagnostics, ({ position }) => position),
    settings: inOrder(settings, ({ positions: [first] }) => first),
    references,
  };
}

/**
 * What the environment lacks: a warning for each variable that is not set, an error where it is the master key,
 * without which nobody could be let in. `environment_variables` of the file count as set.
 */
export function checkEnvironment(parsed: ParsedConfig, environment: Environment): Diagnostic[] {
  const unset = new Set(unsetVariables(parsed, environment));
  const isSet = (name: string) => !unset.has(name);
  const first = new Map(parsed.references.toReversed().map((reference) => [reference.name, reference]));
  const warnings = [...first.values()]
    .filter(({ name, path }) => !isSet(name) && path !== MASTER_KEY)
    .map(({ name, path, position }): Diagnostic => {
      return { severity: "warning", position, path, message: `the environment variable ${name} is not set` };
    });
  const master = parsed.references.find(({ name, path }) => path === MASTER_KEY && !isSet(name));
  if (master === undefined) return warnings;
  const message = `the environment variable ${master.name} is not set; without a master key nobody can use the gateway`;
  return [...warnings, { severity: "error", position: master.position, path: MASTER_KEY, message }];
}

/** Names of variables the configuration refers to and nobody sets. */
export function unsetVariables({ compiled, references }: ParsedConfig, environment: Environment): string[] {
  const section = compiled["environment_variables"];
  const own = isRecord(section) ? section : {};
  const isSet = (name: string) =>
    environment[name] !== undefined || (name in own && own[name] !== `os.environ/${name}`);
  return [...new Set(references.map(({ name }) => name))].filter((name) => !isSet(name));
}

const MASTER_KEY = "general_settings.master_key";

/** The main file with its includes merged into it, depth first. */
function readFiles(
  main: { name: string; text: string },
  read: ReadFile,
  positions: Positions,
  diagnostics: Diagnostic[],
): Record<string, unknown> {
  const seen = new Set<string>();

  const readOne = (file: { name: string; text: string }, open: readonly string[]): Record<string, unknown> => {
    seen.add(file.name);
    const begin: Position = { file: file.name, line: 1, column: 1 };
    const { value, diagnostics: found } = readYaml(file.name, file.text, positions);
    diagnostics.push(...found);
    if (found.some(({ severity }) => severity === "error")) return {};
    const report = (severity: Diagnostic["severity"], path: Path, message: string) =>
      diagnostics.push({ severity, position: locate(value, path, positions, begin), path: formatPath(path), message });
    if (!isRecord(value)) {
      report("error", [], value === null || value === undefined ? "the file is empty" : "the file must hold a map");
      return {};
    }
    const { include } = value;
    delete value["include"];
    if (include === undefined || include === null) return value;
    if (!Array.isArray(include)) {
      report("error", ["include"], "must be a list of files");
      return value;
    }
    for (const [index, name] of include.entries()) {
      const path = ["include", index];
      const place = positions.get(include)?.get(String(index)) ?? begin;
      const tell = (severity: Diagnostic["severity"], message: string) =>
        diagnostics.push({ severity, position: place, path: formatPath(path), message });
      if (typeof name !== "string") {
        tell("error", "must be the name of a file");
        continue;
      }
      const included = read(name, file.name);
      if (included === undefined) tell("error", `there is no file ${name}`);
      else if ([...open, file.name].includes(included.name))
        tell("error", `${name} includes itself, by way of this file`);
      else if (seen.has(included.name)) tell("warning", `${name} is included already; it counts once`);
      else mergeInto(value, readOne(included, [...open, file.name]), positions, diagnostics);
    }
    return value;
  };

  return readOne(main, []);
}

/**
 * Lists are appended to, maps get the included file's settings on top, anything else is replaced. LiteLLM replaces
 * a whole section where both files have it; keeping what only the main file says loses nothing, and is told.
 */
function mergeInto(
  into: Record<string, unknown>,
  from: Record<string, unknown>,
  positions: Positions,
  diagnostics: Diagnostic[],
): void {
  for (const [name, value] of Object.entries(from)) {
    const present = into[name];
    const place = positions.get(from)?.get(name);
    if (Array.isArray(present) && Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        const itemPlace = positions.get(value)?.get(String(index));
        if (itemPlace !== undefined) positions.get(present)?.set(String(present.length), itemPlace);
        present.push(item);
      }
    } else if (isRecord(present) && isRecord(value)) {
      if (place !== undefined && name !== "environment_variables")
        diagnostics.push({
          severity: "warning",
          position: place,
          path: name,
          message: "stands in the including file too; both are merged, where LiteLLM keeps this one only",
        });
      for (const [inner, setting] of Object.entries(value)) {
        present[inner] = setting;
        const innerPlace = positions.get(value)?.get(inner);
        if (innerPlace !== undefined) positions.get(present)?.set(inner, innerPlace);
      }
    } else {
      into[name] = value;
      if (place !== undefined) positions.get(into)?.set(name, place);
    }
  }
}

/** By file, as they are first met, then by line. */
function inOrder<T>(things: readonly T[], placeOf: (thing: T) => Position | undefined): T[] {
  const files = [...new Set(things.map((thing) => placeOf(thing)?.file))];
  return things.toSorted((left, right) => {
    const [a, b] = [placeOf(left), placeOf(right)];
    if (a === undefined || b === undefined) return 0;
    return files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column;
  });
}

/** Reads a configuration and what it includes from disk. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { type ParsedConfig, parseConfig, type ReadFile } from "../src/gateway/config/parse.ts";
import { registeredProviders } from "../src/router/lookup.ts";

const EXAMPLE = join(import.meta.dirname, "..", "config.example.yaml");

/** The file to read where none is named: `./config.yaml`, else the repository's example. */
export function defaultConfig(): string {
  return existsSync("config.yaml") ? "config.yaml" : shown(EXAMPLE);
}

/** Parses a configuration file and checks all that can be checked without its environment. */
export function readConfig(file: string): ParsedConfig {
  return parseConfig(file, readFile, registeredProviders);
}

/** Includes start at the file that names them. */
const readFile: ReadFile = (name, from) => {
  const path = resolve(from === undefined ? "." : dirname(from), name);
  if (!existsSync(path) || !statSync(path).isFile()) return undefined;
  return { name: shown(path), text: readFileSync(path, "utf8") };
};

/** A path as people write it: from here, unless it is elsewhere. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || isAbsolute(short) ? path : short;
}

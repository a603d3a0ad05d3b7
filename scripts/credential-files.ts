/**
 * Credentials of Google's are often named by the path to their file. A Worker has no files: they are read where it is
 * compiled, or started.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isRecord } from "../src/formats/json.ts";
import type { Environment } from "../src/router/settings/environment.ts";
import { isReference, referenceName } from "../src/router/settings/environment.ts";

const FIELD = /^vertex_(?:ai_)?credentials$/;

/** Variables by which Google's own tools, or LiteLLM, name the file. */
const VARIABLES = [
  "GOOGLE_APPLICATION_CREDENTIALS",
  "VERTEXAI_CREDENTIALS",
  "VERTEX_CREDENTIALS",
  "DEFAULT_GOOGLE_APPLICATION_CREDENTIALS",
];

export interface WithCredentials {
  compiled: Record<string, unknown>;
  /** Files that are named and not there, a line each. */
  warnings: string[];
  /** Variables that may hold a path. */
  variables: string[];
}

/**
 * The configuration with files of credentials in place of their paths.
 * @param file the configuration's: paths start where the command is run, as in LiteLLM, or at this file
 */
export function withCredentialFiles(compiled: Record<string, unknown>, file: string): WithCredentials {
  const warnings: string[] = [];
  const variables = new Set(VARIABLES);
  const read = (value: unknown, name: string, path: string): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => read(item, name, `${path}[${index}]`));
    if (FIELD.test(name) && isReference(value)) variables.add(referenceName(value));
    if (FIELD.test(name) && typeof value === "string" && isPath(value)) {
      const text = textOf(value, [".", dirname(file)]);
      if (text === undefined) warnings.push(`${path}: there is no file ${value}`);
      return text ?? value;
    }
    if (!isRecord(value) || FIELD.test(name)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, read(inner, key, path === "" ? key : `${path}.${key}`)]),
    );
  };
  return { compiled: read(compiled, "", "") as Record<string, unknown>, warnings, variables: [...variables] }; // a map stays one
}

/** An environment in which these variables hold what is in the files they name. */
export function withFilesRead<Env extends Environment>(env: Env, variables: readonly string[]): Env {
  const read = variables.flatMap((name) => {
    const value = env[name];
    const text = value !== undefined && isPath(value) ? textOf(value, ["."]) : undefined;
    return text === undefined ? [] : [[name, text] as const];
  });
  return { ...env, ...Object.fromEntries(read) };
}

/** Neither JSON nor a variable. */
function isPath(value: string): boolean {
  return value.trim() !== "" && !value.trim().startsWith("{") && !isReference(value);
}

function textOf(path: string, folders: readonly string[]): string | undefined {
  const found = folders.map((folder) => resolve(folder, path)).find((one) => existsSync(one) && statSync(one).isFile());
  return found === undefined ? undefined : readFileSync(found, "utf8");
}

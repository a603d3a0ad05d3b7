/** Values from outside the file: `os.environ/NAME`, and the section `environment_variables`. */
import { Secret } from "../../credentials/secret.ts";
import type { Path } from "./table.ts";

/** Variables by name: the Worker's bindings, or a process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = "os.environ/";

/** A variable with a token of OpenID Connect; resolved, the token stands after `oidc/`, as it is none of the provider's. */
const OIDC_REFERENCE = "oidc/env/";

/** Does this value stand for a variable? */
export function isReference(value: unknown): value is `os.environ/${string}` | `oidc/env/${string}` {
  return typeof value === "string" && (value.startsWith(REFERENCE) || value.startsWith(OIDC_REFERENCE));
}

/** The variable a reference names. */
export function referenceName(reference: string): string {
  return reference.replace(/^(?:os\.environ|oidc\/env)\//, "").trim();
}

function resolved(reference: string, environment: Environment): string | undefined {
  const value = environment[referenceName(reference)];
  return value === undefined || reference.startsWith(REFERENCE) ? value : `oidc/${value}`;
}

/** In headers of pass-through endpoints a variable may stand after other words: `Bearer os.environ/NAME`. */
const WITHIN = /\s(?:os\.environ\/)(\w+)/g;

/** Variables named after other words, with the way to them. */
export function findReferencesWithin(value: unknown, path: Path = []): { name: string; path: Path }[] {
  if (typeof value === "string") return [...value.matchAll(WITHIN)].map(([, name = ""]) => ({ name, path }));
  if (typeof value !== "object" || value === null) return [];
  return entries(value).flatMap(([step, inner]) => findReferencesWithin(inner, [...path, step]));
}

/** A text with the variables it names after other words; empty where one is not set. */
export function fillReferences(text: string, variable: (name: string) => string | undefined): string {
  return text.replace(WITHIN, (_, name: string) => ` ${variable(name) ?? ""}`);
}

/** Every `os.environ/NAME` in a value, with the way to it. */
export function findReferences(value: unknown, path: Path = []): { name: string; path: Path }[] {
  if (isReference(value)) return [{ name: referenceName(value), path }];
  if (typeof value !== "object" || value === null) return [];
  return entries(value).flatMap(([step, inner]) => findReferences(inner, [...path, step]));
}

/**
 * A copy with every `os.environ/NAME` replaced. What is not set, and what is `null`, is left out: to LiteLLM both
 * are as if they were not there.
 */
export function resolveReferences(value: unknown, environment: Environment): unknown {
  if (isReference(value)) return resolved(value, environment);
  if (Array.isArray(value))
    return value.map((item) => resolveReferences(item, environment)).filter((item) => item !== undefined);
  if (typeof value !== "object") return value;
  if (value === null) return undefined;
  const entries = Object.entries(value).map(([name, inner]) => [name, resolveReferences(inner, environment)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

/**
 * The environment with `environment_variables` set in it. The section wins, as in LiteLLM, where it is written into
 * the process's environment; a reference that is not set changes nothing.
 */
export function extendEnvironment(section: unknown, environment: Environment): Environment {
  if (typeof section !== "object" || section === null || Array.isArray(section)) return environment;
  const resolved = Object.entries(section).map(
    ([name, value]) => [name, resolveReferences(value, environment)] as const,
  );
  return { ...environment, ...Object.fromEntries(resolved.filter(([, value]) => value !== undefined).map(asText)) };
}

function asText([name, value]: readonly [string, unknown]): [string, string] {
  return [name, typeof value === "object" ? JSON.stringify(value) : String(value)];
}

/** Names under which something secret is kept. Prices "per token" are no tokens. */
const SECRET_NAME =
  /(?:^|[_-])(?:key|secret|password|passwd|token|credentials?|authorization|license|dsn|connection_string|webhook_url|database_url|redis_url)$/i;
const NOT_SECRET = /cost|cache_key$|^(?:bos|eos|stop)_token$/i;

/** Is what stands under this name a secret? */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !NOT_SECRET.test(name);
}

/** A copy in which whatever is secret by its name is a `Secret`. */
export function hideSecrets(value: unknown, name = ""): unknown {
  if (value instanceof Secret) return value;
  const secret = isSecretName(name);
  if (secret && typeof value === "string") return new Secret(value);
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, name));
  if (typeof value !== "object" || value === null) return value;
  if (secret) return new Secret(JSON.stringify(value)); // a service account written as a map
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideSecrets(inner, key)]));
}

function entries(value: object): [string | number, unknown][] {
  return Array.isArray(value) ? [...value.entries()] : Object.entries(value);
}

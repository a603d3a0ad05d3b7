/** What one request says of the cache: LiteLLM's `cache` in the body, and HTTP's `Cache-Control`. */
import { BadRequestError, PermissionDeniedError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import { LONGEST_NAMESPACE } from "./settings.ts";

export interface CacheControls {
  /** Seconds for which the answer is kept. */
  ttl?: number;
  /** Seconds that an answer may be old. */
  maxAge?: number;
  /** Do not look for an answer. */
  noCache?: boolean;
  /** Do not keep the answer. */
  noStore?: boolean;
  namespace?: string;
  /** Use the cache where it is only used on request (`mode: default_off`). */
  useCache?: boolean;
}

/** Where a request says it, as it came. */
export interface GivenControls {
  /** `cache` of the body. */
  cache?: unknown;
  /** `caching` of the body: `false` is neither to read nor to write. */
  caching?: unknown;
  /** `Cache-Control`. */
  header?: string | null;
}

/** Ten years: longer than any store keeps anything. */
const LONGEST_TTL = 10 * 365 * 24 * 3600;

/**
 * @param allowed names of those a key may set; an empty list: all
 * @throws BadRequestError, PermissionDeniedError
 */
export function cacheControls(given: GivenControls, allowed: readonly string[] = []): CacheControls {
  const said = { ...inHeader(given.header ?? ""), ...inBody(given.cache) };
  const refused = Object.keys(said).find((name) => allowed.length > 0 && !allowed.includes(name));
  if (refused !== undefined)
    throw new PermissionDeniedError(`This key may not set the cache control ${refused}: ask the gateway's admin.`, {
      param: `cache.${refused}`,
    });
  const ttl = seconds(said["ttl"], "ttl");
  const maxAge = seconds(said["s-maxage"] ?? said["s-max-age"], "s-maxage");
  const namespace = text(said["namespace"], "namespace");
  const isOff = given.caching === false;
  return {
    ...(ttl !== undefined && { ttl }),
    ...(maxAge !== undefined && { maxAge }),
    ...(namespace !== undefined && { namespace }),
    ...((isOff || flag(said["no-cache"], "no-cache")) && { noCache: true }),
    ...((isOff || flag(said["no-store"], "no-store")) && { noStore: true }),
    ...(flag(said["use-cache"], "use-cache") && { useCache: true }),
  };
}

const NAMES: ReadonlySet<string> = new Set([
  "ttl",
  "s-maxage",
  "s-max-age",
  "no-cache",
  "no-store",
  "namespace",
  "use-cache",
]);

/** What is no control is not looked at, as in LiteLLM. */
function inBody(cache: unknown): Record<string, unknown> {
  if (cache === undefined || cache === null || typeof cache === "boolean") return {};
  if (!isRecord(cache))
    throw new BadRequestError('litellm.BadRequestError: cache must be an object, such as {"no-cache": true}', {
      param: "cache",
    });
  return Object.fromEntries(Object.entries(cache).filter(([name, value]) => NAMES.has(name) && value !== null));
}

/** Directives that have a meaning here; of others (`max-stale`, ...) a cache may make what it likes. */
function inHeader(header: string): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const directive of header.split(",")) {
    const [name = "", value] = directive.split("=").map((part) => part.trim().toLowerCase());
    if (name === "no-cache" || name === "no-store") said[name] = true;
    // A shared cache's age wins over a private one's.
    if (name === "max-age" && /^\d+$/.test(value ?? "")) said["s-maxage"] ??= Number(value);
    if ((name === "s-maxage" || name === "ttl") && /^\d+$/.test(value ?? "")) said[name] = Number(value);
  }
  return said;
}

function seconds(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && number >= 0 && number <= LONGEST_TTL) return number;
  throw wrong(name, "a number of seconds, 0 or more");
}

function flag(value: unknown, name: string): boolean {
  if (value === undefined || value === false || value === "false") return false;
  if (value === true || value === "true") return true;
  throw wrong(name, "true or false");
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length > 0 && value.length <= LONGEST_NAMESPACE && value.isWellFormed())
    return value;
  throw wrong(name, `a text of 1 to ${LONGEST_NAMESPACE} characters`);
}

function wrong(name: string, expected: string): BadRequestError {
  return new BadRequestError(`litellm.BadRequestError: cache.${name} must be ${expected}`, { param: `cache.${name}` });
}

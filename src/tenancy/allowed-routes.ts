/** A key's `allowed_routes`: groups of routes, paths, and paths that end in a wildcard. */
import type { RouteGroup } from "./roles.ts";

/** Older and finer names of LiteLLM's for groups. */
const GROUP_ALIASES: Readonly<Record<string, RouteGroup>> = {
  llm_api_routes: "llm_api_routes",
  openai_routes: "llm_api_routes",
  anthropic_routes: "llm_api_routes",
  google_routes: "llm_api_routes",
  pass_through_routes: "llm_api_routes",
  info_routes: "info_routes",
  management_routes: "management_routes",
  key_management_routes: "management_routes",
  spend_tracking_routes: "spend_tracking_routes",
  global_spend_tracking_routes: "spend_tracking_routes",
};

/** What `key_type` stands for. */
export const KEY_TYPES = {
  default: [],
  llm_api: ["llm_api_routes"],
  management: ["management_routes"],
  read_only: ["info_routes"],
} as const;

/** @param allowed of a key; an empty list allows all its role may */
export function isRouteAllowed(allowed: readonly string[], group: RouteGroup, path: string): boolean {
  if (allowed.length === 0) return true;
  return allowed.some((entry) => {
    const named = Object.hasOwn(GROUP_ALIASES, entry) ? GROUP_ALIASES[entry] : undefined;
    if (named !== undefined) return named === group || (named === "management_routes" && group === "info_routes");
    return entry.endsWith("*") ? path.startsWith(entry.slice(0, -1)) : withoutSlash(path) === withoutSlash(entry);
  });
}

/** Does the first list allow nothing that the second does not? */
export function isWithinRoutes(wanted: readonly string[], held: readonly string[]): boolean {
  if (held.length === 0) return true;
  if (wanted.length === 0) return false;
  return wanted.every((entry) => held.some((own) => covers(own, entry)));
}

function covers(own: string, entry: string): boolean {
  if (own === entry) return true;
  return own.endsWith("*") && entry.startsWith(own.slice(0, -1)); // a longer wildcard is narrower
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

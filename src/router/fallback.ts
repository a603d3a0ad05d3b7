/** Which models stand in for one that failed. Source: LiteLLM's router (`headers-and-routing`, 4.4). */
import { ContentPolicyViolationError, ContextWindowExceededError, type SluiceError } from "../formats/errors.ts";
import type { Fallback, FallbackTable, RouteRequest, RoutingSettings } from "./request.ts";

/** The fallbacks of a group for an error, in order. Empty where there are none. */
export function fallbacksFor(
  error: SluiceError,
  group: string,
  request: Pick<RouteRequest, "fallbacks" | "contextWindowFallbacks" | "contentPolicyFallbacks">,
  settings: RoutingSettings,
): readonly Fallback[] {
  const special =
    error instanceof ContextWindowExceededError
      ? (request.contextWindowFallbacks ?? settings.contextWindowFallbacks)
      : error instanceof ContentPolicyViolationError
        ? (request.contentPolicyFallbacks ?? settings.contentPolicyFallbacks)
        : undefined;
  // Where a list for this error exists only that list counts, also if it has nothing for the group.
  if (special !== undefined) return lookUp(special, group) ?? [];
  if (request.fallbacks !== undefined && request.fallbacks.length > 0) return plain(request.fallbacks, group);
  return lookUp(settings.fallbacks, group) ?? settings.defaultFallbacks;
}

/** Exact group, then the group without its provider's prefix, then `*`. */
function lookUp(table: FallbackTable, group: string): readonly Fallback[] | undefined {
  const bare = group.includes("/") ? group.slice(group.indexOf("/") + 1) : undefined;
  for (const name of [group, bare, "*"]) {
    if (name === undefined) continue;
    const row = table.find((entry) => Object.hasOwn(entry, name));
    if (row?.[name] !== undefined) return row[name];
  }
  return undefined;
}

/** A request's own list is of names and parameter sets; the config's form, `[{group: [...]}]`, is understood too. */
function plain(fallbacks: readonly Fallback[], group: string): readonly Fallback[] {
  const isTable = fallbacks.every(
    (fallback) =>
      typeof fallback === "object" &&
      Object.values(fallback).every((value) => Array.isArray(value)) &&
      !("messages" in fallback),
  );
  return isTable ? (lookUp(fallbacks as FallbackTable, group) ?? []) : fallbacks; // lists only: the check just made
}

/** The model a fallback asks for. */
export function modelOf(fallback: Fallback): string | undefined {
  const model = typeof fallback === "string" ? fallback : fallback["model"];
  return typeof model === "string" ? model : undefined;
}

/** What another level or deployment of the same model would refuse as well. */
export function isPromptsFault(error: SluiceError): boolean {
  return error instanceof ContextWindowExceededError || error instanceof ContentPolicyViolationError;
}

/** The first failure, with what was tried after it, in LiteLLM's words. */
export function explained(
  error: SluiceError,
  last: SluiceError,
  group: string,
  fallbacks: readonly Fallback[],
): SluiceError {
  const names = fallbacks.map((fallback) => modelOf(fallback) ?? "params");
  const shown = names.length === 0 ? "None" : JSON.stringify(names);
  error.message += `. Received Model Group=${group}\nAvailable Model Group Fallbacks=${shown}`;
  if (last !== error) error.message += `\nError doing the fallback: ${last.message}`;
  return error;
}

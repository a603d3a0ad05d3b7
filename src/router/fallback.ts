/** Which models stand in for one that failed. Source: LiteLLM's router (`headers-and-routing`, 4.4). */
import { ContentPolicyViolationError, ContextWindowExceededError, type SluiceError } from "../formats/errors.ts";
import type { Fallback, FallbackTable, RouteRequest, RoutingSettings } from "./request.ts";

/** Fallbacks in order. */
export interface FallbackPlan {
  list: readonly Fallback[];
  /** The client named them, not the configuration. */
  isClients: boolean;
}

/** The fallbacks of a group for an error; an empty list where there are none. */
export function fallbacksFor(
  error: SluiceError,
  group: string,
  request: Pick<RouteRequest, "fallbacks" | "contextWindowFallbacks" | "contentPolicyFallbacks">,
  settings: RoutingSettings,
): FallbackPlan {
  const own = request.fallbacks ?? [];
  if (own.length > 0 && !isTable(own)) return { list: own, isClients: true }; // for any error
  const special =
    error instanceof ContextWindowExceededError
      ? chosen(request.contextWindowFallbacks, settings.contextWindowFallbacks)
      : error instanceof ContentPolicyViolationError
        ? chosen(request.contentPolicyFallbacks, settings.contentPolicyFallbacks)
        : undefined;
  // Where a list for this error exists only that list counts, also if it has nothing for the group.
  if (special !== undefined) return { list: lookUp(special.table, group) ?? [], isClients: special.isClients };
  if (own.length > 0 && isTable(own)) return { list: lookUp(own, group) ?? [], isClients: true };
  return { list: lookUp(settings.fallbacks, group) ?? settings.defaultFallbacks, isClients: false };
}

function chosen(clients: FallbackTable | undefined, configured: FallbackTable | undefined) {
  const table = clients ?? configured;
  return table && { table, isClients: clients !== undefined };
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
function isTable(fallbacks: readonly Fallback[] | FallbackTable): fallbacks is FallbackTable {
  return fallbacks.every(
    (fallback) =>
      typeof fallback === "object" &&
      Object.values(fallback).every((value) => Array.isArray(value)) &&
      !("messages" in fallback),
  );
}

/** The model a fallback asks for. */
export function modelOf(fallback: Fallback): string | undefined {
  const model = typeof fallback === "string" ? fallback : fallback["model"];
  return typeof model === "string" ? model : undefined;
}

/** What a fallback replaces in the request, beside the model. */
export function paramsOf(fallback: Fallback): Readonly<Record<string, unknown>> {
  if (typeof fallback === "string") return {};
  const { model: _, ...params } = fallback;
  return params;
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
  const names = fallbacks.map((fallback) => `'${modelOf(fallback) ?? "params"}'`);
  const shown = names.length === 0 ? "None" : `[${names.join(", ")}]`;
  error.message += `. Received Model Group=${group}\nAvailable Model Group Fallbacks=${shown}`;
  if (last !== error) error.message += `\nError doing the fallback: ${last.message}`;
  return error;
}

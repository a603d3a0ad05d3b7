/** Where and how an operation of a provider that speaks OpenAI's format is reached. */
import { AuthenticationError, BadRequestError } from "../../formats/errors.ts";
import { joinUrl, safePath } from "../http.ts";
import type { NativeCall, Provider, Target, UpstreamRequest } from "../provider.ts";

/** A provider's own address, and how its key is sent. */
export interface Host extends Pick<Provider, "slug" | "label" | "keyless" | "keyVariables"> {
  /**
   * Base URL; `{name}` is filled from `target.params`. Absent: `api_base` must be given.
   * `target.apiBase` replaces it.
   */
  base?: string;
  /** What of the base stands before the path of an operation; all of it, unless said. */
  root?: (base: string) => string;
  /** How the key is sent; `authorization: Bearer` unless said. */
  auth?: (key: string, target: Target, base: string) => Record<string, string>;
}

/** Appended to the base; also where it depends on the base or the model. */
export type Path = string | ((target: Target, base: string) => string);

/**
 * A POST of JSON to an operation, but for its body.
 * @param headers of the provider's own, names in lower case
 * @throws BadRequestError where a base or a part of it is missing, AuthenticationError where the key is
 */
export function postTo(
  host: Host,
  path: Path,
  target: Target,
  headers: Record<string, string> = {},
): Omit<UpstreamRequest, "body"> {
  const base = baseOf(host, target);
  return {
    method: "POST",
    url: joinUrl(rootOf(host, base), typeof path === "function" ? path(target, base) : path),
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      ...authOf(host, target, base),
      ...headers,
      ...target.headers,
    },
  };
}

/** The provider's own API: the client's request with the gateway's key. @throws as `postTo` */
export function nativeCall(
  host: Host,
  { method, path, headers, body }: NativeCall,
  target: Target,
  own: Record<string, string> = {},
): UpstreamRequest {
  const base = baseOf(host, target);
  const given = { ...headers, ...authOf(host, target, base), ...own, ...target.headers };
  const url = joinUrl(rootOf(host, base), safePath(path));
  return { method, url, headers: given, ...(body !== undefined && { body }) };
}

function rootOf({ root }: Host, base: string): string {
  return root?.(base) ?? base;
}

function baseOf(host: Host, target: Target): string {
  const base = target.apiBase ?? host.base;
  if (base === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${host.slug} needs an api_base`, details(target, "api_base"));
  return base.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = target.params?.[name];
    // What goes into a host name or a path must not be able to change either.
    if (typeof value !== "string" || !/^\w[\w.-]*$/.test(value))
      throw new BadRequestError(
        `litellm.BadRequestError: ${host.slug} needs ${name} (or an api_base)`,
        details(target, name),
      );
    return value;
  });
}

function authOf(host: Host, target: Target, base: string): Record<string, string> {
  const key = target.apiKey?.reveal();
  if (key) return host.auth?.(key, target, base) ?? { authorization: `Bearer ${key}` };
  if (host.keyless || target.headers?.["authorization"] || target.headers?.["api-key"]) return {};
  const hint = host.keyVariables[0] === undefined ? "" : ` or ${host.keyVariables[0]}`;
  throw new AuthenticationError(
    `litellm.AuthenticationError: ${host.label}Exception - no API key: set api_key${hint}`,
    details(target, "api_key"),
  );
}

function details(target: Target, param: string) {
  return { provider: target.provider, model: target.model, param };
}

/** Where Anthropic's API is, and what it is told in headers. */
import { joinUrl, safePath } from "../http.ts";
import type { NativeCall, Target, UpstreamRequest } from "../provider.ts";

const BASE = "https://api.anthropic.com";
const VERSION = "2023-06-01";
const OAUTH_BETA = "oauth-2025-04-20";

/** `base` may be the host, its `/v1`, or the endpoint itself. */
export function endpoint(base: string | undefined): string {
  const url = (base ?? BASE).replace(/\/+$/, "");
  if (url.endsWith("/v1/messages")) return url;
  return url.endsWith("/v1") ? `${url}/messages` : `${url}/v1/messages`;
}

/** @param betas the request needs, beside those that target and key bring */
export function headers(target: Target, betas: readonly string[] = []): Record<string, string> {
  const own = target.headers ?? {};
  const key = target.apiKey?.reveal();
  const isToken = key?.startsWith("sk-ant-oat") === true;
  const given = listOf(own["anthropic-beta"]);
  const more = [...(isToken ? [OAUTH_BETA] : []), ...betas].filter((beta) => !given.includes(beta));
  const sent: Record<string, string> = { "content-type": "application/json", "anthropic-version": VERSION };
  if (key && !own["authorization"] && !own["x-api-key"])
    sent[isToken ? "authorization" : "x-api-key"] = isToken ? `Bearer ${key}` : key;
  Object.assign(sent, own);
  // What the client wrote goes on as it is.
  if (more.length > 0) sent["anthropic-beta"] = [...given, ...new Set(more)].join(",");
  return sent;
}

/** The client's own request, with the gateway's key. @throws BadRequestError where its path is none */
export function native({ method, path, headers: given, body }: NativeCall, target: Target): UpstreamRequest {
  const base = (target.apiBase ?? BASE).replace(/\/v1(?:\/messages)?\/*$/, "");
  const sent = headers({ ...target, headers: { ...given, ...target.headers } });
  if (body instanceof FormData) delete sent["content-type"]; // the form's own names its boundary
  return { method, url: joinUrl(base, safePath(path)), headers: sent, ...(body !== undefined && { body }) };
}

function listOf(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

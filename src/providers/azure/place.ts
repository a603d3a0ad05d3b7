/**
 * Where Azure OpenAI serves a deployment, from whichever address its users have copied. Source: Microsoft, "Azure OpenAI
 * REST API reference" (versions with a date) and "Azure OpenAI v1 API" (`/openai/v1`, whose models stand in the body).
 */
import type { Target } from "../provider.ts";

/** Two layouts of one API. */
export type Layout =
  /** `/openai/v1/...`; `query` only where it is asked for by a version of its own. */
  | { name: "v1"; query: string }
  /** `/openai/...?api-version=`, and operations of models below `/openai/deployments/{name}`. */
  | { name: "dated"; version: string };

/** What an `api_base` says. */
interface Base {
  /** Host, and what a proxy puts before Azure's own path. */
  root: string;
  isV1: boolean;
  /** The deployment, where the address names one. */
  deployment: string | undefined;
  /** `api-version` of its query. */
  version: string | undefined;
}

/** LiteLLM's, where nothing says another. */
const USUAL_VERSION = "2025-02-01-preview";

/** An address as the portal shows it: the resource, or the whole of an operation. */
const AZURES_PATH =
  /\/+openai(?:\/(?<v1>v1)(?:\/.*)?|\/deployments\/(?<deployment>[^/]+)(?:\/.*)?|\/(?:responses|realtime|files|batches)(?:\/.*)?)?$/;

function readBase(base: string): Base {
  const [address = "", query = ""] = base.split("?", 2);
  const plain = address.replace(/\/+$/, "");
  const found = AZURES_PATH.exec(plain);
  const deployment = found?.groups?.["deployment"];
  return {
    root: found === null ? plain : plain.slice(0, found.index),
    isV1: found?.groups?.["v1"] !== undefined,
    deployment: deployment === undefined ? undefined : unescaped(deployment),
    version: new URLSearchParams(query).get("api-version") ?? undefined,
  };
}

/** What of the base stands before every path. */
export function rootOf(base: string): string {
  return readBase(base).root;
}

/** The name it has at Azure. LiteLLM's `o_series/` and `gpt5_series/` tell only of which family it is. */
export function deploymentOf({ model, apiBase }: Target): string {
  const inBase = apiBase === undefined ? undefined : readBase(apiBase).deployment;
  return inBase ?? model.replace(/^(?:o_series|gpt5_series)\//, "");
}

/** By the deployment, else by its address, else by what holds for all deployments. */
export function layoutOf({ apiBase = "", apiVersion, params }: Target): Layout {
  const base = readBase(apiBase);
  const chosen = apiVersion ?? base.version;
  if (base.isV1 && base.version !== undefined) return { name: "v1", query: `?${versionQuery(base.version)}` };
  if (base.isV1) return v1Layout(chosen);
  const version = chosen ?? textOf(params?.["api_version"]) ?? textOf(params?.["default_api_version"]) ?? USUAL_VERSION;
  return isV1(version) ? v1Layout(version) : { name: "dated", version };
}

/** For what no version with a date has. */
export function v1Layout(version?: string): Extract<Layout, { name: "v1" }> {
  return { name: "v1", query: version === "preview" ? "?api-version=preview" : "" };
}

export function isV1(version: string): boolean {
  return /^(?:v1|latest|preview)$/i.test(version);
}

/** Is this layout of a version before this date (`2024-09-01`)? */
export function isBefore(layout: Layout, date: string): boolean {
  return layout.name === "dated" && layout.version.slice(0, date.length) < date;
}

/** The path of an operation of the deployment's model: `/chat/completions`. */
export function deploymentPath(target: Target, path: string, layout = layoutOf(target)): string {
  if (layout.name === "v1") return `/openai/v1${path}${layout.query}`;
  const name = encodeURIComponent(deploymentOf(target));
  // Cloudflare's AI gateway has the resource in its own path: `…/azure-openai/{resource}/{deployment}/…`
  const before = /^https:\/\/gateway\.ai\.cloudflare\.com\//.test(target.apiBase ?? "") ? "" : "/openai/deployments";
  return `${before}/${name}${path}?${versionQuery(layout.version)}`;
}

/** The path of what belongs to the resource: `/files?limit=2`. */
export function resourcePath(path: string, layout: Layout): string {
  const [tail = "", query = ""] = path.split("?", 2);
  const root = layout.name === "v1" ? "/openai/v1" : "/openai";
  const version = layout.name === "v1" ? layout.query.slice(1) : versionQuery(layout.version);
  const queries = [query, version].filter((text) => text !== "");
  return `${root}${tail}${queries.length === 0 ? "" : `?${queries.join("&")}`}`;
}

export function versionQuery(version: string): string {
  return `api-version=${encodeURIComponent(version)}`;
}

function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * Vertex AI's own API for its own clients: their paths with the gateway's project. Whatever project a client writes,
 * the gateway's credentials are used for the one they are meant for; where it asks for a location, it is asked there.
 */
import { BadRequestError } from "../../formats/errors.ts";
import { joinUrl, plainPath, safePath } from "../http.ts";
import type { NativeCall, Target, UpstreamRequest } from "../provider.ts";
import { LABEL } from "./errors.ts";
import { hostOf, isExpress, locationOf, projectPath, versionOf } from "./place.ts";
import { discoveryHost } from "./rerank.ts";

/** @throws BadRequestError where the path is none, or would leave Vertex AI */
export function native({ method, path, headers, body }: NativeCall, target: Target): UpstreamRequest {
  const url = urlOf(safePath(path), target);
  return {
    method,
    url,
    headers: { "content-type": "application/json", ...headers, ...target.headers },
    ...(body !== undefined && { body }),
  };
}

/** Version, project and location of a path, each of which may be missing, and what follows. */
const PATH =
  /^(?:\/(v\d+(?:(?:alpha|beta)\d*)?))?(?:\/projects\/([^/?:]+))?(?:\/locations\/([^/?:]+))?(\/[^?]*|:[^?]*)?(\?.*)?$/;

function urlOf(path: string, target: Target): string {
  if (path.startsWith("/discovery/")) return discoveryUrl(path.slice("/discovery".length), target);
  const [, version, project, location, rest = "", query = ""] = PATH.exec(path) ?? [];
  const place = location === undefined ? target : at(location, target);
  // Lists of what all share (`/publishers/google/models`) are of nobody's project; so are calls with a key alone.
  const isProjectless = project === undefined && (isExpress(target) || /^\/publishers\/[^/]+\/models\/?$/.test(rest));
  const parent = isProjectless ? "" : `/${projectPath(place)}`;
  if (!isProjectless && rest === "" && location === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${LABEL} has no ${JSON.stringify(path.slice(0, 200))}`);
  const host = hostOf(isProjectless && location === undefined ? "global" : locationOf(place));
  return joinUrl(target.apiBase ?? host, `/${version ?? versionOf(target)}${parent}${rest}${query}`);
}

/** Data stores and search, which are in the whole world unless the path says where. */
function discoveryUrl(path: string, target: Target): string {
  const [, version = "v1", project, location, rest = "", query = ""] = PATH.exec(path) ?? [];
  // A base that has both would take models for Discovery Engine's, and nobody would count what they use.
  const isOfModels = /^\/(?:publishers|endpoints|models|tunedModels)(?:\/|$)/i.test(plainPath(rest));
  if (rest === "" || rest === "/" || rest.startsWith("//") || isOfModels)
    throw new BadRequestError(`litellm.BadRequestError: Discovery Engine has no ${JSON.stringify(path.slice(0, 200))}`);
  const where = location ?? "global";
  const parent = projectPath(at(where, target));
  // Operations, and what provisions a project, are in no place.
  const isPlaceless = project !== undefined && location === undefined;
  const within = isPlaceless ? parent.replace(/\/locations\/.*$/, "") : parent;
  const base = target.apiBase === undefined || isVertexHost(target.apiBase) ? discoveryHost(where) : target.apiBase;
  return joinUrl(base, `/${version}/${within}${rest}${query}`);
}

function at(location: string, target: Target): Target {
  const { vertex_ai_location: _, ...params } = target.params ?? {};
  return { ...target, params: { ...params, vertex_location: location } };
}

/** A base of Google's own is for models alone. */
function isVertexHost(base: string): boolean {
  return /^https:\/\/[\w.-]*aiplatform[\w.-]*\.googleapis\.com(?:[:/]|$)/i.test(base);
}

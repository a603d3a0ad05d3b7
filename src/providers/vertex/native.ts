/**
 * Vertex AI's own API for its own clients: their paths with the gateway's project. Whatever project a client writes,
 * the gateway's credentials are used for the one they are meant for; where it asks for a location, it is asked there.
 */
import { BadRequestError } from "../../formats/errors.ts";
import { joinUrl, safePath } from "../http.ts";
import type { NativeCall, Target, UpstreamRequest } from "../provider.ts";
import { LABEL } from "./errors.ts";
import { hostOf, isExpress, locationOf, projectPath, versionOf } from "./place.ts";
import { DISCOVERY } from "./rerank.ts";

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
  const isDiscovery = path.startsWith("/discovery/");
  const tail = isDiscovery ? path.slice("/discovery".length) : path;
  const [, version, project, location, rest = "", query = ""] = PATH.exec(tail) ?? [];
  const { vertex_ai_location: _, ...params } = target.params ?? {};
  const named = location ?? (isDiscovery ? "global" : undefined);
  const place = named === undefined ? target : { ...target, params: { ...params, vertex_location: named } };
  // Lists of what all share (`/publishers/google/models`) are of nobody's project; so are calls with a key alone.
  const isProjectless = project === undefined && (isExpress(target) || /^\/publishers\/[^/]+\/models\/?$/.test(rest));
  const parent = isProjectless ? "" : `/${projectPath(place)}`;
  if (!isProjectless && rest === "" && location === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${LABEL} has no ${JSON.stringify(path.slice(0, 200))}`);
  const host = isDiscovery ? DISCOVERY : hostOf(isProjectless && location === undefined ? "global" : locationOf(place));
  return joinUrl(target.apiBase ?? host, `/${version ?? versionOf(target)}${parent}${rest}${query}`);
}

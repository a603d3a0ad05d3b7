/** Whose API a request speaks, where several are served under one path. */
import type { HonoRequest } from "hono";
import { toGoogleError } from "../formats/gemini/error.ts";
import { errorBody } from "../operations/messages.ts";
import type { Route } from "./route.ts";

/** Anthropic's clients name the version they speak with every request. */
export function isOfAnthropic(request: Pick<HonoRequest, "header" | "path">): boolean {
  return request.header("anthropic-version") !== undefined || request.path.startsWith("/anthropic/");
}

/** No other API has these versions. */
const GOOGLES_PATH = /^\/(?:upload\/)?v1(?:alpha|beta)(?:\/|$)/;

/** The body of an error of a route that has none of its own; `undefined`: OpenAI's. */
export function errorBodyFor(request: Pick<HonoRequest, "header" | "path">): Route["errorBody"] {
  if (GOOGLES_PATH.test(request.path)) return toGoogleError;
  return isOfAnthropic(request) ? errorBody : undefined;
}

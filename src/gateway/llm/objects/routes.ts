/** The routes of what providers keep, each with and without its version. */
import type { Route, RouteCall } from "../../route.ts";
import { handle } from "./handle.ts";
import { endpoints } from "./resources.ts";

export const objectRoutes: readonly Route[] = endpoints.map((endpoint) => ({
  method: endpoint.method,
  paths: [`/v1${endpoint.path}`, endpoint.path],
  access: "llm" as const,
  summary: endpoint.summary,
  tag: endpoint.resource.tag,
  handle: (call: RouteCall) => handle(endpoint, call),
}));

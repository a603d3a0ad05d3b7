/** The routes of what providers keep, each with and without its version. */
import type { Route, RouteCall } from "../../route.ts";
import { deleteFineTunedModel } from "./fine-tuned-models.ts";
import { handle } from "./handle.ts";
import { endpoints } from "./resources.ts";

const endpointRoutes: readonly Route[] = endpoints.map((endpoint) => ({
  method: endpoint.method,
  paths: [`/v1${endpoint.path}`, endpoint.path],
  access: "llm" as const,
  summary: endpoint.summary,
  tag: endpoint.resource.tag,
  handle: (call: RouteCall) => handle(endpoint, call),
}));

export const objectRoutes: readonly Route[] = [
  ...endpointRoutes,
  {
    method: "DELETE",
    paths: ["/v1/models/:model{.+}", "/models/:model{.+}"],
    access: "llm",
    summary: "Delete a model that one's fine-tuning job has made",
    tag: "fine-tuning",
    handle: deleteFineTunedModel,
  },
];

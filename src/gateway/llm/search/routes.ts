/** `/v1/search`: web search by a search tool. */
import { perform } from "../../../call/pipeline.ts";
import { BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { type SearchRequest, searchRequestSchema } from "../../../formats/perplexity/search.ts";
import { validate } from "../../../formats/validate.ts";
import { search } from "../../../operations/search.ts";
import { readJson } from "../../body.ts";
import type { Route, RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse } from "../native.ts";
import { searchTools } from "./registry.ts";
import { deploymentOf, pricedFor, routerOf, type SearchTool } from "./tools.ts";

const TAG = "search";

export const searchRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/v1/search/tools", "/search/tools"],
    access: "info",
    summary: "The search tools",
    tag: TAG,
    async handle(call) {
      const tools = await toolsFor(call);
      const data = tools.map(({ name, provider, info }) => ({
        search_tool_name: name,
        search_provider: provider,
        description: typeof info["description"] === "string" ? info["description"] : null,
      }));
      return call.context.json({ object: "list", data });
    },
  },
  {
    method: "POST",
    paths: ["/v1/search", "/search", "/v1/search/:search_tool_name", "/search/:search_tool_name"],
    access: "llm",
    summary: search.summary,
    tag: TAG,
    body: searchRequestSchema,
    handle: searchWeb,
  },
];

async function searchWeb(call: RouteCall): Promise<Response> {
  const { context, gateway } = call;
  const { json } = await readJson(context.req.raw, gateway.config.settings.maxRequestBytes);
  const { search_tool_name: named, model: _, ...fields } = json;
  const tools = chosen(await toolsFor(call), context.req.param("search_tool_name") ?? named);
  const [{ name }] = tools;
  const body = { ...fields, model: name };
  const request: SearchRequest = validate(searchRequestSchema, body);
  const deployments = tools.map((tool) => deploymentOf(gateway, tool)).filter((one) => one !== undefined);
  if (deployments.length === 0)
    throw new BadRequestError(
      `litellm.BadRequestError: ${name}: the gateway does not know the search provider ${tools[0].provider}`,
    );
  const router = routerOf(
    deployments.map((deployment) => pricedFor(deployment, request)),
    gateway.config.settings.routing.numRetries,
  );
  const input = callInput(call, body);
  // Lists of models say nothing of tools.
  const caller = { ...input.caller, modelFor: (model: string) => model, refuseModel: () => undefined };
  return asResponse(await perform({ ...gateway.calls(context), router }, search, { ...input, caller }));
}

function toolsFor({ gateway, context }: RouteCall): Promise<SearchTool[]> {
  return searchTools(gateway, (promise) => gateway.waitUntil(context, promise));
}

type Some<T> = [T, ...T[]];

/** The tools of a name; the only one where none is named. @throws NotFoundError, BadRequestError */
function chosen(tools: readonly SearchTool[], named: unknown): Some<SearchTool> {
  const names = [...new Set(tools.map(({ name }) => name))];
  const name = named ?? (names.length === 1 ? names[0] : undefined);
  if (typeof name !== "string")
    throw new BadRequestError(
      "litellm.BadRequestError: name a search tool: POST /v1/search/{search_tool_name}, or search_tool_name in the body",
      { param: "search_tool_name" },
    );
  const [first, ...others] = tools.filter((tool) => tool.name === name);
  if (first !== undefined) return [first, ...others];
  throw new NotFoundError(`Search tool '${name.slice(0, 200)}' not found. GET /v1/search/tools lists what there is.`, {
    param: "search_tool_name",
  });
}

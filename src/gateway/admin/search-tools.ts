/** `/search_tools`: search tools made while the gateway runs. What is secret in one is never shown. */
import { z } from "zod";
import { perform } from "../../call/pipeline.ts";
import { BadRequestError, NotFoundError } from "../../formats/errors.ts";
import { asRecord, isRecord } from "../../formats/json.ts";
import { search } from "../../operations/search.ts";
import { providers } from "../../providers/registry.ts";
import { holdsSealed, sealParams } from "../../secrets/params.ts";
import { deleteObject, findObject, keepObject } from "../../store/objects.ts";
import type { ObjectRow } from "../../store/schema/index.ts";
import { callInput } from "../llm/call-input.ts";
import { told } from "../llm/objects/lookup.ts";
import { forgetSearchTools, placeOfTool, SEARCH_TOOL, searchTools, toolOfRow } from "../llm/search/registry.ts";
import { deploymentOf, routerOf, type SearchTool } from "../llm/search/tools.ts";
import type { Route } from "../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "./admin-call.ts";

const TAG = "search tools";
const TABLE = "LiteLLM_SearchToolsTable";
/** Everybody's: tools belong to the gateway. */
const OWNER = "gateway";

const Tool = z.object({
  search_tool_name: z.string().min(1).max(256),
  litellm_params: z.looseObject({ search_provider: z.string().min(1) }),
  search_tool_info: z.record(z.string(), z.unknown()).nullish(),
});
const ToolBody = z.object({ search_tool: Tool });
const Probe = z.object({ litellm_params: z.looseObject({ search_provider: z.string().min(1) }) });

const ONE = ["/search_tools/:search_tool_id"];

export const searchToolRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/search_tools/list"],
    access: "admin_view",
    summary: "All search tools",
    tag: TAG,
    handle: async (call) => ({ search_tools: (await toolsSeenBy(call)).map((tool) => shown(tool)) }),
  }),
  adminRoute({
    method: "GET",
    paths: ["/search_tools/ui/available_providers"],
    access: "admin_view",
    summary: "The providers of web search",
    tag: TAG,
    handle: async () => ({
      providers: [...providers.values()]
        .filter(({ search: adapter }) => adapter !== undefined)
        .map(({ slug, label }) => ({ provider_name: slug, ui_friendly_name: label.replaceAll("_", " ") })),
    }),
  }),
  adminRoute({
    method: "POST",
    paths: ["/search_tools"],
    access: "admin",
    summary: "Make a search tool",
    tag: TAG,
    body: ToolBody,
    async handle(call) {
      const { search_tool: given } = await bodyOf(call, ToolBody);
      const row = await rowOf(call, crypto.randomUUID(), given, call.nowText);
      return keep(call, row, "created");
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/search_tools/test_connection"],
    access: "admin",
    summary: "Search once by a tool that is not kept",
    tag: TAG,
    body: Probe,
    handle: probe,
  }),
  adminRoute({
    method: "PUT",
    paths: ONE,
    access: "admin",
    summary: "Change a search tool",
    tag: TAG,
    body: ToolBody,
    async handle(call) {
      const before = await stored(call);
      const { search_tool: given } = await bodyOf(call, ToolBody);
      const row = await rowOf(call, before.id, given, String(before.body?.["created_at"] ?? call.nowText));
      return keep(call, { ...row, created_at: before.created_at }, "updated");
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ONE,
    access: "admin",
    summary: "Delete a search tool",
    tag: TAG,
    async handle(call) {
      const row = await stored(call);
      const before = await view(call, row);
      await told(deleteObject(call.db, row.id));
      forgetSearchTools(call.gateway);
      await changed(call, { table: TABLE, id: row.id, action: "deleted", before });
      return { message: `Search tool ${row.id} deleted successfully`, search_tool_name: before.search_tool_name };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ONE,
    access: "admin_view",
    summary: "A search tool",
    tag: TAG,
    handle: async (call) => view(call, await stored(call)),
  }),
];

function toolsSeenBy({ gateway, context }: AdminCall): Promise<SearchTool[]> {
  return searchTools(gateway, (promise) => gateway.waitUntil(context, promise));
}

async function stored({ db, context }: AdminCall): Promise<ObjectRow> {
  const id = context.req.param("search_tool_id") ?? "";
  const row = await told(findObject(db, id));
  if (row?.kind === SEARCH_TOOL) return row;
  throw new NotFoundError(`Search tool with ID ${id.slice(0, 200)} not found`);
}

async function rowOf(
  { gateway, actor, now, nowText }: AdminCall,
  id: string,
  given: z.infer<typeof Tool>,
  createdAt: string,
): Promise<ObjectRow> {
  const { search_tool_name, litellm_params: params, search_tool_info: info } = given;
  if (holdsSealed(params)) throw new BadRequestError("litellm_params holds a value that looks encrypted");
  const tool = { id, name: search_tool_name, provider: params.search_provider, info: {}, params: () => params };
  if (deploymentOf(gateway, tool) === undefined)
    throw new BadRequestError(`there is no search provider ${params.search_provider} that can be reached so`, {
      param: "search_provider",
    });
  const sealed = await sealParams(gateway.vault, "search_tool", placeOfTool(id), params);
  return {
    id,
    kind: SEARCH_TOOL,
    owner: OWNER,
    created_by: actor,
    deployment_id: null,
    provider: params.search_provider,
    provider_id: null,
    model: null,
    body: { search_tool_name, search_tool_info: info ?? null, created_at: createdAt, updated_at: nowText },
    state: { litellm_params: sealed },
    created_at: now,
    expires_at: null,
  };
}

async function keep(call: AdminCall, row: ObjectRow, action: "created" | "updated") {
  await told(keepObject(call.db, row));
  forgetSearchTools(call.gateway);
  const after = await view(call, row);
  await changed(call, { table: TABLE, id: row.id, action, after });
  return after;
}

async function view({ gateway }: AdminCall, row: ObjectRow) {
  return shown(await toolOfRow(gateway, row), row.body);
}

/** What of `litellm_params` anybody may see. */
const SHOWN = ["search_provider", "api_base", "timeout", "max_retries", "search_engine_id"];

function shown({ id, name, provider, info, params }: SearchTool, body: Record<string, unknown> | null = null) {
  const seen = Object.entries(params()).filter(([field]) => SHOWN.includes(field));
  return {
    search_tool_id: id,
    search_tool_name: name,
    litellm_params: { ...Object.fromEntries(seen), search_provider: provider },
    search_tool_info: info,
    created_at: asRecord(body)["created_at"] ?? null,
    updated_at: asRecord(body)["updated_at"] ?? null,
    is_from_config: id === null,
  };
}

const PROBE_QUERY = "test";

/** Answers 200 either way: `status` says how it went. */
async function probe(call: AdminCall) {
  const { litellm_params: params } = await bodyOf(call, Probe);
  const provider = params.search_provider;
  const tool = { id: "probe", name: "probe", provider, info: {}, params: () => params };
  const deployment = deploymentOf(call.gateway, tool);
  if (deployment === undefined) throw new BadRequestError(`there is no search provider ${provider}`);
  const input = callInput(call, { model: tool.name, query: PROBE_QUERY, max_results: 1 });
  const caller = { ...input.caller, modelFor: (model: string) => model, refuseModel: () => undefined };
  const ports = { ...call.gateway.calls(call.context), router: routerOf([deployment], 0) };
  const reply = await perform(ports, search, { ...input, caller });
  const answer: unknown = typeof reply.body === "string" ? JSON.parse(reply.body) : undefined;
  if (reply.status >= 300) {
    const { message, type } = asRecord(asRecord(answer)["error"]);
    return { status: "error", message: message ?? "", error_type: type ?? "" };
  }
  const results = isRecord(answer) ? answer["results"] : undefined;
  return {
    status: "success",
    message: `Successfully connected to ${provider} search provider`,
    test_query: PROBE_QUERY,
    results_count: Array.isArray(results) ? results.length : 0,
  };
}

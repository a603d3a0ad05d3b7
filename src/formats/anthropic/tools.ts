/** The hub's tools and tool choice → Anthropic's. */
import { BadRequestError } from "../errors.ts";
import { isRecord, recordsIn } from "../json.ts";
import type { ChatRequest, FunctionDefinition, Tool, ToolChoice } from "../openai/chat.ts";
import { present, text } from "./fields.ts";
import { upstreamToolName } from "./tool-names.ts";

export type UpstreamTool = Record<string, unknown>;

export interface ToolParams {
  tools: UpstreamTool[];
  tool_choice?: Record<string, unknown>;
  /** Servers named by OpenAI's `mcp` tools. */
  mcp_servers: Record<string, unknown>[];
}

/** Fields of Anthropic's tools that clients set on the tool or on its function. */
const OPTIONS = [
  "cache_control",
  "strict",
  "defer_loading",
  "allowed_callers",
  "input_examples",
  "eager_input_streaming",
] as const;

/**
 * @throws BadRequestError for a tool Anthropic has no equal of
 */
export function toTools(request: ChatRequest): ToolParams {
  const tools: UpstreamTool[] = [];
  const servers: Record<string, unknown>[] = [];
  (request.tools ?? []).forEach((tool, index) => {
    if (tool.type === "mcp") servers.push(mcpServer(tool));
    else if (tool.type === "url") servers.push({ ...tool });
    else tools.push(toTool(tool, `tools[${index}]`));
  });
  for (const definition of request.functions ?? []) tools.push(functionTool(definition, {}));
  if (request.web_search_options) tools.push(webSearchTool(request.web_search_options));

  const choice = request.tool_choice ?? request.function_call;
  const allowed = allowedTools(choice);
  const offered = allowed ? tools.filter(({ name }) => allowed.names.has(text(name))) : tools;
  const params: ToolParams = { tools: offered, mcp_servers: servers };
  const chosen = toToolChoice(allowed ? allowed.mode : choice, request.parallel_tool_calls ?? undefined);
  // A choice needs tools; one that only says "as you like" goes without a word.
  if (chosen && (offered.length > 0 || servers.length > 0 || !["auto", "none"].includes(text(chosen["type"]))))
    params.tool_choice = chosen;
  return params;
}

function toTool(tool: Tool, path: string): UpstreamTool {
  if (tool.function && (tool.type === undefined || tool.type === "function")) return functionTool(tool.function, tool);
  if (isRecord(tool["custom"]))
    throw new BadRequestError("Anthropic has no custom tools, only functions.", { param: path });
  return ownTool(tool);
}

/** A tool that Claude knows by its type. LiteLLM says its settings as the parameters of a function. */
export function ownTool(tool: Tool): UpstreamTool {
  if (!tool.function) return present(tool);
  return { type: tool.type, name: tool.function.name, ...tool.function.parameters, ...options(tool.function, tool) };
}

function functionTool(definition: FunctionDefinition, tool: Tool): UpstreamTool {
  return present({
    name: upstreamToolName(definition.name),
    description: definition.description,
    input_schema: inputSchema(definition.parameters),
    ...options(definition, tool),
  });
}

function options(definition: FunctionDefinition, tool: Tool): Record<string, unknown> {
  return present(Object.fromEntries(OPTIONS.map((option) => [option, tool[option] ?? definition[option]])));
}

function inputSchema(schema: Record<string, unknown> | null | undefined): Record<string, unknown> {
  if (!schema) return { type: "object", properties: {} };
  return schema["type"] === undefined ? { type: "object", ...schema } : schema;
}

function mcpServer(tool: Tool): Record<string, unknown> {
  const headers = isRecord(tool["headers"]) ? tool["headers"] : {};
  const bearer = text(headers["Authorization"] ?? headers["authorization"]).replace(/^Bearer\s+/i, "");
  const token = tool["authorization"] ?? tool["authorization_token"] ?? (bearer || undefined);
  return present({
    type: "url",
    url: tool["server_url"],
    name: tool["server_label"],
    authorization_token: token,
    tool_configuration: Array.isArray(tool["allowed_tools"])
      ? { enabled: true, allowed_tools: tool["allowed_tools"] }
      : undefined,
  });
}

/** `web_search_options`: how many searches a context size may take is LiteLLM's choice. */
function webSearchTool(options: NonNullable<ChatRequest["web_search_options"]>): UpstreamTool {
  const location = options["user_location"];
  const place = isRecord(location) && isRecord(location["approximate"]) ? location["approximate"] : location;
  return present({
    type: "web_search_20250305",
    name: "web_search",
    max_uses: searches(options.search_context_size),
    user_location: isRecord(place) ? present({ ...place, type: "approximate" }) : undefined,
  });
}

function searches(size: string | null | undefined): number | undefined {
  switch (size) {
    case "low":
      return 1;
    case "medium":
      return 5;
    case "high":
      return 10;
    default:
      return undefined;
  }
}

/** OpenAI's `allowed_tools`: Anthropic has no equal, so only the tools named are offered. */
function allowedTools(choice: ToolChoice | null | undefined): { mode: string; names: ReadonlySet<string> } | undefined {
  if (!isRecord(choice) || choice["type"] !== "allowed_tools") return undefined;
  const allowed = isRecord(choice["allowed_tools"]) ? choice["allowed_tools"] : choice;
  const tools = recordsIn(allowed["tools"]);
  return {
    mode: text(allowed["mode"]) || "auto",
    names: new Set(tools.map((tool) => upstreamToolName(nameOf(tool)))),
  };
}

function nameOf(tool: Record<string, unknown>): string {
  return text(isRecord(tool["function"]) ? tool["function"]["name"] : tool["name"]);
}

function toToolChoice(
  choice: ToolChoice | null | undefined,
  parallel: boolean | undefined,
): Record<string, unknown> | undefined {
  const chosen = choiceOf(choice);
  if (parallel === undefined || chosen?.["type"] === "none") return chosen;
  if (parallel && !chosen) return undefined; // what Anthropic does anyway
  return { ...(chosen ?? { type: "auto" }), disable_parallel_tool_use: !parallel };
}

function choiceOf(choice: ToolChoice | null | undefined): Record<string, unknown> | undefined {
  if (choice === null || choice === undefined) return undefined;
  if (typeof choice === "string") {
    if (choice === "required" || choice === "any") return { type: "any" };
    return { type: choice };
  }
  switch (choice.type) {
    case "auto":
    case "any":
    case "none":
      return { ...choice };
    case "required":
      return { type: "any" };
    case undefined: // legacy `function_call: { name }`
    case "function":
    case "tool":
    case "custom": {
      const { function: _function, custom, ...native } = choice;
      const name = nameOf(choice) || (isRecord(custom) ? text(custom["name"]) : "");
      return { ...(choice.type === "tool" ? native : {}), type: "tool", name: upstreamToolName(name) };
    }
    default: // the type of one of Anthropic's own tools: its name is what counts
      return { type: "tool", name: nameOf(choice) || choice.type };
  }
}

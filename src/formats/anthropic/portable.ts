/**
 * A request of the Messages API for a model that is not Claude: what only Anthropic understands is said otherwise, left
 * out where nothing is lost, and refused where the answer would not be what was asked for.
 */
import { UnsupportedParamsError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatRequest, Tool } from "../openai/chat.ts";
import { present, text } from "./fields.ts";
import { portableSystem, portableTurn } from "./portable-blocks.ts";
import { portableMessages } from "./portable-messages.ts";
import { ANTHROPIC_ONLY_PARAMS, toHubRequest } from "./to-hub-request.ts";
import { upstreamToolName } from "./tool-names.ts";
import type { AnthropicTool, MessagesRequest } from "./types.ts";

/** What the model takes. */
export interface PortableOptions {
  /** `web_search_options`. */
  searches: boolean;
  /** Images and files in the results of tools. */
  mediaInResults: boolean;
  /** A field that says that a tool failed. */
  failuresInResults?: boolean | undefined;
  /** Tools that Claude knows by their type: it is a Claude, asked in another format. */
  claudesTools?: ((type: string) => boolean) | undefined;
  /** `top_k`, and `thinking` of type `adaptive`. */
  knowsClaudesParams: boolean;
  /** Its highest `reasoning_effort`; any of Anthropic's where it is absent. */
  highestEffort?: "high" | "xhigh" | undefined;
  /** Its longest answer in tokens. */
  maxOutputTokens?: number | undefined;
  /** Leave out what would be refused. */
  dropParams?: boolean | undefined;
}

/** Change what is answered, or where: to leave one out would be another request. */
const BINDING = ["container", "inference_geo", "mcp_servers"] as const;

/** OpenAI's longest `user`. */
const LONGEST_USER = 64;

/** @throws UnsupportedParamsError naming what the model has no equal of */
export function toPortableRequest(request: MessagesRequest, options: PortableOptions): ChatRequest {
  if (!options.dropParams) for (const name of BINDING) if (isSet(request[name])) throw lacking(name, name);
  const tools = request.tools ?? [];
  const kept = tools.filter((tool, index) => isKept(tool, `tools[${index}]`, options));
  const search = tools.find(isSearch);
  const hub = toHubRequest({
    ...request,
    messages: request.messages.map((turn, index) => portableTurn(turn, `messages[${index}]`, options.dropParams)),
    system: request.system && portableSystem(request.system),
    tools: kept.length > 0 ? kept.map(withSchema) : undefined,
    tool_choice: kept.length > 0 && !isChosen(request, search) ? request.tool_choice : undefined,
  });
  const fields = Object.entries(hub).filter(([name]) => !isLeftOut(name, options));
  return present({
    ...Object.fromEntries(fields),
    model: hub.model,
    messages: portableMessages(hub.messages, options.mediaInResults, options.failuresInResults),
    tools: hub.tools?.map(portableTool),
    tool_choice: portableChoice(hub.tool_choice),
    max_tokens: shorter(hub.max_tokens, options.maxOutputTokens),
    user: hub.user?.slice(0, LONGEST_USER),
    service_tier: hub.service_tier === "standard_only" ? "default" : hub.service_tier,
    thinking: portableThinking(hub.thinking, options),
    reasoning_effort: effort(hub.reasoning_effort, options),
    response_format: portableFormat(hub.response_format),
    web_search_options: search && options.searches ? searchOptions(search) : undefined,
  });
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === "global") return false;
  return Array.isArray(value) ? value.length > 0 : true;
}

function isLeftOut(name: string, { knowsClaudesParams }: PortableOptions): boolean {
  if (name === "top_k" && knowsClaudesParams) return false;
  return name === "metadata" || (ANTHROPIC_ONLY_PARAMS as readonly string[]).includes(name); // the list is one of names
}

function lacking(what: string, param: string): UnsupportedParamsError {
  return new UnsupportedParamsError(
    `litellm.UnsupportedParamsError: ${what} is Anthropic's own, and this model is not served there. ` +
      "To leave it out, set `drop_params: true` in the request or under `litellm_settings`.",
    { param },
  );
}

function isSearch({ type }: AnthropicTool): boolean {
  return /^web_search_\d{8}$/.test(text(type));
}

/** Its own tools have the day of their version in their names. */
function isAnthropics(type: string): boolean {
  return /_\d{8}$/.test(type) || type === "mcp_toolset";
}

/**
 * Does it go along: a function of the client's, or a tool that the model's own provider has? Of Anthropic's, search may be
 * had elsewhere, and to search among tools is not needed.
 */
function isKept(tool: AnthropicTool, path: string, options: PortableOptions): boolean {
  const type = text(tool.type);
  if (!isAnthropics(type) || options.claudesTools?.(type)) return true;
  if (type.startsWith("tool_search_tool")) return false;
  if (isSearch(tool)) {
    if (options.searches) refuseDomains(tool, path, options);
    else if (!options.dropParams) throw lacking(`a web search (${type})`, path);
    return false;
  }
  if (!options.dropParams) throw lacking(`the tool ${type}`, path);
  return false;
}

function refuseDomains(tool: AnthropicTool, path: string, { dropParams }: PortableOptions): void {
  const field = ["allowed_domains", "blocked_domains"].find((name) => isSet(tool[name]));
  if (field !== undefined && !dropParams) throw lacking(`${field} of a web search`, `${path}.${field}`);
}

/** Is the search the tool that must be called? Elsewhere it is none. */
function isChosen({ tool_choice }: MessagesRequest, search: AnthropicTool | undefined): boolean {
  return search !== undefined && tool_choice?.type === "tool" && tool_choice.name === search.name;
}

function searchOptions({ user_location }: AnthropicTool): ChatRequest["web_search_options"] {
  if (!isRecord(user_location)) return {};
  const { type: _, ...place } = user_location;
  return { user_location: { type: "approximate", approximate: present(place) } };
}

/** A function without arguments has a schema that says so, and arguments are an object. */
function withSchema(tool: AnthropicTool): AnthropicTool {
  if (tool.type && tool.type !== "custom") return tool;
  return { ...tool, input_schema: { type: "object", ...(tool.input_schema ?? { properties: {} }) } };
}

/** Without the fields that Anthropic alone has; a cache marker means something to some. */
function portableTool(tool: Tool): Tool {
  const { type, function: definition, cache_control } = tool;
  if (definition === undefined) return tool;
  const { name, description, parameters } = definition;
  return present({
    type,
    function: present({ name: upstreamToolName(name), description, parameters }),
    cache_control,
  });
}

function portableChoice(choice: ChatRequest["tool_choice"]): ChatRequest["tool_choice"] {
  if (!isRecord(choice) || !isRecord(choice["function"])) return choice;
  return { ...choice, function: { name: upstreamToolName(text(choice["function"]["name"])) } };
}

/** More than the model can give is refused by some, and given by none. */
function shorter(asked: number | null | undefined, most: number | undefined): number | null | undefined {
  return asked && most ? Math.min(asked, most) : asked;
}

/** `adaptive` is Claude's: elsewhere to think is to think. */
function portableThinking(
  thinking: ChatRequest["thinking"],
  { knowsClaudesParams }: PortableOptions,
): ChatRequest["thinking"] {
  if (!thinking || knowsClaudesParams) return thinking;
  const { type, budget_tokens } = thinking;
  return present({ type: type === "adaptive" ? "enabled" : type, budget_tokens });
}

function effort(asked: string | null | undefined, { highestEffort }: PortableOptions): string | null | undefined {
  return highestEffort !== undefined && (asked === "max" || asked === "xhigh") ? highestEffort : asked;
}

/** OpenAI's strict schemas must be closed and name every property as required; Anthropic's need not. */
function portableFormat(format: ChatRequest["response_format"]): ChatRequest["response_format"] {
  const described = format?.json_schema;
  if (!format || !described) return format;
  return { ...format, json_schema: { ...described, strict: isStrict(described.schema) } };
}

function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (!isRecord(schema)) return true;
  const properties = schema["properties"];
  const names = isRecord(properties) ? Object.keys(properties) : [];
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const isObject = schema["type"] === "object" || names.length > 0;
  if (isObject && schema["additionalProperties"] !== false) return false;
  return names.every((name) => required.includes(name)) && Object.values(schema).every(isStrict);
}

/** A request of the hub → the body of `POST /v1/messages`. */

import { isRecord } from "../json.ts";
import type { ChatRequest } from "../openai/chat.ts";
import { JSON_TOOL, type Reading } from "./assistant.ts";
import { present, text } from "./fields.ts";
import { jsonTool, toJsonAnswer } from "./json-answer.ts";
import { toConversation } from "./messages.ts";
import { type ModelTraits, modelTraits } from "./model-traits.ts";
import { isThinking, toThinking } from "./thinking.ts";
import { originalToolNames } from "./tool-names.ts";
import { toTools, type UpstreamTool } from "./tools.ts";
import type { Block } from "./types.ts";

/** What is known of the deployment; all of it optional, so that the converters can be used alone. */
export interface RequestOptions {
  /** Sent as `model`, and tells what the model takes. */
  model: string;
  /** Sent as `max_tokens` where the client sets none; 4096 if absent. */
  maxOutputTokens?: number | undefined;
  /** The model has structured outputs; read off its name if absent. */
  structuredOutput?: boolean | undefined;
  /** The endpoint takes system messages within the conversation, where the model does (Anthropic's own does). */
  systemTurns?: boolean | undefined;
  /** Repair what the API would refuse (`modify_params`). */
  modifyParams?: boolean | undefined;
  /** Leave out what the API would refuse (`drop_params`). */
  dropParams?: boolean | undefined;
}

/** The body, and what in it was asked for rather than said: a transport turns `betas` into its header or field. */
export interface UpstreamBody {
  body: Record<string, unknown>;
  /** Beta features the client named itself (`anthropic_beta`). */
  betas: string[];
}

const DEFAULT_MAX_TOKENS = 4096;

/** Fields of the hub's request that are translated, or have no meaning upstream; all others pass as they are. */
const TRANSLATED: ReadonlySet<string> = new Set([
  "anthropic_beta",
  "function_call",
  "functions",
  "max_completion_tokens",
  "max_tokens",
  "mcp_servers",
  "messages",
  "metadata",
  "model",
  "output_config",
  "parallel_tool_calls",
  "reasoning_effort",
  "response_format",
  "service_tier",
  "stop",
  "stream_options",
  "system",
  "thinking",
  "tool_choice",
  "tools",
  "user",
  "web_search_options",
]);

/**
 * @throws BadRequestError naming the field that cannot be said in Anthropic's format
 */
export function toMessagesBody(request: ChatRequest, options: RequestOptions): UpstreamBody {
  const traits = modelTraits(options.model);
  const repair = options.modifyParams ?? false;
  const { system, turns } = toConversation(request.messages, {
    systemTurns: options.systemTurns === true && traits.systemTurns,
    repair,
  });
  const { tools, tool_choice, mcp_servers } = toTools(request);
  const { thinking, effort } = toThinking(request, traits, repair);
  const answer = toJsonAnswer(request, structuredOutput(options, traits));
  const body: Record<string, unknown> = present({
    model: options.model,
    max_tokens: request.max_completion_tokens ?? request.max_tokens ?? options.maxOutputTokens ?? DEFAULT_MAX_TOKENS,
    messages: turns,
    system: withNativeSystem(request["system"], system),
    tools: tools.length > 0 ? tools : undefined,
    tool_choice,
    mcp_servers: [...asArray(request["mcp_servers"]), ...mcp_servers],
    thinking,
    output_config: outputConfig(request["output_config"], effort, answer.kind === "native" ? answer.schema : undefined),
    stop_sequences: stopSequences(request.stop),
    metadata: metadata(request),
    service_tier: serviceTier(request.service_tier),
    ...passed(request),
  });
  if (asArray(body["mcp_servers"]).length === 0) delete body["mcp_servers"];
  if (answer.kind === "tool") addJsonTool(body, jsonTool(answer.schema), traits);
  if (repair && body["tools"] === undefined && turns.some(({ content }) => content.some(isToolUse)))
    body["tools"] = [
      { name: "unavailable", description: "Takes no calls.", input_schema: { type: "object", properties: {} } },
    ];
  if (repair && forgotItsThinking(turns.findLast(({ role }) => role === "assistant")?.content)) dropBudget(body);
  raiseMaxTokens(body, request, repair);
  settleSampling(body, traits, options);
  return { body, betas: asArray(request["anthropic_beta"]).map(text).filter(Boolean) };
}

/** How the answer to this request is to be read. */
export function readingOf(request: ChatRequest, options: RequestOptions): Reading {
  const answer = toJsonAnswer(request, structuredOutput(options, modelTraits(options.model)));
  return { jsonTool: answer.kind === "tool", toolNames: originalToolNames(request) };
}

function structuredOutput(options: RequestOptions, traits: ModelTraits): boolean {
  return options.structuredOutput ?? traits.structuredOutput;
}

function passed(request: ChatRequest): Record<string, unknown> {
  const rest = Object.entries(request).filter(([name, value]) => !TRANSLATED.has(name) && value !== undefined);
  return present(Object.fromEntries(rest));
}

/** Blocks a client put in `system` natively stand before those of its messages. */
function withNativeSystem(native: unknown, system: Block[]): unknown {
  const blocks = typeof native === "string" ? [{ type: "text", text: native }] : asArray(native);
  const all = [...blocks, ...system];
  return all.length > 0 ? all : undefined;
}

function outputConfig(
  native: unknown,
  effort: string | undefined,
  schema: Record<string, unknown> | undefined,
): unknown {
  const config = {
    ...(effort === undefined ? {} : { effort }),
    ...(schema === undefined ? {} : { format: { type: "json_schema", schema } }),
    ...(isRecord(native) ? native : {}),
  };
  return Object.keys(config).length > 0 ? config : undefined;
}

/** Sequences of white space alone are refused. */
function stopSequences(stop: ChatRequest["stop"]): string[] | undefined {
  const sequences = (typeof stop === "string" ? [stop] : (stop ?? [])).filter((sequence) => sequence.trim() !== "");
  return sequences.length > 0 ? sequences : undefined;
}

/** Only `user_id` exists upstream, and it may not be a name, an e-mail address or a phone number. */
function metadata({ metadata, user }: ChatRequest): Record<string, unknown> | undefined {
  const id = metadata?.["user_id"];
  if (typeof id === "string" && id !== "") return { user_id: id };
  if (!user || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(user) || /^\+?[\d\s().-]{7,}$/.test(user)) return undefined;
  return { user_id: user };
}

function serviceTier(tier: string | null | undefined): string | undefined {
  switch (tier) {
    case "default":
    case "flex":
      return "standard_only";
    case "priority":
      return "auto"; // takes the priority capacity the organization has
    default:
      return tier ?? undefined;
  }
}

/** Forced where it alone can answer; beside other tools the model must use one of them; never while it thinks. */
function addJsonTool(body: Record<string, unknown>, tool: UpstreamTool, traits: ModelTraits): void {
  const others = asArray(body["tools"]);
  const choice = body["tool_choice"];
  body["tools"] = [...others, tool];
  if (isThinking(body["thinking"]) || (traits.thinksByDefault && body["thinking"] === undefined)) return;
  if (others.length === 0 || (isRecord(choice) && choice["type"] === "none"))
    body["tool_choice"] = { type: "tool", name: JSON_TOOL };
  else if (choice === undefined || (isRecord(choice) && choice["type"] === "auto"))
    body["tool_choice"] = { ...(isRecord(choice) ? choice : {}), type: "any" };
}

function isToolUse({ type }: Block): boolean {
  return type === "tool_use" || type === "tool_result";
}

/** A turn that calls tools and whose thinking was lost on the way may not be continued with a thinking budget. */
function forgotItsThinking(content: readonly Block[] | undefined): boolean {
  return (
    content?.some(({ type }) => type === "tool_use") === true && !content.some(({ type }) => /thinking$/.test(type))
  );
}

function dropBudget(body: Record<string, unknown>): void {
  if (isRecord(body["thinking"]) && body["thinking"]["type"] === "enabled") delete body["thinking"];
}

/**
 * A budget must be below `max_tokens`. Where one of the two is the gateway's own figure it makes room;
 * two figures of the client are sent as they are (with interleaved thinking the budget may be larger).
 */
function raiseMaxTokens(body: Record<string, unknown>, request: ChatRequest, repair: boolean): void {
  const thinking = body["thinking"];
  const limit = body["max_tokens"];
  if (!isRecord(thinking) || typeof thinking["budget_tokens"] !== "number" || typeof limit !== "number") return;
  const asked = request.max_completion_tokens ?? request.max_tokens;
  const own = typeof asked !== "number" || !request.thinking || repair;
  if (own && limit <= thinking["budget_tokens"]) body["max_tokens"] = thinking["budget_tokens"] + limit;
}

/**
 * Rules of the API on sampling and forced tools while thinking, and on models without sampling. Values that ask for
 * nothing go; others are sent, and refused upstream, unless the gateway may drop them.
 */
function settleSampling(body: Record<string, unknown>, traits: ModelTraits, options: RequestOptions): void {
  const mayDrop = options.dropParams === true || options.modifyParams === true;
  const thinking = isThinking(body["thinking"]);
  if (!traits.sampling) {
    if (body["temperature"] === 1) delete body["temperature"];
    if (body["top_p"] === 1) delete body["top_p"];
  }
  if (!mayDrop || (traits.sampling && !thinking)) return;
  if (body["temperature"] !== 1) delete body["temperature"];
  delete body["top_k"];
  const top = body["top_p"];
  if (!traits.sampling || (typeof top === "number" && top < 0.95)) delete body["top_p"];
  const choice = body["tool_choice"];
  if (thinking && isRecord(choice) && (choice["type"] === "any" || choice["type"] === "tool")) {
    const { name: _name, ...rest } = choice;
    body["tool_choice"] = { ...rest, type: "auto" };
  }
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

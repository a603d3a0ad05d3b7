/**
 * A request of the Messages API → the hub's. Said again in Anthropic's format it is the same request; said in
 * another's, what only Anthropic understands has to go first: `ANTHROPIC_ONLY_PARAMS`.
 */

import { isRecord } from "../json.ts";
import type { ChatMessage, ChatRequest, ContentPart, Tool } from "../openai/chat.ts";
import { fromBlocks } from "./assistant.ts";
import { toPart } from "./content.ts";
import { present, text } from "./fields.ts";
import type { AnthropicTool, Block, CountTokensRequest, Turn } from "./types.ts";

/** Fields of the translated request that no provider but Anthropic's takes. */
export const ANTHROPIC_ONLY_PARAMS = [
  "anthropic_beta",
  "billing_policy",
  "cache_control",
  "compaction",
  "container",
  "context_management",
  "diagnostics",
  "fallback_credit_token",
  "fallbacks",
  "inference_geo",
  "mcp_servers",
  "output_config",
  "output_format",
  "speed",
  "thread",
  "top_k",
] as const;

/** Fields that are translated; all others pass as they are. */
const TRANSLATED: ReadonlySet<string> = new Set(["messages", "stop_sequences", "system", "tool_choice", "tools"]);

/** An answer read here is a turn of the conversation: its tools have the client's names, and JSON is text. */
const READING = { jsonTool: false, toolNames: new Map<string, string>() };

export function toHubRequest(request: CountTokensRequest): ChatRequest {
  const passed = Object.fromEntries(Object.entries(request).filter(([name]) => !TRANSLATED.has(name)));
  const hub: ChatRequest = {
    ...present(passed),
    model: request.model,
    messages: [...systemMessages(request.system), ...request.messages.flatMap(toMessages)],
  };
  if (request.stop_sequences) hub.stop = request.stop_sequences;
  if (request.tools) hub.tools = request.tools.map(toTool);
  const { tool_choice } = request;
  if (tool_choice) {
    hub.tool_choice = toToolChoice(tool_choice);
    if (typeof tool_choice.disable_parallel_tool_use === "boolean")
      hub.parallel_tool_calls = !tool_choice.disable_parallel_tool_use;
  }
  const user = request.metadata?.user_id;
  if (user) hub.user = user;
  // Native fields stay for Anthropic, which heeds them alone; these are for everyone else.
  const format = request.output_config?.format ?? request["output_format"];
  if (isRecord(format) && isRecord(format["schema"]))
    hub.response_format = {
      type: "json_schema",
      json_schema: { name: "answer", schema: format["schema"], strict: true },
    };
  const effort = request.output_config?.effort;
  if (effort) hub.reasoning_effort = effort;
  return hub;
}

function systemMessages(system: CountTokensRequest["system"]): ChatMessage[] {
  if (system === null || system === undefined || system.length === 0) return [];
  return [{ role: "system", content: typeof system === "string" ? system : system.map(toPart) }];
}

function toMessages(turn: Turn): ChatMessage[] {
  const { role, content } = turn;
  if (typeof content === "string") return [{ role, content }];
  switch (role) {
    case "system":
      return [{ role, content: content.map(toPart) }];
    case "assistant":
      return [assistantMessage(content)];
    default:
      return userMessages(content);
  }
}

/** Tool results become messages of their own; what stands beside them follows as the user's words. */
function userMessages(blocks: readonly Block[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let said: ContentPart[] = [];
  const flush = () => {
    if (said.length > 0) messages.push({ role: "user", content: said });
    said = [];
  };
  for (const block of blocks) {
    if (block.type !== "tool_result") said.push(toPart(block));
    else {
      flush();
      messages.push(toolMessage(block));
    }
  }
  flush();
  return messages.length > 0 ? messages : [{ role: "user", content: "" }];
}

function toolMessage(block: Block): ChatMessage {
  const { type: _type, tool_use_id, content, ...extras } = block; // is_error, cache_control, toolset_name
  return {
    ...extras,
    role: "tool",
    tool_call_id: text(tool_use_id),
    content: Array.isArray(content) ? content.filter(isBlock).map(toPart) : text(content),
  };
}

function isBlock(value: unknown): value is Block {
  return isRecord(value) && typeof value["type"] === "string";
}

/** Several texts, and texts with a cache marker, stay parts; the rest is what an answer would be. */
function assistantMessage(blocks: readonly Block[]): ChatMessage {
  const { annotations: _annotations, ...message } = fromBlocks(blocks, READING);
  const texts = blocks.filter(({ type }) => type === "text");
  const needsParts = texts.length > 1 || texts.some((block) => block["cache_control"]);
  return { ...message, content: needsParts ? texts.map(toPart) : message.content };
}

function toTool(tool: AnthropicTool): Tool {
  if (!tool.input_schema || (tool.type && tool.type !== "custom")) return present(tool) as Tool; // open: a provider's own
  const { type: _type, name, description, input_schema, strict, ...extras } = tool;
  return {
    ...extras,
    type: "function",
    function: present({
      name: name ?? "",
      description,
      parameters: input_schema,
      strict: typeof strict === "boolean" ? strict : undefined,
    }),
  };
}

function toToolChoice(choice: NonNullable<CountTokensRequest["tool_choice"]>): NonNullable<ChatRequest["tool_choice"]> {
  switch (choice.type) {
    case "any":
      return "required";
    case "tool":
      return { type: "function", function: { name: choice.name ?? "" } };
    default: // auto, none
      return choice.type;
  }
}

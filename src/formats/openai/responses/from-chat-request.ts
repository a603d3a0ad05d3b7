/** A request of chat in the format of the Responses API, for models that are served by nothing else. */
import { UnsupportedParamsError } from "../../errors.ts";
import { isRecord, type JsonObject, recordsIn } from "../../json.ts";
import type { ChatMessage, ChatRequest, MessageToolCall, Tool } from "../chat.ts";
import { withToolCallIds } from "../tool-call-ids.ts";
import { toInputContent } from "./content.ts";
import { REASONING_ITEMS } from "./to-chat.ts";
import { type Item, PARAMS_OF_BOTH, type ResponsesRequest, type ResponseTool } from "./types.ts";

/** Parameters of chat that can be said here. */
export const CHAT_PARAMS_BY_RESPONSES: readonly string[] = [
  ...PARAMS_OF_BOTH,
  "function_call",
  "functions",
  "logprobs",
  "max_completion_tokens",
  "max_tokens",
  "reasoning_effort",
  "response_format",
  "store",
  "stream_options",
  "thinking",
  "tool_choice",
  "tools",
  "top_logprobs",
  "verbosity",
  "web_search_options",
];

const TRANSLATED: ReadonlySet<string> = new Set(["messages", "model", "stream", "n", ...CHAT_PARAMS_BY_RESPONSES]);

/**
 * Nothing is kept upstream, as in chat: what the model needs of its reasoning comes back encrypted, where it reasons.
 * @throws UnsupportedParamsError for what cannot be said
 */
export function toResponsesRequest(request: ChatRequest, { reasons }: { reasons: boolean }): ResponsesRequest {
  const { model, stream, response_format: format, reasoning_effort: effort, verbosity } = request;
  const fields: JsonObject = Object.fromEntries(Object.entries(request).filter(([name]) => !TRANSLATED.has(name)));
  for (const name of PARAMS_OF_BOTH) if (isGiven(request[name])) fields[name] = request[name];
  if (isGiven(stream)) fields["stream"] = stream;
  const limit = request.max_completion_tokens ?? request.max_tokens;
  if (isGiven(limit)) fields["max_output_tokens"] = limit;
  if (effort) fields["reasoning"] = { effort, summary: "auto" };
  else if (request.thinking?.type === "enabled" || request.thinking?.type === "adaptive")
    fields["reasoning"] = { effort: effortOf(request.thinking.budget_tokens), summary: "auto" };
  const text = { ...(format && { format: flatFormat(format) }), ...(verbosity && { verbosity }) };
  if (Object.keys(text).length > 0) fields["text"] = text;
  const tools = toolsOf(request);
  if (tools.length > 0) fields["tools"] = tools;
  const choice = toolChoice(request.tool_choice ?? legacyChoice(request.function_call));
  if (choice !== undefined) fields["tool_choice"] = choice;
  const include = [
    ...(reasons ? ["reasoning.encrypted_content"] : []),
    ...(request.logprobs ? ["message.output_text.logprobs"] : []),
  ];
  if (include.length > 0) fields["include"] = include;
  if (isGiven(request.top_logprobs)) fields["top_logprobs"] = request.top_logprobs;
  return { ...fields, model, input: toInputItems(request.messages), store: request.store ?? false };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** OpenAI has no budgets; the bounds are LiteLLM's. */
function effortOf(budget: number | null | undefined): string {
  if (budget === null || budget === undefined) return "medium";
  if (budget < 2048) return "low";
  return budget < 4096 ? "medium" : "high";
}

function flatFormat({ type, json_schema: schema, ...rest }: NonNullable<ChatRequest["response_format"]>): JsonObject {
  return { type, ...rest, ...(schema && { name: "response", ...schema }) };
}

function toolsOf(request: ChatRequest): ResponseTool[] {
  const functions = (request.functions ?? []).map((definition): Tool => ({ type: "function", function: definition }));
  const tools = [...(request.tools ?? []), ...functions].map(flatTool);
  const search = request.web_search_options;
  return search ? [...tools, searchTool(search)] : tools;
}

function flatTool({ cache_control: _, ...tool }: Tool): ResponseTool {
  if (tool.function !== undefined && (tool.type ?? "function") === "function") {
    const { name, description, parameters, strict } = tool.function;
    // Here a schema is strict unless it says otherwise, in chat it is not.
    return {
      type: "function",
      name,
      ...(description && { description }),
      parameters: parameters ?? null,
      strict: strict ?? false,
    };
  }
  if (isRecord(tool["custom"])) {
    const { format, name, ...custom } = tool["custom"];
    const grammar =
      isRecord(format) && isRecord(format["grammar"]) ? { type: "grammar", ...format["grammar"] } : format;
    return { type: "custom", name: String(name ?? ""), ...custom, ...(isGiven(grammar) && { format: grammar }) };
  }
  return tool; // one of OpenAI's own
}

function searchTool({
  search_context_size: size,
  user_location: place,
}: NonNullable<ChatRequest["web_search_options"]>): ResponseTool {
  const approximate = isRecord(place) && isRecord(place["approximate"]) ? place["approximate"] : place;
  return {
    type: "web_search",
    ...(size && { search_context_size: size }),
    ...(isRecord(approximate) && { user_location: { ...approximate, type: "approximate" } }),
  };
}

function legacyChoice(choice: ChatRequest["function_call"]): ChatRequest["tool_choice"] {
  return isRecord(choice) ? { type: "function", function: choice } : choice;
}

function toolChoice(choice: ChatRequest["tool_choice"]): ResponsesRequest["tool_choice"] {
  if (!isRecord(choice)) return choice ?? undefined;
  const { type } = choice;
  const definition = choice["function"] ?? choice["custom"];
  if (isRecord(definition)) return { type: type ?? "function", name: definition["name"] };
  if (type === "allowed_tools" && isRecord(choice["allowed_tools"])) {
    const { mode, tools } = choice["allowed_tools"];
    const flat = (Array.isArray(tools) ? tools : []).filter(isRecord).map((tool) => toolChoice(tool));
    return { type, mode, tools: flat };
  }
  return choice;
}

function toInputItems(given: readonly ChatMessage[]): Item[] {
  const open: string[] = []; // calls of the older kind, which have no ids
  return withToolCallIds(given).flatMap((message, index): Item[] => {
    switch (message.role) {
      case "assistant":
        return assistantItems(message, index, open);
      case "tool":
        return [outputItem(message, message.tool_call_id ?? "", given)];
      case "function":
        return [outputItem(message, open.shift() ?? "", given)];
      default:
        return [{ type: "message", role: message.role, content: toInputContent(message.content) }];
    }
  });
}

function assistantItems(message: ChatMessage, index: number, open: string[]): Item[] {
  const kept = message.provider_specific_fields?.[REASONING_ITEMS];
  const items: Item[] = recordsIn(kept);
  const said = spokenParts(message);
  if (said.length > 0) items.push({ type: "message", role: "assistant", content: said });
  for (const call of message.tool_calls ?? []) items.push(callItem(call, `messages[${index}].tool_calls`));
  if (message.function_call && !message.tool_calls?.length) {
    const id = `call_${index}`;
    open.push(id);
    items.push({ type: "function_call", call_id: id, ...message.function_call });
  }
  return items;
}

function spokenParts({ content, refusal }: ChatMessage): JsonObject[] {
  const texts = typeof content === "string" ? [{ type: "text" as const, text: content }] : (content ?? []);
  const parts = texts.flatMap((part): JsonObject[] => {
    if (part.type === "text")
      return part.text === "" ? [] : [{ type: "output_text", text: part.text, annotations: [] }];
    return part.type === "refusal" ? [part] : []; // thinking of others, and what a model cannot have said here
  });
  return refusal ? [...parts, { type: "refusal", refusal }] : parts;
}

function callItem(call: MessageToolCall, param: string): Item {
  const { custom } = call;
  if (isRecord(custom))
    return { type: "custom_tool_call", call_id: call.id ?? "", name: custom["name"], input: custom["input"] ?? "" };
  if (call.function === undefined)
    throw new UnsupportedParamsError(`Tool calls of type ${call.type} cannot be said to this model.`, { param });
  return {
    type: "function_call",
    call_id: call.id ?? "",
    name: call.function.name,
    arguments: call.function.arguments,
  };
}

function outputItem({ content }: ChatMessage, callId: string, messages: readonly ChatMessage[]): Item {
  const isCustom = messages.some(({ tool_calls }) =>
    tool_calls?.some(({ id, custom }) => id === callId && isRecord(custom)),
  );
  const output = typeof content === "string" ? content : toInputContent(content);
  return { type: isCustom ? "custom_tool_call_output" : "function_call_output", call_id: callId, output };
}

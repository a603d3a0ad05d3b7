/** A `generateContent` request as a chat request of the hub. */

import { isRecord, recordsIn, stringsIn } from "../json.ts";
import type { ChatRequest, ResponseFormat, Tool, ToolChoice } from "../openai/chat.ts";
import { validate } from "../validate.ts";
import type { JsonObject } from "./json.ts";
import { camelCased } from "./names.ts";
import { toJsonSchema } from "./schema.ts";
import { toMessages } from "./to-hub-messages.ts";
import { requestSchema, toNumber } from "./types.ts";

/**
 * @param call what the URL says: the model, and whether to stream
 * @throws BadRequestError where the body is no request
 */
export function toHubRequest(body: unknown, call: { model: string; stream?: boolean }): ChatRequest {
  const request = validate(requestSchema, camelCased(body));
  const { contents, systemInstruction, tools, toolConfig, generationConfig, model: _, ...rest } = request;
  const { functionCallingConfig, ...otherToolConfig } = toolConfig ?? {};
  const hubTools = recordsIn([tools].flat()).flatMap(toTools);
  const choice = toToolChoice(functionCallingConfig);
  return {
    model: call.model,
    messages: toMessages([contents].flat(), systemInstruction),
    ...(call.stream === undefined ? {} : { stream: call.stream }),
    ...(hubTools.length > 0 ? { tools: hubTools } : {}),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(Object.keys(otherToolConfig).length > 0 ? { toolConfig: otherToolConfig } : {}),
    ...fromGenerationConfig(generationConfig ?? {}),
    ...rest,
  };
}

function toTools(tool: JsonObject): Tool[] {
  const { functionDeclarations, ...native } = tool;
  const functions: Tool[] = recordsIn([functionDeclarations].flat()).map(
    ({ name, description, parameters, parametersJsonSchema, ...rest }) => {
      const schema = parametersJsonSchema ?? parameters;
      return {
        type: "function",
        function: {
          name: String(name),
          ...(typeof description === "string" ? { description } : {}),
          ...(isRecord(schema) ? { parameters: toJsonSchema(schema) } : {}),
          ...rest,
        },
      };
    },
  );
  const own = Object.entries(native).filter(([, value]) => isRecord(value));
  return [...functions, ...own.map(([name, value]) => ({ [name]: value }))];
}

function toToolChoice(config: JsonObject | null | undefined): ToolChoice | undefined {
  const { mode, allowedFunctionNames } = config ?? {};
  const names = stringsIn([allowedFunctionNames].flat());
  const tools = names.map((name) => ({ type: "function", function: { name } }));
  switch (typeof mode === "string" ? mode.toUpperCase() : undefined) {
    case "NONE":
      return "none";
    case "AUTO":
      return "auto";
    case "ANY":
      if (tools.length === 0) return "required";
      return tools.length === 1 ? tools[0] : { type: "allowed_tools", allowed_tools: { mode: "required", tools } };
    case "VALIDATED":
      return tools.length === 0 ? "validated" : { type: "allowed_tools", allowed_tools: { mode: "auto", tools } };
    default:
      return undefined;
  }
}

/** The configuration in OpenAI's parameters; what they do not say keeps its name. */
function fromGenerationConfig(config: JsonObject): JsonObject {
  const { responseMimeType, responseSchema, responseJsonSchema, thinkingConfig, ...fields } = config;
  const request: JsonObject = {
    ...responseFormat(responseMimeType, responseJsonSchema ?? responseSchema),
    ...(isRecord(thinkingConfig) ? thinking(thinkingConfig) : {}),
  };
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue;
    if (name === "responseModalities") {
      const modalities = stringsIn([value].flat());
      if (modalities.length > 0) request["modalities"] = modalities.map((modality) => modality.toLowerCase());
    } else request[hubName(name)] = FIGURES.has(name) ? toNumber(value) : value;
  }
  return request;
}

const FIGURES: ReadonlySet<string> = new Set([
  "candidateCount",
  "frequencyPenalty",
  "logprobs",
  "maxOutputTokens",
  "presencePenalty",
  "seed",
  "temperature",
  "topK",
  "topP",
]);

function hubName(name: string): string {
  switch (name) {
    case "topP":
      return "top_p";
    case "topK":
      return "top_k";
    case "maxOutputTokens":
      return "max_tokens";
    case "stopSequences":
      return "stop";
    case "candidateCount":
      return "n";
    case "presencePenalty":
      return "presence_penalty";
    case "frequencyPenalty":
      return "frequency_penalty";
    case "responseLogprobs":
      return "logprobs";
    case "logprobs":
      return "top_logprobs";
    default:
      return name;
  }
}

function responseFormat(mimeType: unknown, schema: unknown): JsonObject {
  let format: ResponseFormat | undefined;
  if (isRecord(schema) && (mimeType === "application/json" || mimeType === undefined))
    format = { type: "json_schema", json_schema: { name: "response", schema: toJsonSchema(schema) } };
  else if (mimeType === "application/json") format = { type: "json_object" };
  else if (mimeType === "text/plain") format = { type: "text" };
  if (format !== undefined) return { response_format: format };
  return {
    ...(mimeType === undefined ? {} : { responseMimeType: mimeType }),
    ...(schema === undefined ? {} : { responseSchema: schema }),
  };
}

/** In Gemini thoughts stay hidden unless asked for; in the hub they show unless `display` says otherwise. */
function thinking(config: JsonObject): JsonObject {
  const { includeThoughts, thinkingLevel } = config;
  const thinkingBudget = toNumber(config["thinkingBudget"]);
  const display = includeThoughts === true ? {} : { display: "omitted" };
  if (typeof thinkingLevel === "string") {
    const effort = { reasoning_effort: thinkingLevel.toLowerCase() };
    return includeThoughts === true ? effort : { ...effort, thinking: { type: "adaptive", ...display } };
  }
  if (thinkingBudget === 0) return { thinking: { type: "disabled" } };
  if (thinkingBudget === -1) return { thinking: { type: "adaptive", ...display } };
  if (typeof thinkingBudget === "number")
    return { thinking: { type: "enabled", budget_tokens: thinkingBudget, ...display } };
  return includeThoughts === true ? { thinking: { type: "enabled" } } : {};
}

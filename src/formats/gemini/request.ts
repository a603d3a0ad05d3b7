/** A chat request of the hub as a `generateContent` request. */

import { UnsupportedParamsError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatRequest } from "../openai/chat.ts";
import { OPENAI_CHAT_PARAMS } from "../openai/params.ts";
import { withoutCallIds } from "./call-ids.ts";
import { GENERATION_FIELDS, toGenerationConfig } from "./config.ts";
import { toContents } from "./contents.ts";
import { camelCase, type JsonObject } from "./json.ts";
import { geminiModel, isGemini3 } from "./model.ts";
import { functionCallingConfig, toTools } from "./tools.ts";
import type { GenerateContentRequest } from "./types.ts";

export interface RequestOptions {
  /** The model as Google names it. */
  model: string;
  /** Leave out what Gemini lacks instead of refusing it. */
  dropParams?: boolean;
  /** The API wants to be told that functions stand beside Google's own tools (AI Studio; Vertex AI does not know it). */
  announcesToolCombination?: boolean;
  /** The API refuses ids of function calls (Vertex AI). */
  refusesCallIds?: boolean;
}

/** What the converters read, and OpenAI's hints that Gemini has no use for. Everything else is Gemini's and passes. */
const READ_FIELDS: ReadonlySet<string> = new Set(["messages", "model", "stream", ...OPENAI_CHAT_PARAMS]);

/** Fields of the request, beside the configuration, that clients write in either case. */
const TOP_FIELDS: ReadonlySet<string> = new Set(["cachedContent", "modelArmorConfig", "safetySettings", "serviceTier"]);

/**
 * @throws BadRequestError where a message cannot be said to Gemini
 * @throws UnsupportedParamsError where a parameter has no equal, unless `dropParams`
 */
export function toGeminiRequest(request: ChatRequest, options: RequestOptions): GenerateContentRequest {
  const model = geminiModel(options.model);
  const { contents, systemInstruction, mediaResolution } = toContents(request.messages, model, !options.refusesCallIds);
  const tools = toTools(request, model, options.dropParams);
  refuseSerialTools(request, tools, options);
  const own = nativeFields(request);
  const generationConfig = {
    ...toGenerationConfig(request, model),
    ...(mediaResolution === undefined ? {} : { mediaResolution }),
    ...own.generation,
  };
  const calling = functionCallingConfig(request);
  const toolConfig = {
    ...(calling === undefined || tools.length === 0 ? {} : { functionCallingConfig: calling }),
    ...(options.announcesToolCombination && isGemini3(model) && combines(tools)
      ? { includeServerSideToolInvocations: true }
      : {}),
    ...own.toolConfig,
  };
  const serviceTier = tierOf(request.service_tier);
  const body = {
    contents,
    ...(systemInstruction === undefined ? {} : { systemInstruction }),
    ...(tools.length > 0 ? { tools } : {}),
    ...(Object.keys(toolConfig).length > 0 ? { toolConfig } : {}),
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...own.top,
  };
  return options.refusesCallIds ? { ...body, ...withoutCallIds(body) } : body;
}

/** Gemini calls as many functions at once as it likes; with a single one to call the question does not arise. */
function refuseSerialTools(request: ChatRequest, tools: JsonObject[], options: RequestOptions): void {
  if (request.parallel_tool_calls !== false || options.dropParams) return;
  const functions = tools.flatMap((tool) =>
    Array.isArray(tool["functionDeclarations"]) ? tool["functionDeclarations"] : [],
  );
  if (functions.length <= 1) return;
  throw new UnsupportedParamsError(
    "Gemini cannot be kept from calling tools in parallel: parallel_tool_calls=false is not supported with more than one tool. " +
      "To drop it, set `drop_params: true`.",
    { param: "parallel_tool_calls" },
  );
}

function combines(tools: JsonObject[]): boolean {
  return tools.length > 1 && tools.some((tool) => "functionDeclarations" in tool);
}

interface NativeFields {
  generation: JsonObject;
  toolConfig: JsonObject;
  top: JsonObject;
}

/** Parameters of Gemini's own, in camel or snake case, to where they belong. */
function nativeFields(request: ChatRequest): NativeFields {
  const fields: NativeFields = { generation: {}, toolConfig: {}, top: {} };
  for (const [name, value] of Object.entries(request)) {
    if (READ_FIELDS.has(name) || value === undefined || value === null) continue;
    const camel = camelCase(name);
    if (camel === "generationConfig" && isRecord(value)) Object.assign(fields.generation, camelFields(value));
    else if (camel === "toolConfig" && isRecord(value)) Object.assign(fields.toolConfig, camelFields(value));
    else if (camel === "includeServerSideToolInvocations") fields.toolConfig[camel] = value;
    else if (GENERATION_FIELDS.has(camel)) fields.generation[camel] = value;
    else if (TOP_FIELDS.has(camel)) fields.top[camel] = value;
    else fields.top[name] = value;
  }
  return fields;
}

function camelFields(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camelCase(name), value]));
}

/** OpenAI's `default` is Google's `standard`; `auto` leaves it to the project. */
function tierOf(tier: string | null | undefined): string | undefined {
  switch (tier) {
    case undefined:
    case null:
    case "auto":
      return undefined;
    case "default":
      return "standard";
    default:
      return tier;
  }
}

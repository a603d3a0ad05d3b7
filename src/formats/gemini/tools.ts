/** OpenAI's tools and tool choice as Gemini's `tools` and `toolConfig`. */
import { BadRequestError, UnsupportedParamsError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatRequest, FunctionDefinition, Tool } from "../openai/chat.ts";
import { camelCase, type JsonObject } from "./json.ts";
import { type GeminiModel, readsOpenApiOnly } from "./model.ts";
import { toOpenApiSchema } from "./openapi-schema.ts";
import { toJsonSchema } from "./schema.ts";
import type { FunctionDeclaration } from "./types.ts";

/** Fields of a function that only Gemini knows. */
const NATIVE_FUNCTION_FIELDS = ["behavior", "response", "responseJsonSchema"] as const;

/** Fields of a tool that are not a tool of Google's. */
const PLAIN_TOOL_FIELDS = new Set(["type", "function", "cache_control", "functionDeclarations"]);

/**
 * One tool with all functions, then Google's own tools (search, code execution, ...) in the client's order.
 * @throws UnsupportedParamsError for tools Gemini has no equal of, unless `dropParams`
 */
export function toTools(request: ChatRequest, model: GeminiModel, dropParams = false): JsonObject[] {
  const functions: JsonObject[] = (request.functions ?? []).map((definition) => declaration(definition, model));
  const native: JsonObject[] = [];
  for (const [index, tool] of (request.tools ?? []).entries()) {
    const declared = tool["functionDeclarations"] ?? tool["function_declarations"];
    if (tool.function !== undefined) functions.push(declaration(tool.function, model));
    else if (Array.isArray(declared)) functions.push(...declared.filter(isRecord));
    const own = nativeTool(tool);
    if (own !== undefined) native.push(own);
    else if (tool.function === undefined && declared === undefined && !dropParams)
      throw new UnsupportedParamsError(`Gemini has no tool of type ${JSON.stringify(tool.type)}`, {
        param: `tools[${index}]`,
      });
  }
  if (request.web_search_options && !native.some((tool) => "googleSearch" in tool)) native.push({ googleSearch: {} });
  return functions.length > 0 ? [{ functionDeclarations: functions }, ...native] : native;
}

/**
 * What `tool_choice` (or `function_call`) says; `undefined` where it leaves the choice to the default.
 * @throws BadRequestError where the choice has no known form
 */
export function functionCallingConfig(request: ChatRequest): JsonObject | undefined {
  const choice = request.tool_choice ?? request.function_call;
  if (choice === undefined || choice === null) return undefined;
  if (typeof choice === "string") {
    switch (choice) {
      case "none":
        return { mode: "NONE" };
      case "auto":
        return { mode: "AUTO" };
      case "required":
      case "any":
        return { mode: "ANY" };
      case "validated":
        return { mode: "VALIDATED" };
      default:
        throw unknownChoice(choice);
    }
  }
  const { type } = choice;
  if (type === "none" || type === "auto" || type === "any" || type === "required")
    return functionCallingConfig({ ...request, tool_choice: type });
  if (type === "allowed_tools")
    return allowedTools(isRecord(choice["allowed_tools"]) ? choice["allowed_tools"] : choice);
  const named = nameOf(choice);
  if (named === undefined) throw unknownChoice(choice);
  return { mode: "ANY", allowedFunctionNames: [named] };
}

/** `auto` among some tools only is what Gemini calls `VALIDATED`: `AUTO` takes no names. */
function allowedTools(allowed: JsonObject): JsonObject {
  const tools = Array.isArray(allowed["tools"]) ? allowed["tools"] : [];
  const allowedFunctionNames = tools.map(nameOf).filter((name) => name !== undefined);
  return { mode: allowed["mode"] === "required" ? "ANY" : "VALIDATED", allowedFunctionNames };
}

function nameOf(choice: unknown): string | undefined {
  if (!isRecord(choice)) return undefined;
  const name = isRecord(choice["function"]) ? choice["function"]["name"] : choice["name"];
  return typeof name === "string" ? name : undefined;
}

function unknownChoice(choice: unknown): BadRequestError {
  return new BadRequestError(`tool_choice ${JSON.stringify(choice)} is not known`, { param: "tool_choice" });
}

function declaration(definition: FunctionDefinition, model: GeminiModel): FunctionDeclaration {
  const { name, description, parameters } = definition;
  const result: FunctionDeclaration = { name };
  if (description !== undefined && description !== null) result.description = description;
  if (parameters !== undefined && parameters !== null && Object.keys(parameters).length > 0) {
    if (!readsOpenApiOnly(model)) result.parametersJsonSchema = toJsonSchema(parameters);
    // The dialect refuses objects without properties: a function without parameters has none of it.
    else if (isRecord(parameters["properties"]) && Object.keys(parameters["properties"]).length > 0)
      result.parameters = toOpenApiSchema(parameters);
  }
  for (const field of NATIVE_FUNCTION_FIELDS) if (definition[field] !== undefined) result[field] = definition[field];
  return result;
}

/** A tool of Google's: `{ googleSearch: {...} }` as in its API, or named by `type`. */
function nativeTool(tool: Tool): JsonObject | undefined {
  const fields = Object.entries(tool).map(([name, value]) => [camelCase(name), value] as const);
  const own = fields.filter(([name, value]) => !PLAIN_TOOL_FIELDS.has(name) && isRecord(value));
  if (tool.type === undefined) return own.length > 0 ? Object.fromEntries(own) : undefined;
  const name = nativeName(tool.type);
  if (name === undefined) return undefined;
  const written = own.find(([field]) => field === name);
  if (written !== undefined) return Object.fromEntries([written]);
  const { type: _, cache_control: __, ...options } = tool;
  // Options of other providers' tools (`max_uses`, `search_context_size`, `container`) mean nothing to Google's.
  return { [name]: camelCase(tool.type) === name ? options : {} };
}

function nativeName(type: string): string | undefined {
  switch (type.replace(/_\d{8}$/, "").replace(/_preview$/, "")) {
    case "google_search":
    case "googleSearch":
    case "web_search":
      return "googleSearch";
    case "google_search_retrieval":
    case "googleSearchRetrieval":
      return "googleSearchRetrieval";
    case "enterprise_web_search":
    case "enterpriseWebSearch":
      return "enterpriseWebSearch";
    case "google_maps":
    case "googleMaps":
      return "googleMaps";
    case "url_context":
    case "urlContext":
    case "web_fetch":
      return "urlContext";
    case "code_execution":
    case "codeExecution":
    case "code_interpreter":
      return "codeExecution";
    case "file_search":
    case "fileSearch":
      return "fileSearch";
    case "computer_use":
    case "computerUse":
      return "computerUse";
    default:
      return undefined;
  }
}

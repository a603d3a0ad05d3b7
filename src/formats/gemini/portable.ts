/**
 * A chat request that was one of Gemini's, as a provider takes it that is not Google. What steers Google alone goes;
 * what would change the answer, and has no equal, is refused.
 */
import { portableMessages } from "../anthropic/portable-messages.ts";
import { UnsupportedParamsError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatRequest, ContentPart, Tool } from "../openai/chat.ts";
import { camelCase, type JsonObject, textField } from "./json.ts";
import { withLegalNames } from "./portable-names.ts";

export interface Taker {
  /** Slug, for errors. */
  provider: string;
  wire: string;
  /** OpenAI's parameters it takes. */
  supported: ReadonlySet<string> | "all";
  /** It is known to take `top_k`, which OpenAI's own API refuses. */
  takesTopK: boolean;
  /** Leave out instead of refusing. */
  dropParams: boolean;
}

/** They steer filters, billing and hardware of Google's, or say how it is to look at media: no other's answer needs them. */
const GOOGLES_ALONE: ReadonlySet<string> = new Set([
  "audioTimestamp",
  "enableAffectiveDialog",
  "enableEnhancedCivicAnswers",
  "imageConfig",
  "labels",
  "mediaResolution",
  "modelArmorConfig",
  "modelSelectionConfig",
  "routingConfig",
  "safetySettings",
  "serviceTier",
  "speechConfig",
  "toolConfig",
]);

/** They are sent by habit (Gemini CLI sends all of its models' defaults), and an answer without them is an answer. */
const HABITS = [
  "frequency_penalty",
  "presence_penalty",
  "reasoning_effort",
  "seed",
  "service_tier",
  "store",
  "temperature",
  "thinking",
  "top_p",
] as const;

/** What of Gemini's own has no equal elsewhere. */
const REFUSED: Readonly<Record<string, string>> = {
  cachedContent: "the content cached at Google",
  responseMimeType: "answers of another MIME type than JSON and text",
};

/** @throws UnsupportedParamsError naming what the provider has no equal of */
export function toPortable(request: ChatRequest, taker: Taker): ChatRequest {
  const { provider, wire, supported, dropParams } = taker;
  const takes = (name: string) => supported === "all" || supported.has(name);
  const portable: ChatRequest = { ...request };
  for (const [name, reason] of Object.entries(REFUSED))
    if (portable[name] !== undefined) {
      if (!dropParams) throw unsupported(name, `${provider} does not have ${reason}`);
      delete portable[name];
    }
  delete portable["responseSchema"]; // stands beside another MIME type
  const tier = textField(request, "serviceTier");
  if (tier !== undefined) portable.service_tier ??= tier.toLowerCase() === "standard" ? "default" : tier.toLowerCase();
  for (const name of GOOGLES_ALONE) delete portable[name];
  for (const name of HABITS) if (!takes(name)) delete portable[name];
  if (!taker.takesTopK) delete portable["top_k"];
  settleModalities(portable);
  settleThinking(portable, wire);
  if (wire === "anthropic") settleClaudesSampling(portable);
  settleTools(portable, taker, takes("web_search_options"));
  settleSchema(portable);
  portable.messages = portableMessages(request.messages, wire === "anthropic").map((message) =>
    Array.isArray(message.content)
      ? { ...message, content: message.content.map((part) => portablePart(part, provider)) }
      : message,
  );
  return withLegalNames(portable);
}

/** Text is what everyone answers with. */
function settleModalities(request: ChatRequest): void {
  if (request.modalities?.every((modality) => modality === "text")) delete request.modalities;
}

function settleSchema(request: ChatRequest): void {
  const { response_format: format } = request;
  if (!format?.json_schema?.schema) return;
  const schema = withoutOrdering(format.json_schema.schema) as JsonObject; // an object stays one
  request.response_format = { ...format, json_schema: { ...format.json_schema, schema } };
}

/** Tokens; Claude thinks with no fewer. */
export const LEAST_CLAUDE_BUDGET = 1024;

/** Whether thoughts are shown is for the answer's translation to see to. */
function settleThinking(request: ChatRequest, wire: string): void {
  const { thinking } = request;
  if (!thinking) return;
  const { display: _, ...rest } = thinking;
  const budget = rest.budget_tokens;
  request.thinking =
    wire === "anthropic" && typeof budget === "number"
      ? { ...rest, budget_tokens: Math.max(budget, LEAST_CLAUDE_BUDGET) }
      : rest;
}

/** Claude's temperature ends at 1, and its newer models refuse `top_p` beside it. */
function settleClaudesSampling(request: ChatRequest): void {
  if (typeof request.temperature !== "number") return;
  request.temperature = Math.min(request.temperature, 1);
  delete request.top_p;
}

function settleTools(request: ChatRequest, { provider, dropParams }: Taker, hasSearch: boolean): void {
  const tools: Tool[] = [];
  for (const [index, tool] of (request.tools ?? []).entries()) {
    if (tool.function !== undefined) tools.push({ ...tool, function: portableFunction(tool.function) });
    else if (tool.type !== undefined) tools.push(tool);
    else
      for (const name of Object.keys(tool).map(camelCase)) {
        if (SEARCHES.has(name) && hasSearch) request.web_search_options ??= {};
        else if (!dropParams) throw unsupported(`tools[${index}].${name}`, `${provider} has no tool like it`);
      }
  }
  const allowed = allowedNames(request.tool_choice);
  const kept = allowed ? tools.filter(({ function: one }) => one && allowed.names.has(one.name)) : tools;
  if (kept.length > 0) request.tools = kept;
  else delete request.tools;
  if (kept.length === 0) delete request.tool_choice;
  else if (allowed) request.tool_choice = allowed.mode;
  else if (request.tool_choice === "validated") request.tool_choice = "auto"; // schemas are kept to anyway, or nowhere
}

const SEARCHES: ReadonlySet<string> = new Set(["googleSearch", "googleSearchRetrieval", "enterpriseWebSearch"]);

/** Hardly anyone has `allowed_tools`: only those named are offered. */
function allowedNames(choice: ChatRequest["tool_choice"]): { names: ReadonlySet<string>; mode: string } | undefined {
  if (!isRecord(choice) || choice["type"] !== "allowed_tools" || !isRecord(choice["allowed_tools"])) return undefined;
  const { mode, tools } = choice["allowed_tools"];
  const names = (Array.isArray(tools) ? tools : []).flatMap((tool: unknown) =>
    isRecord(tool) && isRecord(tool["function"]) ? [String(tool["function"]["name"])] : [],
  );
  return { names: new Set(names), mode: mode === "required" ? "required" : "auto" };
}

function portableFunction({
  behavior: _,
  response: _response,
  responseJsonSchema: _schema,
  ...definition
}: NonNullable<Tool["function"]>): NonNullable<Tool["function"]> {
  const { parameters } = definition;
  return parameters ? { ...definition, parameters: withoutOrdering(parameters) as JsonObject } : definition; // an object stays one
}

/** `propertyOrdering` is a word of Google's, and strict readers of schemas refuse words they do not know. */
function withoutOrdering(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutOrdering);
  if (!isRecord(schema)) return schema;
  const kept = Object.entries(schema).filter(([word, value]) => word !== "propertyOrdering" || !Array.isArray(value));
  return Object.fromEntries(kept.map(([word, value]) => [word, withoutOrdering(value)]));
}

const GOOGLES_FILES = /^(?:gs:\/\/|https:\/\/generativelanguage\.googleapis\.com\/)/;

function portablePart(part: ContentPart, provider: string): ContentPart {
  const uri =
    part.type === "file" ? part.file.file_id : part.type === "image_url" ? imageUrl(part.image_url) : undefined;
  if (uri && GOOGLES_FILES.test(uri))
    throw unsupported("contents.parts.fileData", `${provider} cannot read files that are kept at Google`);
  if (isVideo(part)) throw unsupported("contents.parts", `${provider} takes no video in Google's format`);
  const isGooglesOwn = (part as { type: string }).type === "gemini"; // the hub's union names no such part, but takes any
  if (isGooglesOwn) throw unsupported("contents.parts", `${provider} has no part like ${Object.keys(part)[1]}`);
  return part;
}

/** Clips of YouTube's come without a type. */
const YOUTUBE = /^https?:\/\/(?:(?:www\.|m\.)?youtube\.com|youtu\.be)\//i;

/** Whoever has only files would take it for a document. */
function isVideo(part: ContentPart): boolean {
  if (part.type !== "file") return false;
  const { file_data: data, file_id: id, format } = part.file;
  return /^video\//i.test(format ?? "") || /^data:video\//i.test(data ?? "") || YOUTUBE.test(id ?? "");
}

function imageUrl(image: string | { url: string }): string {
  return typeof image === "string" ? image : image.url;
}

function unsupported(param: string, message: string): UnsupportedParamsError {
  return new UnsupportedParamsError(`litellm.UnsupportedParamsError: ${param}: ${message}`, { param });
}

/** A request of `generateContent` as its client sends it: what the gateway reads of it, and what it may change in it. */
import { z } from "zod";
import { walked } from "../depth.ts";
import { BadRequestError } from "../errors.ts";
import { isRecord, recordsIn } from "../json.ts";
import { type ChatMessage, type ChatRequest, chatRequestSchema } from "../openai/chat.ts";
import { OPENAI_CHAT_PARAMS } from "../openai/params.ts";
import { validate } from "../validate.ts";
import type { GenerateContentCall } from "./as-chat.ts";
import { GENERATION_FIELDS, toGenerationConfig } from "./config.ts";
import { camelCase, type JsonObject } from "./json.ts";
import { geminiModel } from "./model.ts";
import { camelCased, inEitherCase } from "./names.ts";
import { toHubRequest } from "./to-hub-request.ts";
import { requestSchema, toNumber } from "./types.ts";

/** Fields of the body that are Gemini's. Source: Gemini API reference, `GenerateContentRequest`; Vertex AI's. */
export const OWN_FIELDS: ReadonlySet<string> = new Set([
  "cachedContent",
  "contents",
  "generationConfig",
  "labels",
  "modelArmorConfig",
  "safetySettings",
  "serviceTier",
  "store",
  "systemInstruction",
  "toolConfig",
  "tools",
]);

const OPENAI_NAMES: ReadonlySet<string> = new Set(OPENAI_CHAT_PARAMS);

/** Any body that Google's parser would take; unknown fields are for Google to judge. */
export const generateContentCallSchema: z.ZodType<GenerateContentCall> = z
  .looseObject({ model: z.string().min(1), stream: z.boolean().nullish() })
  .superRefine(inEitherCase(requestSchema));

/**
 * The same as chat. What others know by OpenAI's names (a deployment's defaults) counts where the client says nothing.
 * @throws BadRequestError also where it is nested more deeply than it can be walked
 */
export function toChat(call: GenerateContentCall): ChatRequest {
  return walked(() => translated(call));
}

function translated({ model, stream, ...fields }: GenerateContentCall): ChatRequest {
  const own = pick(fields, isOwn);
  const others = pick(fields, (name) => !isOwn(name));
  const said = toHubRequest(own, { model, ...(typeof stream === "boolean" && { stream }) });
  if (said.messages.length === 0)
    throw new BadRequestError("litellm.BadRequestError: Invalid value for 'contents': no part says anything", {
      param: "contents",
    });
  if (said.max_tokens !== undefined) delete others["max_completion_tokens"];
  return validate(chatRequestSchema, { ...others, ...said });
}

/** The body for Google: as the client wrote it, what it has by OpenAI's names apart. */
export function nativeBody({ model, stream: _, ...fields }: GenerateContentCall): JsonObject {
  const foreign = pick(fields, isForeign);
  if (Object.keys(foreign).length === 0) return fields;
  const chat = validate(chatRequestSchema, { ...foreign, model, messages: [{ role: "user", content: "" }] });
  const generation = pick(foreign, (name) => !OPENAI_NAMES.has(name));
  const config = {
    ...Object.fromEntries(Object.entries(generation).map(([name, value]) => [camelCase(name), value])),
    ...toGenerationConfig(chat, geminiModel(model)),
  };
  const body = pick(fields, (name) => !isForeign(name));
  return Object.keys(config).length === 0 ? body : withConfig(body, (own) => ({ ...config, ...own }));
}

/** The body without what others know by OpenAI's names. */
export function ownBody({ model: _, stream: _stream, ...fields }: GenerateContentCall): JsonObject {
  return pick(fields, (name) => !isForeign(name));
}

/** The request with an answer of at most so many tokens. */
export function withOutputLimit(call: GenerateContentCall, maxOutputTokens: number): GenerateContentCall {
  return withConfig(call, (own) => ({ ...own, maxOutputTokens }));
}

/** The request with more turns, of text. */
export function withTurns(call: GenerateContentCall, messages: readonly ChatMessage[]): GenerateContentCall {
  const said = messages.map(({ role, content }) => ({
    role: role === "assistant" ? "model" : "user",
    parts: [{ text: typeof content === "string" ? content : "" }],
  }));
  return { ...call, contents: [call["contents"], said].flat() };
}

export interface OutputFacts {
  /** Tokens of each answer, where the client bounds it. */
  limit: number | undefined;
  /** Answers asked for. */
  candidates: number;
  showsThoughts: boolean;
}

export function outputFacts(call: GenerateContentCall): OutputFacts {
  const { maxOutputTokens, candidateCount, thinkingConfig } = configOf(call);
  const limit = toNumber(maxOutputTokens);
  return {
    limit: limit !== undefined && limit > 0 ? limit : undefined,
    candidates: Math.max(1, toNumber(candidateCount) ?? toNumber(call["n"]) ?? 1), // by either name it is asked for
    showsThoughts: isRecord(thinkingConfig) && thinkingConfig["includeThoughts"] === true,
  };
}

/** Names of the functions it declares. */
export function functionNames({ tools }: GenerateContentCall): string[] {
  const declared = recordsIn([camelCased(tools)].flat()).flatMap((tool) =>
    recordsIn([tool["functionDeclarations"]].flat()),
  );
  return declared.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
}

/** `generationConfig` by either name, its fields in camel case. */
function configOf(call: JsonObject): JsonObject {
  const config = camelCased(call["generationConfig"] ?? call["generation_config"]);
  return isRecord(config) ? config : {};
}

function withConfig<Body extends JsonObject>(body: Body, change: (config: JsonObject) => JsonObject): Body {
  const { generation_config: _, ...rest } = body;
  // of the fields of a body only the one that is written anew is taken out
  return { ...rest, generationConfig: change(configOf(body)) } as unknown as Body;
}

function isOwn(name: string): boolean {
  return OWN_FIELDS.has(camelCase(name));
}

function isForeign(name: string): boolean {
  return !isOwn(name) && (OPENAI_NAMES.has(name) || GENERATION_FIELDS.has(camelCase(name)));
}

function pick(fields: JsonObject, test: (name: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => test(name)));
}

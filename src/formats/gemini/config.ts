/** OpenAI's parameters as Gemini's `generationConfig`. */

import { isRecord } from "../json.ts";
import type { ChatRequest, ResponseFormat } from "../openai/chat.ts";
import { type JsonObject, textField } from "./json.ts";
import { type GeminiModel, readsOpenApiOnly } from "./model.ts";
import { toOpenApiSchema } from "./openapi-schema.ts";
import { toJsonSchema } from "./schema.ts";
import { thinkingConfig } from "./thinking.ts";

/** Fields of `generationConfig` a client may set by their own name. */
export const GENERATION_FIELDS: ReadonlySet<string> = new Set([
  "audioTimestamp",
  "candidateCount",
  "enableAffectiveDialog",
  "enableEnhancedCivicAnswers",
  "frequencyPenalty",
  "imageConfig",
  "logprobs",
  "maxOutputTokens",
  "mediaResolution",
  "modelSelectionConfig",
  "presencePenalty",
  "responseJsonSchema",
  "responseLogprobs",
  "responseMimeType",
  "responseModalities",
  "responseSchema",
  "routingConfig",
  "seed",
  "speechConfig",
  "stopSequences",
  "temperature",
  "thinkingConfig",
  "topK",
  "topP",
]);

/** The part of the configuration that OpenAI's parameters say. Absent parameters leave no field. */
export function toGenerationConfig(request: ChatRequest, model: GeminiModel): JsonObject {
  const stop = typeof request.stop === "string" ? [request.stop] : request.stop;
  return defined({
    temperature: request.temperature,
    topP: request.top_p,
    maxOutputTokens: request.max_completion_tokens ?? request.max_tokens,
    stopSequences: stop?.length ? stop : undefined,
    candidateCount: request.n,
    presencePenalty: request.presence_penalty,
    frequencyPenalty: request.frequency_penalty,
    seed: request.seed,
    responseLogprobs: request.logprobs,
    logprobs: request.logprobs === false ? undefined : request.top_logprobs,
    ...responseFormat(request.response_format, model),
    responseModalities: modalities(request),
    speechConfig: speechConfig(request),
    thinkingConfig: thinkingConfig(request, model),
  });
}

function responseFormat(format: ResponseFormat | null | undefined, model: GeminiModel): JsonObject {
  switch (format?.type) {
    case "text":
      return { responseMimeType: "text/plain" };
    case "json_object":
      // LiteLLM: a schema may stand beside the type.
      return json(format["response_schema"] ?? format["schema"], model);
    case "json_schema":
      return json(format.json_schema?.schema ?? format["response_schema"] ?? format["schema"], model);
    default:
      return {};
  }
}

function json(schema: unknown, model: GeminiModel): JsonObject {
  const responseMimeType = "application/json";
  if (!isRecord(schema) || Object.keys(schema).length === 0) return { responseMimeType };
  if (readsOpenApiOnly(model)) return { responseMimeType, responseSchema: toOpenApiSchema(schema) };
  return { responseMimeType, responseJsonSchema: toJsonSchema(schema) };
}

/** Speech models speak or are silent: they take no text beside. */
function modalities(request: ChatRequest): string[] | undefined {
  if (request.modalities?.length) return request.modalities.map((name) => name.toUpperCase());
  return request.audio ? ["AUDIO"] : undefined;
}

function speechConfig(request: ChatRequest): JsonObject | undefined {
  const voice = request.audio?.voice;
  const voiceName = typeof voice === "string" ? voice : textField(voice, "id");
  return voiceName === undefined ? undefined : { voiceConfig: { prebuiltVoiceConfig: { voiceName } } };
}

/** A copy without the fields that are `undefined` or `null`. */
function defined(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

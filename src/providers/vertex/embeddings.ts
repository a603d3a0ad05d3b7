/**
 * Embeddings on Vertex AI: of texts by `predict`, of pictures and films too by `multimodalembedding`, and of what is
 * both by `embedContent` of the newest. Sources: Vertex AI, "Text embeddings API", "Multimodal embeddings API".
 */
import { APIResponseValidationError, BadRequestError } from "../../formats/errors.ts";
import { camelCase } from "../../formats/gemini/json.ts";
import { mediaPart } from "../../formats/gemini/media.ts";
import { asRecord, isRecord, type JsonObject, recordsIn } from "../../formats/json.ts";
import { type EmbeddingRequest, type EmbeddingResponse, inputsOf } from "../../formats/openai/embeddings.ts";
import { without } from "../openai/json.ts";
import type { EmbeddingAdapter, Target } from "../provider.ts";
import { LABEL, vertexError } from "./errors.ts";
import { vertexHeaders } from "./gemini.ts";
import { methodUrl } from "./place.ts";

const SUPPORTED: ReadonlySet<string> = new Set(["dimensions", "encoding_format"]);

/** OpenAI's own names, which Google does not know. */
const HUB_FIELDS = ["model", "input", "dimensions", "encoding_format", "user"];

export function isMultimodal({ model }: Pick<Target, "model">): boolean {
  return model.includes("multimodalembedding");
}

/** Asked by `embedContent`; those before it know `predict` alone. */
export function embedsContent({ model }: Pick<Target, "model">): boolean {
  return /gemini-embedding-(?:[2-9]|\d{2}(?!\d))/.test(model);
}

/** "For gemini-embedding-001, each request can only include a single input text"; of older ones 250. */
function mostInputs(target: Target): number {
  return /gemini-embedding|multimodalembedding/.test(target.model) ? 1 : 250;
}

export const embeddings: EmbeddingAdapter = {
  wire: "gemini",
  mostInputs,
  pictures: "urls",
  supportedParams: () => SUPPORTED,

  request(request, target) {
    const isContent = embedsContent(target);
    return {
      method: "POST",
      url: methodUrl(target, isContent ? "embedContent" : "predict", isContent),
      headers: vertexHeaders(target),
      body: { json: isContent ? toContent(request) : isMultimodal(target) ? toMixed(request) : toTexts(request) },
    };
  },

  response(body, { target }) {
    const { vectors, tokens } = read(body);
    if (vectors.length === 0 || !vectors.every(isVector))
      throw new APIResponseValidationError(
        `litellm.APIResponseValidationError: ${LABEL}Exception - the answer has no embeddings: ${JSON.stringify(body)?.slice(0, 500)}`,
        { provider: target.provider, model: target.model },
      );
    return {
      object: "list",
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
      model: target.model,
      ...(tokens !== undefined && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    } satisfies EmbeddingResponse;
  },

  error: vertexError,
};

/** What OpenAI does not have is a parameter, but for what is said of each text. */
function toTexts(request: EmbeddingRequest): JsonObject {
  const { task_type, taskType = task_type, title, ...own } = without(request, HUB_FIELDS);
  const { dimensions } = request;
  const parameters = { ...(dimensions && { outputDimensionality: dimensions }), ...camelCased(own) };
  return {
    instances: textsOf(request).map((content) => ({
      content,
      ...(taskType !== undefined && { task_type: taskType }),
      ...(title !== undefined && { title }),
    })),
    ...(Object.keys(parameters).length > 0 && { parameters }),
  };
}

function toContent(request: EmbeddingRequest): JsonObject {
  const { dimensions } = request;
  const parts = textsOf(request).map((text) => (isMedium(text) ? mediaPart({ url: text }, "input") : { text }));
  const own = camelCased(without(request, HUB_FIELDS));
  return { content: { parts }, ...(dimensions && { outputDimensionality: dimensions }), ...own };
}

function toMixed(request: EmbeddingRequest): JsonObject {
  const { dimensions } = request;
  const parameters = {
    ...(dimensions && { dimension: dimensions }),
    ...camelCased(without(request, HUB_FIELDS)),
  };
  return {
    instances: textsOf(request).map(toInstance),
    ...(Object.keys(parameters).length > 0 && { parameters }),
  };
}

/** LiteLLM's: an address in Google's storage or a data URL is a picture or a film, anything else a text. */
function toInstance(text: string): JsonObject {
  if (!isMedium(text)) return { text };
  const { inlineData, fileData } = mediaPart({ url: text, fallback: "image/png" }, "input");
  const mimeType = inlineData?.mimeType ?? fileData?.mimeType;
  const kind = mimeType?.startsWith("video/") ? "video" : "image";
  const source = inlineData ? { bytesBase64Encoded: inlineData.data } : { gcsUri: text };
  return { [kind]: { ...source, ...(kind === "image" && mimeType !== undefined && { mimeType }) } };
}

function isMedium(text: string): boolean {
  return /^(?:data:[\w.+-]+\/[\w.+-]+[;,]|gs:\/\/)/.test(text);
}

function textsOf({ input }: EmbeddingRequest): string[] {
  return inputsOf(input).map((text) => {
    if (typeof text === "string") return text;
    throw new BadRequestError("litellm.BadRequestError: tokens must be made text", { param: "input" });
  });
}

/** `auto_truncate`, `output_dimensionality`: LiteLLM's names for Google's. */
function camelCased(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value]));
}

interface Read {
  vectors: unknown[];
  tokens: number | undefined;
}

function read(body: unknown): Read {
  const { embedding, usageMetadata, predictions } = asRecord(body);
  if (isRecord(embedding))
    return { vectors: [embedding["values"]], tokens: numberIn(usageMetadata, "promptTokenCount") };
  const found = recordsIn(predictions);
  const counts = found.map(({ embeddings: one }) => numberIn(asRecord(one)["statistics"], "token_count"));
  const isCounted = counts.some((count) => count !== undefined);
  return {
    vectors: found.flatMap(vectorsOf),
    tokens: isCounted ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0) : undefined,
  };
}

/** Of a prediction: of its text, its picture, or the parts of its film. */
function vectorsOf(prediction: JsonObject): unknown[] {
  const { embeddings: one, textEmbedding, imageEmbedding, videoEmbeddings } = prediction;
  if (isRecord(one)) return [one["values"]];
  return [textEmbedding, imageEmbedding, ...recordsIn(videoEmbeddings).map(({ embedding }) => embedding)].filter(
    (vector) => vector !== undefined,
  );
}

function numberIn(value: unknown, field: string): number | undefined {
  const number = asRecord(value)[field];
  return typeof number === "number" ? number : undefined;
}

function isVector(values: unknown): values is number[] {
  return Array.isArray(values) && typeof values[0] === "number";
}

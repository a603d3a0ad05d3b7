/**
 * Embeddings of Gemini, by `batchEmbedContents` whatever the number of texts.
 * Source: Gemini API reference, "Embeddings": `EmbedContentRequest` (`content`, `taskType`, `title`,
 * `outputDimensionality`), at most 100 in a batch.
 */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { mediaPart } from "../../formats/gemini/media.ts";
import type { Part } from "../../formats/gemini/types.ts";
import { embeddingUsageOf } from "../../formats/gemini/usage.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import { type EmbeddingPart, partsOf } from "../../formats/openai/embedding-parts.ts";
import { type EmbeddingRequest, inputsOf } from "../../formats/openai/embeddings.ts";
import { type Json, without } from "../openai/json.ts";
import type { EmbeddingAdapter } from "../provider.ts";
import { endpoint, headers, resourceName } from "./endpoint.ts";
import { geminiError, LABEL } from "./errors.ts";

const SUPPORTED: ReadonlySet<string> = new Set(["dimensions", "encoding_format"]);

/** OpenAI's own names, which Gemini does not know. */
const HUB_FIELDS = ["model", "input", "dimensions", "encoding_format", "user"];

/** LiteLLM's and Vertex AI's names for Gemini's fields. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  task_type: "taskType",
  output_dimensionality: "outputDimensionality",
};

export const embeddings: EmbeddingAdapter = {
  wire: "gemini",
  mostInputs: 100,
  pictures: "parts",
  supportedParams: () => SUPPORTED,

  request(request, target) {
    const model = resourceName(target.model);
    const options = optionsOf(request);
    const requests = inputsOf(request.input).map((input) => ({
      model,
      content: { parts: partsOf(input).map(toPart) }, // tokens have been made text
      ...options,
    }));
    return {
      method: "POST",
      url: endpoint(target, "batchEmbedContents"),
      headers: headers(target),
      body: { json: { requests } },
    };
  },

  response(body, { target }) {
    const vectors = isRecord(body) ? recordsIn(body["embeddings"]).map(({ values }) => values) : [];
    if (vectors.length === 0 || !vectors.every(isVector))
      throw new APIResponseValidationError(
        `litellm.APIResponseValidationError: ${LABEL}Exception - the answer has no embeddings: ${JSON.stringify(body)?.slice(0, 500)}`,
        { provider: target.provider, model: target.model },
      );
    const usage = isRecord(body) ? embeddingUsageOf(body["usageMetadata"]) : undefined;
    return {
      object: "list",
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
      model: target.model,
      ...(usage && { usage }),
    };
  },

  error: (failure) => geminiError(failure),
};

/** Its newest model embeds pictures, sound and film. Bare base64 tells by its beginning what it is. */
function toPart(part: EmbeddingPart): Part {
  return "text" in part ? part : mediaPart({ url: part.url, fallback: "image/png" }, "input");
}

function optionsOf(request: EmbeddingRequest): Json {
  const own = Object.entries(without(request, HUB_FIELDS)).map(([name, value]) => [OTHER_NAMES[name] ?? name, value]);
  const { dimensions } = request;
  return { ...(dimensions && { outputDimensionality: dimensions }), ...Object.fromEntries(own) };
}

function isVector(values: unknown): values is number[] {
  return Array.isArray(values) && typeof values[0] === "number";
}

/** Embeddings of Cohere. Source: Cohere API reference, "Embed" (v2): at most 96 texts, `input_type` required. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { asRecord, isRecord } from "../../formats/json.ts";
import { type EmbeddingPart, partsOf } from "../../formats/openai/embedding-parts.ts";
import { type EmbeddingInputItem, inputsOf } from "../../formats/openai/embeddings.ts";
import { toError } from "../failure.ts";
import { type Host, postTo } from "../openai/endpoint.ts";
import type { Json } from "../openai/json.ts";
import type { EmbeddingAdapter } from "../provider.ts";
import { cohereRules, LABEL } from "./errors.ts";

const SUPPORTED: ReadonlySet<string> = new Set(["dimensions", "encoding_format"]);

/** LiteLLM's, for clients of OpenAI's format, which does not tell. */
const USUAL_INPUT = "search_document";

export function cohereEmbeddings(host: Host, path: (target: unknown, base: string) => string): EmbeddingAdapter {
  return {
    wire: "cohere",
    mostInputs: 96,
    pictures: "parts",
    supportedParams: () => SUPPORTED,

    request({ input, dimensions, encoding_format: _, user: _user, ...rest }, target) {
      const body = {
        embedding_types: ["float"],
        ...said(inputsOf(input)),
        ...rest,
        model: target.model,
        ...(dimensions && { output_dimension: dimensions }),
      };
      return { ...postTo(host, path, target), body: { json: body } };
    },

    response(body, { target }) {
      const { embeddings, meta, id } = asRecord(body);
      // The first version gives a bare list where it is not asked for types.
      const vectors = isRecord(embeddings) ? (embeddings["float"] ?? Object.values(embeddings)[0]) : embeddings;
      if (!isVectors(vectors))
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${LABEL}Exception - the answer has no embeddings: ${JSON.stringify(body)?.slice(0, 500)}`,
          { provider: target.provider, model: target.model },
        );
      const billed = asRecord(asRecord(meta)["billed_units"]);
      const counts = [billed["input_tokens"], billed["image_tokens"]].filter((count) => typeof count === "number");
      const tokens = counts.reduce((sum, count) => sum + count, 0);
      return {
        ...(typeof id === "string" && { id }),
        object: "list",
        data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
        model: target.model,
        ...(counts.length > 0 && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
      };
    },

    error: (failure) => toError(failure, LABEL, cohereRules),
  };
}

/** Texts, pictures (data URLs), or what is both: only the newer models take the last. */
function said(inputs: readonly EmbeddingInputItem[]): Json {
  const parts = inputs.map(partsOf);
  const alone = parts.map(([part, ...others]) => (others.length === 0 ? part : undefined));
  const texts = alone.flatMap((part) => (part && "text" in part ? [part.text] : []));
  if (texts.length === parts.length) return { input_type: USUAL_INPUT, texts };
  const images = alone.flatMap((part) => (part && "url" in part ? [part.url] : []));
  if (images.length === parts.length) return { input_type: "image", images };
  return { input_type: USUAL_INPUT, inputs: parts.map((content) => ({ content: content.map(toContent) })) };
}

function toContent(part: EmbeddingPart): Json {
  return "text" in part ? { type: "text", text: part.text } : { type: "image_url", image_url: { url: part.url } };
}

function isVectors(value: unknown): value is number[][] {
  return Array.isArray(value) && Array.isArray(value[0]) && typeof value[0][0] === "number";
}

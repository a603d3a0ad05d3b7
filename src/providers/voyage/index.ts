import { openaiEmbeddingAdapter } from "../openai/embeddings.ts";
import { nativeCall } from "../openai/endpoint.ts";
import { compatibleRules } from "../openai/errors.ts";
import type { Provider } from "../provider.ts";
import { rerankAdapter } from "../rerank.ts";
import { seesPictures, withContents, withTexts } from "./pictures.ts";

const host = {
  slug: "voyage",
  label: "Voyage",
  base: "https://api.voyageai.com/v1",
  keyVariables: ["VOYAGE_API_KEY", "VOYAGE_AI_API_KEY", "VOYAGE_AI_TOKEN"],
  rules: compatibleRules,
};

const EMBEDDING_PARAMS: ReadonlySet<string> = new Set(["dimensions", "encoding_format"]);

/** Voyage AI: both nearly in OpenAI's and Cohere's format. Source: its API reference; at most 1,000 texts at once. */
export const voyage: Provider = {
  slug: host.slug,
  label: host.label,
  keyVariables: host.keyVariables,
  baseVariables: ["VOYAGE_API_BASE"],
  native: (call, target) => nativeCall(host, call, target),
  embeddings: openaiEmbeddingAdapter({
    ...host,
    path: ({ model }) => (seesPictures(model) ? "/multimodalembeddings" : "/embeddings"),
    mostInputs: 1000,
    pictures: "parts",
    supportedParams: () => EMBEDDING_PARAMS,
    // Numbers are what it gives without a format; `float` it does not know.
    fix: ({ encoding_format: format, dimensions, user: _, ...body }, { model }) => ({
      ...(seesPictures(model) ? withContents(body) : withTexts(body)),
      ...(format === "base64" && { encoding_format: format }),
      ...(dimensions !== undefined && { output_dimension: dimensions }),
    }),
    rewritesAnswers: true,
  }),
  rerank: rerankAdapter({ ...host, path: "/rerank", limit: "top_k" }),
};

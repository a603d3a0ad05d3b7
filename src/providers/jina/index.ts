import { openaiEmbeddingAdapter } from "../openai/embeddings.ts";
import { nativeCall } from "../openai/endpoint.ts";
import { compatibleRules } from "../openai/errors.ts";
import { without } from "../openai/json.ts";
import type { Provider } from "../provider.ts";
import { rerankAdapter } from "../rerank.ts";
import { withPictures } from "./pictures.ts";

const host = {
  slug: "jina_ai",
  label: "Jina_ai",
  base: "https://api.jina.ai/v1",
  keyVariables: ["JINA_AI_API_KEY", "JINA_AI_TOKEN"],
  rules: compatibleRules,
};

const EMBEDDING_PARAMS: ReadonlySet<string> = new Set(["dimensions", "encoding_format"]);

/** Jina AI: embeddings in OpenAI's format, rerank in one like Cohere's. Source: its API reference. */
export const jina: Provider = {
  slug: host.slug,
  label: host.label,
  keyVariables: host.keyVariables,
  baseVariables: ["JINA_AI_API_BASE"],
  native: (call, target) => nativeCall(host, call, target),
  embeddings: openaiEmbeddingAdapter({
    ...host,
    path: "/embeddings",
    supportedParams: () => EMBEDDING_PARAMS,
    pictures: "parts",
    // Its own is `embedding_type`; numbers unless said.
    fix: (body, target) => withPictures(without(body, ["encoding_format", "user"]), target),
    rewritesAnswers: true,
  }),
  rerank: rerankAdapter({ ...host, path: "/rerank", takesObjects: true }),
};

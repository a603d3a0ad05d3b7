import { type Host, nativeCall } from "../openai/endpoint.ts";
import { openaiTranscriptionAdapter } from "../openai/transcriptions.ts";
import type { Provider } from "../provider.ts";
import { rerankAdapter } from "../rerank.ts";
import { cohereEmbeddings } from "./embeddings.ts";
import { cohereRules, LABEL } from "./errors.ts";

const host = {
  slug: "cohere",
  label: LABEL,
  base: "https://api.cohere.com",
  keyVariables: ["COHERE_API_KEY", "CO_API_KEY"],
} satisfies Host;

/** A base may name the version; without it the second is meant. */
const versioned = (path: string) => (_: unknown, base: string) => (/\/v[12]\/?$/.test(base) ? path : `/v2${path}`);

/** Cohere's models for search, and those that listen. */
export const cohere: Provider = {
  slug: host.slug,
  label: host.label,
  keyVariables: host.keyVariables,
  baseVariables: ["COHERE_API_BASE"],
  native: (call, target) => nativeCall(host, call, target),
  embeddings: cohereEmbeddings(host, versioned("/embed")),
  rerank: rerankAdapter({
    ...host,
    path: versioned("/rerank"),
    isCohere: true,
    takes: ["top_n", "max_tokens_per_doc"],
    rules: cohereRules,
  }),
  transcriptions: openaiTranscriptionAdapter({
    ...host,
    path: versioned("/audio/transcriptions"),
    params: ["language", "temperature"],
    formats: ["json"],
    rules: cohereRules,
    rewritesAnswers: true,
  }),
};

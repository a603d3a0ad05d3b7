import { type EmbeddingRequest, type EmbeddingResponse, embeddingRequestSchema } from "../formats/openai/embeddings.ts";
import { embeddings } from "../operations/embeddings.ts";
import { type AskOptions, askWhole, type LibraryOptions } from "./ask.ts";

/** OpenAI's request, with LiteLLM's options beside it. */
export type EmbeddingParams = EmbeddingRequest & LibraryOptions;

/**
 * Vectors of texts, by any provider that embeds. Numbers, unless `encoding_format: "base64"` is asked for.
 *
 * @example
 * const { data } = await embedding({ model: "openai/text-embedding-3-small", input: ["one", "two"] });
 * @throws the error classes of this library
 */
export function embedding(params: EmbeddingParams, options: AskOptions = {}): Promise<EmbeddingResponse> {
  return askWhole(embeddings, embeddingRequestSchema, params, options);
}

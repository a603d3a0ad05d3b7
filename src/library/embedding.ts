import { type EmbeddingRequest, type EmbeddingResponse, embeddingRequestSchema } from "../formats/openai/embeddings.ts";
import { embeddings } from "../operations/embeddings.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, wholeMethod } from "./method.ts";

/** OpenAI's request, with LiteLLM's options beside it. */
export type EmbeddingParams = EmbeddingRequest & LibraryOptions;

export type EmbeddingCall<More = unknown> = (
  params: EmbeddingParams & More,
  options?: AskOptions,
) => Promise<EmbeddingResponse>;

export const embeddingMethod = wholeMethod(embeddings, embeddingRequestSchema.shape);

/**
 * Vectors of texts, by any provider that embeds. Numbers, unless `encoding_format: "base64"` is asked for.
 *
 * @example
 * const { data } = await embedding({ model: "openai/text-embedding-3-small", input: ["one", "two"] });
 * @throws the error classes of this library
 */
export const embedding = direct<EmbeddingCall>(embeddingMethod);

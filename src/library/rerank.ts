import { type RerankRequest, type RerankResponse, rerankRequestSchema } from "../formats/cohere/rerank.ts";
import { rerank as operation } from "../operations/rerank.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, wholeMethod } from "./method.ts";

/** Cohere's request, with LiteLLM's options beside it. */
export type RerankParams = RerankRequest & LibraryOptions;

export type RerankCall<More = unknown> = (params: RerankParams & More, options?: AskOptions) => Promise<RerankResponse>;

export const rerankMethod = wholeMethod(operation, rerankRequestSchema.shape);

/**
 * Documents by what they say to a query, most relevant first.
 *
 * @example
 * const { results } = await rerank({ model: "cohere/rerank-v3.5", query: "capital of France", documents });
 * @throws the error classes of this library
 */
export const rerank = direct<RerankCall>(rerankMethod);

import { type RerankRequest, type RerankResponse, rerankRequestSchema } from "../formats/cohere/rerank.ts";
import { rerank as operation } from "../operations/rerank.ts";
import { type AskOptions, askWhole, type LibraryOptions } from "./ask.ts";

/** Cohere's request, with LiteLLM's options beside it. */
export type RerankParams = RerankRequest & LibraryOptions;

/**
 * Documents by what they say to a query, most relevant first.
 *
 * @example
 * const { results } = await rerank({ model: "cohere/rerank-v3.5", query: "capital of France", documents });
 * @throws the error classes of this library
 */
export function rerank(params: RerankParams, options: AskOptions = {}): Promise<RerankResponse> {
  return askWhole(operation, rerankRequestSchema, params, options);
}

import { type SearchRequest, type SearchResponse, searchRequestSchema } from "../formats/perplexity/search.ts";
import { search as operation } from "../operations/search.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, wholeMethod } from "./method.ts";

/** Perplexity's request and the provider's own parameters, with LiteLLM's options beside them. */
export type SearchParams = Pick<SearchRequest, "query"> &
  Partial<Omit<SearchRequest, "model" | "query">> &
  LibraryOptions & {
    /** `perplexity`, `tavily`, `exa_ai`, `parallel_ai`, `brave`, `google_pse`, `firecrawl`, `searxng`, `linkup`, `serper`. */
    search_provider: string;
  };

export type SearchCall = (params: SearchParams, options?: AskOptions) => Promise<SearchResponse>;

/**
 * Pages of the web that say something to a query.
 *
 * @example
 * const { results } = await search({ query: "latest AI developments", search_provider: "tavily", max_results: 5 });
 * @throws the error classes of this library
 */
export const search = direct<SearchCall>({
  ...wholeMethod(operation, searchRequestSchema.shape),
  asked: ({ search_provider: provider, ...params }) => ({ ...params, model: `${provider}/search` }),
});

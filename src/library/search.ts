import { type SearchRequest, type SearchResponse, searchRequestSchema } from "../formats/perplexity/search.ts";
import { search as operation } from "../operations/search.ts";
import { type AskOptions, askWhole, type LibraryOptions } from "./ask.ts";

/** Perplexity's request and the provider's own parameters, with LiteLLM's options beside them. */
export type SearchParams = Pick<SearchRequest, "query"> &
  Partial<Omit<SearchRequest, "model" | "query">> &
  LibraryOptions & {
    /** `perplexity`, `tavily`, `exa_ai`, `parallel_ai`, `brave`, `google_pse`, `firecrawl`, `searxng`, `linkup`, `serper`. */
    search_provider: string;
  };

/**
 * Pages of the web that say something to a query.
 *
 * @example
 * const { results } = await search({ query: "latest AI developments", search_provider: "tavily", max_results: 5 });
 * @throws the error classes of this library
 */
export function search(
  { search_provider: provider, ...rest }: SearchParams,
  options: AskOptions = {},
): Promise<SearchResponse> {
  // the request's own fields, its model among them; the open type loses sight of `query`
  const request = { ...rest, model: `${provider}/search` } as SearchRequest & LibraryOptions;
  return askWhole(operation, searchRequestSchema, request, options);
}

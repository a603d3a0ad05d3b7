/** Web search, in Perplexity's format. Source: Perplexity API reference, "Search the Web". Fields not named here survive. */
import { z } from "zod";

/** Perplexity: "Range: 1-20"; other providers give more. */
const MOST_RESULTS = 100;
/** Queries of one request. */
const MOST_QUERIES = 20;

const query = z.string().refine((text) => text.trim() !== "", "it must not be empty");

export const searchRequestSchema = z.looseObject({
  /** The search tool. */
  model: z.string().min(1),
  query: z.union(
    [query, z.array(query).min(1).max(MOST_QUERIES)],
    "it must be a text, or a list of texts, and not empty",
  ),
  max_results: z.int().min(1).max(MOST_RESULTS).nullish(),
  /** Domains to look in; those that begin with `-` to leave out. */
  search_domain_filter: z.array(z.string()).nullish(),
  max_tokens_per_page: z.int().min(1).nullish(),
  /** ISO 3166-1, two letters. */
  country: z.string().nullish(),
});
export type SearchRequest = z.infer<typeof searchRequestSchema>;

export interface SearchResult {
  title: string;
  url: string;
  snippet: string;
  date: string | null;
  last_updated: string | null;
}

export interface SearchResponse {
  object: "search";
  results: SearchResult[];
  [key: string]: unknown;
}

export function queriesOf({ query: given }: SearchRequest): string[] {
  return typeof given === "string" ? [given] : given;
}

/** The domains to look in, and those to leave out. */
export function domainsOf({ search_domain_filter: filter }: SearchRequest): { include: string[]; exclude: string[] } {
  const given = filter ?? [];
  return {
    include: given.filter((domain) => !domain.startsWith("-")),
    exclude: given.filter((domain) => domain.startsWith("-")).map((domain) => domain.slice(1)),
  };
}

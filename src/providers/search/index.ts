/** The providers that search the web and do nothing else, and the search of those that do more. */
import type { Host } from "../openai/endpoint.ts";
import type { Provider, SearchAdapter } from "../provider.ts";
import { searchAdapter } from "./adapter.ts";
import { searchRows } from "./table.ts";

export const searchProviders: readonly Provider[] = searchRows.map((row) => ({
  slug: row.slug,
  label: row.label,
  keyVariables: row.keyVariables,
  baseVariables: row.baseVariables ?? [],
  ...(row.paramVariables && { paramVariables: row.paramVariables }),
  ...(row.keyless && { keyless: true }),
  search: searchAdapter(row),
}));

/** Perplexity's: the client's own format, so that all of it passes. */
export function perplexitySearch(host: Host): SearchAdapter {
  return searchAdapter({
    ...host,
    path: "/search",
    takesQueries: true,
    body: ({ request: { model: _, ...rest } }) => rest,
    results: ({ results }) => results,
    result: (item) => item,
  });
}

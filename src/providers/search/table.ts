/** The providers of web search, each by its API reference. */
import { domainsOf } from "../../formats/perplexity/search.ts";
import { type Json, textOf } from "../openai/json.ts";
import { type Asked, needed, type SearchRow, withSites } from "./adapter.ts";

export type SearchProviderRow = SearchRow & {
  keyVariables: readonly string[];
  baseVariables?: readonly string[];
  paramVariables?: Readonly<Record<string, readonly string[]>>;
};

const xApiKey = (key: string) => ({ "x-api-key": key });

/** Fields that are said only where there is something to say. */
function said(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && !isEmpty(value)),
  );
}

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;

const domains = ({ request }: Asked) => domainsOf(request);

const count = ({ request }: Asked) => (request.max_results ? String(request.max_results) : undefined);

/** The parameters of its own that a GET can say. */
const flat = ({ own }: Asked) =>
  Object.fromEntries(
    Object.entries(own).flatMap(([name, value]) =>
      ["string", "number", "boolean"].includes(typeof value) ? [[name, String(value)]] : [],
    ),
  );

const CHARACTERS_OF_A_TOKEN = 4;
const characters = ({ request }: Asked) =>
  request.max_tokens_per_page ? request.max_tokens_per_page * CHARACTERS_OF_A_TOKEN : undefined;

const NAMES = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** @example countryName("US") // "united states" */
function countryName(code: string): string {
  if (!/^[a-z]{2}$/i.test(code)) return code.toLowerCase();
  return (NAMES.of(code.toUpperCase()) ?? code).toLowerCase();
}

const first = (...values: unknown[]) => values.find((value) => typeof value === "string" && value !== "");
const joined = (value: unknown) =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string").join("\n") : undefined;

export const searchRows: readonly SearchProviderRow[] = [
  {
    slug: "tavily",
    label: "Tavily",
    base: "https://api.tavily.com",
    path: "/search",
    keyVariables: ["TAVILY_API_KEY"],
    baseVariables: ["TAVILY_API_BASE"],
    body: (asked) => ({
      ...said({
        query: asked.query,
        max_results: asked.request.max_results,
        include_domains: domains(asked).include,
        exclude_domains: domains(asked).exclude,
        country: asked.request.country ? countryName(asked.request.country) : undefined,
      }),
      ...asked.own,
    }),
    results: ({ results }) => results,
    result: ({ title, url, content, published_date }) => ({ title, url, snippet: content, date: published_date }),
    priceRow: ({ search_depth: depth }) => (depth === "advanced" ? "search-advanced" : "search"),
  },
  {
    slug: "exa_ai",
    label: "Exa_ai",
    base: "https://api.exa.ai",
    path: "/search",
    keyVariables: ["EXA_API_KEY"],
    baseVariables: ["EXA_API_BASE"],
    auth: xApiKey,
    body: (asked) => ({
      ...said({
        query: asked.query,
        numResults: asked.request.max_results,
        includeDomains: domains(asked).include,
        excludeDomains: domains(asked).exclude,
        userLocation: asked.request.country,
        contents: { text: characters(asked) === undefined ? true : { maxCharacters: characters(asked) } },
      }),
      ...asked.own,
    }),
    results: ({ results }) => results,
    result: ({ title, url, text, highlights, summary, publishedDate }) => ({
      title,
      url,
      snippet: first(text, joined(highlights), summary),
      date: publishedDate,
    }),
  },
  {
    slug: "parallel_ai",
    label: "Parallel_ai",
    base: "https://api.parallel.ai",
    path: "/v1beta/search",
    keyVariables: ["PARALLEL_AI_API_KEY", "PARALLEL_API_KEY"],
    baseVariables: ["PARALLEL_AI_API_BASE"],
    auth: (key) => ({ "x-api-key": key, "parallel-beta": "search-extract-2025-10-10" }),
    body: (asked) => ({
      ...said({
        objective: asked.query,
        search_queries: [asked.query],
        max_results: asked.request.max_results,
        excerpts: characters(asked) === undefined ? undefined : { max_chars_per_result: characters(asked) },
        source_policy: policyOf(asked),
      }),
      ...asked.own,
    }),
    results: ({ results }) => results,
    result: ({ title, url, excerpts, publish_date }) => ({ title, url, snippet: joined(excerpts), date: publish_date }),
    priceRow: ({ processor, mode }) => (processor === "pro" || mode === "pro" ? "search-pro" : "search"),
  },
  {
    slug: "brave",
    label: "Brave",
    base: "https://api.search.brave.com/res/v1",
    path: "/web/search",
    keyVariables: ["BRAVE_API_KEY", "BRAVE_SEARCH_API_KEY"],
    baseVariables: ["BRAVE_API_BASE"],
    auth: (key) => ({ "x-subscription-token": key }),
    query: (asked) => ({
      ...flat(asked),
      q: withSites(asked.query, domains(asked)),
      count: count(asked),
      country: asked.request.country?.toUpperCase(),
    }),
    results: ({ web }) => (web as Json | undefined)?.["results"] ?? [],
    result: ({ title, url, description, extra_snippets, page_age }) => ({
      title,
      url,
      snippet: [textOf(description), joined(extra_snippets)].filter(Boolean).join("\n"),
      date: page_age,
    }),
  },
  {
    slug: "google_pse",
    label: "Google_pse",
    base: "https://www.googleapis.com",
    path: "/customsearch/v1",
    keyVariables: ["GOOGLE_PSE_API_KEY"],
    paramVariables: { search_engine_id: ["GOOGLE_PSE_ENGINE_ID"] },
    auth: (key) => ({ "x-goog-api-key": key }),
    query: (asked) => ({
      ...flat(asked),
      cx: needed(asked.target, "search_engine_id"),
      q: withSites(asked.query, domains(asked)),
      num: asked.request.max_results ? String(Math.min(asked.request.max_results, 10)) : undefined, // "between 1 and 10"
      gl: asked.request.country?.toLowerCase(),
    }),
    results: ({ items }) => items ?? [],
    result: ({ title, link, snippet }) => ({ title, url: link, snippet }),
  },
  {
    slug: "firecrawl",
    label: "Firecrawl",
    base: "https://api.firecrawl.dev",
    path: "/v2/search",
    keyVariables: ["FIRECRAWL_API_KEY"],
    baseVariables: ["FIRECRAWL_API_BASE"],
    body: (asked) => ({
      ...said({
        query: withSites(asked.query, domains(asked)),
        limit: asked.request.max_results,
        country: asked.request.country?.toUpperCase(),
      }),
      ...asked.own,
    }),
    // The second version sorts by source; the first has one list.
    results: ({ data }) =>
      Array.isArray(data) ? data : ["web", "news"].flatMap((kind) => (data as Json | undefined)?.[kind] ?? []),
    result: ({ title, url, description, snippet, markdown, date }) => ({
      title,
      url,
      snippet: first(markdown, description, snippet),
      date,
    }),
  },
  {
    slug: "searxng",
    label: "Searxng",
    path: "/search",
    keyVariables: ["SEARXNG_API_KEY"],
    baseVariables: ["SEARXNG_API_BASE"],
    keyless: true,
    query: (asked) => ({ ...flat(asked), q: withSites(asked.query, domains(asked)), format: "json" }),
    results: ({ results }) => results,
    result: ({ title, url, content, publishedDate }) => ({ title, url, snippet: content, date: publishedDate }),
  },
  {
    slug: "linkup",
    label: "Linkup",
    base: "https://api.linkup.so",
    path: "/v1/search",
    keyVariables: ["LINKUP_API_KEY"],
    baseVariables: ["LINKUP_API_BASE"],
    body: (asked) => ({
      depth: "standard",
      outputType: "searchResults",
      ...said({
        q: asked.query,
        maxResults: asked.request.max_results,
        includeDomains: domains(asked).include,
        excludeDomains: domains(asked).exclude,
      }),
      ...asked.own,
    }),
    results: ({ results, sources }) => results ?? sources,
    result: ({ name, title, url, content, snippet }) => ({ title: name ?? title, url, snippet: content ?? snippet }),
    priceRow: ({ depth }) => (depth === "deep" ? "search-deep" : "search"),
  },
  {
    slug: "serper",
    label: "Serper",
    base: "https://google.serper.dev",
    path: "/search",
    keyVariables: ["SERPER_API_KEY"],
    baseVariables: ["SERPER_API_BASE"],
    auth: xApiKey,
    body: (asked) => ({
      ...said({
        q: withSites(asked.query, domains(asked)),
        num: asked.request.max_results,
        gl: asked.request.country?.toLowerCase(),
      }),
      ...asked.own,
    }),
    results: ({ organic }) => organic ?? [],
    result: ({ title, link, snippet, date }) => ({ title, url: link, snippet, date }),
  },
];

function policyOf(asked: Asked): Json | undefined {
  const { include, exclude } = domains(asked);
  const policy = said({ include_domains: include, exclude_domains: exclude });
  return Object.keys(policy).length === 0 ? undefined : policy;
}

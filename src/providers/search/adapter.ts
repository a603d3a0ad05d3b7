/** Web search: one adapter, made from a row of differences. */
import { APIResponseValidationError, BadRequestError } from "../../formats/errors.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import type { SearchRequest, SearchResult } from "../../formats/perplexity/search.ts";
import { COMMON_RULES, type ErrorRule, toError } from "../failure.ts";
import { type Host, postTo } from "../openai/endpoint.ts";
import { embeddedError } from "../openai/errors.ts";
import { type Json, textOf } from "../openai/json.ts";
import { errorIn } from "../openai/stream.ts";
import type { SearchAdapter, Target } from "../provider.ts";

/** A search as a provider is asked for it: one query, and the parameters that are its own. */
export interface Asked {
  query: string;
  request: SearchRequest;
  /** What the provider alone knows. */
  own: Json;
  target: Target;
}

export interface SearchRow extends Host {
  /** Below the base; the query of a GET included. */
  path: string;
  /** The body of a POST. */
  body?(asked: Asked): Json;
  /** The parameters of a GET. */
  query?(asked: Asked): Record<string, string | undefined>;
  /** Takes several queries at once. */
  takesQueries?: true;
  results(answer: Json): unknown;
  result(item: Json): Partial<Record<keyof SearchResult, unknown>>;
  /** The row of its prices, where what is asked for is dearer: `search-advanced`. */
  priceRow?(request: SearchRequest): string;
  rules?: readonly ErrorRule[];
}

/** Fields that mean the same to every provider, and are said to each in its own words. */
const UNIFIED = ["model", "query", "max_results", "search_domain_filter", "max_tokens_per_page", "country"];

export function searchAdapter(row: SearchRow): SearchAdapter {
  const { label, rules = COMMON_RULES } = row;
  return {
    wire: "native",
    ...(row.takesQueries ? {} : { mostInputs: 1 }),
    ...(row.priceRow && { priceRow: row.priceRow }),
    supportedParams: () => "all",
    request(request, target) {
      const { query } = request;
      const own = Object.fromEntries(Object.entries(request).filter(([name]) => !UNIFIED.includes(name)));
      const asked = { query: String(query), request, own, target };
      if (row.query === undefined) {
        return { ...postTo(row, row.path, target), body: { json: row.body?.(asked) ?? {} } };
      }
      const given = Object.entries(row.query(asked)).filter(([, value]) => value !== undefined);
      const parameters = new URLSearchParams(given as [string, string][]); // those without a value were left out
      const { url, headers } = postTo(row, `${row.path}?${parameters}`, target);
      const { "content-type": _, ...others } = headers;
      return { method: "GET", url, headers: others };
    },
    response(body, exchange) {
      const { target } = exchange;
      const results = isRecord(body) ? row.results(body) : undefined;
      // No results are no failure, unless it says so.
      const error = isRecord(body) && !Array.isArray(results) ? errorIn(body) : undefined;
      if (error !== undefined) throw embeddedError(error, label, rules, exchange);
      if (!isRecord(body) || (results !== undefined && results !== null && !Array.isArray(results)))
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${label}Exception - the answer has no results: ${JSON.stringify(body)?.slice(0, 500)}`,
          { provider: target.provider, model: target.model },
        );
      return { object: "search", results: recordsIn([results].flat(2)).map((item) => resultOf(row.result(item))) };
    },
    error: (failure) => toError(failure, label, rules),
  };
}

function resultOf(found: Partial<Record<keyof SearchResult, unknown>>): SearchResult {
  const { title, url, snippet, date, last_updated } = found;
  return {
    title: textOf(title) ?? "",
    url: textOf(url) ?? "",
    snippet: textOf(snippet) ?? "",
    date: textOf(date) ?? null,
    last_updated: textOf(last_updated) ?? null,
  };
}

/** The query with the domains said as search engines have it. */
export function withSites(query: string, { include, exclude }: { include: string[]; exclude: string[] }): string {
  const wanted = include.map((domain) => `site:${domain}`);
  const sites = wanted.length > 1 ? `(${wanted.join(" OR ")})` : wanted.join("");
  return [query, sites, ...exclude.map((domain) => `-site:${domain}`)].filter((part) => part !== "").join(" ");
}

/** A setting of the deployment that the provider cannot do without. @throws BadRequestError */
export function needed({ provider, model, params }: Target, name: string): string {
  const value = params?.[name];
  if (typeof value === "string" && value !== "") return value;
  throw new BadRequestError(`litellm.BadRequestError: ${provider} needs ${name}`, { provider, model, param: name });
}

/** Each provider of web search: how it is asked, and how it is understood. */
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { SearchRequest } from "../../../src/formats/perplexity/search.ts";
import { findProvider } from "../../../src/providers/registry.ts";

const REQUEST: SearchRequest = {
  model: "tool",
  query: "cats",
  max_results: 5,
  search_domain_filter: ["a.org", "b.org", "-c.org"],
  country: "de",
  extra: "kept",
};
const SITES = "cats (site:a.org OR site:b.org) -site:c.org";

const target = (provider: string, params: Record<string, unknown> = {}) => ({
  provider,
  model: "search",
  apiKey: new Secret("key"),
  params,
  ...(provider === "searxng" && { apiBase: "https://searx.example" }),
});

const adapterOf = (slug: string) => findProvider(slug)?.search ?? expect.fail(`${slug} does not search`);

const RESULT = { title: "T", url: "https://t.example", snippet: "S", date: null, last_updated: null };

const CASES: { slug: string; url: string; key: [string, string]; asked: unknown; answer: unknown; date?: string }[] = [
  {
    slug: "perplexity",
    url: "https://api.perplexity.ai/search",
    key: ["authorization", "Bearer key"],
    asked: {
      query: "cats",
      max_results: 5,
      search_domain_filter: ["a.org", "b.org", "-c.org"],
      country: "de",
      extra: "kept",
    },
    answer: {
      results: [{ title: "T", url: "https://t.example", snippet: "S", date: "2026-01-01", last_updated: null }],
    },
    date: "2026-01-01",
  },
  {
    slug: "tavily",
    url: "https://api.tavily.com/search",
    key: ["authorization", "Bearer key"],
    asked: {
      query: "cats",
      max_results: 5,
      include_domains: ["a.org", "b.org"],
      exclude_domains: ["c.org"],
      country: "germany",
      extra: "kept",
    },
    answer: { results: [{ title: "T", url: "https://t.example", content: "S", published_date: "2026-01-01" }] },
    date: "2026-01-01",
  },
  {
    slug: "exa_ai",
    url: "https://api.exa.ai/search",
    key: ["x-api-key", "key"],
    asked: {
      query: "cats",
      numResults: 5,
      includeDomains: ["a.org", "b.org"],
      excludeDomains: ["c.org"],
      userLocation: "de",
      contents: { text: true },
      extra: "kept",
    },
    answer: { results: [{ title: "T", url: "https://t.example", highlights: ["S"], publishedDate: "2026-01-01" }] },
    date: "2026-01-01",
  },
  {
    slug: "parallel_ai",
    url: "https://api.parallel.ai/v1beta/search",
    key: ["x-api-key", "key"],
    asked: {
      objective: "cats",
      search_queries: ["cats"],
      max_results: 5,
      source_policy: { include_domains: ["a.org", "b.org"], exclude_domains: ["c.org"] },
      extra: "kept",
    },
    answer: { results: [{ title: "T", url: "https://t.example", excerpts: ["S"] }] },
  },
  {
    slug: "brave",
    url: "https://api.search.brave.com/res/v1/web/search",
    key: ["x-subscription-token", "key"],
    asked: { q: SITES, count: "5", country: "DE", extra: "kept" },
    answer: { web: { results: [{ title: "T", url: "https://t.example", description: "S", page_age: "2026-01-01" }] } },
    date: "2026-01-01",
  },
  {
    slug: "google_pse",
    url: "https://www.googleapis.com/customsearch/v1",
    key: ["x-goog-api-key", "key"],
    asked: { q: SITES, num: "5", gl: "de", cx: "engine", extra: "kept" },
    answer: { items: [{ title: "T", link: "https://t.example", snippet: "S" }] },
  },
  {
    slug: "firecrawl",
    url: "https://api.firecrawl.dev/v2/search",
    key: ["authorization", "Bearer key"],
    asked: { query: SITES, limit: 5, country: "DE", extra: "kept" },
    answer: { success: true, data: { web: [{ title: "T", url: "https://t.example", description: "S" }] } },
  },
  {
    slug: "searxng",
    url: "https://searx.example/search",
    key: ["authorization", "Bearer key"],
    asked: { q: SITES, format: "json", extra: "kept" },
    answer: { results: [{ title: "T", url: "https://t.example", content: "S" }] },
  },
  {
    slug: "linkup",
    url: "https://api.linkup.so/v1/search",
    key: ["authorization", "Bearer key"],
    asked: {
      q: "cats",
      depth: "standard",
      outputType: "searchResults",
      maxResults: 5,
      includeDomains: ["a.org", "b.org"],
      excludeDomains: ["c.org"],
      extra: "kept",
    },
    answer: { results: [{ type: "text", name: "T", url: "https://t.example", content: "S" }] },
  },
  {
    slug: "serper",
    url: "https://google.serper.dev/search",
    key: ["x-api-key", "key"],
    asked: { q: SITES, num: 5, gl: "de", extra: "kept" },
    answer: { organic: [{ title: "T", link: "https://t.example", snippet: "S" }] },
  },
];

describe.each(CASES)("$slug", ({ slug, url, key: [header, key], asked, answer, date }) => {
  const params = { search_engine_id: "engine" };

  it("is asked in its own words", () => {
    const request = adapterOf(slug).request(REQUEST, target(slug, params));
    const [address, query] = request.url.split("?");
    expect(address).toBe(url);
    expect(request.headers[header]).toBe(key);
    const body = request.body as { json: unknown } | undefined;
    expect(body?.json ?? Object.fromEntries(new URLSearchParams(query))).toEqual(asked);
    expect(request.method).toBe(body === undefined ? "GET" : "POST");
  });

  it("is understood", () => {
    const exchange = { request: REQUEST, target: target(slug), headers: {}, now: 0, id: "" };
    expect(adapterOf(slug).response(answer, exchange)).toEqual({
      object: "search",
      results: [{ ...RESULT, date: date ?? null }],
    });
    expect(() => adapterOf(slug).response("no", exchange)).toThrow("has no results");
  });

  it("tells what is wrong", () => {
    const failure = { status: 401, body: '{"error":"bad key"}', headers: {}, target: target(slug) };
    expect(adapterOf(slug).error(failure)).toMatchObject({ status: 401, name: "AuthenticationError" });
  });
});

it("Google's needs an engine", () => {
  expect(() => adapterOf("google_pse").request(REQUEST, target("google_pse"))).toThrow("needs search_engine_id");
});

it("has dearer searches", () => {
  const row = (slug: string, extra: object) => adapterOf(slug).priceRow?.({ ...REQUEST, ...extra });
  expect(row("tavily", { search_depth: "advanced" })).toBe("search-advanced");
  expect(row("tavily", {})).toBe("search");
  expect(row("linkup", { depth: "deep" })).toBe("search-deep");
  expect(row("parallel_ai", { processor: "pro" })).toBe("search-pro");
});

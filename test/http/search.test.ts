/** Web search, OCR and the routes that manage their tools, against the running gateway. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { recordOf } from "./sdk.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let userKey: string;

const last = (): Received => upstream.received.at(-1) as Received; // each test has just called

let failures = 0;

function answer({ path, body }: Received, response: ServerResponse) {
  const query = String(body["query"] ?? body["q"] ?? "");
  if (path.startsWith("/ocr")) {
    if (body["model"] === "down") return json(response, 503, { message: "Service unavailable", type: "unavailable" });
    const pages = [0, 1].map((index) => ({ index, markdown: `# Page ${index}`, images: [], dimensions: null }));
    const usage_info = { pages_processed: 2, doc_size_bytes: 10 };
    return json(response, 200, { pages, model: body["model"], document_annotation: null, usage_info });
  }
  if (query === "down") return json(response, 503, { detail: { error: "overloaded" } });
  if (query === "unauthorized")
    return json(response, 401, { detail: { error: "Unauthorized: missing or invalid API key." } });
  if (query === "flaky" && failures++ === 0) return json(response, 500, { detail: "try again" });
  if (query === "told") return json(response, 200, { error: { message: "out of credits", code: 429 } });
  if (query === "none") return json(response, 200, { query, results: [], error: null });
  if (query === "garbage") return json(response, 200, { results: "none" });
  if (query === "page") {
    response.writeHead(200, { "content-type": "text/html" });
    return response.end("<html>");
  }
  if (path.startsWith("/tavily/search"))
    return json(response, 200, {
      query,
      results: [
        {
          title: `About ${query}`,
          url: "https://a.example",
          content: "words",
          score: 0.9,
          published_date: "2026-01-02",
        },
      ],
    });
  if (path.startsWith("/perplexity/search"))
    return json(response, 200, {
      id: "s-1",
      results: [
        {
          title: "P",
          url: "https://p.example",
          snippet: "said",
          date: "2026-01-01",
          last_updated: "2026-02-01",
          extra: 1,
        },
      ],
    });
  if (path.startsWith("/searxng/search"))
    return json(response, 200, { results: [{ title: "S", url: "https://s.example", content: "free" }] });
  json(response, 404, { message: "no such path" });
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answer(request, response));
  const tool = (name: string, provider: string, more: object = {}) => ({
    search_tool_name: name,
    litellm_params: {
      search_provider: provider,
      api_key: `key-${name}`,
      api_base: `${upstream.url}/${provider}`,
      ...more,
    },
  });
  gateway = await startGateway({
    model_list: [
      {
        model_name: "reader",
        litellm_params: { model: "mistral/mistral-ocr-latest", api_base: `${upstream.url}/`, api_key: "mk" },
        model_info: { ocr_cost_per_page: 0.001, annotation_cost_per_page: 0.003 },
      },
      { model_name: "broken", litellm_params: { model: "mistral/down", api_base: `${upstream.url}/`, api_key: "mk" } },
      { model_name: "chatty", litellm_params: { model: "openai/gpt-4o", api_key: "sk-x" } },
      {
        model_name: "finder",
        litellm_params: { model: "openai/gpt-4o", api_base: `${upstream.url}/v1`, api_key: "sk-x" },
      },
    ],
    router_settings: { num_retries: 1 },
    search_tools: [
      { ...tool("web", "tavily"), search_tool_info: { description: "The web" } },
      tool("deep", "perplexity"),
      tool("free", "searxng"),
      tool("odd", "nobody"),
    ],
    vector_store_registry: [
      {
        vector_store_name: "docs",
        litellm_params: { vector_store_id: "vs_docs", custom_llm_provider: "openai", api_key: "sk-secret" },
      },
    ],
  });
  const made = (await told(await gateway.call("/key/generate", { models: ["reader"] }))) as { key: string };
  userKey = made.key;
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

// biome-ignore lint/suspicious/noExplicitAny: answers are of many shapes, and each test says what it expects of one
const told = async (response: Response): Promise<any> => response.json();

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await gateway.call(path, body, headers);
  return { status: response.status, headers: response.headers, body: await told(response) };
};
const asUser = () => ({ authorization: `Bearer ${userKey}` });

describe("search", () => {
  it("asks a tool's provider in its own words, and answers in Perplexity's", async () => {
    const { status, body, headers } = await post(
      "/v1/search/web",
      {
        query: "cats",
        max_results: 3,
        search_domain_filter: ["a.example", "-b.example"],
        country: "US",
        topic: "general",
      },
      asUser(),
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      object: "search",
      results: [
        { title: "About cats", url: "https://a.example", snippet: "words", date: "2026-01-02", last_updated: null },
      ],
    });
    expect(last()).toMatchObject({ method: "POST", path: "/tavily/search" });
    expect(last().headers.authorization).toBe("Bearer key-web");
    expect(last().body).toEqual({
      query: "cats",
      max_results: 3,
      include_domains: ["a.example"],
      exclude_domains: ["b.example"],
      country: "united states",
      topic: "general",
    });
    const record = await recordOf(gateway, headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({ operation: "search", modelGroup: "web", provider: "tavily", cost: 8_000_000 });
  });

  it("pays for what is asked: depth, and each of several queries", async () => {
    const { body, headers } = await post("/search", {
      search_tool_name: "web",
      query: ["cats", "dogs"],
      search_depth: "advanced",
    });
    expect(body.results.map(({ title }: { title: string }) => title)).toEqual(["About cats", "About dogs"]);
    const record = await recordOf(gateway, headers.get("x-litellm-call-id"));
    expect(record["cost"]).toBe(32_000_000);
  });

  it("hands Perplexity several queries at once", async () => {
    const { body } = await post("/v1/search", {
      search_tool_name: "deep",
      query: ["a", "b"],
      max_tokens_per_page: 100,
    });
    expect(last().body).toEqual({ query: ["a", "b"], max_tokens_per_page: 100 });
    expect(body.results).toEqual([
      { title: "P", url: "https://p.example", snippet: "said", date: "2026-01-01", last_updated: "2026-02-01" },
    ]);
  });

  it("asks by GET where a provider has it so", async () => {
    const { body } = await post("/v1/search/free", {
      query: "x y",
      search_domain_filter: ["a.example"],
      engines: "duckduckgo",
    });
    expect(last().method).toBe("GET");
    const parameters = Object.fromEntries(new URL(last().path, "http://x").searchParams);
    expect(parameters).toEqual({ q: "x y site:a.example", format: "json", engines: "duckduckgo" });
    expect(body.results[0]).toMatchObject({ title: "S", snippet: "free" });
  });

  it("tells what fails", async () => {
    const statuses: Record<string, number> = {};
    for (const query of ["down", "unauthorized", "garbage", "page"])
      statuses[query] = (await post("/v1/search/web", { query })).status;
    expect(statuses).toEqual({ down: 503, unauthorized: 401, garbage: 500, page: 500 });
    const told = await post("/v1/search/web", { query: "told" }); // with status 200
    expect([told.status, told.body.error.message]).toEqual([429, expect.stringContaining("out of credits")]);
    expect((await post("/v1/search/web", { query: "none" })).body).toEqual({ object: "search", results: [] });
    expect((await post("/v1/search/web", { query: "flaky" })).status).toBe(200); // asked again
  });

  it.each([
    ["/v1/search/nothing", { query: "x" }, 404],
    ["/v1/search", { query: "x" }, 400],
    ["/v1/search/web", {}, 400],
    ["/v1/search/web", { query: "" }, 400],
    ["/v1/search/web", { query: [] }, 400],
    ["/v1/search/web", { query: "x", max_results: 0 }, 400],
    ["/v1/search/web", { query: "x", max_results: "many" }, 400],
    ["/v1/search/web", { query: "x", api_base: "http://evil" }, 400],
    ["/v1/search/odd", { query: "x" }, 400],
    ["/v1/search/web", "{", 400],
  ])("refuses %s %j", async (path, body, status) => {
    const asked = upstream.received.length;
    const answered = await post(path, body);
    expect([answered.status, typeof answered.body.error.message]).toEqual([status, "string"]);
    expect(upstream.received).toHaveLength(asked);
  });

  it("lists the tools without their keys", async () => {
    const response = await gateway.call("/v1/search/tools", undefined, asUser());
    const text = await response.text();
    expect(JSON.parse(text).data[0]).toEqual({
      search_tool_name: "web",
      search_provider: "tavily",
      description: "The web",
    });
    expect(text).not.toContain("key-");
  });
});

describe("search tools made while it runs", () => {
  it("are made, used, changed and deleted", async () => {
    const params = { search_provider: "tavily", api_key: "key-made", api_base: `${upstream.url}/tavily` };
    const made = await post("/search_tools", { search_tool: { search_tool_name: "made", litellm_params: params } });
    expect(made.body).toMatchObject({
      search_tool_name: "made",
      is_from_config: false,
      litellm_params: { search_provider: "tavily" },
    });
    expect(JSON.stringify(made.body)).not.toContain("key-made");
    expect((await post("/v1/search/made", { query: "x" }, asUser())).status).toBe(200);
    expect(last().headers.authorization).toBe("Bearer key-made");
    const path = `/search_tools/${made.body.search_tool_id}`;
    const put = (body: object) =>
      fetch(`${gateway.url}${path}`, {
        method: "PUT",
        headers: { authorization: `Bearer sk-test-master-key-0123456789`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const changed = await put({
      search_tool: { search_tool_name: "renamed", litellm_params: { ...params, api_key: "key-new" } },
    });
    expect(changed.status).toBe(200);
    expect((await post("/v1/search/renamed", { query: "x" })).status).toBe(200);
    expect(last().headers.authorization).toBe("Bearer key-new");
    expect((await told(await gateway.call(path))).search_tool_name).toBe("renamed");
    const listed = (await told(await gateway.call("/search_tools/list"))).search_tools;
    expect(listed.map((tool: { search_tool_name: string }) => tool.search_tool_name)).toContain("renamed");
    const deleted = await fetch(`${gateway.url}${path}`, {
      method: "DELETE",
      headers: { authorization: `Bearer sk-test-master-key-0123456789` },
    });
    expect(deleted.status).toBe(200);
    expect((await post("/v1/search/renamed", { query: "x" })).status).toBe(404);
    expect((await gateway.call(path)).status).toBe(404);
  });

  it("are tried before they are kept", async () => {
    const params = { search_provider: "tavily", api_key: "k", api_base: `${upstream.url}/tavily` };
    expect((await post("/search_tools/test_connection", { litellm_params: params })).body).toMatchObject({
      status: "success",
      results_count: 1,
    });
    const wrong = { ...params, api_base: `${upstream.url}/nowhere` };
    expect((await post("/search_tools/test_connection", { litellm_params: wrong })).body).toMatchObject({
      status: "error",
    });
    const { providers } = await told(await gateway.call("/search_tools/ui/available_providers"));
    expect(providers.map((one: { provider_name: string }) => one.provider_name)).toContain("exa_ai");
  });

  it("are an admin's, and take no key of the environment elsewhere", async () => {
    const tool = { search_tool_name: "x", litellm_params: { search_provider: "tavily", api_key: "k" } };
    expect((await post("/search_tools", { search_tool: tool }, asUser())).status).toBe(403);
    expect(
      (await post("/search_tools", { search_tool: { ...tool, litellm_params: { search_provider: "nobody" } } })).status,
    ).toBe(400);
    expect((await post("/search_tools", {})).status).toBe(422);
  });
});

describe("registered vector stores", () => {
  it("are seen by their keys, without secrets", async () => {
    const params = { api_key: "sk-hidden", api_base: `${upstream.url}/v1` };
    const given = {
      vector_store_id: "vs_new",
      custom_llm_provider: "openai",
      vector_store_name: "New",
      litellm_params: params,
    };
    const made = await post("/vector_store/new", given);
    expect(made).toMatchObject({
      status: 200,
      body: { status: "success", vector_store: { vector_store_name: "New" } },
    });
    expect(JSON.stringify(made.body)).not.toContain("sk-hidden");
    expect((await post("/vector_store/new", given)).status).toBe(400);
    const list = await told(await gateway.call("/v1/vector_store/list", undefined, asUser()));
    expect(list).toMatchObject({
      total_count: 2,
      data: [{ vector_store_id: "vs_docs" }, { vector_store_id: "vs_new" }],
    });
    expect(JSON.stringify(list)).not.toContain("sk-");
    const updated = await post("/vector_store/update", {
      vector_store_id: "vs_new",
      vector_store_description: "of mine",
    });
    expect(updated.body.vector_store).toMatchObject({ vector_store_description: "of mine", vector_store_name: "New" });
    expect(
      (await post("/vector_store/info", { vector_store_id: "vs_new" }, asUser())).body.vector_store.vector_store_id,
    ).toBe("vs_new");
    await gateway.call("/v1/vector_stores/vs_new/search", { query: "x" }, asUser());
    expect(last()).toMatchObject({
      path: "/v1/vector_stores/vs_new/search",
      headers: { authorization: "Bearer sk-hidden" },
    });
    const narrow = await post("/key/generate", { object_permission: { vector_stores: ["vs_docs"] } });
    const asNarrow = { authorization: `Bearer ${narrow.body.key}` };
    expect((await post("/vector_store/info", { vector_store_id: "vs_new" }, asNarrow)).status).toBe(404);
    expect((await post("/v1/vector_stores/vs_new/search", { query: "x" }, asNarrow)).status).toBe(404);
    const asking = (id: string) =>
      JSON.stringify({ model: "finder", input: "x", tools: [{ type: "file_search", vector_store_ids: [id] }] });
    const asked = upstream.received.length;
    for (const body of [asking("vs_new"), asking("vs_new").replace("store_ids", "store\\u005fids")])
      expect((await gateway.call("/v1/responses", body, asNarrow)).status).toBe(404);
    expect(upstream.received).toHaveLength(asked);
    await gateway.call("/v1/responses", asking("vs_docs"), asNarrow);
    expect(last()).toMatchObject({ path: "/v1/responses", body: { tools: [{ vector_store_ids: ["vs_docs"] }] } });
    expect((await post("/vector_store/delete", { vector_store_id: "vs_new" }, asUser())).status).toBe(403);
    expect((await post("/vector_store/delete", { vector_store_id: "vs_new" })).status).toBe(200);
    expect((await post("/vector_store/info", { vector_store_id: "vs_new" })).status).toBe(404);
    expect((await post("/vector_store/delete", { vector_store_id: "vs_docs" })).status).toBe(404);
  });
});

describe("OCR", () => {
  const document = { type: "document_url", document_url: "https://x.example/a.pdf" };

  it("passes through, and is paid for by the page", async () => {
    const { status, body, headers } = await post(
      "/v1/ocr",
      { model: "reader", document, pages: [0, 1], include_image_base64: true },
      asUser(),
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      pages: [{ markdown: "# Page 0" }, { index: 1 }],
      model: "mistral-ocr-latest",
      document_annotation: null,
    });
    expect(last().body).toEqual({ model: "mistral-ocr-latest", document, pages: [0, 1], include_image_base64: true });
    expect((await recordOf(gateway, headers.get("x-litellm-call-id")))["cost"]).toBe(2_000_000);
    const annotated = await post("/ocr", {
      model: "reader",
      document,
      document_annotation_format: { type: "json_schema" },
    });
    expect((await recordOf(gateway, annotated.headers.get("x-litellm-call-id")))["cost"]).toBe(6_000_000);
  });

  it("takes files in forms", async () => {
    const form = new FormData();
    form.set("model", "reader");
    form.set("file", new File([new Uint8Array([1, 2, 3])], "a.png", { type: "image/png" }));
    const response = await fetch(`${gateway.url}/v1/ocr`, { method: "POST", headers: asUser(), body: form });
    expect(response.status).toBe(200);
    expect(last().body["document"]).toEqual({ type: "image_url", image_url: "data:image/png;base64,AQID" });
  });

  it.each([
    [{ model: "reader" }, 400],
    [{ model: "reader", document: "a.pdf" }, 400],
    [{ model: "reader", document: { type: "file", file: "/etc/passwd" } }, 400],
    [{ model: "chatty", document }, 400],
    [{ model: "nothing", document }, 400],
    [{ document }, 400],
    [{ model: "broken", document }, 503],
  ])("answers %j with %d", async (body, status) => {
    const answered = await post("/v1/ocr", body);
    expect([answered.status, typeof answered.body.error.message]).toEqual([status, "string"]);
  });

  it("is refused to whoever may not use the model", async () => {
    expect([401, 403]).toContain((await post("/v1/ocr", { model: "broken", document }, asUser())).status);
  });
});

/** Documents into vector stores, and answers from them: two teams, one provider, a ranker. */
import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { answerObjects, atProvider } from "./openai-objects.ts";
import { recordOf, sdkFor, user } from "./sdk.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

type Json = Record<string, unknown>;

const OURS = /^[a-z]+[-_]slc[0-9a-f]{32}$/;
const FILE = { filename: "notes.txt", content: btoa("Refunds take 30 days."), content_type: "text/plain" };

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let one: string;
let other: string;

/** How the provider takes files: what it says each time it is asked of one. */
let states: Json[] = [];
/** What a search finds. */
let found: string[] = [];
/** Steps that fail, by path. */
const failing = new Map<RegExp, [number, unknown]>();

let files = 0;

function answer(request: Received, response: ServerResponse): unknown {
  const { method, body } = request;
  const path = request.path.split("?")[0] ?? "";
  const [, failure] = [...failing].find(([pattern]) => pattern.test(`${method} ${path}`)) ?? [];
  if (failure !== undefined) return json(response, ...failure);
  if (path === "/v1/files") {
    const { name, size } = body["file"] as File;
    return json(response, 200, { id: `file-up-rag${++files}`, object: "file", filename: name, bytes: size });
  }
  if (path.startsWith("/v1/files/")) return json(response, 200, { object: "file", deleted: true });
  const [, store, id] = /^\/v1\/vector_stores\/([^/]+)\/files(?:\/([^/]+))?$/.exec(path) ?? [];
  if (store !== undefined && states.length > 0)
    return json(response, 200, {
      id: id ?? body["file_id"],
      object: "vector_store.file",
      vector_store_id: store,
      ...states.shift(),
    });
  if (path.endsWith("/search") && found.length > 0)
    return json(response, 200, {
      object: "vector_store.search_results.page",
      search_query: [body["query"]],
      data: found.map((text, index) => ({
        file_id: `file-up-rag${index}`,
        filename: "notes.txt",
        score: 0.5,
        attributes: {},
        content: [{ type: "text", text }],
      })),
      has_more: false,
      next_page: null,
    });
  if (path === "/v2/rerank") {
    const documents = body["documents"] as string[];
    const results = documents.map((_, index) => ({ index, relevance_score: index / 10 })).toReversed();
    const billed_units = { search_units: 1 };
    return json(response, 200, { id: "r", results: results.slice(0, Number(body["top_n"])), meta: { billed_units } });
  }
  if (path.endsWith("/chat/completions")) return chat(response, body);
  return answerObjects(request, response);
}

function chat(response: ServerResponse, body: Json) {
  const usage = { prompt_tokens: 20, completion_tokens: 2, total_tokens: 22 };
  const base = { id: "chatcmpl-1", created: 1, model: body["model"] };
  if (!body["stream"])
    return json(response, 200, {
      ...base,
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "30 days" }, finish_reason: "stop" }],
      usage,
    });
  const chunk = (delta: Json, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chunk({ role: "assistant", content: "30 " }));
  response.write(chunk({ content: "days" }));
  response.write(chunk({}, "stop"));
  return response.end(
    `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices: [], usage })}\n\ndata: [DONE]\n\n`,
  );
}

async function keyOf(fields: object): Promise<string> {
  return ((await (await gateway.call("/key/generate", fields)).json()) as { key: string }).key;
}

async function teamKey(alias: string): Promise<string> {
  const team = (await (await gateway.call("/team/new", { team_alias: alias })).json()) as { team_id: string };
  return keyOf({ team_id: team.team_id });
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answer(request, response));
  const openai = { api_base: `${upstream.url}/v1`, api_key: "sk-env" };
  gateway = await startGateway(
    {
      model_list: [
        { model_name: "small", litellm_params: { model: "openai/gpt-4o-mini", ...openai } },
        {
          model_name: "ranker",
          litellm_params: { model: "cohere/rerank-v3.5", api_base: upstream.url, api_key: "sk-rank" },
        },
      ],
      vector_store_registry: [
        {
          vector_store_name: "shared",
          litellm_params: {
            vector_store_id: "vs_shared",
            custom_llm_provider: "openai",
            ...openai,
            api_key: "sk-shared",
          },
        },
        {
          vector_store_name: "azure-ai-search",
          litellm_params: {
            vector_store_id: "anything",
            custom_llm_provider: "azure_ai",
            api_base: upstream.url,
            api_key: "sk-search",
          },
        },
      ],
    },
    { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` },
  );
  one = await teamKey("one");
  other = await teamKey("other");
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

afterEach(() => {
  failing.clear();
  states = [];
});

/** What was asked of the provider meanwhile. */
async function asked<T>(act: () => Promise<T>): Promise<[T, Received[]]> {
  const before = upstream.received.length;
  const value = await act();
  return [value, upstream.received.slice(before)];
}

interface Answered {
  status: number;
  body: Json;
  id: string | null;
  received: Received[];
}

async function post(path: string, body: unknown, key = one, headers: Record<string, string> = {}): Promise<Answered> {
  const [response, received] = await asked(() =>
    gateway.call(path, body, { authorization: `Bearer ${key}`, ...headers }),
  );
  return {
    status: response.status,
    body: (await response.json()) as Json,
    id: response.headers.get("x-litellm-call-id"),
    received,
  };
}

const pathsOf = (received: readonly Received[]) =>
  received.map(({ method, path }) => `${method} ${path.replace(/(?:vs|file)[-_]up-?\w+/g, "{id}")}`);

const messageOf = ({ body }: Answered) => String((body["error"] as Json)["message"]);

const ingest = (fields: Json = {}, store: Json = {}, key = one, headers: Record<string, string> = {}) =>
  post(
    "/v1/rag/ingest",
    { file: FILE, ...fields, ingest_options: { ...(fields["ingest_options"] as Json), vector_store: store } },
    key,
    headers,
  );

async function storeOf(key: string): Promise<{ store: string; file: string }> {
  const { body } = await ingest({}, {}, key);
  return { store: String(body["vector_store_id"]), file: String(body["file_id"]) };
}

describe("ingest", () => {
  it("makes a store with a file, each step on the ledger", async () => {
    const { status, body, id, received } = await ingest({
      ingest_options: { name: "handbook", chunking_strategy: { chunk_size: 500, chunk_overlap: 100 } },
    });
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(/^ingest_/),
        status: "completed",
        vector_store_id: expect.stringMatching(OURS),
        file_id: expect.stringMatching(OURS),
      },
    ]);
    expect(pathsOf(received)).toEqual([
      "POST /v1/vector_stores",
      "POST /v1/files",
      "POST /v1/vector_stores/{id}/files",
    ]);
    const [made, sent, added] = received;
    expect(made?.body).toEqual({ name: "handbook" });
    expect(sent?.body["purpose"]).toBe("assistants");
    const file = sent?.body["file"];
    expect(file instanceof File && (await file.text())).toBe("Refunds take 30 days.");
    expect(added?.body).toEqual({
      file_id: `file-up-rag${files}`,
      chunking_strategy: { type: "static", static: { max_chunk_size_tokens: 500, chunk_overlap_tokens: 100 } },
    });
    for (const [part, operation] of [
      ["store", "vector_stores.create"],
      ["file", "files.create"],
      ["add", "vector_stores.files.create"],
    ])
      expect(await recordOf(gateway, `${id}-${part}`)).toMatchObject({ operation, outcome: "success" });

    const client = sdkFor(gateway, one);
    const store = await client.vectorStores.retrieve(String(body["vector_store_id"]));
    expect(store.name).toBe("handbook");
    expect((await post(`/v1/vector_stores/${store.id}/search`, { query: "x" }, other)).status).toBe(404);
  });

  it("takes a form, and waits until the file is ready", async () => {
    states = [{ status: "in_progress" }, { status: "in_progress" }, { status: "completed" }];
    const form = new FormData();
    form.append("file", new File(["some text"], "b.md", { type: "text/markdown" }));
    form.append("request", JSON.stringify({ ingest_options: { vector_store: { ttl_days: 3 } } }));
    const [response, received] = await asked(() =>
      fetch(`${gateway.url}/rag/ingest`, { method: "POST", headers: { authorization: `Bearer ${one}` }, body: form }),
    );
    expect(await response.json()).toMatchObject({ status: "completed", file_id: expect.stringMatching(OURS) });
    expect(pathsOf(received).slice(3)).toEqual([
      "GET /v1/vector_stores/{id}/files/{id}",
      "GET /v1/vector_stores/{id}/files/{id}",
    ]);
    expect(received[0]?.body).toEqual({ expires_after: { anchor: "last_active_at", days: 3 } });
    expect(received[1]?.body["file"]).toMatchObject({ name: "b.md", size: 9 });
  });

  it("tells of a file that is not ready yet, and of one that cannot be read", async () => {
    states = [{ status: "in_progress" }];
    expect((await ingest({}, { wait_for_ingestion: false })).body).toMatchObject({ status: "in_progress" });
    states = [{ status: "failed", last_error: { code: "unsupported_file", message: "What is this?" } }];
    const failed = await ingest();
    expect([failed.status, failed.body]).toEqual([
      200,
      expect.objectContaining({ status: "failed", error: "What is this?", file_id: expect.stringMatching(OURS) }),
    ]);
  });

  it("puts files into stores there are, by the gateway's ids", async () => {
    const { store, file } = await storeOf(one);
    const again = await ingest({ file: undefined, file_id: file }, { vector_store_id: store });
    expect(again.body).toMatchObject({ status: "completed", vector_store_id: store, file_id: file });
    expect(pathsOf(again.received)).toEqual(["POST /v1/vector_stores/{id}/files"]);
    const more = await ingest({}, { vector_store_id: store });
    expect(more.body).toMatchObject({ vector_store_id: store });
    expect(pathsOf(more.received)).toEqual(["POST /v1/files", "POST /v1/vector_stores/{id}/files"]);
    states = [{ status: "completed" }];
    const fresh = await ingest({ file: undefined, file_id: file });
    expect(fresh.body).toMatchObject({ status: "completed", file_id: file });
    expect(fresh.received[0]?.body["file_ids"]).toEqual([expect.stringMatching(/^file-up/)]);
    expect(fresh.body["vector_store_id"]).not.toBe(store);
  });

  it("reaches nothing of anybody else's", async () => {
    const { store, file } = await storeOf(one);
    for (const attempt of [
      () => ingest({}, { vector_store_id: store }, other),
      () => ingest({ file: undefined, file_id: file }, {}, other),
      () => ingest({}, { vector_store_id: "vs_up000000000000000000000001" }, other),
      () => ingest({ file: undefined, file_id: "file-up-rag1" }, {}, other),
      () => ingest({}, { vector_store_id: "vs_shared" }, other),
    ]) {
      const refused = await attempt();
      expect([refused.status, refused.received.length]).toEqual([404, 0]);
    }
  });

  it("refuses what it cannot do before anything is asked", async () => {
    for (const [fields, store, words] of [
      [{ file: undefined }, {}, "give one of file"],
      [{ file: undefined, file_url: "https://example.com/a.pdf" }, {}, "fetches nothing"],
      [{ file: { ...FILE, content: "***" } }, {}, "base64"],
      [{}, { custom_llm_provider: "bedrock" }, "bedrock"],
      [{}, { custom_llm_provider: "azure" }, "no credentials for azure"],
      [{}, { api_base: "https://example.com" }, "api_base"],
      [{ ingest_options: { ocr: { model: "x" } } }, {}, "ocr"],
    ] as const) {
      const refused = await ingest(fields, store);
      expect([refused.status, refused.received.length, messageOf(refused)]).toEqual([
        400,
        0,
        expect.stringContaining(words),
      ]);
    }
    const own = await storeOf(one);
    for (const fields of [
      { ingest_options: { chunking_strategy: { type: "static", file_id: "file-of-others" } } },
      { file: undefined, file_id: own.store },
    ]) {
      const refused = await ingest(fields);
      expect([refused.status, refused.received.length]).toEqual([404, 0]);
    }
    expect((await post("/v1/rag/ingest", "{")).status).toBe(400);
    expect((await post("/v1/rag/ingest", { file: FILE })).status).toBe(400);
    const deep = `{"file_id":"f","ingest_options":{"vector_store":{}},"x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect((await post("/v1/rag/ingest", deep)).status).toBeLessThan(500);
    const list = `${"[".repeat(5000)}${"]".repeat(5000)}`;
    const strategy = `{"type":"static","x":${list}}`;
    const sized = `{"file":${JSON.stringify(FILE)},"ingest_options":{"chunking_strategy":${strategy},"vector_store":{}}}`;
    const refused = await post("/v1/rag/ingest", sized);
    expect([refused.status, refused.received.length]).toEqual([400, 0]);
  });

  it("takes nothing said of a size for nothing said", async () => {
    const { received } = await ingest({ ingest_options: { chunking_strategy: { chunk_size: null } } });
    expect(received.at(-1)?.body["chunking_strategy"]).toEqual({
      type: "static",
      static: { max_chunk_size_tokens: 1000, chunk_overlap_tokens: 200 },
    });
  });

  it("undoes what it made where a step fails, and says what that step said", async () => {
    failing.set(/^POST .*\/files$/, [429, { error: { message: "Slow down", type: "rate", param: null, code: "x" } }]);
    const refused = await ingest();
    failing.clear();
    expect([refused.status, refused.body]).toEqual([429, { error: expect.objectContaining({ message: "Slow down" }) }]);
    await until(() => pathsOf(upstream.received).at(-1) === "DELETE /v1/vector_stores/{id}");
    expect(atProvider(upstream.received.at(-1)?.path.split("/").at(-1) ?? "")).toBeUndefined();

    failing.set(/\/vector_stores\/.*\/files$/, [400, { error: { message: "No more files" } }]);
    const last = await ingest();
    failing.clear();
    expect([last.status, messageOf(last)]).toEqual([400, "No more files"]);
    await until(() => pathsOf(upstream.received).at(-1) === "DELETE /v1/vector_stores/{id}");
    expect(pathsOf(upstream.received).at(-2)).toBe("DELETE /v1/files/{id}");

    failing.set(/POST .*\/vector_stores$/, [200, ["?"]]);
    expect((await ingest()).body).toMatchObject({ error: { message: expect.stringContaining("no answer") } });
    failing.clear();
  });

  it("is done once where the client says by a key that it may ask again", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await ingest({}, {}, one, key);
    const second = await ingest({}, {}, one, key);
    expect(second.body).toEqual(first.body);
    expect(second.received).toEqual([]);
  });
});

const query = (fields: Json, store: string, config: Json = {}, key = one) =>
  post(
    "/v1/rag/query",
    {
      model: "small",
      messages: user("How long do refunds take?"),
      retrieval_config: { vector_store_id: store, ...config },
      ...fields,
    },
    key,
  );

describe("query", () => {
  it("answers with what the store has, each step limited and paid for as what it is", async () => {
    const { store } = await storeOf(one);
    found = ["first", "second", "third"];
    const filters = { type: "eq", key: "lang", value: "en" };
    const rerank = { enabled: true, model: "ranker", top_n: 2 };
    const answered = await query({ rerank, temperature: 0.5 }, store, { top_k: 7, filters });
    expect(pathsOf(answered.received)).toEqual([
      "POST /v1/vector_stores/{id}/search",
      "POST /v2/rerank",
      "POST /v1/chat/completions",
    ]);
    const [searched, ranked, asked] = answered.received;
    expect(searched?.body).toEqual({ query: "How long do refunds take?", max_num_results: 7, filters });
    expect(ranked?.body).toMatchObject({ query: "How long do refunds take?", documents: found, top_n: 2 });
    expect(asked?.body).toEqual({
      model: "gpt-4o-mini",
      temperature: 0.5,
      messages: user("Context:\n\nthird\n\nsecond\n\nHow long do refunds take?"),
    });
    expect(answered.body).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { content: "30 days" } }],
      _hidden_params: {
        search_results: {
          object: "vector_store.search_results.page",
          data: [{ file_id: expect.stringMatching(OURS), content: [{ text: "first" }] }, {}, {}],
        },
        rerank_results: { results: [{ index: 2 }, { index: 1 }] },
      },
    });
    const records = await Promise.all(
      [`${answered.id}-search`, `${answered.id}-rerank`, answered.id].map((id) => recordOf(gateway, id)),
    );
    expect(records).toMatchObject([
      { operation: "vector_stores.search", outcome: "success" },
      { operation: "rerank", outcome: "success" },
      { operation: "chat", outcome: "success" },
    ]);
    expect(records.slice(1).every((record) => Number(record["cost"]) > 0)).toBe(true);
  });

  it("is for its tags with all of its steps", async () => {
    const { store } = await storeOf(one);
    found = ["first"];
    const rerank = { enabled: true, model: "ranker" };
    for (const said of [{ metadata: { tags: ["blue"] } }, { tags: ["blue"] }, { extra_body: { tags: ["blue"] } }]) {
      const answered = await query({ rerank, ...said }, store);
      expect(answered.received[1]?.body).not.toHaveProperty("tags");
      for (const id of [`${answered.id}-rerank`, answered.id])
        expect(await recordOf(gateway, id)).toMatchObject({ tags: ["blue"] });
    }
  });

  it("streams as a chat does, with the results in the first chunk", async () => {
    const { store } = await storeOf(one);
    found = ["first"];
    const [response] = await asked(() =>
      gateway.call(
        "/rag/query",
        {
          model: "small",
          messages: user("How long?"),
          retrieval_config: { vector_store_id: store, custom_llm_provider: "openai" },
          stream: true,
        },
        { authorization: `Bearer ${one}` },
      ),
    );
    const events = (await response.text()).split("\n\n").map((event) => event.replace(/^data: /, ""));
    expect(events.at(-2)).toBe("[DONE]");
    const chunks = events.slice(0, -2).map((event) => JSON.parse(event) as Json);
    expect(chunks[0]?.["_hidden_params"]).toMatchObject({ search_results: { data: [{ filename: "notes.txt" }] } });
    expect(chunks.slice(1).some((chunk) => "_hidden_params" in chunk)).toBe(false);
    const text = chunks.map((chunk) => (chunk["choices"] as { delta: Json }[])[0]?.delta["content"] ?? "").join("");
    expect(text).toBe("30 days");
  });

  it("is read by OpenAI's SDK as the chat it is", async () => {
    const { store } = await storeOf(one);
    found = ["first"];
    const body = { model: "small", messages: user("How long?"), retrieval_config: { vector_store_id: store } };
    const whole = await sdkFor(gateway, one).post<OpenAiChat>("/rag/query", { body });
    expect(whole.choices[0]?.message.content).toBe("30 days");
  });

  it("asks as it was asked where nothing was found, and ranks nothing then", async () => {
    const store = await sdkFor(gateway, one).vectorStores.create({});
    found = [];
    const answered = await query({ rerank: { enabled: true, model: "ranker" } }, store.id);
    expect(pathsOf(answered.received)).toEqual(["POST /v1/vector_stores/{id}/search", "POST /v1/chat/completions"]);
    expect(answered.received[1]?.body["messages"]).toEqual(user("How long do refunds take?"));
  });

  it("searches a registered store with its own credentials, where the key may", async () => {
    found = ["first"];
    const answered = await query({}, "vs_shared");
    expect([answered.status, answered.received[0]?.headers.authorization]).toEqual([200, "Bearer sk-shared"]);
    const narrow = await keyOf({ object_permission: { vector_stores: ["vs_elsewhere"] } });
    const refused = await query({}, "vs_shared", {}, narrow);
    expect([refused.status, refused.received.length]).toEqual([404, 0]);
  });

  it("refuses before anything is asked", async () => {
    const { store } = await storeOf(one);
    found = ["first"];
    const narrow = await keyOf({ models: ["ranker"] });
    for (const [refused, status] of [
      [await query({}, store, {}, other), 404],
      [await query({ model: "unheard-of" }, "vs_shared", {}, narrow), 403],
      [await query({}, "vs_shared", {}, narrow), 403],
      [await query({ rerank: { enabled: true } }, store), 400],
      [await query({ messages: [{ role: "system", content: "x" }] }, store), 400],
      [await query({ messages: [] }, store), 400],
      [await query({ retrieval_config: {} }, store), 400],
      [await query({}, store, { api_base: "https://example.com" }), 400],
      [await query({}, "anything", {}, MASTER_KEY), 400],
      [await query({ rerank: { enabled: true, model: "unheard-of" } }, store), 400],
      [await query({ rerank: { enabled: true, model: "ranker,ranker" } }, store), 400],
      [await query({ model: "unheard-of" }, store), 400],
      [await query({ model: "small,unheard-of" }, store), 400],
      [await query({ model: 5 }, store), 400],
      [await query({ model: undefined }, store), 400],
      [await query({ temperature: "hot" }, store), 400],
      [await query({ api_base: "https://example.com" }, store), 400],
    ] as const) {
      expect(refused.received).toEqual([]);
      expect([refused.status, typeof messageOf(refused)]).toEqual([status, "string"]);
    }
  });

  it("says what the step said that failed", async () => {
    const { store } = await storeOf(one);
    found = ["first"];
    const rerank = { enabled: true, model: "ranker" };
    const error = (message: string) => ({ error: { message, type: "x", param: null, code: null } });
    failing.set(/search$/, [404, error("gone")]);
    const search = await query({ rerank }, store);
    expect([search.status, messageOf(search), search.received.length]).toEqual([404, "gone", 1]);
    failing.clear();
    failing.set(/search$/, [200, "?"]);
    expect(messageOf(await query({ rerank }, store))).toContain("no answer");
    failing.clear();
    failing.set(/rerank$/, [400, { message: "too long" }]);
    const ranking = await query({ rerank }, store);
    expect([ranking.status, ranking.received.length]).toEqual([400, 2]);
    expect(messageOf(ranking)).toContain("too long");
    failing.clear();
    failing.set(/completions$/, [400, error("bad messages")]);
    const asking = await query({ rerank }, store);
    expect([asking.status, asking.received.length]).toEqual([400, 3]);
    expect(messageOf(asking)).toContain("bad messages");
    failing.clear();
  });

  it("counts each step as a request of the key's", async () => {
    found = ["first"];
    const slow = await keyOf({ rpm_limit: 1 });
    const refused = await query({}, "vs_shared", {}, slow);
    expect([refused.status, refused.received.length]).toEqual([429, 1]);
  });
});

interface OpenAiChat {
  choices: { message: { content: string } }[];
}

describe("the queue", () => {
  it("is chat", async () => {
    const { status, body } = await post("/queue/chat/completions", { model: "small", messages: user("hi") });
    expect([status, body]).toEqual([200, expect.objectContaining({ object: "chat.completion" })]);
  });
});

describe("indexes", () => {
  const params = { vector_store_index: "real-index", vector_store_name: "azure-ai-search" };
  const SEARCH = "/azure_ai/indexes/refunds/docs/search?api-version=2024-07-01";
  const call = (method: string, path: string, key: string, body?: Json) =>
    asked(() =>
      fetch(gateway.url + path, {
        method,
        headers: { "api-key": key, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      }),
    );

  it("are named by admins, once", async () => {
    const made = await post("/v1/indexes", { index_name: "refunds", litellm_params: params }, MASTER_KEY);
    expect([made.status, made.body]).toEqual([
      200,
      expect.objectContaining({ index_name: "refunds", litellm_params: params, index_info: null }),
    ]);
    const again = await post("/v1/indexes", { index_name: "refunds", litellm_params: params }, MASTER_KEY);
    expect([again.status, messageOf(again)]).toEqual([400, "Index refunds already exists"]);
    expect((await post("/v1/indexes", { index_name: "x", litellm_params: params })).status).toBe(403);
    expect((await post("/v1/indexes", { index_name: "a/b", litellm_params: params }, MASTER_KEY)).status).toBe(422);
    expect((await post("/v1/indexes", { index_name: "x" }, MASTER_KEY)).status).toBe(422);
    const half = { ...params, vector_store_index: "\ud800" };
    expect((await post("/v1/indexes", { index_name: "x", litellm_params: half }, MASTER_KEY)).status).toBe(422);
  });

  it("are read and written by the keys and teams that may", async () => {
    const allowed = (...index_permissions: string[]) => ({
      allowed_vector_store_indexes: [{ index_name: "refunds", index_permissions }],
    });
    const reader = await keyOf(allowed("read"));
    const team = (await (
      await gateway.call("/team/new", { team_alias: "writers", ...allowed("read", "write") })
    ).json()) as {
      team_id: string;
    };
    const writer = await keyOf({ team_id: team.team_id });

    const [, searched] = await call("POST", SEARCH, reader, { search: "*" });
    expect(searched).toMatchObject([
      {
        method: "POST",
        path: "/indexes/real-index/docs/search?api-version=2024-07-01",
        headers: { authorization: "Bearer sk-search" },
        body: { search: "*" },
      },
    ]);
    const index = { name: "refunds", fields: [{ name: "refunds" }] };
    const [refused, nothing] = await call("PUT", "/azure_ai/indexes/refunds?api-version=1", reader, index);
    expect([refused.status, nothing]).toEqual([403, []]);
    for (const path of ["docs/index", "docs/index;/docs/search", "docs/index?x=/docs/search"]) {
      const [changing, unseen] = await call("POST", `/azure_ai/indexes/refunds/${path}`, reader, { value: [] });
      expect([path, changing.status, unseen]).toEqual([path, 403, []]);
    }
    const [, written] = await call("PUT", "/azure_ai/indexes/refunds?api-version=1", writer, index);
    expect(written).toMatchObject([
      { path: "/indexes/real-index?api-version=1", body: { ...index, name: "real-index" } },
    ]);
    for (const path of ["/azure_ai/indexes('refunds')/docs", "/azure_ai/indexes/refunds/docs/$count"]) {
      const [, read] = await call("GET", path, reader);
      expect(read[0]?.path).toMatch(/^\/indexes\/real-index\/docs/);
    }
  });

  it("are given by admins alone", async () => {
    const person = (await (await gateway.call("/user/new", { user_role: "internal_user" })).json()) as { key: string };
    const allowed = { allowed_vector_store_indexes: [{ index_name: "refunds", index_permissions: ["read"] }] };
    for (const fields of [allowed, { metadata: allowed }])
      expect((await post("/key/generate", fields, person.key)).status).toBe(403);
    expect((await post("/key/generate", {}, person.key)).status).toBe(200);
  });

  it("are nobody else's, and lead nowhere else", async () => {
    const reader = await keyOf({
      allowed_vector_store_indexes: [{ index_name: "refunds", index_permissions: ["read"] }],
    });
    for (const [path, key] of [
      [SEARCH, one],
      ["/azure_ai/indexes/other/docs/search", reader],
      ["/azure_ai/indexes/real-index/docs/search", reader],
      ["/azure_ai/indexes/refunds/%2e%2e%2fother/docs/search", reader],
      ["/azure_ai/indexes/refunds/..%5Cother/docs/search", reader],
    ] as const) {
      const [refused, received] = await call("POST", path, key, { search: "*" });
      expect([path, refused.status >= 400 && refused.status < 500, received]).toEqual([path, true, []]);
    }
    const lost = { index_name: "lost", litellm_params: { ...params, vector_store_name: "nowhere" } };
    await post("/v1/indexes", lost, MASTER_KEY);
    const [unknown] = await call("POST", "/azure_ai/indexes/lost/docs/search", MASTER_KEY, {});
    expect(unknown.status).toBe(400);
  });
});

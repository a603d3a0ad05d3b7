import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, it } from "vitest";
import { startGateway, MASTER_KEY, type TestGateway } from "./gateway.ts";
import { answerObjects } from "./openai-objects.ts";
import { json, type Received, startUpstream } from "./upstream.ts";
type Json = Record<string, any>;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let files = 0;
let found: any = undefined;
let rankResults: any = undefined;
let gate: Promise<void> | undefined;
function answer(request: Received, response: ServerResponse): unknown {
  const { body } = request;
  const path = request.path.split("?")[0] ?? "";
  if (path === "/v1/files") return json(response, 200, { id: `file-up-rag${++files}`, object: "file", filename: "x", bytes: 1 });
  if (path.startsWith("/v1/files/")) return json(response, 200, { object: "file", deleted: true });
  if (path.endsWith("/search") && found !== undefined) return json(response, 200, { object: "vector_store.search_results.page", data: found });
  if (path === "/v2/rerank") return json(response, 200, { id: "r", results: rankResults ?? [{ index: 0, relevance_score: 1 }], meta: { billed_units: { search_units: 1 } } });
  if (path.endsWith("/responses")) return json(response, 200, { id: "resp_1", object: "response", created_at: 1, status: body["background"] ? "queued" : "completed", background: body["background"] ?? false, model: body["model"], output: [], usage: body["background"] ? null : { input_tokens: 5, output_tokens: 5, total_tokens: 10 } });
  if (path.endsWith("/chat/completions")) return json(response, 200, { id: "c", object: "chat.completion", created: 1, model: body["model"], choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
  return answerObjects(request, response);
}
beforeAll(async () => {
  upstream = await startUpstream((q, s) => void answer(q, s));
  const openai = { api_base: `${upstream.url}/v1`, api_key: "sk-env" };
  gateway = await startGateway({
    model_list: [
      { model_name: "small", litellm_params: { model: "openai/gpt-4o-mini", ...openai } },
      { model_name: "ranker", litellm_params: { model: "cohere/rerank-v3.5", api_base: upstream.url, api_key: "sk-rank" } },
    ],
    vector_store_registry: [
      { vector_store_name: "azure-ai-search", litellm_params: { vector_store_id: "anything", custom_llm_provider: "azure_ai", api_base: upstream.url, api_key: "sk-search" } },
    ],
  }, { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` });
}, 60_000);
afterAll(async () => { await gateway?.stop(); await upstream?.close(); });
async function key(f: object) { return ((await (await gateway.call("/key/generate", f)).json()) as any).key as string; }
async function go(label: string, path: string, body: unknown, k = MASTER_KEY, headers: Record<string,string> = {}) {
  const before = upstream.received.length;
  const r = await gateway.call(path, body, { authorization: `Bearer ${k}`, ...headers });
  const t = await r.text();
  const rec = upstream.received.slice(before);
  console.log(`## ${label}: ${r.status} ${t.slice(0, 300)} | up: ${rec.map((x) => `${x.method} ${x.path}`).join(", ")}`);
  return { r, t, rec };
}
const FILE = { filename: "notes.txt", content: btoa("hello"), content_type: "text/plain" };
it("probe", async () => {
  const bg = await go("nested extra_body", "/v1/responses", { model: "small", input: "hi", extra_body: { extra_body: { background: true } } });
  console.log(JSON.stringify(bg.rec.map((x) => x.body)), bg.r.headers.get("x-litellm-response-cost"));
  const bg2 = await go("extra_body", "/v1/responses", { model: "small", input: "hi", extra_body: { background: true } });
  console.log(JSON.stringify(bg2.rec.map((x) => x.body)));
  const one = await key({ max_parallel_requests: 1 });
  const a = await go("ingest par1", "/v1/rag/ingest", { file: FILE, ingest_options: { vector_store: {} } }, one);
  const st = JSON.parse(a.t).vector_store_id;
  found = [{ content: [{ type: "text", text: "first" }] }, { content: [{ type: "text", text: "second" }] }];
  const msgs = [{ role: "user", content: "q" }];
  for (let i = 0; i < 3; i++) await go("query par1", "/v1/rag/query", { model: "small", messages: msgs, retrieval_config: { vector_store_id: st }, rerank: { enabled: true, model: "ranker" } }, one);
  const q = (label: string, f: Json, k = one) => go(label, "/v1/rag/query", { model: "small", messages: msgs, retrieval_config: { vector_store_id: st }, ...f }, k);
  const full = await key({});
  const a2 = await go("ingest", "/v1/rag/ingest", { file: FILE, ingest_options: { vector_store: {} } }, full);
  const st2 = JSON.parse(a2.t).vector_store_id;
  const q2 = (label: string, f: Json) => go(label, "/v1/rag/query", { model: "small", messages: msgs, retrieval_config: { vector_store_id: st2 }, ...f }, full);
  await q2("rank a,b", { rerank: { enabled: true, model: "ranker,ranker" } });
  await q2("rank unknown", { rerank: { enabled: true, model: "nope" } });
  await q2("model unknown", { model: "nope" });
  await q2("model 5", { model: 5 });
  await q2("model missing", { model: undefined });
  await q2("temp bad", { temperature: "hot" , rerank: { enabled: true, model: "ranker" }});
  const tagged = await q2("tags", { metadata: { tags: ["mine"] }, user: "cust-1", rerank: { enabled: true, model: "ranker" } });
  await new Promise((d) => setTimeout(d, 500));
  const id = tagged.r.headers.get("x-litellm-call-id");
  for (const r of gateway.records()) if (String(r["id"]).startsWith(String(id))) console.log(JSON.stringify(r));
  const tagged2 = await q2("tags2", { tags: ["mine"], rerank: { enabled: true, model: "ranker" } });
  await new Promise((d) => setTimeout(d, 500));
  for (const r of gateway.records()) if (String(r["id"]).startsWith(String(tagged2.r.headers.get("x-litellm-call-id")))) console.log(JSON.stringify(r));
  for (const [n, v] of Object.entries({ nulls: [{ index: null }], dup: [{ index: 0 }, { index: 0 }], str: [{ index: "1" }], neg: [{ index: -1 }, { index: 99 }, { index: 1 }] })) {
    rankResults = v;
    const x = await q2(`rank ${n}`, { rerank: { enabled: true, model: "ranker" } });
    console.log(JSON.stringify(x.rec.at(-1)?.body["messages"]));
  }
  rankResults = undefined;
  for (const v of [null, "x", [null], [{ content: 5 }], [{ content: [{ text: 5 }, null, "x"] }]]) { found = v; await q2(`found ${JSON.stringify(v)}`, {}); }
  found = [{ content: [{ type: "text", text: "first" }] }];
  for (const f of [
    { messages: [{ role: "user", content: [{ type: "text", text: "a" }, { type: "image_url", image_url: { url: "data:image/png;base64,AA" } }] }] },
    { messages: [{ role: "user", content: [{ type: "input_text", text: "a" }] }] },
    { messages: [{ role: "user", content: { a: 1 } }] }, { messages: {} }, { messages: [5] }, { messages: null },
    { retrieval_config: [] }, { retrieval_config: null }, { retrieval_config: { vector_store_id: 5 } }, { retrieval_config: { vector_store_id: "../x" } },
    { retrieval_config: { vector_store_id: st2, top_k: -1 } }, { retrieval_config: { vector_store_id: st2, top_k: 1e30 } }, { retrieval_config: { vector_store_id: st2, filters: [] } },
    { retrieval_config: { vector_store_id: st2, custom_llm_provider: "constructor" } }, { retrieval_config: { vector_store_id: st2, custom_llm_provider: 5 } },
    { retrieval_config: { vector_store_id: st2, __proto__x: 1 } },
    { rerank: "yes" }, { rerank: { enabled: "yes" } }, { rerank: { enabled: true, model: "ranker", top_n: 0 } }, { rerank: [] },
    { model: "small,small" }, { stream: "yes" }, { n: 1e9 },
  ] as Json[]) await q2(JSON.stringify(f).slice(0, 120), f);
  await go("par1 foreign", "/v1/rag/query", { model: "small", messages: msgs, retrieval_config: { vector_store_id: st } }, full);
  const ing = (label: string, f: Json, o: Json = {}, s: any = {}) => go(`ing ${label}`, "/v1/rag/ingest", { file: FILE, ...f, ingest_options: { vector_store: s, ...o } }, full);
  await ing("crlf name", { file: { ...FILE, filename: 'a"\r\nx: y\\..\u0000\ud800é.txt', content_type: "a\r\nb: c" } });
  await ing("empty", { file: { ...FILE, content: "" } });
  await ing("null chunk", {}, { chunking_strategy: { chunk_size: null } });
  console.log(JSON.stringify(upstream.received.at(-1)?.body));
  await ing("str chunk", {}, { chunking_strategy: { chunk_size: "x" } });
  await ing("chunk type 5", {}, { chunking_strategy: { type: 5 } });
  await ing("chunk foreign", {}, { chunking_strategy: { type: "static", file_id: "file-abc" } });
  await ing("embedding", {}, { embedding: { model: "x" } });
  await ing("two", { file_id: "x" });
  await ing("ttl", {}, {}, { ttl_days: 1e20 });
  await ing("timeout", {}, {}, { ingestion_timeout: -1 });
  await ing("timeout", {}, {}, { ingestion_timeout: 1e9 });
  await ing("store arr", {}, {}, []);
  await ing("store null", {}, {}, null);
  await ing("provider", {}, {}, { custom_llm_provider: "__proto__" });
  await ing("wrong kind", {}, {}, { vector_store_id: JSON.parse(a2.t).file_id });
  await ing("file wrong kind", { file: undefined, file_id: st2 });
  await ing("forged", {}, {}, { vector_store_id: "vs_slc00000000000000000000000000000000" });
  await ing("user num", { user: 5, metadata: "x" });
  await ing("file string", { file: "x" }); await ing("file arr", { file: [FILE] });
  for (const [label, parts] of Object.entries({
    nofile: [["request", "{}"]], reqarr: [["file", new File(["a"], "b")], ["request", "[]"]], twice: [["file", new File(["a"], "b")], ["file", new File(["a"], "b")], ["request", '{"ingest_options":{"vector_store":{}}}']],
    textfile: [["file", "abc"], ["request", '{"ingest_options":{"vector_store":{}}}']], emptyfile: [["file", new File([], "b")], ["request", '{"ingest_options":{"vector_store":{}}}']],
    reqfile: [["request", new File(['{"ingest_options":{"vector_store":{}}}'], "b")]], opts: [["file", new File(["a"], "b")], ["ingest_options", '{"vector_store":{}}']], optsbad: [["file", new File(["a"], "b")], ["ingest_options", "x"]],
    meta: [["file", new File(["a"], "b")], ["ingest_options", '{"vector_store":{}}'], ["metadata", "{"]], reqtwice: [["file", new File(["a"], "b")], ["request", "{}"], ["request", "{}"]],
  } as Record<string, [string, any][]>)) {
    const form = new FormData(); for (const [n, v] of parts) form.append(n, v);
    const r = await fetch(`${gateway.url}/rag/ingest`, { method: "POST", headers: { authorization: `Bearer ${full}` }, body: form });
    console.log(`## form ${label}: ${r.status} ${(await r.text()).slice(0, 250)}`);
  }
  const p = { vector_store_index: "real", vector_store_name: "azure-ai-search" };
  await go("idx nul", "/v1/indexes", { index_name: "a\u0000b", litellm_params: p });
  await go("idx sur", "/v1/indexes", { index_name: "a\ud800b", litellm_params: p });
  await go("idx sur2", "/v1/indexes", { index_name: "sur", litellm_params: { ...p, vector_store_index: "a\ud800" } });
  await go("idx sur2 use", "/azure_ai/indexes/sur/docs/search", { search: "*" });
  await go("idx dotdot", "/v1/indexes", { index_name: "dd", litellm_params: { ...p, vector_store_index: ".." } });
  await go("idx dotdot use", "/azure_ai/indexes/dd/docs/search", { search: "*" });
  await go("idx long", "/v1/indexes", { index_name: "é".repeat(512), litellm_params: p });
  await go("idx info", "/v1/indexes", { index_name: "info", litellm_params: p, index_info: { a: "x".repeat(3_000_00) } });
  await go("idx space", "/v1/indexes", { index_name: " a b%2f ", litellm_params: p });
  const d = "[".repeat(5000) + "]".repeat(5000);
  await go("idx deep", "/v1/indexes", `{"index_name":"deep","litellm_params":${JSON.stringify(p)},"index_info":{"a":${d}}}`);
  await go("q deep", "/v1/rag/query", `{"model":"small","messages":[{"role":"user","content":"x","y":${d}}],"retrieval_config":{"vector_store_id":"${st2}"}}`, full);
  await go("q deep filters", "/v1/rag/query", `{"model":"small","messages":[{"role":"user","content":"x"}],"retrieval_config":{"vector_store_id":"${st2}","filters":{"a":${d}}}}`, full);
  await go("ing deep", "/v1/rag/ingest", `{"file":${JSON.stringify(FILE)},"metadata":{"y":${d}},"ingest_options":{"vector_store":{}}}`, full, { "idempotency-key": "k1" });
  await go("ing deep chunk", "/v1/rag/ingest", `{"file":${JSON.stringify(FILE)},"ingest_options":{"chunking_strategy":{"type":"x","y":${d}},"vector_store":{}}}`, full);
  const raw = await fetch(`${gateway.url}/v1/vector_stores/${st2}/file_batches/..%2F..%2F..%2Ffiles`, { headers: { authorization: `Bearer ${full}` } });
  console.log("trav", raw.status, upstream.received.at(-1)?.path);
  await go("get", "/v1/rag/query", undefined, full);
  for (const n of gateway.notices()) console.log("NOTICE", n);
}, 240_000);

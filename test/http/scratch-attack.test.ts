// @ts-nocheck
import {it} from "vitest";
import { startGateway, MASTER_KEY } from "./gateway.ts";
import { startUpstream, json } from "./upstream.ts";
it("x", async () => {
const up = await startUpstream((req, res) => {
  const p = req.path;
  if (p.includes("generateContent") && !p.includes("stream")) return json(res, 200, { candidates: [{ content: { role: "model", parts: [{ text: "hi" }] }, finishReason: "STOP" }, { content: { role: "model", parts: [{ text: "hi2" }] }, finishReason: "STOP", index: 1 }], usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 7, totalTokenCount: 12 }, modelVersion: "g", responseId: "r" });
  if (p.includes("streamGenerateContent")) { res.writeHead(200, { "content-type": "text/event-stream" }); res.end(`data: ${JSON.stringify({ candidates: [{ content: { role: "model", parts: [{ text: "hi" }] } }], usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1, totalTokenCount: 6 }, modelVersion: "g", responseId: "r" })}\n\ndata: ${JSON.stringify({ candidates: [{ content: { role: "model", parts: [{ text: "x".repeat(3_000_000) }] }, finishReason: "STOP" }], usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 9, thoughtsTokenCount: 4, totalTokenCount: 18 }, modelVersion: "g", responseId: "r" })}\n\n`); return; }
  if (p.includes("embed")) return json(res, 200, p.startsWith("/v1/") ? { object: "list", data: [{ object: "embedding", index: 0, embedding: [1, 2] }], model: "e", usage: { prompt_tokens: 3, total_tokens: 3 } } : { embedding: { values: [1] } });
  if (p.includes("transcriptions")) return json(res, 200, { text: "said" });
  if (p.includes("speech")) { res.writeHead(200, { "content-type": "audio/mpeg" }); return void res.end("mp3"); }
  if (p.includes("/responses")) return json(res, 200, { id: "resp_1", object: "response", created_at: 1, status: "completed", model: "m", output: [{ type: "message", id: "m", role: "assistant", status: "completed", content: [{ type: "output_text", text: "hi", annotations: [] }] }], usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7, input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } } });
  json(res, 200, { id: "c", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } });
});
const b = up.url;
const g = await startGateway({ model_list: [
  { model_name: "gem", litellm_params: { model: "gemini/gemini-2.5-pro", api_base: b, api_key: "k" } },
  { model_name: "wild/*", litellm_params: { model: "gemini/*", api_base: b, api_key: "k" } },
  { model_name: "oai", litellm_params: { model: "openai/gpt-4o", api_base: b + "/v1", api_key: "k" } },
  { model_name: "emb", litellm_params: { model: "openai/text-embedding-3-small", api_base: b + "/v1", api_key: "k" } },
  { model_name: "whisper", litellm_params: { model: "openai/whisper-1", api_base: b + "/v1", api_key: "k" } },
  { model_name: "tts", litellm_params: { model: "openai/tts-1", api_base: b + "/v1", api_key: "k" } },
  { model_name: "claude", litellm_params: { model: "anthropic/claude-sonnet-4-5", api_base: b, api_key: "k" } },
] });
const H = { authorization: `Bearer ${MASTER_KEY}` };
let n = 0;
async function t(name: string, path: string, init: any = {}, want?: (s: number, t: string) => boolean) {
  const before = up.received.length; const t0 = performance.now();
  const r = await fetch(g.url + path, { method: init.body !== undefined || init.method ? "POST" : "GET", ...init, headers: { ...H, ...(typeof init.body === "string" ? { "content-type": "application/json" } : {}), ...init.headers } }).catch((e) => ({ status: 0, text: async () => String(e), headers: new Headers() } as any));
  const text = await r.text(); const ms = performance.now() - t0; n++;
  if (process.env.V || r.status >= 500 || r.status === 0 || ms > 2000 || (want && !want(r.status, text))) console.log(`${name}: ${r.status} ${ms.toFixed(0)}ms sent ${up.received.slice(before).map((x) => x.path)} :: ${text.slice(0, 200)}`);
  return { status: r.status, text, headers: r.headers };
}
const J = JSON.stringify;
const C = { contents: [{ role: "user", parts: [{ text: "hi" }] }] };
// path traversal
for (const m of ["wild/..%2f..%2fv1beta%2fcachedContents", "wild/%2e%2e", "wild/a%2fb%2f..%2fc", "wild/x%3fkey=1%23", "wild/x%00y", "wild/models%2f..", "wild/tunedModels/../x", "wild/a:countTokens", "wild/%0d%0aX-Evil: 1", "wild/a%252f..%252fb", "models/gem", "models/models/gem"]) for (const meth of ["generateContent", "countTokens", "embedContent"]) { const k = up.received.length; const r = await t(`trav ${m}`, `/v1beta/models/${m}:${meth}`, { body: J(meth === "embedContent" ? { content: C.contents[0] } : C) }); if (up.received.length > k) console.log("   ", m, meth, "->", up.received.slice(k).map((x) => x.path).join(" ")); }
// malformed bodies
for (const body of [{}, { contents: null }, { contents: "hi" }, { contents: {} }, { contents: [null] }, { contents: [{ parts: "x" }] }, { contents: [{ parts: [null] }] }, { contents: [{ role: 5, parts: [{ text: 1 }] }] }, { ...C, generationConfig: "x" }, { ...C, generationConfig: { candidateCount: 1e308 } }, { ...C, generationConfig: { candidateCount: -3, maxOutputTokens: -5 } }, { ...C, generationConfig: { maxOutputTokens: "abc" } }, { ...C, tools: "x" }, { ...C, tools: [null] }, { ...C, tools: [{ functionDeclarations: "x" }] }, { ...C, tools: [{ functionDeclarations: [{ name: null }] }] }, { ...C, tools: [{ functionDeclarations: [{ name: "a", parameters: { type: 5, properties: [] } }] }] }, { ...C, toolConfig: [] }, { ...C, systemInstruction: [1] }, { ...C, model: ["a", "b"], stream: "x" }, { ...C, model: 5 }, { contents: [{ role: "model", parts: [{ functionCall: null }] }] }, { contents: [{ role: "model", parts: [{ functionCall: { name: 5, args: "x" } }] }] }, { contents: [{ role: "user", parts: [{ functionResponse: { name: "x", response: "str" } }] }] }, { contents: [{ role: "user", parts: [{ inlineData: { mimeType: 5, data: 5 } }] }] }, { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "%%%" } }] }] }, { contents: [{ role: "user", parts: [{ fileData: {} }] }] }, { contents: [{ role: "user", parts: [{ fileData: { fileUri: "file:///etc/passwd" } }] }] }, { ...C, __proto__: { x: 1 }, constructor: 5 }, { ...C, safetySettings: 5, labels: [] , cachedContent: {} }, { contents: [{ role: "model", parts: [{ text: "x", thoughtSignature: btoa("sluice:{{{") }, { functionCall: { name: "a" }, thoughtSignature: btoa("sluice:[1,null,{\"type\":5}]") }] }, C.contents[0]] }])
  for (const model of ["gem", "oai", "claude"]) for (const meth of ["generateContent", "streamGenerateContent", "countTokens"]) await t(`bad ${model} ${meth} ${J(body).slice(0, 150)}`, `/v1beta/models/${model}:${meth}`, { body: J(body) });
await t("deep", "/v1beta/models/oai:generateContent", { body: `{"contents":${"[".repeat(100000)}${"]".repeat(100000)}}` });
await t("deep2", "/v1beta/models/oai:generateContent", { body: `{"contents":[{"parts":[{"functionResponse":{"name":"a","response":${'{"a":'.repeat(50000)}1${"}".repeat(50000)}}}]}]}` });
await t("deep3 gem", "/v1beta/models/gem:generateContent", { body: `{"contents":[{"parts":[{"functionResponse":{"name":"a","response":${'{"a":'.repeat(50000)}1${"}".repeat(50000)}}}]}]}` });
await t("deep schema", "/v1beta/models/oai:generateContent", { body: `{"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"a","parameters":${'{"properties":{"a":'.repeat(5000)}{}${"}}".repeat(5000)}}]}]}` });
for (const body of [{}, { input: 5 }, { input: [null] }, { input: [[]] }, { input: [{}] }, { input: [{ type: 5 }] }, { input: [{ type: "function_call" }] }, { input: [{ type: "function_call_output", call_id: 5, output: 5 }] }, { input: [{ type: "message", role: "x", content: 5 }] }, { input: [{ role: "user", content: [null] }] }, { input: [{ role: "user", content: [{ type: "input_image" }] }] }, { input: "a", tools: [null] }, { input: "a", tools: [{ type: "namespace", tools: [{ type: "namespace", name: "x", tools: "y" }] }] }, { input: "a", tool_choice: { type: "allowed_tools", tools: 5 }, tools: [{ type: "function", name: "a" }] }, { input: "a", text: { format: { type: "json_schema" } } }, { input: [{ type: "reasoning", encrypted_content: "sluice" }, { type: "reasoning", encrypted_content: "x".repeat(100) }, { role: "user", content: "a" }] }, { input: [{ type: "item_reference", id: "x" }] }, { input: [{ id: "x" }] }, { input: "a", previous_response_id: "../x" }, { input: "a", previous_response_id: "resp_" + "x".repeat(5000) }, { input: "a", conversation: {} }, { input: "a", metadata: 5 }, { input: "a", include: [5] }, { input: [{ role: "assistant", tool_calls: [null] }] }, { input: [{ role: "tool", content: "x" }] }, { input: "a", max_output_tokens: -1 }, { input: "a", top_logprobs: 1e9 }, { input: [{ type: "custom_tool_call", name: "a", call_id: "x", input: { a: 1 } }] }, { input: [{ type: "shell_call", call_id: "x" }, { type: "shell_call_output", call_id: "x", output: [5] }] }, { input: "a", stream: true, stream_options: 5 }])
  for (const model of ["oai", "gem", "claude", ["oai", "gem"], 5]) await t(`resp ${J(model)} ${J(body).slice(0, 150)}`, "/v1/responses", { body: J({ model, ...body }) });
// forms
const fd = (f: (d: FormData) => void) => { const d = new FormData(); f(d); return d; };
await t("1000 fields", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("file", new File([new Uint8Array(5000)], "a.mp3")); for (let i = 0; i < 997; i++) d.append("f" + i, "x"); }) });
await t("1001 fields", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("file", new File([new Uint8Array(5000)], "a.mp3")); for (let i = 0; i < 999; i++) d.append("f" + i, "x"); }) }, (s) => s === 400);
await t("same field 900", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("file", new File([new Uint8Array(5000)], "a.mp3")); for (let i = 0; i < 900; i++) d.append("timestamp_granularities[]", "word"); }) });
await t("__proto__ field", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("__proto__", "x"); d.append("file", new File([new Uint8Array(5000)], "a.mp3")); }) });
await t("model twice", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("model", "oai"); d.append("file", new File([new Uint8Array(5000)], "a.mp3")); }) });
await t("file in model", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", new File(["x"], "x")); d.append("file", new File([new Uint8Array(5000)], "a.mp3")); }) }, (s) => s === 400);
await t("file text", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("file", "x"); }) }, (s) => s === 400);
await t("temperature", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("temperature", "NaN"); d.append("file", new File([new Uint8Array(5000)], "a.mp3")); }) }, (s) => s === 400);
await t("json to form", "/v1/audio/transcriptions", { body: J({ model: "whisper", file: "x" }) }, (s) => s === 400);
await t("filename crlf", "/v1/audio/transcriptions", { body: fd((d) => { d.append("model", "whisper"); d.append("file", new File([new Uint8Array(5000)], "a\r\nX: y\".mp3")); }) });
{ const body = `--X\r\ncontent-disposition: form-data; name=model\r\na:${" ".repeat(15000)}\rx\ry\r\n\r\nwhisper\r\n--X--\r\n`; await t("redos", "/v1/audio/transcriptions", { body: new TextEncoder().encode(body), headers: { "content-type": "multipart/form-data; boundary=X" } }, (s) => s === 400); }
for (const body of [{ input: "", voice: "a" }, { input: 5 }, { input: "a", voice: { id: 5 } }, { input: "a", voice: "x", speed: 0 }, { input: "a", voice: "x", speed: -1 }, { input: "a", voice: "x", speed: 1e-320 }, { input: "a", voice: "x", response_format: "exe" }, { input: "x".repeat(5_000_00), voice: "x" }, { input: "a", voice: "x", stream_format: "sse" }, { input: "a", voice: "x", stream: true }]) await t(`speech ${J(body).slice(0, 80)}`, "/v1/audio/speech", { body: J({ model: "tts", ...body }) });
for (const body of [{}, { content: 5 }, { content: { parts: [] } }, { content: { parts: [{ inlineData: { mimeType: "image/png", data: "AA" } }] } }, { requests: [] }, { requests: [null] }, { requests: 5 }, { requests: [{ content: "x" }] }, { content: { parts: [{ text: "x" }] }, outputDimensionality: -5 }]) for (const model of ["emb", "gem"]) for (const m of ["embedContent", "batchEmbedContents"]) await t(`embed ${model} ${m} ${J(body)}`, `/v1beta/models/${model}:${m}`, { body: J(body) });
// query key
const r = await t("query key", `/v1beta/models/gem:generateContent?key=${MASTER_KEY}`, { body: J(C), headers: { authorization: "" } }, (s) => s === 200);
console.log("key seen upstream:", up.received.some((x) => J([x.path, x.headers]).includes(MASTER_KEY)));
await t("query key other", `/v1/chat/completions?key=${MASTER_KEY}`, { body: J({ model: "oai", messages: [{ role: "user", content: "x" }] }), headers: { authorization: "" } }, (s) => s === 401);
for (const q of ["pageSize=-1", "pageSize=1e9", "pageSize=abc", "pageToken=%zz", "pageToken=" + "x".repeat(9000)]) await t(q, `/v1beta/models?${q}`, { headers: { "x-goog-api-key": MASTER_KEY } });
const big = await t("giant event", "/v1beta/models/gem:streamGenerateContent?alt=sse", { body: J(C) }, (s, x) => s === 200 && x.length > 3_000_000);
const arr = await t("array", "/v1beta/models/gem:streamGenerateContent", { body: J(C) }, (s, x) => s === 200 && JSON.parse(x).length === 2);
const arr2 = await t("array oai", "/v1beta/models/oai:streamGenerateContent", { body: J({}) });
for (const u of ["/v1/files/..%2f..%2fx", "/v1/vector_stores/vs_SLC" + "0".repeat(32), "/v1/vector_stores/VS_slc" + "0".repeat(32), "/v1/threads/thread_slc" + "0".repeat(32) + "/messages/..%2f..", "/v1/files?limit=-1", "/v1/files?limit=1e400", "/v1/vector_stores?limit=1.5", "/v1/vector_stores?after=x", "/v1/vector_stores?after=" + "x".repeat(5000), "/v1/vector_stores?before=a&after=b", "/v1/fine_tuning/jobs?metadata[x]=1", "/v1/evals?order=sideways"]) await t(u.slice(0, 60), u);
console.log(n, "requests"); await new Promise((r) => setTimeout(r, 300));
const recs = g.records(); console.log(recs.length, "records; key in log:", J(recs).includes(MASTER_KEY)); console.log(J(recs.filter((x: any) => J(x).includes("generate_content")).slice(-3)).slice(0, 1800));
await g.stop(); await up.close(); 

}, 280000);

import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, it } from "vitest";
import { startGateway, MASTER_KEY, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream } from "./upstream.ts";
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
function answer(request: Received, response: ServerResponse): unknown {
  const { body } = request;
  if (body["model"] === "gpt-4o") return json(response, 500, { error: { message: "down" } });
  return json(response, 200, { id: "resp_1", object: "response", created_at: 1, status: body["background"] ? "queued" : "completed", background: body["background"] ?? false, model: body["model"], output: [], usage: body["background"] ? null : { input_tokens: 5, output_tokens: 5, total_tokens: 10 } });
}
beforeAll(async () => {
  upstream = await startUpstream((q, s) => void answer(q, s));
  const openai = { api_base: `${upstream.url}/v1`, api_key: "sk-env" };
  gateway = await startGateway({
    model_list: [
      { model_name: "small", litellm_params: { model: "openai/gpt-4o-mini", ...openai } },
      { model_name: "bad", litellm_params: { model: "openai/gpt-4o", ...openai } },
    ],
  }, { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` });
}, 60_000);
afterAll(async () => { await gateway?.stop(); await upstream?.close(); });
async function key(f: object) { return ((await (await gateway.call("/key/generate", f)).json()) as any).key as string; }
it("probe", async () => {
  const k = await key({});
  const poor = await key({ max_budget: 0.0000001 });
  const go = async (label: string, body: unknown, kk = k, path = "/v1/responses") => {
    const before = upstream.received.length;
    const r = await gateway.call(path, body, { authorization: `Bearer ${kk}` });
    console.log(`## ${label}: ${r.status} ${(await r.text()).slice(0, 250)}\n   up: ${upstream.received.slice(before).map((x) => x.path + JSON.stringify(x.body)).join("\n   ")}`);
  };
  await go("plain", { model: "small", input: "x", previous_response_id: "resp_victim" });
  await go("extra", { model: "small", input: "x", extra_body: { previous_response_id: "resp_victim" } });
  await go("nested", { model: "small", input: "x", extra_body: { extra_body: { previous_response_id: "resp_victim" } } });
  await go("fallback", { model: "bad", input: "x", num_retries: 0, fallbacks: [{ model: "small", previous_response_id: "resp_victim" }] });
  await go("fallback extra", { model: "bad", input: "x", num_retries: 0, fallbacks: [{ model: "small", extra_body: { previous_response_id: "resp_victim" } }] });
  await go("fallback conv", { model: "bad", input: "x", num_retries: 0, fallbacks: [{ model: "small", conversation: "conv_victim" }] });
  await go("plain conv", { model: "small", input: "x", conversation: "conv_victim" });
  await go("poor bg", { model: "small", input: "x", background: true }, poor);
  await go("poor nested bg", { model: "small", input: "x", extra_body: { extra_body: { background: true } } }, poor);
  await go("fallback bg", { model: "bad", input: "x", num_retries: 0, fallbacks: [{ model: "small", background: true }] });
  await go("fallback bg extra", { model: "bad", input: "x", num_retries: 0, extra_body: { fallbacks: [{ model: "small", extra_body: { background: true } }] } });
  await go("fallback ok", { model: "bad", input: "x", num_retries: 0, fallbacks: [{ model: "small", temperature: 1 }] });
  await go("compact fb", { model: "bad", input: "x", num_retries: 0, fallbacks: [{ model: "small", previous_response_id: "resp_victim" }] }, k, "/v1/responses/compact");
  await go("inter nested", { model: "small", input: "x", extra_body: { extra_body: { previous_interaction_id: "v1_victim" } } }, k, "/v1beta/interactions");
  await go("inter fb", { model: "bad", input: "x", num_retries: 0, fallbacks: [{ model: "small", previous_interaction_id: "v1_victim" }] }, k, "/v1beta/interactions");
  await go("compact", { model: "small", input: "x", extra_body: { extra_body: { previous_response_id: "resp_victim" } } }, k, "/v1/responses/compact");
  await go("tokens", { model: "small", input: "x", extra_body: { extra_body: { previous_response_id: "resp_victim" } } }, k, "/v1/responses/input_tokens");
}, 100_000);

/** Deployments whose price nobody has stated: the operator is told, and what answers say is reserved for afterwards. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream(answer);
  const azure = (deployment: string, model_info: object = {}) => ({
    model_name: deployment,
    litellm_params: { model: `azure/${deployment}`, api_base: upstream.url, api_key: "k", api_version: "2024-10-21" },
    model_info,
  });
  gateway = await startGateway({
    model_list: [
      azure("chat-17"),
      azure("voice-17", { mode: "audio_speech" }),
      azure("known", { base_model: "azure/gpt-4o-mini" }),
      { model_name: "own", litellm_params: { model: "hosted_vllm/qwen", api_base: upstream.url } },
      { model_name: "strange", litellm_params: { model: "openai/strange", api_base: upstream.url, api_key: "k" } },
    ],
    router_settings: { num_retries: 0, disable_cooldowns: true },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

function answer({ path, body }: Received, response: Parameters<typeof json>[0]): void {
  if (path.includes("/audio/speech")) {
    response.writeHead(200, { "content-type": "audio/mpeg" }).end(Buffer.from("sound"));
    return;
  }
  const { model } = body as { model: string };
  json(response, 200, {
    ...{ id: "c1", object: "chat.completion", created: 1, model: model === "chat-17" ? "gpt-4o-2024-08-06" : model },
    choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
}

const ask = (model: string, key = MASTER_KEY, more: object = {}) =>
  gateway.call(
    "/v1/chat/completions",
    { model, messages: [{ role: "user", content: "Hi" }], ...more },
    { authorization: `Bearer ${key}` },
  );

const told = (name: string) => gateway.notices().filter((notice) => notice.includes(name));

it("tells of each at the start, and of those alone", async () => {
  await gateway.call("/health/liveliness");
  await until(() => told("strange").length > 0);
  expect(told("chat-17")[0]).toMatch(/its name tells no model.*base_model/);
  expect(told("voice-17")[0]).toMatch(/nobody knows its price.*base_model/);
  expect([...told("known"), ...told("qwen")]).toEqual([]);
});

it("tells in /model/info and /health", async () => {
  const { data } = (await (await gateway.call("/model/info")).json()) as {
    data: { model_name: string; model_info: Record<string, unknown> }[];
  };
  const warned = data.filter(({ model_info }) => "price_warning" in model_info).map(({ model_name }) => model_name);
  expect(warned.sort()).toEqual(["chat-17", "strange", "voice-17"]);
  const { healthy_endpoints: healthy } = (await (await gateway.call("/health?model=strange")).json()) as {
    healthy_endpoints: Record<string, unknown>[];
  };
  expect(healthy[0]?.["price_warning"]).toMatch(/nobody knows its price/);
});

it("tells of an answer that could not be priced, once for a deployment", async () => {
  for (let call = 0; call < 2; call++) {
    expect((await ask("strange")).status).toBe(200);
    const speech = await gateway.call("/v1/audio/speech", { model: "voice-17", input: "Hello", voice: "alloy" });
    expect(speech.status).toBe(200);
    await speech.arrayBuffer();
    expect((await ask("own")).status).toBe(200);
    expect((await ask("known")).status).toBe(200);
  }
  const missed = () => gateway.notices().filter((notice) => notice.startsWith("nobody knows the price of"));
  await until(() => missed().length > 1);
  await until(() => gateway.records().length >= 8);
  expect(missed().toSorted()).toEqual([
    expect.stringMatching(/azure\/voice-17 \(voice-17, deployment \w+\): a call of speech cost nothing/),
    expect.stringMatching(/openai\/strange \(strange, deployment \w+\): a call of chat cost nothing/),
  ]);
});

it("reserves for later calls by the model that the first answer has named", async () => {
  const made = await gateway.call("/key/generate", { max_budget: 0.000_5 });
  const { key } = (await made.json()) as { key: string };
  const dear = { max_tokens: 16_000 }; // 0.16 dollars of gpt-4o
  const first = await ask("chat-17", key, dear);
  expect(first.status).toBe(200);
  expect(Number(first.headers.get("x-litellm-response-cost"))).toBeCloseTo(10 * 0.000_002_5 + 5 * 0.000_01, 9);
  const second = await ask("chat-17", key, dear);
  expect(second.status).toBe(422);
  expect(await second.json()).toMatchObject({ error: { type: "budget_exceeded" } });
  expect((await ask("chat-17", key, { max_tokens: 10 })).status).toBe(200);
});

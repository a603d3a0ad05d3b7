/** `Idempotency-Key` at the running gateway: repeats get the first outcome, and the upstream is asked once. */
import type { ServerResponse } from "node:http";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { failureOf, user } from "./sdk.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const event = (data: unknown) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt-4o-mini",
  choices: [{ index: 0, delta, finish_reason }],
});

/** Answers, each another. */
let answers = 0;
function completion(response: ServerResponse) {
  const choices = [{ index: 0, message: { role: "assistant", content: `Answer ${++answers}` }, finish_reason: "stop" }];
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
  json(
    response,
    200,
    { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-4o-mini", choices, usage },
    { "x-request-id": `req_${answers}`, "x-ratelimit-remaining-requests": "41" },
  );
}
function begin(response: ServerResponse) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(event(chunk({ role: "assistant", content: "" })));
  response.write(event(chunk({ content: `Answer ${++answers}` })));
}
function finish(response: ServerResponse) {
  response.write(event(chunk({}, "stop")));
  response.end(event("[DONE]"));
}

/** Requests the test lets go on. */
let held: ServerResponse[] = [];
/** Statuses of the next answers of `flaky`. */
let failures: number[] = [];

/** Behaviours of the upstream, by the model asked for. */
const behaviours: Record<string, (request: Received, response: ServerResponse) => void> = {
  "gpt-4o-mini"({ body }, response) {
    if (!body["stream"]) return completion(response);
    begin(response);
    finish(response);
  },
  slow({ body }, response) {
    if (body["stream"]) begin(response);
    held.push(response);
  },
  flaky(_, response) {
    const status = failures.shift();
    if (status === undefined) return completion(response);
    json(response, status, { error: { message: "no", type: "error", param: null, code: null } });
  },
  "cut-off"(_, response) {
    begin(response);
    setTimeout(() => response.destroy(), 30);
  },
};

/** The SDK sends `idempotencyKey` where it knows a header for it; its automatic retries send the same one again. */
class Client extends OpenAI {
  protected override idempotencyHeader = "Idempotency-Key";
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => behaviours[String(request.body["model"])]?.(request, response));
  const deployment = (name: string) => ({
    model_name: name,
    litellm_params: { model: `openai/${name}`, api_base: `${upstream.url}/v1`, api_key: "sk-upstream", num_retries: 0 },
  });
  gateway = await startGateway({
    model_list: Object.keys(behaviours).map(deployment),
    router_settings: { num_retries: 0, disable_cooldowns: true },
  });
  client = new Client({ baseURL: `${gateway.url}/v1`, apiKey: MASTER_KEY, maxRetries: 0, logLevel: "off" });
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

let key = "";
let before = 0;
let records = 0;
/** How often the upstream was asked in this test. */
const asked = () => upstream.received.length - before;
const recorded = () => gateway.records().length - records;

/** Each with a key of its own. */
function test(name: string, body: () => Promise<void>) {
  it(name, async () => {
    await until(() => gateway.records().length >= upstream.received.length);
    key = crypto.randomUUID();
    before = upstream.received.length;
    records = gateway.records().length;
    held = [];
    failures = [];
    await body();
  });
}

const ask = (body: object, headers: Record<string, string> = {}) =>
  gateway.call("/v1/chat/completions", { ...body, messages: user("Hi") }, { "idempotency-key": key, ...headers });

describe("a repeat", () => {
  test("gets the first answer, and is neither asked nor recorded again", async () => {
    const create = () =>
      client.chat.completions
        .create({ model: "gpt-4o-mini", messages: user("Hi") }, { idempotencyKey: key })
        .withResponse();
    const first = await create();
    const again = await create();
    expect(again.data).toEqual(first.data);
    expect(first.response.headers.has("idempotent-replayed")).toBe(false);
    const { headers } = again.response;
    expect(headers.get("idempotent-replayed")).toBe("true");
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("x-litellm-model-id")).toBe(first.response.headers.get("x-litellm-model-id"));
    expect(headers.get("llm_provider-x-request-id")).toBe(`req_${answers}`);
    expect(headers.get("x-sluice-original-call-id")).toBe(first.response.headers.get("x-litellm-call-id"));
    expect(headers.has("x-litellm-response-cost")).toBe(false);
    expect(headers.has("x-ratelimit-remaining-requests")).toBe(false);
    expect(asked()).toBe(1);
    await until(() => recorded() >= 1);
    expect(recorded()).toBe(1);
  });

  test("of a stream gets the stream, event for event", async () => {
    const read = async () => {
      const response = await ask({ model: "gpt-4o-mini", stream: true, stream_options: { include_usage: true } });
      return { headers: response.headers, text: await response.text() };
    };
    const first = await read();
    const again = await read();
    expect(first.text).toMatch(/\[DONE\]\n\n$/);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(asked()).toBe(1);
  });

  test("of a translated stream, through the SDK, at once after its last event", async () => {
    const read = async () => {
      const stream = await client.chat.completions.create(
        { model: "gpt-4o-mini", messages: user("Hi"), stream: true },
        { idempotencyKey: key },
      );
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      return chunks;
    };
    const first = await read();
    expect(await read()).toEqual(first);
    expect(await read()).toEqual(first);
    expect(asked()).toBe(1);
  });

  test("may quote the key", async () => {
    await ask({ model: "gpt-4o-mini" });
    const again = await ask({ model: "gpt-4o-mini" }, { "idempotency-key": `"${key}"` });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
  });

  test("of a request that was wrong gets the same refusal", async () => {
    failures = [400];
    const first = await ask({ model: "flaky" });
    const again = await ask({ model: "flaky" });
    expect([first.status, again.status]).toEqual([400, 400]);
    expect(await again.json()).toEqual(await first.json());
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(asked()).toBe(1);
  });

  test("asks again after 5xx, 429 and an answer that broke off", async () => {
    failures = [500, 429, 503];
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await ask({ model: "flaky" })).status);
    expect(statuses.slice(0, 2)).toEqual([500, 429]);
    expect(statuses.slice(3)).toEqual([200, 200]);
    expect(asked()).toBe(4);
    key = crypto.randomUUID();
    for (let i = 0; i < 2; i++)
      expect(await (await ask({ model: "cut-off", stream: true })).text()).toContain('"error"');
    expect(asked()).toBe(6);
  });
});

describe("refused are", () => {
  test("another body (422)", async () => {
    await ask({ model: "gpt-4o-mini" });
    const failure = await failureOf(
      client.chat.completions.create({ model: "gpt-4o-mini", messages: user("Ho") }, { idempotencyKey: key }),
    );
    expect(failure).toMatchObject({ status: 422, type: "idempotency_error" });
    expect(asked()).toBe(1);
  });

  test("a repeat while the first runs (409), until it has its answer", async () => {
    const first = ask({ model: "slow" });
    await until(() => held.length === 1);
    const second = await ask({ model: "slow" });
    expect(second.status).toBe(409);
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(second.headers.get("x-litellm-call-id")).not.toBeNull();
    expect((await ask({ model: "slow", seed: 1 })).status).toBe(422);
    const patient = new Client({ baseURL: `${gateway.url}/v1`, apiKey: MASTER_KEY, maxRetries: 2, logLevel: "off" });
    const third = patient.chat.completions
      .create({ model: "slow", messages: user("Hi") }, { idempotencyKey: key })
      .asResponse();
    await new Promise((next) => setTimeout(next, 300)); // it has been told to wait
    completion(held[0]!);
    expect((await first).status).toBe(200);
    expect((await ask({ model: "slow" })).headers.get("idempotent-replayed")).toBe("true");
    expect((await third).headers.get("idempotent-replayed")).toBe("true");
    expect(asked()).toBe(1);
  });

  test("keys that are none (400)", async () => {
    for (const wrong of ["x".repeat(256), '"open', "cl\u00e9", ""])
      expect((await ask({ model: "gpt-4o-mini" }, { "idempotency-key": wrong })).status).toBe(400);
    expect(asked()).toBe(0);
  });

  test("all without a key of the gateway (401)", async () => {
    await ask({ model: "gpt-4o-mini" });
    expect((await ask({ model: "gpt-4o-mini" }, { authorization: "Bearer sk-wrong" })).status).toBe(401);
  });
});

test("Many at once: one is asked, the others are told to wait or get its answer", async () => {
  const responses = await Promise.all(Array.from({ length: 20 }, () => ask({ model: "gpt-4o-mini" })));
  expect(asked()).toBe(1);
  const statuses = responses.map(({ status }) => status);
  expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
  expect(statuses).toContain(200);
});

test("A client that leaves amid a stream frees the key", async () => {
  const stop = new AbortController();
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${MASTER_KEY}`, "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ model: "slow", messages: user("Hi"), stream: true }),
    signal: stop.signal,
  });
  await response.body?.getReader().read();
  stop.abort();
  await until(() => {
    held[0]?.write(event(chunk({ content: "more" }))); // workerd notices a client that left when it writes
    return upstream.received.at(-1)?.aborted === true;
  });
  await until(() => recorded() === 1);
  expect(gateway.records().at(-1)).toMatchObject({ outcome: "aborted" });
  let again = await ask({ model: "gpt-4o-mini" });
  for (let i = 0; i < 20 && again.status !== 200; i++) {
    await new Promise((next) => setTimeout(next, 50));
    again = await ask({ model: "gpt-4o-mini" });
  }
  expect(again.status).toBe(200);
  expect(again.headers.has("idempotent-replayed")).toBe(false);
});

test("Without the header every request is a call of its own", async () => {
  const plain = () => gateway.call("/v1/chat/completions", { model: "gpt-4o-mini", messages: user("Hi") });
  await plain();
  await plain();
  expect(asked()).toBe(2);
});

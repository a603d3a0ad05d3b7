/**
 * Money at the running gateway, in two isolates: whichever way a call is answered, and however it breaks off, it has one row,
 * and what a key has spent is the sum of its rows to the nano-dollar.
 */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AWS_EVENT_STREAM } from "../../src/formats/aws-event-stream.ts";
import { event as awsEvent } from "../formats/bedrock/answers.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import type { Row } from "./rows.ts";
import { type ClientSession, connect } from "./sockets.ts";
import { json, type Received, startUpstream } from "./upstream.ts";
import { serviceAccount } from "./vertex-upstream.ts";

const INPUT = 0.000_003;
const OUTPUT = 0.000_017;
const PRICES = { input_cost_per_token: INPUT, output_cost_per_token: OUTPUT };
const NOVA = "amazon.nova-lite-v1:0";
const GEMINI = "gemini-2.5-flash";
/** Of one answer, in nano-dollars. */
const COST = 11 * 3000 + 7 * 17_000;
const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let sink: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answer(request, response));
  sink = await startUpstream((_, response) => json(response, 200, {}));
  const bedrock = {
    aws_bedrock_runtime_endpoint: upstream.url,
    aws_access_key_id: "AKIDEXAMPLE",
    aws_secret_access_key: "secret",
    aws_region_name: "us-east-1",
  };
  const openai = { api_key: "sk-x", api_base: `${upstream.url}/v1`, ...PRICES };
  gateway = await startGateway(
    {
      model_list: [
        { model_name: "gpt", litellm_params: { model: "openai/gpt", ...openai } },
        { model_name: "embed", litellm_params: { model: "openai/embed", ...openai } },
        {
          model_name: "azure",
          litellm_params: {
            model: "azure/ours",
            api_base: upstream.url,
            api_key: "k",
            api_version: "2024-10-21",
            ...PRICES,
          },
        },
        { model_name: NOVA, litellm_params: { model: `bedrock/${NOVA}`, ...bedrock, ...PRICES } },
        {
          model_name: GEMINI,
          litellm_params: {
            model: `vertex_ai/${GEMINI}`,
            api_base: upstream.url,
            vertex_location: "us-central1",
            vertex_credentials: JSON.stringify(await serviceAccount(upstream.url)),
            use_in_pass_through: true,
            ...PRICES,
          },
        },
      ],
      router_settings: { num_retries: 0, disable_cooldowns: true },
      litellm_settings: { cache: true, cache_params: { type: "local", mode: "default_off" } },
      general_settings: { alerting: ["webhook"], alert_types: ["budget_alerts"], max_response_size_mb: 1 },
    },
    { SLUICE_GOOGLE_TOKEN_ORIGINS: upstream.url, WEBHOOK_URL: sink.url },
    undefined,
    { unreachable: [] },
  );
}, 90_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
  await sink?.close();
});

const pause = (milliseconds: number) => new Promise((next) => setTimeout(next, milliseconds));

/** Pieces of an answer: it stops after some where it is to be cut, and goes on for long where it is to be left. */
async function tell(response: ServerResponse, wish: string, pieces: (Uint8Array | string)[]): Promise<void> {
  const count = wish === "cut" ? 3 : pieces.length;
  for (const piece of pieces.slice(0, count)) {
    if (response.destroyed) return;
    response.write(piece);
    await pause(wish === "long" ? 200 : 5);
  }
  if (wish === "cut") response.destroy();
  else response.end();
}

/** What the client's text asks of the upstream: `cut`, `long`, `large`, or an answer. */
function wishOf(body: Received["body"]): string {
  return /"(cut|long|large)"/.exec(JSON.stringify(body))?.[1] ?? "answer";
}

const WORDS = Array.from({ length: 40 }, () => "word ");

function answer({ path, body }: Received, response: ServerResponse): unknown {
  const [tail = ""] = decodeURIComponent(path).split("?");
  const wish = wishOf(body);
  if (tail === "/token") return json(response, 200, { access_token: "t", expires_in: 3599, token_type: "Bearer" });
  if (tail.endsWith("/converse-stream")) {
    response.writeHead(200, { "content-type": AWS_EVENT_STREAM });
    const usage = { inputTokens: 11, outputTokens: 7, totalTokens: 18 };
    return tell(response, wish, [
      awsEvent("messageStart", { role: "assistant" }),
      ...WORDS.map((text) => awsEvent("contentBlockDelta", { contentBlockIndex: 0, delta: { text } })),
      awsEvent("contentBlockStop", { contentBlockIndex: 0 }),
      awsEvent("messageStop", { stopReason: "end_turn" }),
      awsEvent("metadata", { usage, metrics: { latencyMs: 1 } }),
    ]);
  }
  if (tail.endsWith(":streamGenerateContent")) {
    const parts = WORDS.map((text, at) => ({
      candidates: [
        {
          index: 0,
          content: { role: "model", parts: [{ text }] },
          ...(at === WORDS.length - 1 && { finishReason: "STOP" }),
        },
      ],
      ...(at === WORDS.length - 1 && {
        usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 },
      }),
    }));
    const isEvents = path.includes("alt=sse");
    response.writeHead(200, { "content-type": isEvents ? "text/event-stream" : "application/json" });
    return tell(
      response,
      wish,
      parts.map((part, at) =>
        isEvents
          ? `data: ${JSON.stringify(part)}\n\n`
          : `${at === 0 ? "[" : ","}${JSON.stringify(part)}${at === WORDS.length - 1 ? "]" : ""}`,
      ),
    );
  }
  if (tail.endsWith("/embeddings")) {
    const inputs = body["input"] as string[];
    const usage = { prompt_tokens: inputs.join("").length, total_tokens: inputs.join("").length };
    const data = inputs.map((input, index) => ({ object: "embedding", index, embedding: [input.length] }));
    return json(response, 200, { object: "list", model: "embed", data, usage });
  }
  if (tail.endsWith("/responses")) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const said = { id: "resp_1", object: "response", created_at: 1, model: "gpt", output: [] };
    const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18 };
    const event = (type: string, fields: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
    const item = { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] };
    return tell(response, wish, [
      event("response.created", { sequence_number: 0, response: { ...said, status: "in_progress" } }),
      event("response.output_item.added", { sequence_number: 1, output_index: 0, item }),
      ...WORDS.map((delta, at) =>
        event("response.output_text.delta", {
          sequence_number: at + 2,
          item_id: "msg_1",
          output_index: 0,
          content_index: 0,
          delta,
        }),
      ),
      event("response.completed", { sequence_number: 50, response: { ...said, status: "completed", usage } }),
    ]);
  }
  const head = { id: "chatcmpl-1", created: 1, model: "m" };
  const choice = { index: 0, finish_reason: null };
  const said = wish === "large" ? "x".repeat(2 * 1024 * 1024) : "Hello";
  if (body["stream"] !== true)
    return json(response, 200, {
      ...head,
      object: "chat.completion",
      choices: [{ ...choice, finish_reason: "stop", message: { role: "assistant", content: said } }],
      usage: USAGE,
    });
  response.writeHead(200, { "content-type": "text/event-stream" });
  const say = (fields: object) =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [], ...fields })}\n\n`;
  return tell(response, wish, [
    ...WORDS.map((content) => say({ choices: [{ ...choice, delta: { content } }] })),
    say({ choices: [{ ...choice, delta: {}, finish_reason: "stop" }] }),
    say({ usage: USAGE }),
    "data: [DONE]\n\n",
  ]);
}

interface Key {
  key: string;
  token: string;
}

async function newKey(fields: object = {}): Promise<Key> {
  return (await (await gateway.call("/key/generate", fields)).json()) as Key;
}

function ask({ key }: Key, path: string, body: object, at = 0, signal?: AbortSignal): Promise<Response> {
  return fetch(`${at % 2 === 0 ? gateway.url : gateway.twinUrl}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

const nano = (dollars: number) => Math.round(dollars * 1e9);

/** Rows of a key once there are so many and its counter is their sum. @throws where that does not come about, or goes again */
async function settled({ token }: Key, count: number): Promise<Row[]> {
  const look = async () => {
    const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as Row[];
    const { info } = (await (await gateway.call(`/key/info?key=${token}`)).json()) as { info: { spend: number } };
    expect(rows.length).toBe(count);
    expect(new Set(rows.map(({ request_id }) => request_id)).size).toBe(count);
    expect(nano(info.spend)).toBe(rows.reduce((sum, { spend }) => sum + nano(spend), 0));
    expect(rows.filter(({ status }) => status === "pending")).toEqual([]);
    return rows;
  };
  const rows = await vi.waitFor(look, { timeout: 20_000, interval: 200 });
  await pause(1500);
  expect(await look()).toEqual(rows);
  return rows;
}

const chat = (model: string, content = "Hi", fields: object = {}) =>
  ["/v1/chat/completions", { model, max_tokens: 100, messages: [{ role: "user", content }], ...fields }] as const;
const converse = (content: string) =>
  [
    `/bedrock/model/${NOVA}/converse-stream`,
    { messages: [{ role: "user", content: [{ text: content }] }], inferenceConfig: { maxTokens: 100 } },
  ] as const;
const generate = (content: string, query: string) =>
  [
    `/vertex_ai/v1/projects/acme/locations/us-central1/publishers/google/models/${GEMINI}:streamGenerateContent${query}`,
    { contents: [{ role: "user", parts: [{ text: content }] }], generationConfig: { maxOutputTokens: 100 } },
  ] as const;

/** All ways to be streamed to. */
const streams = (content: string): (readonly [string, object])[] => [
  chat("gpt", content, { stream: true }),
  chat("azure", content, { stream: true }),
  chat(NOVA, content, { stream: true }),
  chat(GEMINI, content, { stream: true }),
  ["/v1/messages", { model: NOVA, max_tokens: 100, stream: true, messages: [{ role: "user", content }] }],
  ["/v1/responses", { model: "gpt", input: content, stream: true, max_output_tokens: 100 }],
  [
    `/v1beta/models/${GEMINI}:streamGenerateContent?alt=sse`,
    { contents: [{ role: "user", parts: [{ text: content }] }] },
  ],
  converse(content),
  generate(content, "?alt=sse"),
  generate(content, ""),
];

describe("streams of every provider", () => {
  it("that end well cost what they say", async () => {
    const key = await newKey({ max_budget: 1 });
    const answers = await Promise.all(streams("Hi").map(([path, body], at) => ask(key, path, body, at)));
    await Promise.all(answers.map((one) => one.text()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const rows = await settled(key, answers.length);
    const direct = rows.filter(({ spend }) => nano(spend) === COST);
    expect(rows.map(({ spend, call_type }) => [call_type, nano(spend)])).toEqual(
      rows.map(({ call_type }) => [call_type, COST]),
    );
    expect(direct.length).toBe(rows.length);
  }, 60_000);

  it("that the upstream cuts are paid for as far as they came", async () => {
    const key = await newKey({ max_budget: 1 });
    const asked = streams("cut");
    const answers = await Promise.all(asked.map(([path, body], at) => ask(key, path, body, at)));
    await Promise.all(answers.map((one) => one.text().catch(() => "")));
    const rows = await settled(key, asked.length);
    expect(rows.filter(({ status, spend }) => status !== "failure" || spend === 0)).toEqual([]);
  }, 60_000);

  it("that the client leaves are paid for as far as they came", async () => {
    const key = await newKey({ max_budget: 1 });
    const asked = streams("long");
    await Promise.all(
      asked.map(async ([path, body], at) => {
        const leave = new AbortController();
        const response = await ask(key, path, body, at, leave.signal);
        await response.body?.getReader().read();
        await pause(300);
        leave.abort();
      }),
    );
    const rows = await settled(key, asked.length);
    expect(rows.filter(({ spend }) => spend === 0)).toEqual([]);
    expect(rows.filter(({ spend }) => nano(spend) > 60 * 17_000)).toEqual([]);
  }, 60_000);
});

describe("answers of before", () => {
  const cached = { cache: { "use-cache": true } };

  it("whole, streamed and of parts: each has a row, and nobody pays twice", async () => {
    const key = await newKey({ max_budget: 1 });
    const words = `once ${key.token}`;
    await (await ask(key, ...chat("gpt", words, cached))).text();
    await Promise.all(
      [{}, { stream: true }, { stream: true, stream_options: { include_usage: true } }].map(async (fields) =>
        (await ask(key, ...chat("gpt", words, { ...cached, ...fields }))).text(),
      ),
    );
    const embed = async (...input: string[]) =>
      (await ask(key, "/v1/embeddings", { model: "embed", input, ...cached })).json();
    await embed("a", "bb");
    const mixed = (await embed("a", "ccc", "bb", "dddd")) as { data: { embedding: number[] }[] };
    expect(mixed.data.map(({ embedding }) => embedding[0])).toEqual([1, 3, 2, 4]);
    await embed("dddd", "a");
    const rows = await settled(key, 7);
    expect(rows.map(({ spend }) => nano(spend)).sort((a, b) => a - b)).toEqual([0, 0, 0, 0, 3 * 3000, 7 * 3000, COST]);
  }, 60_000);

  it("use no tokens of anybody's limits", async () => {
    const key = await newKey({ tpm_limit: 300 });
    const words = `again ${key.token}`;
    const fields = { ...cached, max_tokens: 10 };
    for (let calls = 0; calls < 40; calls++) {
      const response = await ask(key, ...chat("gpt", words, fields));
      expect(response.status, await response.text()).toBe(200);
    }
  }, 60_000);
});

describe("an answer that is too large to be read", () => {
  it("is asked for once, and its question is paid for", async () => {
    const key = await newKey({ max_budget: 1 });
    const before = upstream.received.length;
    for (const stream of [false, true]) {
      const response = await ask(key, ...chat("gpt", "large", { num_retries: 2, stream }));
      if (!stream) expect(response.status).toBe(500);
      await response.text();
    }
    expect(upstream.received.length - before).toBe(2);
    const rows = await settled(key, 2);
    const failed = rows.find(({ status }) => status === "failure");
    expect(failed).toMatchObject({ estimated: true, completion_tokens: 0 });
    expect(failed?.prompt_tokens).toBeGreaterThan(0);
    expect(nano(failed?.spend ?? 0)).toBe((failed?.prompt_tokens ?? 0) * 3000);
  }, 60_000);
});

describe("responses over a WebSocket", () => {
  const create = (fields: object) => ({ type: "response.create", model: "gpt", max_output_tokens: 100, ...fields });
  const open = ({ key }: Key, at: number): Promise<ClientSession> =>
    connect(`${at % 2 === 0 ? gateway.url : gateway.twinUrl}/v1/responses`, { authorization: `Bearer ${key}` });

  it("that end well, are cut, or left", async () => {
    const key = await newKey({ max_budget: 1 });
    const well = await open(key, 0);
    for (const lane of ["one", "two", "one"]) well.send(create({ input: "Hi", stream_id: lane }));
    for (let ended = 0; ended < 3; ended++) await well.next("response.completed");
    const cut = await open(key, 1);
    cut.send(create({ input: "cut" }));
    cut.send(create({ input: "Hi" }));
    await cut.next("response.completed");
    const left = await open(key, 0);
    for (const lane of ["one", "two"]) left.send(create({ input: "long", stream_id: lane }));
    left.send(create({ input: "never begun", stream_id: "one" }));
    await left.next("response.output_text.delta");
    await left.next("response.output_text.delta");
    await pause(300);
    left.terminate();
    const refused = await open(key, 1);
    refused.send(create({ input: "Hi", model: "nobody" }));
    await refused.next("error");
    const rows = await settled(key, 8);
    expect(rows.filter(({ spend }) => nano(spend) === COST)).toHaveLength(4);
    expect(rows.filter(({ spend }) => spend === 0)).toHaveLength(1);
    well.close();
    cut.close();
    refused.close();
  }, 60_000);
});

describe("a soft budget", () => {
  it("is told once, whoever crosses it", async () => {
    const key = await newKey({ soft_budget: 0.001, key_alias: `soft ${Date.now()}` });
    const told = () =>
      sink.received.filter(({ body }) => body["event"] === "soft_budget_crossed" && body["token"] === key.token);
    await Promise.all(Array.from({ length: 40 }, async (_, at) => (await ask(key, ...chat("gpt"), at)).text()));
    await settled(key, 40);
    await vi.waitFor(() => expect(told()).toHaveLength(1), { timeout: 20_000, interval: 200 });
    await Promise.all(Array.from({ length: 10 }, async (_, at) => (await ask(key, ...chat("gpt"), at)).text()));
    await settled(key, 50);
    await pause(3000);
    expect(told()).toHaveLength(1);
  }, 90_000);
});

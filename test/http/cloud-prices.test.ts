/**
 * What calls to Azure, Vertex AI and Bedrock cost, to the nano-dollar: the sums are made by hand from the providers' price
 * lists. However an answer comes (whole, streamed, by the provider's own API) it costs the same.
 */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AWS_EVENT_STREAM } from "../../src/formats/aws-event-stream.ts";
import { event as awsEvent } from "../formats/bedrock/answers.ts";
import { chunk } from "./bedrock-upstream.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";
import { serviceAccount } from "./vertex-upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

/** Anthropic's: 1000 tokens that no cache knows, 3000 that one does, 300 written for 5 minutes and 200 for an hour. */
const CLAUDES = {
  input_tokens: 1000,
  cache_read_input_tokens: 3000,
  cache_creation_input_tokens: 500,
  cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 200 },
  output_tokens: 400,
};
/** The same as Converse has it. */
const CONVERSED = {
  inputTokens: 1000,
  outputTokens: 400,
  totalTokens: 4900,
  cacheReadInputTokens: 3000,
  cacheWriteInputTokens: 500,
  cacheDetails: [
    { ttl: "5m", inputTokens: 300 },
    { ttl: "1h", inputTokens: 200 },
  ],
};
const PLAIN = { inputTokens: 1000, outputTokens: 100, totalTokens: 1100 };
const GPTS = {
  prompt_tokens: 1000,
  completion_tokens: 100,
  total_tokens: 1100,
  prompt_tokens_details: { cached_tokens: 200 },
};
/** More than 200 000 tokens, for which another price holds. */
const GEMINIS = {
  promptTokenCount: 250_000,
  cachedContentTokenCount: 100_000,
  candidatesTokenCount: 400,
  thoughtsTokenCount: 100,
  totalTokenCount: 250_500,
};

const CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const LLAMA = "meta.llama3-70b-instruct-v1:0";

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answer(request, response));
  const bedrock = (model: string) => ({
    model_name: model,
    litellm_params: {
      model: `bedrock/${model}`,
      aws_bedrock_runtime_endpoint: upstream.url,
      aws_access_key_id: "AKIDEXAMPLE",
      aws_secret_access_key: "secret",
      aws_region_name: "eu-west-1",
    },
  });
  const vertex = {
    api_base: upstream.url,
    vertex_location: "europe-west4",
    vertex_credentials: JSON.stringify(await serviceAccount(upstream.url)),
    use_in_pass_through: true,
  };
  const azure = (name: string, more: object = {}) => ({
    model_name: name,
    litellm_params: { model: `azure/${name}`, api_base: upstream.url, api_key: "k", api_version: "2024-10-21" },
    ...more,
  });
  gateway = await startGateway(
    {
      model_list: [
        ...["us", "eu", "global"].map((place) => bedrock(`${place}.${CLAUDE}`)),
        bedrock(CLAUDE),
        bedrock(`invoke/us.${CLAUDE}`),
        bedrock(LLAMA),
        { model_name: "gemini-2.5-pro", litellm_params: { model: "vertex_ai/gemini-2.5-pro", ...vertex } },
        {
          model_name: "claude-sonnet-4-5@20250929",
          litellm_params: { model: "vertex_ai/claude-sonnet-4-5@20250929", ...vertex },
        },
        azure("in-europe", { model_info: { base_model: "azure/eu/gpt-4o-2024-08-06" } }),
        azure("our-own-name"),
        azure("ours-with-a-price", { model_info: { input_cost_per_token: 0.00001, output_cost_per_token: 0.00002 } }),
        {
          model_name: "foundry-claude",
          litellm_params: { model: "azure_ai/claude-sonnet-4-5", api_base: upstream.url, api_key: "k" },
        },
      ],
      router_settings: { num_retries: 0 },
    },
    {
      AWS_ACCESS_KEY_ID: "AKIDENV",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_REGION: "eu-west-1",
      AWS_BEDROCK_RUNTIME_ENDPOINT: upstream.url,
      SLUICE_GOOGLE_TOKEN_ORIGINS: upstream.url,
      AZURE_API_BASE: upstream.url,
      AZURE_API_KEY: "k",
      AZURE_API_VERSION: "2024-10-21",
    },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929" };
const text = [{ type: "text", text: "Hello" }];

function claudeEvents(): { type: string }[] {
  const { output_tokens, ...input } = CLAUDES;
  return [
    {
      type: "message_start",
      message: { ...message, content: [], stop_reason: null, usage: { ...input, output_tokens: 1 } },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens } },
    { type: "message_stop" },
  ] as { type: string }[];
}

function sendEvents(response: ServerResponse, events: readonly object[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const one of events)
    response.write(`${"type" in one ? `event: ${one.type}\n` : ""}data: ${JSON.stringify(one)}\n\n`);
  response.end();
}

function answer({ path, body }: Received, response: ServerResponse): unknown {
  const [tail = ""] = decodeURIComponent(path).split("?");
  if (tail === "/token") return json(response, 200, { access_token: "t", expires_in: 3599, token_type: "Bearer" });
  const whole = { ...message, content: text, stop_reason: "end_turn", stop_sequence: null, usage: CLAUDES };
  const usage = tail.includes("llama") ? PLAIN : CONVERSED;
  const said = { role: "assistant", content: [{ text: "Hello" }] };
  if (tail.endsWith("/converse"))
    return json(response, 200, { output: { message: said }, stopReason: "end_turn", usage, metrics: { latencyMs: 1 } });
  if (tail.endsWith("/converse-stream")) {
    response.writeHead(200, { "content-type": AWS_EVENT_STREAM });
    response.write(awsEvent("messageStart", { role: "assistant" }));
    response.write(awsEvent("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Hello" } }));
    response.write(awsEvent("contentBlockStop", { contentBlockIndex: 0 }));
    response.write(awsEvent("messageStop", { stopReason: "end_turn" }));
    return void response.end(awsEvent("metadata", { usage, metrics: { latencyMs: 1 } }));
  }
  if (tail.endsWith("/invoke")) return json(response, 200, whole);
  if (tail.endsWith("/invoke-with-response-stream")) {
    response.writeHead(200, { "content-type": AWS_EVENT_STREAM });
    for (const one of claudeEvents()) response.write(chunk(JSON.stringify(one)));
    return void response.end();
  }
  const candidates = [{ index: 0, content: { role: "model", parts: [{ text: "Hello" }] }, finishReason: "STOP" }];
  const generated = { candidates, usageMetadata: GEMINIS, modelVersion: "gemini-2.5-pro" };
  if (tail.endsWith(":generateContent")) return json(response, 200, generated);
  if (tail.endsWith(":streamGenerateContent"))
    return path.includes("alt=sse") ? sendEvents(response, [generated]) : json(response, 200, [generated]);
  if (tail.endsWith(":streamRawPredict")) return sendEvents(response, claudeEvents());
  if (tail.endsWith(":rawPredict")) return json(response, 200, whole);
  if (tail.endsWith("/messages"))
    return body["stream"] === true ? sendEvents(response, claudeEvents()) : json(response, 200, whole);
  const head = { id: "chatcmpl-1", created: 1, model: "gpt-4o-2024-08-06" };
  const choice = { index: 0, finish_reason: "stop" };
  if (body["stream"] !== true)
    return json(response, 200, {
      ...head,
      object: "chat.completion",
      choices: [{ ...choice, message: { role: "assistant", content: "Hello" } }],
      usage: GPTS,
    });
  const object = "chat.completion.chunk";
  return sendEvents(response, [
    { ...head, object, choices: [{ ...choice, delta: { role: "assistant", content: "Hello" } }] },
    { ...head, object, choices: [], usage: GPTS },
  ]);
}

/** What the call is on the ledger with, in nano-dollars. */
async function costOf(path: string, body: object): Promise<unknown> {
  const response = await gateway.call(path, body);
  const answer = await response.text();
  expect(response.status, answer).toBe(200);
  const id = response.headers.get("x-litellm-call-id");
  await until(() => gateway.records().some((record) => record["id"] === id));
  return gateway.records().find((record) => record["id"] === id)?.["cost"];
}

const ASKED = { max_tokens: 500, messages: [{ role: "user", content: "Hi" }] };
const PARTS = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };

/** The gateway's own ways to ask a model. */
const ways = (model: string): [path: string, body: object][] => [
  ["/v1/chat/completions", { model, ...ASKED }],
  ["/v1/chat/completions", { model, ...ASKED, stream: true, stream_options: { include_usage: true } }],
  ["/v1/chat/completions", { model, ...ASKED, stream: true }],
  ["/v1/messages", { model, ...ASKED }],
  ["/v1/messages", { model, ...ASKED, stream: true }],
  ["/v1/responses", { model, input: "Hi", stream: true }],
];

async function costsOf(asked: readonly [path: string, body: object][]): Promise<unknown[]> {
  const costs: unknown[] = [];
  for (const [path, body] of asked) costs.push(await costOf(path, body));
  return costs;
}

const repeated = (cost: number, times: number) => Array.from({ length: times }, () => cost);

describe("Bedrock", () => {
  const converse = (model: string): [string, object][] => {
    const body = { messages: [{ role: "user", content: [{ text: "Hi" }] }], inferenceConfig: { maxTokens: 500 } };
    return ["converse", "converse-stream"].map((action) => [`/bedrock/model/${model}/${action}`, body]);
  };
  const invoke = (model: string): [string, object][] => {
    const body = { anthropic_version: "bedrock-2023-05-31", ...ASKED };
    return ["invoke", "invoke-with-response-stream"].map((action) => [`/bedrock/model/${model}/${action}`, body]);
  };

  // 1000 × 3 + 3000 × 0.3 + 300 × 3.75 + 200 × 6 + 400 × 15 millionths of a dollar
  const COST = 12_225_000;

  it("costs what the model costs, by a global profile too", async () => {
    for (const model of [CLAUDE, `global.${CLAUDE}`])
      expect(await costsOf([...ways(model), ...converse(model), ...invoke(model)]), model).toEqual(repeated(COST, 10));
  }, 60_000);

  it("costs a tenth more by a region's profile, however it is asked", async () => {
    for (const model of [`us.${CLAUDE}`, `eu.${CLAUDE}`])
      expect(await costsOf([...ways(model), ...converse(model), ...invoke(model)]), model).toEqual(
        repeated(13_447_500, 10),
      );
    expect(await costsOf(ways(`invoke/us.${CLAUDE}`))).toEqual(repeated(13_447_500, 6));
  }, 60_000);

  it("costs what it costs in its region", async () => {
    // eu-west-1: 1000 × 2.86 + 100 × 3.78; elsewhere 2.65 and 3.50
    const asked = [...ways(LLAMA), ...converse(LLAMA)];
    expect(await costsOf(asked)).toEqual(repeated(3_238_000, 8));
    // A model that no deployment names, of the region that is set for all: 1000 × 0.32 + 100 × 0.65; elsewhere 0.30 and 0.60
    expect(await costsOf(converse("meta.llama3-8b-instruct-v1:0"))).toEqual(repeated(385_000, 2));
  }, 60_000);
});

describe("Vertex AI", () => {
  it("Gemini: the price of long prompts, cached tokens, thoughts as output", async () => {
    const model = "gemini-2.5-pro";
    const own = `/vertex_ai/v1/projects/acme/locations/europe-west4/publishers/google/models/${model}`;
    const asked: [string, object][] = [
      ...ways(model),
      [`/v1beta/models/${model}:generateContent`, PARTS],
      [`/v1beta/models/${model}:streamGenerateContent?alt=sse`, PARTS],
      [`${own}:generateContent`, PARTS],
      [`${own}:streamGenerateContent?alt=sse`, PARTS],
      [`${own}:streamGenerateContent`, PARTS],
    ];
    // 150 000 × 2.5 + 100 000 × 0.25 + 500 × 15
    expect(await costsOf(asked)).toEqual(repeated(407_500_000, asked.length));
  }, 60_000);

  it("Claude: writes to a cache for minutes and for an hour", async () => {
    const model = "claude-sonnet-4-5@20250929";
    const own = `/vertex_ai/v1/projects/acme/locations/europe-west4/publishers/anthropic/models/${model}`;
    const body = { anthropic_version: "vertex-2023-10-16", ...ASKED };
    const asked: [string, object][] = [
      ...ways(model),
      [`${own}:rawPredict`, body],
      [`${own}:streamRawPredict`, { ...body, stream: true }],
    ];
    expect(await costsOf(asked)).toEqual(repeated(12_225_000, asked.length));
  }, 60_000);
});

describe("Azure", () => {
  const own = (name: string): [string, object][] =>
    [{}, { stream: true, stream_options: { include_usage: true } }].map((more) => [
      `/azure/openai/deployments/${name}/chat/completions?api-version=2024-10-21`,
      { ...ASKED, ...more },
    ]);

  it("a data zone's price, where base_model names it", async () => {
    // 800 × 2.75 + 200 × 1.375 + 100 × 11
    expect(await costsOf(ways("in-europe").slice(0, 5))).toEqual(repeated(3_575_000, 5));
  }, 60_000);

  it("a deployment's own name says no model: its answers do", async () => {
    // 800 × 2.5 + 200 × 1.25 + 100 × 10
    const asked = [...ways("our-own-name").slice(0, 5), ...own("our-own-name")];
    expect(await costsOf(asked)).toEqual(repeated(3_250_000, asked.length));
  }, 60_000);

  it("prices of the deployment's own hold before what answers say", async () => {
    // 1000 × 10 + 100 × 20
    expect(await costsOf(ways("ours-with-a-price").slice(0, 5))).toEqual(repeated(12_000_000, 5));
  }, 60_000);

  it("Claude in Foundry", async () => {
    expect(await costsOf(ways("foundry-claude"))).toEqual(repeated(12_225_000, 6));
  }, 60_000);
});

/** Bedrock beside Converse, against the running gateway: Anthropic's messages by its SDK, embeddings, images, rerank. */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerBedrock, CLIENT_EVENTS } from "./bedrock-upstream.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { answerAll, MESSAGE } from "./messages-upstream.ts";
import { failureOf, recordOf, sdkFor } from "./sdk.ts";
import { startUpstream, until } from "./upstream.ts";

let bedrock: Awaited<ReturnType<typeof startUpstream>>;
let anthropic: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: Anthropic;
let openai: OpenAI;

const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const prices = {
  input_cost_per_token: 0.000_003,
  output_cost_per_token: 0.000_015,
  cache_read_input_token_cost: 0.000_000_3,
  cache_creation_input_token_cost: 0.000_003_75,
};
const hi = { max_tokens: 100, messages: [{ role: "user" as const, content: "Hi" }] };

beforeAll(async () => {
  bedrock = await startUpstream(answerBedrock);
  anthropic = await startUpstream(answerAll);
  const model = (name: string, litellm: string, extra: object = {}) => ({
    model_name: name,
    litellm_params: {
      model: litellm,
      aws_bedrock_runtime_endpoint: bedrock.url,
      aws_access_key_id: "AKIDEXAMPLE",
      aws_secret_access_key: "the-secret-key-of-aws",
      aws_region_name: "eu-west-1",
      ...extra,
    },
  });
  const failing = ["throttled", "unknown", "forbidden", "broken", "midway", "cut", "slow", "throttled-stream"];
  gateway = await startGateway({
    model_list: [
      model("claude", `bedrock/${CLAUDE}`, prices),
      model("guarded", `bedrock/invoke/${CLAUDE}`, {
        guardrailConfig: { guardrailIdentifier: "gr-1", guardrailVersion: "2", trace: "enabled" },
      }),
      ...failing.map((name) => model(name, `bedrock/anthropic.claude-${name}`, prices)),
      model("key", `bedrock/${CLAUDE}`, { api_key: "bedrock-api-key-1" }),
      model("llama", "bedrock/invoke/meta.llama3-8b-instruct-v1:0", prices),
      model("arn", "bedrock/invoke/arn:aws:bedrock:eu-west-1:1:imported-model/x"),
      model("imported", "bedrock/llama/arn:aws:bedrock:eu-west-1:1:imported-model/meta.llama-x"),
      model("titan", "bedrock/amazon.titan-embed-text-v2:0", { input_cost_per_token: 0.000_001 }),
      model("rerank", "bedrock/cohere.rerank-v3-5:0"),
      model("canvas", "bedrock/amazon.nova-canvas-v1:0"),
      model("stability", "bedrock/stability.stable-image-core-v1:1"),
      model("retried", "bedrock/anthropic.claude-broken", { order: 1 }),
      model("retried", `bedrock/${CLAUDE}`, { order: 2 }),
      {
        model_name: "falls-back",
        litellm_params: { model: "anthropic/overloaded", api_key: "k", api_base: anthropic.url },
      },
    ],
    router_settings: {
      num_retries: 0,
      disable_cooldowns: true,
      fallbacks: [{ "falls-back": ["claude"] }, { "throttled-stream": ["claude"] }, { retried: ["claude"] }],
    },
  });
  client = new Anthropic({ baseURL: gateway.url, apiKey: MASTER_KEY, maxRetries: 0, logLevel: "off" });
  openai = sdkFor(gateway, MASTER_KEY);
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await bedrock?.close();
  await anthropic?.close();
});

const last = () => bedrock.received.at(-1)!;
const post = (path: string, body: unknown, headers: Record<string, string> = {}) => gateway.call(path, body, headers);

describe("messages", () => {
  it("go by InvokeModel in Anthropic's own words, signed; the answer comes back by the byte", async () => {
    const tools = [
      { name: "read", input_schema: { type: "object" }, cache_control: { type: "ephemeral", scope: "global" } },
    ];
    const body = { model: "claude", ...hi, tools, service_tier: "auto", unknown: { a: [1] } };
    const response = await post("/v1/messages", body, { "anthropic-version": "2023-06-01" });
    expect(await response.text()).toBe(JSON.stringify(MESSAGE, null, 1));
    expect(last().path).toBe(`/model/${encodeURIComponent(CLAUDE)}/invoke`);
    expect(last().body).toEqual({
      anthropic_version: "bedrock-2023-05-31",
      ...hi,
      tools: [{ ...tools[0], cache_control: { type: "ephemeral" } }],
      unknown: { a: [1] },
    });
    expect(last().headers["authorization"]).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request/,
    );
    expect(last().headers["anthropic-version"]).toBeUndefined();
    expect(last().headers["x-api-key"]).toBeUndefined();
  });

  it("a stream is Anthropic's own, counted and paid for with what was cached", async () => {
    const response = await post("/v1/messages", { model: "claude", ...hi, stream: true });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(await response.text()).toBe(CLIENT_EVENTS);
    expect(last().path).toBe(`/model/${encodeURIComponent(CLAUDE)}/invoke-with-response-stream`);
    expect(last().body).not.toHaveProperty("stream");
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({
      operation: "messages",
      outcome: "success",
      stream: true,
      estimated: false,
      usage: { prompt_tokens: 4200, completion_tokens: 500 },
      cost: (3000 + 750 + 900 + 7500) * 1000,
    });
  });

  it("the SDK: create, the stream helper, counted tokens", async () => {
    expect((await client.messages.create({ model: "claude", ...hi })).content).toEqual(MESSAGE.content);
    const stream = client.messages.stream({ model: "claude", ...hi });
    expect((await stream.finalMessage()).content).toMatchObject(MESSAGE.content);
    expect(await client.messages.countTokens({ model: "claude", messages: hi.messages })).toEqual({ input_tokens: 42 });
    // Tokens are counted by the model itself, not by a profile across regions.
    expect(decodeURIComponent(last().path)).toBe(`/model/${CLAUDE.slice(3)}/count-tokens`);
  });

  it("betas go into the body: those Bedrock takes, under its names for them", async () => {
    const betas = [
      "claude-code-20250219",
      "context-1m-2025-08-07",
      "advanced-tool-use-2025-11-20",
      "files-api-2025-04-14",
    ];
    await client.beta.messages.create({ model: "claude", ...hi, betas });
    expect(last().body["anthropic_beta"]).toEqual(["context-1m-2025-08-07", "tool-search-tool-2025-10-19"]);
    expect(last().headers["anthropic-beta"]).toBeUndefined();
  });

  it("a guardrail is said in headers, a key goes in place of the signature", async () => {
    await client.messages.create({ model: "guarded", ...hi });
    expect(last().headers).toMatchObject({
      "x-amzn-bedrock-guardrailidentifier": "gr-1",
      "x-amzn-bedrock-guardrailversion": "2",
      "x-amzn-bedrock-trace": "ENABLED",
    });
    expect(last().body).not.toHaveProperty("guardrailConfig");
    await client.messages.create({ model: "key", ...hi });
    expect(last().headers["authorization"]).toBe("Bearer bedrock-api-key-1");
  });

  it.each([
    ["throttled", 429, "rate_limit_error"],
    ["unknown", 400, "invalid_request_error"],
    ["forbidden", 403, "permission_error"],
    ["broken", 503, "api_error"],
  ])("%s: %i %s, in Bedrock's words", async (model, status, type) => {
    const response = await post("/v1/messages", { model, ...hi });
    expect(response.status).toBe(status);
    const body = (await response.json()) as { error: { type: string; message: string } };
    expect(body).toMatchObject({ type: "error", error: { type } });
    expect(body.error.message).toContain("BedrockException - ");
    expect(JSON.stringify(body)).not.toContain("the-secret-key-of-aws");
  });

  it.each(["midway", "cut"])(
    "a stream that fails (%s) ends with an error, and is paid for as far as it came",
    async (model) => {
      const response = await post("/v1/messages", { model, ...hi, stream: true });
      const text = await response.text();
      expect(text).toContain("event: message_start\n");
      expect(text).toContain("event: error\n");
      expect(text).not.toContain("event: message_stop");
      const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
      expect(record["outcome"]).toBe("failure");
      expect(record["cost"]).toBeGreaterThan(0);
    },
  );

  it("an exception before anything came is an ordinary error, and another deployment answers", async () => {
    const response = await post("/v1/messages", { model: "throttled-stream", ...hi, stream: true });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(CLIENT_EVENTS);
    const alone = await post("/v1/messages", {
      model: "throttled-stream",
      ...hi,
      stream: true,
      disable_fallbacks: true,
    });
    expect(alone.status).toBe(429);
  });

  it("Anthropic falls back to Bedrock, and one deployment of it to the next", async () => {
    expect((await client.messages.create({ model: "falls-back", ...hi })).id).toBe(MESSAGE.id);
    expect((await client.messages.create({ model: "retried", ...hi })).id).toBe(MESSAGE.id);
  });

  it("a client that leaves stops Bedrock", async () => {
    const controller = new AbortController();
    const stream = client.messages.stream({ model: "slow", ...hi }, { signal: controller.signal });
    stream.on("text", () => controller.abort());
    await expect(stream.finalMessage()).rejects.toThrow();
    const asked = last();
    await until(() => asked.aborted);
  });

  it("what is no request of Anthropic's is refused before it goes", async () => {
    const before = bedrock.received.length;
    const response = await post("/v1/messages", { model: "claude", messages: [] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
    expect(bedrock.received.length).toBe(before);
  });
});

describe("chat by InvokeModel", () => {
  const messages = [{ role: "user" as const, content: "Hi" }];

  it("Claude by its own format", async () => {
    const answer = await openai.chat.completions.create({ model: "guarded", messages });
    expect(answer.choices[0]?.message.content).toBe("Hello");
    expect(last().body).toMatchObject({ anthropic_version: "bedrock-2023-05-31", messages: [{ role: "user" }] });
  });

  it("a model that completes texts, by its template; also an imported one", async () => {
    const answer = await openai.chat.completions.create({ model: "llama", messages, max_tokens: 7, temperature: 0 });
    expect(answer).toMatchObject({
      choices: [{ message: { content: "Hello" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
    });
    const prompt =
      "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
    expect(last().body).toEqual({ prompt, max_gen_len: 7, temperature: 0 });
    await openai.chat.completions.create({ model: "imported", messages });
    expect(last().body).toEqual({ prompt });
    expect(decodeURIComponent(last().path)).toBe(
      "/model/arn:aws:bedrock:eu-west-1:1:imported-model/meta.llama-x/invoke",
    );
  });

  it("tools for such a model, pictures, and a model nobody knows are refused with what to do", async () => {
    const tools = [{ type: "function" as const, function: { name: "f", parameters: {} } }];
    const withTools = await failureOf(openai.chat.completions.create({ model: "llama", messages, tools }));
    expect(withTools.status).toBe(400);
    expect(withTools.message).toContain("does not support parameters");
    const image = [{ type: "image_url" as const, image_url: { url: "data:image/png;base64,aGk=" } }];
    const withImage = await failureOf(
      openai.chat.completions.create({ model: "llama", messages: [{ role: "user", content: image }] }),
    );
    expect(withImage.status).toBe(400);
    expect(withImage.message).toContain("takes text alone");
    const unknown = await failureOf(openai.chat.completions.create({ model: "arn", messages }));
    expect(unknown.status).toBe(400);
    expect(unknown.message).toContain("bedrock/llama/…");
  });
});

describe("beside chat", () => {
  it("embeddings: a model that takes one text is asked for each", async () => {
    const before = bedrock.received.length;
    const answer = await openai.embeddings.create({ model: "titan", input: ["a", "bb", "ccc"], dimensions: 256 });
    expect(answer.data.map(({ embedding, index }) => [index, ...embedding])).toEqual([
      [0, 1, 0.5],
      [1, 2, 0.5],
      [2, 3, 0.5],
    ]);
    expect(answer.usage).toEqual({ prompt_tokens: 6, total_tokens: 6 });
    expect(bedrock.received.slice(before).map(({ body }) => body)).toEqual(
      expect.arrayContaining([{ inputText: "a", dimensions: 256 }]),
    );
  });

  it("rerank", async () => {
    const body = { model: "rerank", query: "q", documents: ["a", { title: "b" }], top_n: 2, return_documents: true };
    const response = await post("/v1/rerank", body);
    expect(await response.json()).toMatchObject({
      results: [
        { index: 1, relevance_score: 0.9, document: { title: "b" } },
        { index: 0, relevance_score: 0.1, document: { text: "a" } },
      ],
      meta: { billed_units: { search_units: 1 } },
    });
    expect(last().body).toEqual({
      queries: [{ type: "TEXT", textQuery: { text: "q" } }],
      sources: [
        { type: "INLINE", inlineDocumentSource: { type: "TEXT", textDocument: { text: "a" } } },
        { type: "INLINE", inlineDocumentSource: { type: "JSON", jsonDocument: { title: "b" } } },
      ],
      rerankingConfiguration: {
        type: "BEDROCK_RERANKING_MODEL",
        bedrockRerankingConfiguration: {
          modelConfiguration: { modelArn: "arn:aws:bedrock:eu-west-1::foundation-model/cohere.rerank-v3-5:0" },
          numberOfResults: 2,
        },
      },
    });
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({ outcome: "success", cost: 2_000_000 }); // $0.002 a search
  });

  it("images, made and edited; a filter is told as one", async () => {
    const made = await openai.images.generate({ model: "canvas", prompt: "a cat", size: "1024x1024", n: 2 });
    expect(made.data).toEqual([{ b64_json: "aGVsbG8=" }]);
    expect(last().body).toEqual({
      taskType: "TEXT_IMAGE",
      textToImageParams: { text: "a cat" },
      imageGenerationConfig: { numberOfImages: 2, width: 1024, height: 1024 },
    });
    const image = await OpenAI.toFile(Buffer.from("picture"), "a.png", { type: "image/png" });
    const mask = await OpenAI.toFile(Buffer.from("mask"), "m.png", { type: "image/png" });
    await openai.images.edit({ model: "canvas", prompt: "a dog", image, mask });
    expect(last().body).toEqual({
      taskType: "INPAINTING",
      inPaintingParams: {
        text: "a dog",
        image: Buffer.from("picture").toString("base64"),
        maskImage: Buffer.from("mask").toString("base64"),
      },
      imageGenerationConfig: { numberOfImages: 1 },
    });
    const refused = await failureOf(openai.images.generate({ model: "stability", prompt: "no", size: "1792x1024" }));
    expect(refused.status).toBe(400);
    expect(refused.message).toContain("Filter reason: prompt");
    expect(last().body).toEqual({ prompt: "no", aspect_ratio: "16:9" });
  });
});

/** The operations beside chat, by the `openai` package, against the running gateway. */
import type { ServerResponse } from "node:http";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeVector } from "../../src/formats/openai/vectors.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { failureOf, sdkFor } from "./sdk.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

const VECTOR = [0.5, -0.25, 1];

/** Of a text: so that each can be told in a batch. */
const vectorOf = (input: unknown) => [String(input).length, ...VECTOR];

function embed({ body }: Received, response: ServerResponse) {
  if (body["dimensions"] === 9999)
    return json(response, 400, {
      error: {
        message: "Invalid value for 'dimensions' = 9999",
        type: "invalid_request_error",
        param: null,
        code: null,
      },
    });
  const inputs = Array.isArray(body["input"]) && typeof body["input"][0] !== "number" ? body["input"] : [body["input"]];
  const data = inputs.map((input, index) => ({
    object: "embedding",
    index,
    embedding: body["encoding_format"] === "base64" ? encodeVector(vectorOf(input)) : vectorOf(input),
  }));
  const usage = { prompt_tokens: 1000 * inputs.length, total_tokens: 1000 * inputs.length };
  json(response, 200, {
    object: "list",
    data,
    model: body["model"],
    ...(body["model"] !== "silent" && { usage }),
    more: 1,
  });
}

const CATEGORIES = { harassment: true, violence: false };

function moderate({ body }: Received, response: ServerResponse) {
  const inputs = Array.isArray(body["input"]) ? body["input"] : [body["input"]];
  const scores = { harassment: 0.9, violence: 0.1 };
  const isMistral = String(body["model"]).startsWith("mistral");
  const results = inputs.map(() => ({
    ...(!isMistral && { flagged: true }),
    categories: CATEGORIES,
    category_scores: scores,
  }));
  json(response, 200, { id: "modr-1", model: body["model"], results });
}

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** Streams these, and usage where it is asked for. */
function stream(body: Received["body"], response: ServerResponse, chunks: object[], head: object) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const wantsUsage = (body["stream_options"] as { include_usage?: boolean } | undefined)?.include_usage;
  const all = wantsUsage ? [...chunks, { ...head, choices: [], usage: USAGE }] : chunks;
  const events = [...all.map((chunk) => JSON.stringify(chunk)), "[DONE]"];
  response.end(events.map((data) => `data: ${data}\n\n`).join(""));
}

/** Completes each prompt with words that name it. */
function complete({ body }: Received, response: ServerResponse) {
  const given = body["prompt"];
  const prompts = Array.isArray(given) && typeof given[0] !== "number" ? given : [given];
  const head = { id: "cmpl-1", object: "text_completion", created: 1, model: body["model"] };
  const choice = (index: number, text: string, finish_reason: string | null) => ({
    index,
    text,
    logprobs: null,
    finish_reason,
  });
  if (body["stream"] === true) {
    const pieces = ["Hel", "lo"].map((text, at) => ({ ...head, choices: [choice(0, text, at === 1 ? "stop" : null)] }));
    return stream(body, response, pieces, head);
  }
  const choices = prompts.map((prompt, index) => choice(index, ` after ${prompt}`, "stop"));
  json(response, 200, { ...head, choices, usage: USAGE, more: 1 });
}

/** Answers with the message backwards. */
function chat({ body }: Received, response: ServerResponse) {
  const said = (body["messages"] as { content: string }[])[0]?.content ?? "";
  const content = [...said].reverse().join("");
  const head = { id: "chatcmpl-1", created: 1, model: body["model"] };
  if (body["stream"] === true) {
    const part = { ...head, object: "chat.completion.chunk" };
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      ...part,
      choices: [{ index: 0, delta, finish_reason }],
    });
    const letters = [...content].map((letter) => chunk({ content: letter }));
    const pieces = [chunk({ role: "assistant", content: "" }), ...letters, chunk({}, "stop")];
    return stream(body, response, pieces, part);
  }
  const token = { token: content, logprob: -0.5, bytes: null };
  const logprobs = body["logprobs"] ? { content: [{ ...token, top_logprobs: [token] }] } : null;
  const choices = Array.from({ length: Number(body["n"] ?? 1) }, (_, index) => ({
    index,
    message: { role: "assistant", content },
    logprobs,
    finish_reason: "stop",
  }));
  json(response, 200, { ...head, object: "chat.completion", choices, usage: USAGE });
}

const RANKING = [
  { index: 1, relevance_score: 0.9 },
  { index: 0, relevance_score: 0.1 },
];

/** Ranks as Cohere, Voyage or Jina writes it. */
function rank({ body }: Received, response: ServerResponse) {
  const model = String(body["model"]);
  const usage = { total_tokens: 100 };
  if (model.startsWith("rerank-2")) return json(response, 200, { object: "list", data: RANKING, model, usage });
  if (model.startsWith("jina"))
    return json(response, 200, {
      model,
      usage,
      results: RANKING.map((one) => ({ ...one, document: { text: "told" } })),
    });
  const meta = { api_version: { version: "2" }, billed_units: { search_units: 2 } };
  json(response, 200, { id: "rr-1", results: RANKING, meta, more: 1 });
}

const failures = new Map<string, number>();

/** What the upstream does, by path. */
function answer(request: Received, response: ServerResponse) {
  const model = String(request.body["model"] ?? "");
  if (model === "flaky" && (failures.get("flaky") ?? 0) < 1) {
    failures.set("flaky", 1);
    return json(response, 500, { error: { message: "try again", type: "server_error" } });
  }
  if (model === "down") return json(response, 503, { error: { message: "down", type: "server_error" } });
  if (request.path.endsWith(":batchEmbedContents")) {
    const requests = request.body["requests"] as { content: { parts: { text: string }[] } }[];
    return json(response, 200, {
      embeddings: requests.map(({ content }) => ({ values: vectorOf(content.parts[0]?.text) })),
    });
  }
  if (request.path.endsWith("/chat/completions")) return chat(request, response);
  if (request.path.endsWith("/fim/completions"))
    return json(response, 200, {
      id: "fim-1",
      object: "chat.completion",
      created: 1,
      model,
      choices: [{ index: 0, message: { role: "assistant", content: "filled" }, finish_reason: "stop" }],
      usage: USAGE,
    });
  if (request.path.endsWith("/completions")) return complete(request, response);
  if (request.path.endsWith("/rerank")) return rank(request, response);
  if (request.path.endsWith("/moderations")) return moderate(request, response);
  if (request.path.endsWith("/embeddings")) return embed(request, response);
  json(response, 404, { error: { message: `nothing at ${request.path}` } });
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;
let token: string;

beforeAll(async () => {
  upstream = await startUpstream(answer);
  const model = (name: string, litellm: string, extra: object = {}) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...extra },
  });
  gateway = await startGateway({
    model_list: [
      model("emb", "openai/text-embedding-3-small"),
      model("ada", "openai/text-embedding-ada-002"),
      model("flaky", "openai/flaky", { input_cost_per_token: 0.000_001 }),
      model("down", "openai/down"),
      model("silent", "openai/silent", { input_cost_per_token: 0.000_001 }),
      model("floats", "mistral/mistral-embed"),
      model("gem", "gemini/gemini-embedding-001", { api_base: upstream.url }),
      model("omni-moderation-latest", "openai/omni-moderation-latest"),
      model("mistral-moderation", "mistral/mistral-moderation-latest"),
      model("instruct", "openai/gpt-3.5-turbo-instruct"),
      model("chat", "openai/gpt-4o-mini"),
      model("down-text", "openai/down"),
      model("together", "together_ai/some/model"),
      model("codestral", "mistral/codestral-latest"),
      model("own", "text-completion-openai/own-model"),
      model("rerank", "cohere/rerank-v3.5", { api_base: upstream.url }),
      model("voyage-rerank", "voyage/rerank-2.5"),
      model("jina-rerank", "jina_ai/jina-reranker-v2-base-multilingual"),
      model("down-rerank", "cohere/down", { api_base: upstream.url }),
      model("claude", "anthropic/claude-sonnet-4-5", { api_base: upstream.url }),
    ],
    router_settings: {
      enable_pre_call_checks: true,
      num_retries: 1,
      retry_after: 0,
      fallbacks: [{ down: ["emb"] }, { "down-text": ["chat"] }, { "down-rerank": ["voyage-rerank"] }],
      disable_cooldowns: true,
    },
  });
  const made = (await (await gateway.call("/key/generate", {})).json()) as { key: string; token: string };
  token = made.token;
  client = sdkFor(gateway, made.key);
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const last = () => upstream.received.at(-1)!;

/** The ledger's row of the call with this id. */
const rowOf = (id: string | null) => findRow(gateway, token, id);

const callId = (response: Response) => response.headers.get("x-litellm-call-id");

describe("embeddings", () => {
  it("the SDK asks for base64 and gets the upstream's own bytes; the row has tokens and cost", async () => {
    const { data, response } = await client.embeddings.create({ model: "emb", input: ["one", "three"] }).withResponse();
    expect(data.data.map(({ embedding }) => embedding)).toEqual([
      [3, ...VECTOR],
      [5, ...VECTOR],
    ]);
    expect(last().body).toEqual({
      model: "text-embedding-3-small",
      input: ["one", "three"],
      encoding_format: "base64",
    });
    expect(data).toHaveProperty("more", 1);
    expect(Number(response.headers.get("x-litellm-response-cost"))).toBeCloseTo(2000 * 2e-8, 12);
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({
      call_type: "embeddings",
      status: "success",
      prompt_tokens: 2000,
      completion_tokens: 0,
      estimated: false,
    });
    expect(row.spend).toBeCloseTo(2000 * 2e-8, 12);
  });

  it("numbers where numbers are asked for, by every path", async () => {
    for (const path of [
      "/v1/embeddings",
      "/embeddings",
      "/engines/emb/embeddings",
      "/openai/deployments/emb/embeddings?api-version=2025-01-01",
    ]) {
      const response = await gateway.call(path, { model: "emb", input: "one", dimensions: null, user: null });
      expect(response.status, path).toBe(200);
      expect(await response.json()).toMatchObject({ data: [{ embedding: [3, ...VECTOR] }] });
      expect(last().body).toEqual({ model: "text-embedding-3-small", input: "one" });
    }
  });

  it("an upstream without base64 is asked for numbers, and the gateway encodes them", async () => {
    const answer = await client.embeddings.create({ model: "floats", input: "four", dimensions: 64 });
    expect(answer.data[0]?.embedding).toEqual([4, ...VECTOR]);
    expect(last().body).toEqual({ model: "mistral-embed", input: "four", output_dimension: 64 });
    const raw = await gateway.call("/v1/embeddings", { model: "floats", input: "four", encoding_format: "base64" });
    expect(await raw.json()).toMatchObject({ data: [{ embedding: encodeVector([4, ...VECTOR]) }] });
  });

  it("Gemini: a batch, tokens as text, more than it takes at once; usage is estimated where none is told", async () => {
    const { data, response } = await client.embeddings
      .create({ model: "gem", input: [[9906, 1917], [9906]], dimensions: 8 })
      .withResponse();
    expect(last().path).toBe("/v1beta/models/gemini-embedding-001:batchEmbedContents");
    expect(last().body["requests"]).toEqual(
      ["Hello world", "Hello"].map((text) => ({
        model: "models/gemini-embedding-001",
        content: { parts: [{ text }] },
        outputDimensionality: 8,
      })),
    );
    expect(data.data.map(({ embedding }) => embedding[0])).toEqual([11, 5]);
    expect(await rowOf(callId(response))).toMatchObject({ prompt_tokens: 3, estimated: true });

    const texts = Array.from({ length: 250 }, (_, index) => "x".repeat(index + 1));
    const before = upstream.received.length;
    const many = await client.embeddings.create({ model: "gem", input: texts });
    expect(upstream.received.length - before).toBe(3);
    expect(many.data.map(({ index, embedding }) => [index, embedding[0]])).toEqual(
      texts.map((text, index) => [index, text.length]),
    );
  });

  it("retries, falls back, and counts what is not told", async () => {
    const retried = await client.embeddings.create({ model: "flaky", input: "one" }).withResponse();
    expect(retried.response.headers.get("x-litellm-attempted-retries")).toBe("1");
    const fallen = await client.embeddings.create({ model: "down", input: "one" }).withResponse();
    expect(fallen.response.headers.get("x-litellm-attempted-fallbacks")).toBe("1");
    expect(fallen.response.headers.get("x-litellm-model-group")).toBe("emb");
    const silent = await client.embeddings.create({ model: "silent", input: "Hello world" }).withResponse();
    const row = await rowOf(callId(silent.response));
    expect(row).toMatchObject({ prompt_tokens: 2, estimated: true });
    expect(row.spend).toBeCloseTo(0.000_002, 12);
  });

  it.each([
    ["an empty text", { model: "emb", input: "" }, /input.*empty/i],
    ["an empty list", { model: "emb", input: [] }, /input.*empty/i],
    ["no input", { model: "emb" }, /input/],
    ["what is no text", { model: "emb", input: [{ image: "data:image/png;base64,AAAA" }] }, /input.*no pictures/],
    ["no dimensions", { model: "emb", input: "one", dimensions: 0 }, /dimensions/],
    [
      "what the upstream refuses",
      { model: "emb", input: "one", dimensions: 9999 },
      /OpenAIException - Invalid value for 'dimensions' = 9999/,
    ],
    [
      "dimensions of a model without",
      { model: "ada", input: "one", dimensions: 256 },
      /openai does not support parameters: \["dimensions"\]/,
    ],
    ["what is no token", { model: "gem", input: [[4_000_000]] }, /tokens/],
    ["too many", { model: "gem", input: Array.from({ length: 2001 }, () => "x") }, /too many inputs/],
    ["a stream", { model: "emb", input: "one", stream: true }, /no streams/],
    ["a provider that does not embed", { model: "claude", input: "one" }, /anthropic does not do embeddings/],
    ["a host of one's own", { model: "emb", input: "one", api_base: "https://evil.example" }, /api_base/],
    ["no JSON", "{", /not valid JSON/],
  ])("400: %s", async (_, body, message) => {
    const response = await gateway.call("/v1/embeddings", body);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(error["message"]).toMatch(message);
    expect(error["code"]).toBe("400");
  });

  it("an unknown model is 400 or 404 in OpenAI's format, and nothing is asked upstream", async () => {
    const before = upstream.received.length;
    const failure = await failureOf(client.embeddings.create({ model: "nobody", input: "one" }));
    expect([400, 404]).toContain(failure.status);
    expect(failure.message).toMatch(/nobody/);
    expect(upstream.received.length).toBe(before);
  });

  it("a window holds one text, not all of them", async () => {
    const text = "word ".repeat(5000);
    expect((await gateway.call("/v1/embeddings", { model: "emb", input: [text, text] })).status).toBe(200);
    const response = await gateway.call("/v1/embeddings", { model: "emb", input: [`${text}${text}`] });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/ContextWindowExceededError/);
  });

  it("limits and budgets hold, and reserve nothing for an answer that has no tokens", async () => {
    const limited = async (fields: object, input: string) => {
      const made = (await (await gateway.call("/key/generate", fields)).json()) as { key: string };
      return sdkFor(gateway, made.key).embeddings.create({ model: "emb", input });
    };
    const text = "word ".repeat(1000);
    const before = upstream.received.length;
    expect((await failureOf(limited({ max_budget: 1001 * 2e-8 * 0.9 }, text))).message).toMatch(/[Bb]udget/);
    expect((await failureOf(limited({ tpm_limit: 900 }, text))).status).toBe(429);
    expect(upstream.received.length).toBe(before);
    await limited({ max_budget: 1001 * 2e-8 * 1.2 }, text);
    await limited({ tpm_limit: 1010 }, text);
  });

  it("drop_params leaves out the dimensions", async () => {
    const response = await gateway.call("/v1/embeddings", {
      model: "ada",
      input: "a",
      dimensions: 8,
      drop_params: true,
    });
    expect(response.status).toBe(200);
    expect(last().body).toEqual({ model: "text-embedding-ada-002", input: "a" });
  });

  it("a mock is the vector of every input", async () => {
    const response = await gateway.call("/v1/embeddings", { model: "gem", input: ["a", "b"], mock_response: [1, 2] });
    expect(await response.json()).toMatchObject({ data: [{ embedding: [1, 2] }, { embedding: [1, 2] }] });
  });
});

describe("moderations", () => {
  it("the usual model where none is named; it costs nothing", async () => {
    const { data, response } = await client.moderations.create({ input: "I will find you" }).withResponse();
    expect(data).toEqual({
      id: "modr-1",
      model: "omni-moderation-latest",
      results: [{ flagged: true, categories: CATEGORIES, category_scores: { harassment: 0.9, violence: 0.1 } }],
    });
    expect(last().body).toEqual({ model: "omni-moderation-latest", input: "I will find you" });
    expect(await rowOf(callId(response))).toMatchObject({ call_type: "moderations", status: "success", spend: 0 });
  });

  it("several texts, images, and Mistral, which does not say what is flagged", async () => {
    const image = { type: "image_url" as const, image_url: { url: "data:image/png;base64,AA==" } };
    await client.moderations.create({ model: "omni-moderation-latest", input: [{ type: "text", text: "a" }, image] });
    expect(last().body["input"]).toEqual([{ type: "text", text: "a" }, image]);
    const { results } = await client.moderations.create({ model: "mistral-moderation", input: ["a", "b"] });
    expect(results.map(({ flagged }) => flagged)).toEqual([true, true]);
    expect(last().path).toBe("/v1/moderations");
  });

  it.each([
    ["an empty text", { input: "" }],
    ["no input", {}],
    ["an empty list", { input: [] }],
    ["a provider that does not moderate", { model: "claude", input: "a" }],
  ])("400: %s", async (_, body) => {
    const response = await gateway.call("/moderations", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "400" } });
  });
});

async function textsOf(chunks: AsyncIterable<OpenAI.Completion>) {
  const texts: string[] = [];
  let usage: unknown;
  let ends = 0;
  for await (const chunk of chunks) {
    expect(chunk.object).toBe("text_completion");
    usage = chunk.usage ?? usage;
    for (const { index, text, finish_reason } of chunk.choices) {
      texts[index] = (texts[index] ?? "") + text;
      if (finish_reason !== null) ends++;
    }
  }
  return { texts, usage, ends };
}

describe("text completions", () => {
  it("native: bytes untouched, lists of prompts in one request; the row has tokens and cost", async () => {
    const { data, response } = await client.completions
      .create({ model: "instruct", prompt: ["one", "two"], suffix: "end", max_tokens: 5 })
      .withResponse();
    expect(data.choices.map(({ text }) => text)).toEqual([" after one", " after two"]);
    expect(data).toHaveProperty("more", 1);
    expect(last().path).toBe("/v1/completions");
    expect(last().body).toEqual({
      model: "gpt-3.5-turbo-instruct",
      prompt: ["one", "two"],
      suffix: "end",
      max_tokens: 5,
    });
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({ call_type: "completions", prompt_tokens: 10, completion_tokens: 5, status: "success" });
    expect(row.spend).toBeCloseTo(10 * 0.000_001_5 + 5 * 0.000_002, 12);
  });

  it("native streams, with usage where it is asked for and without where it is not", async () => {
    for (const model of ["instruct", "together"])
      for (const include_usage of [true, false]) {
        const stream = await client.completions.create({
          model,
          prompt: "one",
          stream: true,
          ...(include_usage && { stream_options: { include_usage } }),
        });
        expect(await textsOf(stream)).toEqual({ texts: ["Hello"], usage: include_usage ? USAGE : undefined, ends: 1 });
      }
  });

  it("by chat: echo, n, logprobs", async () => {
    const asked = { model: "chat", prompt: "abc", echo: true, n: 2, max_tokens: 9, best_of: 1 };
    const answer = await client.completions.create(asked);
    expect(answer).toMatchObject({ id: "cmpl-1", object: "text_completion", usage: USAGE });
    expect(answer.choices.map(({ text, index, finish_reason }) => [index, text, finish_reason])).toEqual([
      [0, "abccba", "stop"],
      [1, "abccba", "stop"],
    ]);
    expect(last().path).toBe("/v1/chat/completions");
    expect(last().body).toEqual({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: "abc" }],
      n: 2,
      max_tokens: 9,
    });
    const told = await client.completions.create({ model: "chat", prompt: "abc", logprobs: 2 });
    expect(last().body).toMatchObject({ logprobs: true, top_logprobs: 2 });
    expect(told.choices[0]?.logprobs).toEqual({
      tokens: ["cba"],
      token_logprobs: [-0.5],
      top_logprobs: [{ cba: -0.5 }],
      text_offset: [3],
    });
  });

  it("by chat: a call for each prompt, as one answer and one row", async () => {
    const before = upstream.received.length;
    const { data, response } = await client.completions
      .create({ model: "chat", prompt: ["ab", "cd", "ef"], n: 2 })
      .withResponse();
    expect(upstream.received.length - before).toBe(3);
    expect(data.choices.map(({ text, index }) => [index, text])).toEqual(
      ["ba", "ba", "dc", "dc", "fe", "fe"].map((text, index) => [index, text]),
    );
    expect(data.usage).toMatchObject({ prompt_tokens: 30, completion_tokens: 15, total_tokens: 45 });
    expect(await rowOf(callId(response))).toMatchObject({ prompt_tokens: 30, completion_tokens: 15, estimated: false });
  });

  it("by chat: streams, of several prompts too", async () => {
    const one = await client.completions.create({
      model: "chat",
      prompt: "abc",
      stream: true,
      echo: true,
      stream_options: { include_usage: true },
    });
    expect(await textsOf(one)).toEqual({ texts: ["abccba"], usage: USAGE, ends: 1 });
    const { data, response } = await client.completions
      .create({ model: "chat", prompt: ["abc", "xyz"], stream: true, stream_options: { include_usage: true } })
      .withResponse();
    expect(await textsOf(data)).toMatchObject({ texts: ["cba", "zyx"], usage: { total_tokens: 30 }, ends: 2 });
    expect(await rowOf(callId(response))).toMatchObject({ prompt_tokens: 20, completion_tokens: 10, estimated: false });
    const raw = await gateway.call("/completions", { model: "chat", prompt: ["abc", "xyz"], stream: true });
    const text = await raw.text();
    expect(text).not.toContain("usage");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("Mistral's code models fill in the middle; others of it chat", async () => {
    const { choices } = await client.completions.create({ model: "codestral", prompt: "a", suffix: "b", seed: 3 });
    expect(last()).toMatchObject({
      path: "/v1/fim/completions",
      body: { model: "codestral-latest", prompt: "a", suffix: "b", random_seed: 3 },
    });
    expect(choices[0]?.text).toBe("filled");
  });

  it("every path, tokens, and LiteLLM's name for servers that complete", async () => {
    for (const path of ["/completions", "/engines/instruct/completions", "/openai/deployments/instruct/completions"])
      expect((await gateway.call(path, { model: "instruct", prompt: "a" })).status, path).toBe(200);
    await client.completions.create({ model: "instruct", prompt: [9906, 1917] });
    expect(last().body["prompt"]).toEqual([9906, 1917]);
    await client.completions.create({ model: "chat", prompt: [9906, 1917] });
    expect(last().body["messages"]).toEqual([{ role: "user", content: "Hello world" }]);
    await client.completions.create({ model: "own", prompt: "a" });
    expect(last()).toMatchObject({ path: "/v1/completions", body: { model: "own-model", prompt: "a" } });
  });

  it("falls back from a model that is down", async () => {
    const { data, response } = await client.completions.create({ model: "down-text", prompt: "abc" }).withResponse();
    expect(data.choices[0]?.text).toBe("cba");
    expect(response.headers.get("x-litellm-attempted-fallbacks")).toBe("1");
  });

  it.each([
    ["no prompt", { model: "instruct" }, /prompt/],
    ["an empty list", { model: "instruct", prompt: [] }, /prompt.*empty/],
    [
      "a suffix for chat",
      { model: "chat", prompt: "a", suffix: "b" },
      /openai does not support parameters: \["suffix"\]/,
    ],
    ["best_of for chat", { model: "chat", prompt: "a", best_of: 3 }, /best_of/],
    ["echo with logprobs for chat", { model: "chat", prompt: "a", echo: true, logprobs: 1 }, /echo and logprobs/],
    ["too many prompts for chat", { model: "chat", prompt: Array.from({ length: 21 }, () => "a") }, /too many inputs/],
  ])("400: %s", async (_, body, message) => {
    const response = await gateway.call("/v1/completions", body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(message);
  });
});

describe("rerank", () => {
  const asked = { query: "capital", documents: ["Rome", { text: "Paris" }] };
  /** The SDK has no rerank. */
  const rerank = (body: object, path = "/v1/rerank") =>
    fetch(`${gateway.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${client.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  it("Cohere: bytes untouched, by every path; the searches are paid for", async () => {
    for (const path of ["/rerank", "/v1/rerank", "/v2/rerank"]) {
      const response = await rerank({ model: "rerank", ...asked, top_n: 2 }, path);
      expect(await response.json()).toEqual({
        id: "rr-1",
        results: RANKING,
        meta: { api_version: { version: "2" }, billed_units: { search_units: 2 } },
        more: 1,
      });
      expect(last()).toMatchObject({
        path: "/v2/rerank",
        body: { model: "rerank-v3.5", query: "capital", documents: ["Rome", "Paris"], top_n: 2 },
      });
      expect(Number(response.headers.get("x-litellm-response-cost"))).toBeCloseTo(0.004, 12);
      if (path === "/rerank")
        expect(await rowOf(callId(response))).toMatchObject({ call_type: "rerank", status: "success", spend: 0.004 });
    }
  });

  it("the documents where they are asked for, whether or not the provider gives them", async () => {
    const given = await (await rerank({ model: "rerank", ...asked, return_documents: true })).json();
    expect(given).toMatchObject({ results: [{ document: { text: "Paris" } }, { document: { text: "Rome" } }] });
    expect(last().body).not.toHaveProperty("return_documents");
    const bare = (await (await rerank({ model: "jina-rerank", ...asked, return_documents: false })).json()) as object;
    expect(bare).toMatchObject({ results: RANKING });
    expect(last().body).toMatchObject({ return_documents: false, documents: asked.documents });
  });

  it("Jina's queries are texts or pictures; elsewhere they are texts", async () => {
    const picture = { image: "https://x.example/cat.png" };
    expect((await rerank({ model: "jina-rerank", ...asked, query: picture })).status).toBe(200);
    expect(last().body).toMatchObject({ query: picture });
    expect((await rerank({ model: "rerank", ...asked, query: { text: "capital" } })).status).toBe(200);
    expect(last().body).toMatchObject({ query: "capital" });
    for (const query of [picture, {}, { text: "" }, 5, ""]) {
      const refused = await rerank({ model: "rerank", ...asked, query });
      expect([refused.status, await refused.json()]).toMatchObject([
        400,
        { error: { param: expect.stringMatching(/^query/) } },
      ]);
    }
  });

  it("Voyage: its own names, and its tokens as Cohere would tell them", async () => {
    const response = await rerank({ model: "voyage-rerank", ...asked, top_n: 1 });
    expect(await response.json()).toMatchObject({
      results: RANKING,
      meta: { billed_units: { total_tokens: 100 }, tokens: { input_tokens: 100 } },
    });
    expect(last()).toMatchObject({ path: "/v1/rerank", body: { model: "rerank-2.5", top_k: 1 } });
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({ prompt_tokens: 100, estimated: false });
    expect(row.spend).toBeCloseTo(100 * 5e-8, 12);
  });

  it("falls back", async () => {
    const response = await rerank({ model: "down-rerank", ...asked });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-litellm-model-group")).toBe("voyage-rerank");
  });

  it.each([
    ["no documents", { model: "rerank", query: "a", documents: [] }, /documents.*empty/],
    ["no query", { model: "rerank", documents: ["a"] }, /query/],
    ["fewer than none", { model: "rerank", ...asked, top_n: -1 }, /top_n/],
    ["a parameter it lacks", { model: "voyage-rerank", ...asked, max_tokens_per_doc: 9 }, /max_tokens_per_doc/],
    ["a provider that does not rank", { model: "claude", ...asked }, /does not do rerank/],
  ])("400: %s", async (_, body, message) => {
    const response = await rerank(body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(message);
  });
});

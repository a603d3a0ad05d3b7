/** Vertex AI through the running gateway: tokens for credentials, every maker's API, and a row for each call. */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { events, sse, whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { until } from "./upstream.ts";
import { OPERATION, PNG, serviceAccount, startVertex, TOKEN } from "./vertex-upstream.ts";

let gateway: TestGateway;
let vertex: Awaited<ReturnType<typeof startVertex>>;
let openai: OpenAI;
let anthropic: Anthropic;

const MODELS = {
  gemini: "gemini-2.5-pro",
  claude: "claude-sonnet-4-5@20250929",
  llama: "meta/llama-4-maverick-17b-128e-instruct-maas",
  mistral: "mistral-medium-3@001",
  codestral: "codestral-2501",
  ocr: "mistral-ocr-2505",
  jamba: "jamba-1.5-mini@001",
  tuned: "gemini/4711",
  deployed: "openai/123456",
  gemma: "gemma/gemma-3-12b-it-1222199011122",
  vectors: "text-embedding-005",
  "new-vectors": "gemini-embedding-2-preview",
  mixed: "multimodalembedding@001",
  imagen: "imagen-4.0-generate-001",
  "imagen-edits": "imagen-3.0-capability-001",
  ranker: "semantic-ranker-default-004",
  throttled: "throttled",
  broken: "broken",
} as const;

beforeAll(async () => {
  vertex = await startVertex();
  const credentials = await serviceAccount(vertex.tokens);
  const costs = { input_cost_per_token: 0.000001, output_cost_per_token: 0.000002 };
  const entry = (model_name: string, model: string, more: object = {}) => ({
    model_name,
    litellm_params: {
      model: `vertex_ai/${model}`,
      api_base: vertex.url,
      vertex_location: "europe-west4",
      vertex_credentials: JSON.stringify(credentials),
      ...costs,
      ...more,
    },
  });
  gateway = await startGateway({
    model_list: [
      ...Object.entries(MODELS).map(([name, model]) => entry(name, model)),
      entry("as-map", MODELS.gemini, { vertex_credentials: credentials, vertex_ai_project: "another" }),
      entry("beta", MODELS.gemini, { custom_llm_provider: "vertex_ai_beta", model: MODELS.gemini }),
      entry("refused", MODELS.gemini, { vertex_credentials: await serviceAccount(`${vertex.tokens}/refused?`) }),
      entry("down", MODELS.gemini, {
        vertex_credentials: await serviceAccount(vertex.tokens, { token_uri: `${vertex.tokens}/down` }),
      }),
      entry("denied", MODELS.gemini, {
        vertex_credentials: await serviceAccount(vertex.tokens, { token_uri: `${vertex.tokens}/refused` }),
      }),
      entry("astray", MODELS.gemini, { vertex_credentials: await serviceAccount("http://169.254.169.254") }),
      entry("as-path", MODELS.gemini, { vertex_project: "acme", vertex_credentials: "/no/such/key.json" }),
      entry("nowhere", MODELS.gemini, { vertex_location: "evil.example/x" }),
      entry("veo", "veo-3.0-generate-001", { vertex_location: "us-central1" }),
      entry("standing", MODELS.gemini, { use_in_pass_through: true, vertex_location: "us-east5" }),
    ],
    environment_variables: { SLUICE_GOOGLE_TOKEN_ORIGINS: vertex.tokens },
    router_settings: { num_retries: 0, disable_cooldowns: true, fallbacks: [{ throttled: ["gemini"] }] },
  });
  openai = new OpenAI({ apiKey: MASTER_KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: MASTER_KEY, baseURL: gateway.url, maxRetries: 0 });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await vertex?.close();
});

const last = () => vertex.received.at(-1)!; // each test has just asked it
const PLACE = "projects/acme/locations/europe-west4";
const messages = [{ role: "user" as const, content: "Hi" }];

async function recordOf(id: string | null): Promise<Record<string, unknown>> {
  const found = () => gateway.records().find(({ id: one }) => one === id);
  await until(() => found() !== undefined);
  return found() ?? {};
}

describe("chat", () => {
  it.each([
    [
      "gemini",
      `/v1/${PLACE}/publishers/google/models/gemini-2.5-pro`,
      ":generateContent",
      ":streamGenerateContent?alt=sse",
    ],
    [
      "claude",
      `/v1/${PLACE}/publishers/anthropic/models/claude-sonnet-4-5@20250929`,
      ":rawPredict",
      ":streamRawPredict",
    ],
    ["mistral", `/v1/${PLACE}/publishers/mistralai/models/mistral-medium-3@001`, ":rawPredict", ":streamRawPredict"],
    ["jamba", `/v1/${PLACE}/publishers/ai21/models/jamba-1.5-mini@001`, ":rawPredict", ":streamRawPredict"],
    ["llama", `/v1/${PLACE}/endpoints/openapi`, "/chat/completions", "/chat/completions"],
    ["deployed", `/v1beta1/${PLACE}/endpoints/123456`, "/chat/completions", "/chat/completions"],
    ["tuned", `/v1/${PLACE}/endpoints/4711`, ":generateContent", ":streamGenerateContent?alt=sse"],
    ["gemma", `/v1/${PLACE}/endpoints/1222199011122`, ":predict", ":predict"],
    [
      "beta",
      `/v1beta1/${PLACE}/publishers/google/models/gemini-2.5-pro`,
      ":generateContent",
      ":streamGenerateContent?alt=sse",
    ],
  ])("%s is asked at its maker's API, whole and streamed", async (model, path, whole, streamed) => {
    const answer = await openai.chat.completions.create({ model, messages });
    expect(answer.choices[0]?.message.content).toBe("Hello");
    expect(last().path).toBe(path + whole);
    expect(last().headers["authorization"]).toBe(`Bearer ${TOKEN}`);
    let text = "";
    const stream = await openai.chat.completions.create({ model, messages, stream: true });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello");
    expect(last().path).toBe(path + streamed);
  });

  it("bodies are the makers' own", async () => {
    const body = async (model: string) => {
      await openai.chat.completions.create({ model, messages, max_tokens: 5 });
      return last().body;
    };
    expect(await body("claude")).toMatchObject({ anthropic_version: "vertex-2023-10-16", max_tokens: 5 });
    expect(last().body["model"]).toBeUndefined();
    expect(await body("mistral")).toMatchObject({ model: "mistral-medium-3", max_tokens: 5 });
    expect(await body("jamba")).toMatchObject({ model: "jamba-1.5-mini" });
    expect(await body("llama")).toMatchObject({ model: MODELS.llama });
    expect(await body("deployed")).toMatchObject({ model: "" });
    expect(await body("gemma")).toMatchObject({ instances: [{ "@requestFormat": "chatCompletions", max_tokens: 5 }] });
  });

  it("a project that is named goes before that of the credentials, and one token serves all", async () => {
    const before = vertex.signIns.length;
    await openai.chat.completions.create({ model: "as-map", messages });
    expect(last().path).toContain("/projects/another/locations/europe-west4/");
    await openai.chat.completions.create({ model: "as-map", messages });
    expect(vertex.signIns.length - before).toBeLessThanOrEqual(1);
  });

  it("metadata becomes labels, tiers become headers, and ids of calls stay here", async () => {
    const call = (id: string) => ({ id, type: "function" as const, function: { name: "f", arguments: "{}" } });
    await openai.chat.completions.create({
      model: "gemini",
      messages: [
        ...messages,
        { role: "assistant", tool_calls: [call("call_1"), call("call_2")] },
        { role: "tool", tool_call_id: "call_2", content: "second" },
        { role: "tool", tool_call_id: "call_1", content: "first" },
      ],
      metadata: { team: "blue", "Not a label": "x", n: "UPPER" },
      service_tier: "flex",
    });
    const { body, headers } = last();
    expect(body["labels"]).toEqual({ team: "blue" });
    expect(body["serviceTier"]).toBeUndefined();
    expect(headers["x-vertex-ai-llm-shared-request-type"]).toBe("flex");
    const parts = (body["contents"] as { parts: Record<string, Record<string, unknown>>[] }[]).flatMap(
      ({ parts }) => parts,
    );
    const calls = parts.flatMap((part): Record<string, unknown>[] => {
      const call = part["functionCall"] ?? part["functionResponse"];
      return call === undefined ? [] : [call];
    });
    expect(calls.map(({ id }) => id)).toEqual([undefined, undefined, undefined, undefined]);
    expect(calls.map(({ response }) => JSON.stringify(response ?? null)).slice(2)).toEqual([
      expect.stringContaining("first"),
      expect.stringContaining("second"),
    ]);
  });

  it("Google's tools and caches go on as they are", async () => {
    await gateway.call("/v1/chat/completions", {
      model: "gemini",
      messages,
      tools: [{ googleSearch: {} }, { googleMaps: {} }, { enterpriseWebSearch: {} }],
      cachedContent: "projects/acme/locations/europe-west4/cachedContents/1",
    });
    expect(last().body).toMatchObject({
      tools: [{ googleSearch: {} }, { googleMaps: {} }, { enterpriseWebSearch: {} }],
      cachedContent: "projects/acme/locations/europe-west4/cachedContents/1",
    });
  });

  it("a call is a row with its cost", async () => {
    const response = await gateway.call("/v1/chat/completions", { model: "claude", messages });
    const row = await recordOf(response.headers.get("x-litellm-call-id"));
    expect(row).toMatchObject({ status: 200, provider: "vertex_ai" });
    expect(Number(response.headers.get("x-litellm-response-cost"))).toBeCloseTo(11e-6 + 14e-6, 9);
  });
});

describe("what fails", () => {
  const ask = async (model: string) => {
    const response = await gateway.call("/v1/chat/completions", { model, messages });
    return {
      status: response.status,
      message: ((await response.json()) as { error: { message: string } }).error.message,
    };
  };

  it("Google's refusal of the credentials is told in its words, without them", async () => {
    const { status, message } = await ask("denied");
    expect(status).toBe(401);
    expect(message).toContain("invalid_grant: Invalid JWT Signature.");
    expect(message).not.toMatch(/PRIVATE KEY|robot@/);
    expect((await ask("down")).status).toBe(503);
  });

  it("credentials lead nowhere but to Google, or where the operator says", async () => {
    const { status, message } = await ask("astray");
    expect(status).toBe(401);
    expect(message).toContain("http://169.254.169.254, which is not Google's");
  });

  it("a path is no credential here, and a host no location", async () => {
    expect(await ask("as-path")).toMatchObject({ status: 401, message: expect.stringContaining("are no JSON") });
    expect(await ask("nowhere")).toMatchObject({ status: 400, message: expect.stringContaining("vertex_location") });
  });

  it("what Google is short of is asked elsewhere; a broken connection is an error of the gateway's", async () => {
    const response = await gateway.call("/v1/chat/completions", { model: "throttled", messages });
    expect(response.status).toBe(200);
    const { status, message } = await ask("broken");
    expect(status).toBeGreaterThanOrEqual(500);
    expect(message).not.toContain(TOKEN);
  });

  it("clients choose neither credentials nor place", async () => {
    const before = vertex.received.length;
    const response = await gateway.call("/v1/chat/completions", {
      model: "gemini",
      messages,
      vertex_project: "theirs",
      vertex_credentials: "{}",
    });
    expect([response.status, vertex.received.length - before]).toEqual([400, 0]);
  });
});

describe("clients of the makers' own", () => {
  it("Anthropic's: bytes as they are, counts, and betas that Vertex AI knows", async () => {
    const request = { model: "claude", max_tokens: 9, messages };
    const streamed = await gateway.call(
      "/v1/messages",
      { ...request, stream: true },
      {
        "anthropic-beta": "context-1m-2025-08-07,prompt-caching-scope-2026-01-05,advanced-tool-use-2025-11-20",
      },
    );
    expect(await streamed.text()).toBe(sse(events("anthropic", "Hel", "lo")));
    expect(last().path).toContain(":streamRawPredict");
    expect(last().body).toEqual({ max_tokens: 9, messages, stream: true, anthropic_version: "vertex-2023-10-16" });
    expect(last().headers["anthropic-beta"]).toBe("context-1m-2025-08-07,tool-search-tool-2025-10-19");
    const cached = (cache_control: object) => [{ type: "text", text: "Be brief.", cache_control }];
    const scoped = cached({ type: "ephemeral", ttl: "1h", scope: "global" });
    const own = { service_tier: "auto", inference_geo: "us" }; // of Anthropic's own API
    await gateway.call("/v1/messages", { ...request, ...own, system: scoped });
    expect(last().body).toEqual({
      max_tokens: 9,
      messages,
      system: cached({ type: "ephemeral", ttl: "1h" }),
      anthropic_version: "vertex-2023-10-16",
    });
    const { content } = await anthropic.messages.create(request);
    expect(content).toMatchObject([{ type: "text", text: "Hello" }]);
    const { input_tokens } = await anthropic.messages.countTokens({ model: "claude", messages });
    expect(input_tokens).toBe(12);
    expect(last().path).toBe(`/v1/${PLACE}/publishers/anthropic/models/count-tokens:rawPredict`);
    expect(last().body).toMatchObject({ model: "claude-sonnet-4-5@20250929" });
  });

  it("Google's: bytes as they are, counts, vectors", async () => {
    const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
    const answer = await gateway.call("/v1beta/models/gemini:generateContent", { contents });
    expect(await answer.text()).toBe(JSON.stringify(whole("gemini", "Hello")));
    const stream = await gateway.call("/v1beta/models/gemini:streamGenerateContent?alt=sse", { contents });
    expect(await stream.text()).toBe(sse(events("gemini", "Hel", "lo")));
    const counted = await gateway.call("/v1beta/models/gemini:countTokens", {
      generateContentRequest: { model: "models/gemini", contents, toolConfig: {} },
    });
    expect(await counted.json()).toMatchObject({ totalTokens: 3 });
    expect(last().body).toEqual({ contents });
    const content = { parts: [{ text: "Hi" }] };
    const old = await gateway.call("/v1beta/models/vectors:embedContent", { content });
    expect(await old.json()).toMatchObject({ embedding: { values: [0.5, 0.25] } });
    expect(last().path).toContain("text-embedding-005:predict");
    const batch = await gateway.call("/v1beta/models/new-vectors:batchEmbedContents", {
      requests: [{ content, taskType: "RETRIEVAL_QUERY" }, { content }],
    });
    expect(await batch.json()).toMatchObject({ embeddings: [{ values: [0.5, 0.25] }, { values: [0.5, 0.25] }] });
    expect(last().path).toBe(`/v1beta1/${PLACE}/publishers/google/models/gemini-embedding-2-preview:embedContent`);
  });
});

describe("beside chat", () => {
  it("embeds texts, and pictures", async () => {
    const { data, usage } = await openai.embeddings.create({
      model: "vectors",
      input: ["one", "two"],
      dimensions: 2,
      encoding_format: "float",
      ...{ task_type: "RETRIEVAL_QUERY", auto_truncate: false },
    });
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [0.5, 0.25],
      [0.5, 0.25],
    ]);
    expect(usage.prompt_tokens).toBe(4);
    expect(last().body).toEqual({
      instances: [
        { content: "one", task_type: "RETRIEVAL_QUERY" },
        { content: "two", task_type: "RETRIEVAL_QUERY" },
      ],
      parameters: { outputDimensionality: 2, autoTruncate: false },
    });
    const before = vertex.received.length;
    const mixed = await openai.embeddings.create({
      model: "mixed",
      input: ["a cat", `data:image/png;base64,${PNG}`, "gs://bucket/film.mp4"],
      encoding_format: "float",
    });
    expect(mixed.data).toHaveLength(3);
    const asked = vertex.received.slice(before).flatMap(({ body }) => body["instances"]);
    expect(asked).toEqual([
      { text: "a cat" },
      { image: { bytesBase64Encoded: PNG, mimeType: "image/png" } },
      { video: { gcsUri: "gs://bucket/film.mp4" } },
    ]);
  });

  it("draws and edits with Imagen", async () => {
    const { data } = await openai.images.generate({ model: "imagen", prompt: "a cat", n: 1, size: "1024x1024" });
    expect(data).toMatchObject([{ b64_json: PNG }]);
    const image = await toFile(Buffer.from(PNG, "base64"), "a.png", { type: "image/png" });
    const mask = await toFile(Buffer.from(PNG, "base64"), "m.png", { type: "image/png" });
    const edited = await openai.images.edit({ model: "imagen-edits", prompt: "a hat", image, mask });
    expect(edited.data).toHaveLength(1);
    expect(last().body).toMatchObject({
      instances: [
        {
          prompt: "a hat",
          referenceImages: [
            { referenceType: "REFERENCE_TYPE_RAW", referenceId: 1, referenceImage: { bytesBase64Encoded: PNG } },
            {
              referenceType: "REFERENCE_TYPE_MASK",
              referenceImage: { bytesBase64Encoded: PNG },
              maskImageConfig: { maskMode: "MASK_MODE_USER_PROVIDED" },
            },
          ],
        },
      ],
      parameters: { editMode: "EDIT_MODE_INPAINT_INSERTION", sampleCount: 1 },
    });
  });

  it("ranks, reads documents, and fills in the middle", async () => {
    const documents = ["one", "two"];
    const ranked = await gateway.call("/v1/rerank", { model: "ranker", query: "which?", documents, top_n: 2 });
    expect(await ranked.json()).toMatchObject({
      results: [
        { index: 1, relevance_score: 0.9 },
        { index: 0, relevance_score: 0 },
      ],
    });
    expect(last().path).toBe("/v1/projects/acme/locations/global/rankingConfigs/default_ranking_config:rank");
    expect(last().body).toMatchObject({
      model: MODELS.ranker,
      topN: 2,
      records: [{ id: "0", content: "one" }, { id: "1" }],
    });
    const read = await gateway.call("/v1/ocr", {
      model: "ocr",
      document: { type: "document_url", document_url: "https://x.example/a.pdf" },
    });
    expect(await read.json()).toMatchObject({ pages: [{ markdown: "# Hi" }] });
    expect(last().path).toContain("/publishers/mistralai/models/mistral-ocr-2505:rawPredict");
    const filled = await openai.completions.create({ model: "codestral", prompt: "def f(", suffix: "return" });
    expect(filled.choices[0]?.text).toBe("Hello");
    expect(last().body).toMatchObject({ model: "codestral-2501", prompt: "def f(", suffix: "return" });
  });

  it("makes films", async () => {
    const made = await gateway.call("/v1/videos", {
      model: "veo",
      prompt: "a wave",
      seconds: "8",
      input_reference: { image_url: "gs://b/a.png" },
    });
    expect(made.status).toBe(200);
    expect(last().body).toMatchObject({
      instances: [{ prompt: "a wave", image: { gcsUri: "gs://b/a.png", mimeType: "image/png" } }],
      parameters: { durationSeconds: 8 },
    });
    const { id } = (await made.json()) as { id: string };
    const status = await gateway.call(`/v1/videos/${id}`);
    expect(await status.json()).toMatchObject({ status: "completed" });
    expect(last()).toMatchObject({
      method: "POST",
      path: "/v1/projects/acme/locations/us-central1/publishers/google/models/veo-3.0-generate-001:fetchPredictOperation",
      body: { operationName: OPERATION },
    });
    const film = await gateway.call(`/v1/videos/${id}/content`);
    expect(film.headers.get("content-type")).toBe("video/mp4");
    expect(await film.text()).toBe("a film");
  });
});

describe("Vertex AI's own API", () => {
  const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
  const HERE = "/v1/projects/acme/locations/us-east5/publishers/google/models/gemini-2.5-pro:generateContent";

  it.each([
    ["/vertex_ai/v1/publishers/google/models/gemini-2.5-pro:generateContent", HERE],
    ["/vertex-ai/publishers/google/models/gemini-2.5-pro:generateContent", HERE],
    ["/vertex_ai/v1/projects/theirs/locations/us-east5/publishers/google/models/gemini-2.5-pro:generateContent", HERE],
    [
      "/vertex_ai/v1beta1/projects/acme/locations/asia-east1/publishers/google/models/gemini-2.5-pro:generateContent",
      "/v1beta1/projects/acme/locations/asia-east1/publishers/google/models/gemini-2.5-pro:generateContent",
    ],
  ])("%s", async (path, upstream) => {
    const response = await gateway.call(path, { contents });
    expect(await response.text()).toBe(JSON.stringify(whole("gemini", "Hello")));
    expect(last().path).toBe(upstream);
    expect(last().headers["authorization"]).toBe(`Bearer ${TOKEN}`);
  });

  it("streams, and reads what was used", async () => {
    const path = "/vertex_ai/v1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse";
    const response = await gateway.call(path, { contents });
    expect(await response.text()).toBe(sse(events("gemini", "Hel", "lo")));
    const row = await recordOf(response.headers.get("x-litellm-call-id"));
    expect(row).toMatchObject({ status: 200, operation: "pass_through" });
  });

  it("a key for one model calls that one, and nothing of the account", async () => {
    const made = await gateway.call("/key/generate", { models: ["gemini-2.5-pro", "claude-sonnet-4-5@20250929"] });
    const { key, token } = (await made.json()) as { key: string; token: string };
    const as = { authorization: `Bearer ${key}` };
    const mine = await gateway.call(
      "/vertex_ai/v1/publishers/google/models/gemini-2.5-pro:generateContent",
      { contents },
      as,
    );
    expect(mine.status).toBe(200);
    const row = await findRow(gateway, token, mine.headers.get("x-litellm-call-id"));
    expect(row).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
    expect(row.spend).toBeCloseTo(11 * 1e-6 + 7 * 2e-6, 9); // the price of the deployment that stands for its model
    const claude = "/vertex_ai/v1/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict";
    const body = { anthropic_version: "vertex-2023-10-16", max_tokens: 5, messages };
    const said = await gateway.call(claude, body, as);
    expect(said.status).toBe(200);
    expect((await findRow(gateway, token, said.headers.get("x-litellm-call-id"))).prompt_tokens).toBe(11);
    const before = vertex.received.length;
    const refused = [
      await gateway.call("/vertex_ai/v1/publishers/google/models/gemini-2.5-flash:generateContent", { contents }, as),
      await gateway.call(
        "/vertex_ai/v1/projects/acme/locations/us-east5/cachedContents",
        { model: "gemini-2.5-pro" },
        as,
      ),
      await gateway.call(
        "/vertex_ai/v1/endpoints/openapi/chat/completions",
        { model: "google/gemini-2.5-flash", messages },
        as,
      ),
      await gateway.call("/vertex_ai/v1/publishers/google/models/gemini-2.5-flash%3AgenerateContent", { contents }, as),
    ];
    expect(refused.map(({ status }) => status >= 400 && status < 500)).toEqual([true, true, true, true]);
    expect(vertex.received.length).toBe(before);
    expect(await refused[0]?.json()).toMatchObject({ error: { code: refused[0]?.status, status: expect.any(String) } });
  });

  it("no path leads away from the project", async () => {
    const before = vertex.received.length;
    const odd = [
      "/vertex_ai/v1/projects/acme/locations/evil.example%2f/publishers/google/models/m:generateContent",
      "/vertex_ai/v1/projects/acme/locations/us-east5/..%2f..%2fother:generateContent",
      "/vertex_ai/v1/projects/acme",
    ];
    for (const path of odd) expect((await gateway.call(path, { contents })).status).toBeGreaterThanOrEqual(400);
    expect(vertex.received.length).toBe(before);
  });
});

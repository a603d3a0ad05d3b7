/** Images by the `openai` package, against the running gateway. */
import type { ServerResponse } from "node:http";
import type OpenAI from "openai";
import { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { failureOf, recordOf, sdkFor } from "./sdk.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

/** The beginning of a PNG is enough for everybody here. */
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk", "base64");
const BASE64 = PNG.toString("base64");
const DATA_URL = `data:image/png;base64,${BASE64}`;

const USAGE = {
  input_tokens: 14,
  input_tokens_details: { text_tokens: 14, image_tokens: 0 },
  output_tokens: 272,
  output_tokens_details: { image_tokens: 272, text_tokens: 0 },
  total_tokens: 286,
};
/** gpt-image-1: 5 and 40 dollars for a million tokens of text and of images made. */
const COST = 14 * 5e-6 + 272 * 4e-5;

const failures = new Map<string, number>();

function answer(request: Received, response: ServerResponse): unknown {
  const { path, body } = request;
  const model = String(body["model"] ?? "");
  if (model === "flaky" && !failures.has(model)) {
    failures.set(model, 1);
    return json(response, 500, { error: { message: "try again", type: "server_error" } });
  }
  if (model === "down") return json(response, 503, { error: { message: "down", type: "server_error" } });
  if (model === "limited")
    return json(response, 429, { error: { message: "Rate limit reached", type: "requests" } }, { "retry-after": "1" });
  if (model === "garbage") return response.end("<html>");
  if (model === "empty") return json(response, 200, { created: 1, data: [] });
  if (model === "reset") return response.destroy();
  if (body["size"] === "3x3")
    return json(response, 400, {
      error: {
        message: "Invalid size '3x3'.",
        type: "image_generation_user_error",
        param: "size",
        code: "invalid_value",
      },
    });
  if (path.includes(":predict")) return imagen(request, response);
  if (path.includes(":generateContent")) return gemini(request, response);
  if (path.endsWith("/chat/completions")) return drawInChat(request, response);
  if (body["stream"] === true || body["stream"] === "true") return stream(request, response);
  const n = Number(body["n"] ?? 1);
  const asLink = model.startsWith("dall-e") && body["response_format"] !== "b64_json";
  const image = asLink || model === "recraftv3" ? { url: "https://images.test/1.png" } : { b64_json: BASE64 };
  const usage = model.startsWith("gpt-image") ? { usage: USAGE, size: "1024x1024", quality: "low", more: 1 } : {};
  const created = model.startsWith("grok") ? {} : { created: 7 };
  json(response, 200, { ...created, data: Array.from({ length: n }, () => image), ...usage });
}

function stream({ path, body }: Received, response: ServerResponse) {
  const kind = path.endsWith("/edits") ? "image_edit" : "image_generation";
  const head = {
    b64_json: BASE64,
    created_at: 7,
    size: "1024x1024",
    quality: "low",
    background: "opaque",
    output_format: "png",
  };
  const send = (event: { type: string; [field: string]: unknown }) =>
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let index = 0; index < Number(body["partial_images"] ?? 0); index++)
    send({ type: `${kind}.partial_image`, partial_image_index: index, ...head });
  const model = String(body["model"]);
  if (model === "cut") return setTimeout(() => response.destroy(), 100);
  if (model === "ends") return response.end();
  if (model === "goes-on") {
    const sending = setInterval(() => send({ type: `${kind}.partial_image`, partial_image_index: 0, ...head }), 50);
    return response.on("close", () => clearInterval(sending));
  }
  if (model === "fails")
    return response.end(
      `event: error\ndata: ${JSON.stringify({ type: "error", error: { type: "image_generation_server_error", code: "image_generation_failed", message: "Image generation failed", param: null } })}\n\n`,
    );
  send({ type: `${kind}.completed`, ...head, ...({ usage: USAGE } as object) });
  response.end();
}

function imagen({ body }: Received, response: ServerResponse) {
  const { sampleCount } = body["parameters"] as { sampleCount: number };
  const [{ prompt }] = body["instances"] as [{ prompt: string }];
  const image = { bytesBase64Encoded: BASE64, mimeType: "image/png" };
  const filtered = { raiFilteredReason: "Unable to show generated images. Support codes: 39322892" };
  const predictions = Array.from({ length: sampleCount }, () => (prompt === "bad" ? filtered : image));
  json(response, 200, { predictions });
}

let halves = 0;

function gemini({ body }: Received, response: ServerResponse) {
  const [{ parts }] = body["contents"] as [{ parts: { text?: string }[] }];
  const tokens = { promptTokenCount: 10, candidatesTokenCount: 1290, totalTokenCount: 1300 };
  if (parts[0]?.text === "bad")
    return json(response, 200, { candidates: [{ finishReason: "IMAGE_SAFETY" }], usageMetadata: tokens });
  if (parts[0]?.text === "half" && ++halves % 3 === 0)
    return void setTimeout(() => json(response, 400, { error: { code: 400, message: "not this one" } }), 200);
  if (parts[0]?.text === "talk")
    return json(response, 200, {
      candidates: [{ content: { parts: [{ text: "I cannot draw" }] }, finishReason: "STOP" }],
    });
  const image = { inlineData: { mimeType: "image/png", data: BASE64 } };
  const draft = { thought: true, inlineData: { mimeType: "image/png", data: "AAAA" } };
  json(response, 200, {
    candidates: [{ content: { role: "model", parts: [draft, { text: "Here" }, image] }, finishReason: "STOP" }],
    usageMetadata: { ...tokens, candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 1290 }] },
  });
}

function drawInChat({ body }: Received, response: ServerResponse) {
  const images = [{ type: "image_url", image_url: { url: DATA_URL } }];
  json(response, 200, {
    id: "gen-1",
    object: "chat.completion",
    created: 7,
    model: body["model"],
    choices: [{ index: 0, message: { role: "assistant", content: "", images }, finish_reason: "stop" }],
    usage: { prompt_tokens: 5, completion_tokens: 1290, total_tokens: 1295 },
  });
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;
let token: string;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answer(request, response));
  const model = (name: string, litellm = `openai/${name}`, extra: object = {}) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...extra },
  });
  const failing = ["down", "limited", "garbage", "empty", "reset", "cut", "ends", "fails", "flaky"];
  gateway = await startGateway({
    model_list: [
      model("draw", "openai/gpt-image-1"),
      model("dall-e-2"),
      model("dall-e-3"),
      model("own-price", "openai/dall-e-3", { output_cost_per_image: 0.5 }),
      model("grok", "xai/grok-imagine-image"),
      model("old-grok", "xai/grok-2-image"),
      model("flux", "together_ai/black-forest-labs/FLUX.1-kontext-pro"),
      model("venice", "veniceai/venice-sd35"),
      model("nebius", "nebius/flux-dev"),
      model("recraft", "recraft/recraftv3"),
      model("imagen", "gemini/imagen-4.0-generate-001", { api_base: upstream.url }),
      model("banana", "gemini/gemini-2.5-flash-image", { api_base: upstream.url }),
      model("banana-pro", "gemini/gemini-3-pro-image-preview", { api_base: upstream.url }),
      model("router", "openrouter/google/gemini-2.5-flash-image"),
      model("claude", "anthropic/claude-sonnet-4-5", { api_base: upstream.url }),
      model("mock", "openai/gpt-image-1", { mock_response: "https://images.test/mock.png" }),
      model("goes-on", "openai/goes-on", { output_cost_per_image: 0.25 }),
      ...failing.map((name) => model(name, `openai/${name}`)),
      model("fall", "openai/down"),
    ],
    router_settings: { num_retries: 1, retry_after: 0, fallbacks: [{ fall: ["draw"] }], disable_cooldowns: true },
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
const file = (name = "a.png", type = "image/png") => toFile(PNG, name, { type });
const callId = (response: Response) => response.headers.get("x-litellm-call-id");
const costOf = (response: Response) => Number(response.headers.get("x-litellm-response-cost"));

/** The ledger's row of the call with this id. */
const rowOf = (id: string | null, hash = token) => findRow(gateway, hash, id);

async function events<Event>(stream: AsyncIterable<Event>): Promise<Event[]> {
  const all: Event[] = [];
  for await (const event of stream) all.push(event);
  return all;
}

describe("generations", () => {
  it("OpenAI's answer untouched, tokens and cost on the ledger, by every path", async () => {
    const asked = { model: "draw", prompt: "a red circle", quality: "low", size: "1024x1024" } as const;
    const { data, response } = await client.images
      .generate({ ...asked, user: "me", ...{ metadata: { app: "x" } } })
      .withResponse();
    expect(last().body).not.toHaveProperty("metadata");
    expect(data).toEqual({
      created: 7,
      data: [{ b64_json: BASE64 }],
      usage: USAGE,
      size: "1024x1024",
      quality: "low",
      more: 1,
    });
    expect(last()).toMatchObject({
      path: "/v1/images/generations",
      body: { ...asked, model: "gpt-image-1", user: "me" },
    });
    expect(last().headers["authorization"]).toBe("Bearer sk-upstream");
    expect(costOf(response)).toBeCloseTo(COST, 9);
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({
      call_type: "image_generations",
      status: "success",
      prompt_tokens: 14,
      completion_tokens: 272,
      estimated: false,
    });
    expect(row.spend).toBeCloseTo(COST, 9);
    for (const path of ["/images/generations", "/openai/deployments/draw/images/generations?api-version=2025-04-01"])
      expect((await gateway.call(path, { model: "draw", prompt: "a" })).status, path).toBe(200);
  });

  it("a stream: the upstream's events, its usage and cost", async () => {
    const { data, response } = await client.images
      .generate({ model: "draw", prompt: "a", stream: true, partial_images: 2 })
      .withResponse();
    const got = await events(data);
    expect(got.map(({ type }) => type)).toEqual([
      "image_generation.partial_image",
      "image_generation.partial_image",
      "image_generation.completed",
    ]);
    expect(got.at(-1)).toMatchObject({ b64_json: BASE64, usage: USAGE });
    expect(last().body).toMatchObject({ stream: true, partial_images: 2 });
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({ status: "success", completion_tokens: 272, estimated: false });
    expect(row.spend).toBeCloseTo(COST, 9);
  });

  it("a stream of a provider that has none: the images when they are there", async () => {
    for (const model of ["banana", "grok", "router"]) {
      const stream = await client.images.generate({ model, prompt: "a", n: 2, stream: true, partial_images: 1 });
      const got = await events(stream);
      expect(
        got.map(({ type, b64_json }) => [type, b64_json]),
        model,
      ).toEqual([
        ["image_generation.completed", BASE64],
        ["image_generation.completed", BASE64],
      ]);
      expect(last().body).not.toHaveProperty("stream");
      expect(last().body).not.toHaveProperty("partial_images");
    }
  });

  it("dall-e: priced by size and quality; n where one is made at a time; a price of one's own wins", async () => {
    const hd = await client.images
      .generate({ model: "dall-e-3", prompt: "a", size: "1024x1792", quality: "hd", style: "natural", n: 2 })
      .withResponse();
    expect(hd.data.data).toHaveLength(2);
    expect(last().body).toMatchObject({ model: "dall-e-3", n: 1, style: "natural", quality: "hd" });
    expect(costOf(hd.response)).toBeCloseTo(2 * 1024 * 1792 * 6.539e-8, 9);
    const row = await rowOf(callId(hd.response));
    expect(row.spend).toBeCloseTo(2 * 1024 * 1792 * 6.539e-8, 8);
    const small = await client.images
      .generate({ model: "dall-e-2", prompt: "a", size: "256x256", n: 3 })
      .withResponse();
    expect(costOf(small.response)).toBeCloseTo(3 * 256 * 256 * 2.4414e-7, 9);
    const own = await client.images.generate({ model: "own-price", prompt: "a", quality: "hd" }).withResponse();
    expect(costOf(own.response)).toBeCloseTo(0.5, 9);
  });

  it("links where they are asked for, also of models that give base64 alone", async () => {
    const link = await client.images.generate({ model: "dall-e-3", prompt: "a", response_format: "b64_json" });
    expect(link.data).toEqual([{ b64_json: BASE64 }]);
    const data = await client.images.generate({ model: "draw", prompt: "a", response_format: "url" });
    expect(data.data).toEqual([{ url: DATA_URL }]);
    expect(last().body).not.toHaveProperty("response_format");
    const plain = await client.images.generate({ model: "draw", prompt: "a", response_format: "b64_json" });
    expect(plain.data).toEqual([{ b64_json: BASE64 }]);
  });

  it("xAI: an aspect ratio for a size; a time where it tells none", async () => {
    const answer = await client.images.generate({ model: "grok", prompt: "a", size: "1536x1024", n: 2 });
    expect(last()).toMatchObject({
      path: "/v1/images/generations",
      body: { model: "grok-imagine-image", prompt: "a", aspect_ratio: "3:2", n: 2 },
    });
    expect(last().body).not.toHaveProperty("size");
    expect(answer.created).toBeGreaterThan(1e9);
    expect(
      (await failureOf(client.images.generate({ model: "old-grok", prompt: "a", size: "512x512" }))).message,
    ).toMatch(/xai does not support parameters: \["size"\]/);
  });

  it("Together, Venice, Nebius and Recraft: their own words", async () => {
    await client.images.generate({ model: "flux", prompt: "a", size: "512x256", response_format: "b64_json" });
    expect(last().body).toEqual({
      model: "black-forest-labs/FLUX.1-kontext-pro",
      prompt: "a",
      width: 512,
      height: 256,
      response_format: "base64",
    });
    const before = upstream.received.length;
    const two = await client.images.generate({ model: "venice", prompt: "a", n: 2, quality: "high" });
    expect(two.data).toHaveLength(2);
    expect(upstream.received.length - before).toBe(2);
    await client.images.generate({ model: "nebius", prompt: "a", size: "64x64", output_format: "jpeg" });
    expect(last().body).toEqual({ model: "flux-dev", prompt: "a", width: 64, height: 64, response_extension: "jpg" });
    const { data, response } = await client.images.generate({ model: "recraft", prompt: "a", n: 2 }).withResponse();
    expect(data.data?.[0]?.url).toBe("https://images.test/1.png");
    expect(last().path).toBe("/v1/images/generations");
    expect(costOf(response)).toBeCloseTo(0.08, 9);
  });

  it("Imagen: by predict, priced by the image, what a filter took away is an error", async () => {
    const { data, response } = await client.images
      .generate({ model: "imagen", prompt: "a", n: 6, size: "1792x1024" })
      .withResponse();
    expect(data.data).toHaveLength(6);
    expect(data.data?.[0]?.b64_json).toBe(BASE64);
    const asked = upstream.received.slice(-2);
    expect(asked.map(({ path }) => path)).toEqual(Array(2).fill("/v1beta/models/imagen-4.0-generate-001:predict"));
    expect(asked.map(({ body }) => body["parameters"])).toEqual([
      { sampleCount: 4, aspectRatio: "16:9" },
      { sampleCount: 2, aspectRatio: "16:9" },
    ]);
    expect(costOf(response)).toBeCloseTo(6 * 0.04, 9);
    const failure = await failureOf(client.images.generate({ model: "imagen", prompt: "bad" }));
    expect(failure.status).toBe(400);
    expect(failure.message).toMatch(/ContentPolicyViolationError.*Unable to show/);
  });

  it("Gemini: by generateContent, one at a time, tokens of images priced as such", async () => {
    const { data, response } = await client.images
      .generate({ model: "banana", prompt: "a", n: 2, size: "1024x1536" })
      .withResponse();
    expect(data).toMatchObject({ data: [{ b64_json: BASE64 }, { b64_json: BASE64 }], usage: { output_tokens: 2580 } });
    expect(data.data).toHaveLength(2);
    expect(last()).toMatchObject({
      path: "/v1beta/models/gemini-2.5-flash-image:generateContent",
      body: {
        contents: [{ role: "user", parts: [{ text: "a" }] }],
        generationConfig: { responseModalities: ["IMAGE"], imageConfig: { aspectRatio: "2:3" } },
      },
    });
    expect(costOf(response)).toBeCloseTo(20 * 3e-7 + 2580 * 3e-5, 9);
    await client.images.generate({ model: "banana-pro", prompt: "a", size: "2048x2048" });
    expect(last().body["generationConfig"]).toMatchObject({ imageConfig: { aspectRatio: "1:1", imageSize: "2K" } });
    const refused = await failureOf(client.images.generate({ model: "banana", prompt: "bad" }));
    expect([refused.status, refused.message]).toEqual([400, expect.stringMatching(/ContentPolicy.*IMAGE_SAFETY/)]);
    const said = await failureOf(client.images.generate({ model: "banana", prompt: "talk" }));
    expect(said.message).toMatch(/no images.*I cannot draw/);
  });

  it("OpenRouter: by chat", async () => {
    const { data, response } = await client.images
      .generate({ model: "router", prompt: "a", size: "1024x1024" })
      .withResponse();
    expect(data).toMatchObject({
      created: 7,
      data: [{ b64_json: BASE64 }],
      usage: { input_tokens: 5, output_tokens: 1290 },
    });
    expect(last()).toMatchObject({
      path: "/v1/chat/completions",
      body: {
        model: "google/gemini-2.5-flash-image",
        messages: [{ role: "user", content: "a" }],
        modalities: ["image", "text"],
        image_config: { aspect_ratio: "1:1" },
      },
    });
    expect(costOf(response)).toBeCloseTo(5 * 3e-7 + 1290 * 2.5e-6, 9);
  });

  it("mocks: an address, a list, an answer, an error", async () => {
    expect((await client.images.generate({ model: "mock", prompt: "a", n: 2 })).data).toEqual(
      Array(2).fill({ url: "https://images.test/mock.png" }),
    );
    const mocked = async (mock_response: unknown) =>
      gateway.call("/v1/images/generations", { model: "draw", prompt: "a", mock_response });
    expect(await (await mocked([{ b64_json: "QQ==" }, "https://a.test"])).json()).toMatchObject({
      data: [{ b64_json: "QQ==" }, { url: "https://a.test" }],
    });
    expect(await (await mocked({ data: [{ url: "https://b.test" }], x: 1 })).json()).toMatchObject({ x: 1 });
    expect((await mocked("litellm.RateLimitError")).status).toBe(429);
    expect((await mocked(5)).status).toBe(400);
  });

  it.each([
    ["no prompt", { model: "draw" }, 400, /'prompt'/],
    ["no model", { prompt: "a" }, 400, /'model'/],
    ["a size that is none", { model: "draw", prompt: "a", size: "large" }, 400, /'size'.*WIDTHxHEIGHT/],
    ["a size the provider refuses", { model: "draw", prompt: "a", size: "3x3" }, 400, /Invalid size '3x3'/],
    ["no pixels for Together", { model: "flux", prompt: "a", size: "16:9" }, 400, /'size'.*pixels/],
    ["no images at all", { model: "draw", prompt: "a", n: 0 }, 400, /'n'/],
    ["half an image", { model: "draw", prompt: "a", n: 1.5 }, 400, /'n'/],
    ["a style for gpt-image", { model: "draw", prompt: "a", style: "vivid" }, 400, /\["style"\]/],
    ["a provider that does not draw", { model: "claude", prompt: "a" }, 400, /does not do image_generations/],
    ["more parts than may be", { model: "banana", prompt: "a", n: 21 }, 400, /too many/],
    ["the upstream is down", { model: "down", prompt: "a" }, 503, /down/],
    ["the upstream's limit", { model: "limited", prompt: "a" }, 429, /Rate limit/],
    ["no JSON", { model: "garbage", prompt: "a" }, 500, /not JSON/],
    ["no images in the answer", { model: "empty", prompt: "a" }, 500, /no images/],
    ["a connection that breaks", { model: "reset", prompt: "a" }, 500, /connection/i],
  ])("%s", async (_, body, status, message) => {
    const response = await gateway.call("/v1/images/generations", body);
    const { error } = (await response.json()) as { error: { message: string; code: string } };
    expect([response.status, error.message]).toEqual([status, expect.stringMatching(message)]);
    expect(error.code).toBe(String(status));
  });

  it("images that were made before another failed are paid for", async () => {
    const whole = await gateway.call("/v1/images/generations", { model: "banana", prompt: "a" });
    const one = await recordOf(gateway, whole.headers.get("x-litellm-call-id"));
    const broken = await gateway.call("/v1/images/generations", { model: "banana", prompt: "half", n: 3 });
    expect(broken.status).toBe(400);
    const record = await recordOf(gateway, broken.headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({ outcome: "failure", status: 400 });
    expect(one["cost"]).toBeGreaterThan(0);
    expect(record["cost"]).toBe(2 * Number(one["cost"]));
  });

  it("a form is no request for a generation", async () => {
    const form = new FormData();
    form.set("prompt", "a");
    const response = await fetch(`${gateway.url}/v1/images/generations`, {
      method: "POST",
      headers: { authorization: `Bearer ${client.apiKey}` },
      body: form,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/JSON object/) } });
  });

  it("retries, falls back, and keeps to a key's models", async () => {
    const retried = await client.images.generate({ model: "flaky", prompt: "a" }).withResponse();
    expect(retried.response.headers.get("x-litellm-attempted-retries")).toBe("1");
    const fallen = await client.images.generate({ model: "fall", prompt: "a" }).withResponse();
    expect(fallen.response.headers.get("x-litellm-attempted-fallbacks")).toBe("1");
    const clear = { model: "fall", prompt: "a", fallbacks: [{ model: "draw", background: "transparent" }] };
    expect((await gateway.call("/v1/images/generations", clear)).status).toBe(200);
    expect(upstream.received.at(-1)?.body).toMatchObject({ background: "transparent" });
    expect(fallen.response.headers.get("x-litellm-model-group")).toBe("draw");
    const streamed = await client.images.generate({ model: "fall", prompt: "a", stream: true });
    expect((await events(streamed)).map(({ type }) => type)).toEqual(["image_generation.completed"]);
    const { key } = (await (await gateway.call("/key/generate", { models: ["grok"] })).json()) as { key: string };
    const refused = await failureOf(sdkFor(gateway, key).images.generate({ model: "draw", prompt: "a" }));
    expect(refused.status).toBe(403);
  });
});

describe("streams that do not end well", () => {
  it.each([
    ["an error of the upstream's", "fails", /Image generation failed/],
    ["a connection that breaks", "cut", /connection|broke off/i],
    ["an end before the image", "ends", /broke off/],
  ])("%s: an event of the stream, and a row", async (_, model, message) => {
    const asked = client.images.generate({ model, prompt: "a", stream: true, partial_images: 1 });
    const { data, response } = await asked.withResponse();
    const got: unknown[] = [];
    const failure = await failureOf(
      (async () => {
        for await (const event of data) got.push(event);
      })(),
    );
    expect(got).toHaveLength(1);
    expect(failure.message).toMatch(message);
    expect(await rowOf(callId(response))).toMatchObject({ status: "failure" });
  });

  it("before the first image it is an ordinary error", async () => {
    const failure = await failureOf(client.images.generate({ model: "fails", prompt: "a", stream: true }));
    expect(failure.status).toBe(500);
    expect(failure.message).toMatch(/Image generation failed/);
  });

  it("a client that leaves stops the upstream, and pays for what was begun", async () => {
    const { data, response } = await client.images
      .generate({ model: "goes-on", prompt: "a", stream: true, partial_images: 1 })
      .withResponse();
    for await (const event of data) if (event.type.endsWith("partial_image")) break;
    await until(() => last().aborted, 10_000);
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({ estimated: true });
    expect(row.spend).toBeCloseTo(0.25, 9);
  });
});

describe("edits", () => {
  it("several images and a mask, as the form they came in", async () => {
    const image = [await file("one.png"), await file("two.webp", "image/webp")];
    const { data, response } = await client.images
      .edit({ model: "draw", prompt: "a hat", image, mask: await file("mask.png"), n: 2, quality: "low" })
      .withResponse();
    expect(data.data).toHaveLength(2);
    const { path, body, headers } = last();
    expect(path).toBe("/v1/images/edits");
    expect(headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    const files = body["image[]"] as File[];
    expect(files.map(({ name, type }) => [name, type])).toEqual([
      ["one.png", "image/png"],
      ["two.webp", "image/webp"],
    ]);
    expect(Buffer.from(await files[0]!.arrayBuffer())).toEqual(PNG);
    expect((body["mask"] as File).name).toBe("mask.png");
    expect(body).toMatchObject({ model: "gpt-image-1", prompt: "a hat", n: "2", quality: "low" });
    expect(await rowOf(callId(response))).toMatchObject({ call_type: "image_edits", status: "success" });
    for (const path of ["/images/edits", "/openai/deployments/draw/images/edits"]) {
      const form = new FormData();
      form.set("model", "draw");
      form.set("prompt", "a");
      form.set("image", await file());
      const headers = { authorization: `Bearer ${client.apiKey}` };
      expect((await fetch(`${gateway.url}${path}`, { method: "POST", headers, body: form })).status, path).toBe(200);
      expect(last().body["image"]).toBeInstanceOf(File);
    }
  });

  it("a stream", async () => {
    const stream = await client.images.edit({
      model: "draw",
      prompt: "a",
      image: await file(),
      stream: true,
      partial_images: 1,
    });
    expect((await events(stream)).map(({ type }) => type)).toEqual([
      "image_edit.partial_image",
      "image_edit.completed",
    ]);
    expect(last().body).toMatchObject({ stream: "true", partial_images: "1" });
  });

  it("references in JSON, as OpenAI takes them; with a file beside they become files", async () => {
    const images = [{ image_url: DATA_URL }, { file_id: "file-1" }];
    const response = await gateway.call("/v1/images/edits", { model: "draw", prompt: "a", images, mask: images[0] });
    expect(response.status).toBe(200);
    expect(last().body).toEqual({ model: "gpt-image-1", prompt: "a", images, mask: images[0] });
    const form = new FormData();
    form.set("model", "draw");
    form.set("prompt", "a");
    form.append("image[]", await file());
    form.append("image[]", DATA_URL);
    const headers = { authorization: `Bearer ${client.apiKey}` };
    expect((await fetch(`${gateway.url}/v1/images/edits`, { method: "POST", headers, body: form })).status).toBe(200);
    expect((last().body["image[]"] as File[]).map(({ size, type }) => [size, type])).toEqual(
      Array(2).fill([PNG.length, "image/png"]),
    );
  });

  it("Gemini: the images beside the prompt", async () => {
    const edited = await client.images.edit({ model: "banana", prompt: "a hat", image: [await file(), await file()] });
    expect(edited.data?.[0]?.b64_json).toBe(BASE64);
    const inlineData = { mimeType: "image/png", data: BASE64 };
    expect(last().body["contents"]).toEqual([
      { role: "user", parts: [{ text: "a hat" }, { inlineData }, { inlineData }] },
    ]);
  });

  it("xAI, Together, OpenRouter: data URLs in JSON", async () => {
    const image = await file("a", "application/octet-stream");
    await client.images.edit({ model: "grok", prompt: "a", image, mask: await file() });
    expect(last()).toMatchObject({
      path: "/v1/images/edits",
      body: { image: { url: DATA_URL }, mask: { url: DATA_URL }, model: "grok-imagine-image" },
    });
    await client.images.edit({ model: "grok", prompt: "a", image: [image, image] });
    expect(last().body).toMatchObject({ images: [{ url: DATA_URL }, { url: DATA_URL }] });
    await client.images.edit({ model: "flux", prompt: "a", image });
    expect(last()).toMatchObject({ path: "/v1/images/generations", body: { image_url: DATA_URL } });
    await client.images.edit({ model: "router", prompt: "a", image });
    expect(last().body["messages"]).toEqual([
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: DATA_URL } },
          { type: "text", text: "a" },
        ],
      },
    ]);
  });

  it("Recraft: its own endpoint and strength", async () => {
    await client.images.edit({ model: "recraft", prompt: "a", image: await file() });
    expect(last()).toMatchObject({ path: "/v1/images/imageToImage", body: { strength: "0.2", prompt: "a" } });
    expect(last().body["image"]).toBeInstanceOf(File);
  });

  it.each([
    ["no image", { model: "draw", prompt: "a" }, /'image'.*required/],
    ["no prompt", { model: "draw", image: DATA_URL }, /'prompt'/],
    ["an empty list", { model: "draw", prompt: "a", images: [] }, /'images'.*an image/],
    ["what is no image", { model: "draw", prompt: "a", image: "cat" }, /'image'/],
    ["a reference to nothing", { model: "draw", prompt: "a", images: [{}] }, /'images\[0\]'|'images'/],
    ["an id where no files are kept", { model: "grok", prompt: "a", images: [{ file_id: "f" }] }, /keeps no files/],
    ["a link for a form", { model: "recraft", prompt: "a", image: "https://a.test/1.png" }, /files or data URLs/],
    ["bad base64", { model: "recraft", prompt: "a", image: "data:image/png;base64,%%" }, /base64/],
    ["a mask Gemini lacks", { model: "banana", prompt: "a", image: DATA_URL, mask: DATA_URL }, /\["mask"\]/],
    ["a model that does not edit", { model: "imagen", prompt: "a", image: DATA_URL }, /does not do image_edits/],
  ])("400: %s", async (_, body, message) => {
    const response = await gateway.call("/v1/images/edits", body);
    const { error } = (await response.json()) as { error: { message: string } };
    expect([response.status, error.message]).toEqual([400, expect.stringMatching(message)]);
  });

  it.each([
    [
      "no image",
      toFile(Buffer.from("text"), "a.txt", { type: "text/plain" }),
      /'image'.*must be an image, not text\/plain/,
    ],
    ["an empty file", toFile(Buffer.from(""), "a.png", { type: "image/png" }), /'image'.*empty/],
  ])("400: a file that is %s", async (_, upload, message) => {
    const failure = await failureOf(client.images.edit({ model: "draw", prompt: "a", image: await upload }));
    expect([failure.status, failure.message]).toEqual([400, expect.stringMatching(message)]);
  });

  it("400: a field that is no number, and text in an image's place", async () => {
    const form = new FormData();
    form.set("model", "draw");
    form.set("prompt", "a");
    form.set("image", await file());
    form.set("n", "two");
    const headers = { authorization: `Bearer ${client.apiKey}` };
    const response = await fetch(`${gateway.url}/v1/images/edits`, { method: "POST", headers, body: form });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: "n", type: "invalid_request_error" } });
  });
});

describe("variations", () => {
  it("by OpenAI's form, priced by the image", async () => {
    const { data, response } = await client.images
      .createVariation({ model: "dall-e-2", image: await file(), n: 2, size: "512x512", response_format: "b64_json" })
      .withResponse();
    expect(data.data).toEqual(Array(2).fill({ b64_json: BASE64 }));
    expect(last()).toMatchObject({
      path: "/v1/images/variations",
      body: { model: "dall-e-2", n: "2", size: "512x512", response_format: "b64_json" },
    });
    expect(costOf(response)).toBeCloseTo(2 * 512 * 512 * 6.86e-8, 9);
    expect(await rowOf(callId(response))).toMatchObject({ call_type: "image_variations" });
  });

  it("Recraft's; none of those who have none", async () => {
    await client.images.createVariation({ model: "recraft", image: await file(), size: "1024x1024" });
    expect(last().path).toBe("/v1/images/variateImage");
    const failure = await failureOf(client.images.createVariation({ model: "banana", image: await file() }));
    expect(failure.message).toMatch(/does not do image_variations/);
  });
});

describe("budgets", () => {
  const keyWith = async (max_budget: number) => {
    const made = await gateway.call("/key/generate", { max_budget });
    const { key } = (await made.json()) as { key: string };
    return sdkFor(gateway, key);
  };

  it.each([
    ["tokens: what the largest image takes", { model: "draw", quality: "high", size: "1536x1024" }, 0.2, 0.3],
    ["tokens: less for a small one", { model: "draw", quality: "low", size: "1024x1024" }, 0.01, 0.02],
    ["images: the price of this size and quality", { model: "dall-e-3", quality: "hd", size: "1024x1792" }, 0.11, 0.13],
    ["images: each of them", { model: "imagen", n: 3 }, 0.11, 0.13],
  ] as const)("%s is refused before anything is sent", async (_, asked, small, large) => {
    const before = upstream.received.length;
    const poor = await failureOf((await keyWith(small)).images.generate({ ...asked, prompt: "a" }));
    expect(poor.type).toBe("budget_exceeded");
    expect(upstream.received.length).toBe(before);
    const { data } = await (await keyWith(large)).images.generate({ ...asked, prompt: "a" });
    expect(data?.length).toBeGreaterThan(0);
  });
});

/** Health checks at the running gateway, with upstreams that answer, fail, hang and give themselves away. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream, until } from "./upstream.ts";

const KEY = "sk-upstream-key-that-nobody-may-see";
const HEADER = "tenant-secret-in-a-header";

interface Health {
  healthy_endpoints: Record<string, unknown>[];
  unhealthy_endpoints: Record<string, unknown>[];
  unchecked_endpoints?: Record<string, unknown>[];
  healthy_count: number;
  unhealthy_count: number;
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let running = 0;
let mostRunning = 0;
/** Models the upstream refuses. */
const down = new Set(["down"]);

beforeAll(async () => {
  upstream = await startUpstream(async (request, response) => {
    const model = String(request.body["model"]);
    if (model === "hang") return;
    running += 1;
    mostRunning = Math.max(mostRunning, running);
    await new Promise((next) => setTimeout(next, 20));
    running -= 1;
    if (down.has(model))
      json(response, 500, {
        error: { message: `no: ${request.headers.authorization} ${request.headers["x-tenant"]}` },
      });
    else if (request.path.endsWith("/images/generations"))
      json(response, 200, { created: 1, data: [{ url: "https://images.test/1.png" }] });
    else if (request.path.endsWith("/audio/speech")) {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      response.end("spoken");
    } else if (request.path.endsWith("/audio/transcriptions")) json(response, 200, { text: "" });
    else json(response, 200, whole("openai", "ok"), { "x-ratelimit-remaining-requests": "41" });
  });
});
afterAll(() => upstream?.close());

function deployment(name: string, model: string, params: object = {}, info: object = {}) {
  const base = `${upstream.url.replace("//", "//user:password-in-url@")}/v1`;
  return {
    model_name: name,
    litellm_params: { model, api_base: base, api_key: KEY, extra_headers: { "x-tenant": HEADER }, ...params },
    model_info: { id: name, ...info },
  };
}

async function health(gateway: TestGateway, query = ""): Promise<Health> {
  return (await (await gateway.call(`/health${query}`)).json()) as Health;
}

const ids = (endpoints: Record<string, unknown>[] | undefined) => endpoints?.map(({ model_id }) => model_id);

describe("on demand", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({
      model_list: [
        deployment("up", "openai/gpt-4o-mini", { rpm: 100, max_tokens: 4000, stream: true }),
        deployment("down", "openai/down"),
        deployment("slow", "openai/hang", {}, { health_check_timeout: 0.2 }),
        deployment("any/*", "openai/*", {}, { health_check_model: "openai/gpt-4o" }),
        deployment("other/*", "openai/*"),
        deployment("vectors", "openai/text-embedding-3-small"),
        deployment("pictures", "openai/something-new", {}, { mode: "image_generation" }),
        deployment("no-pictures", "anthropic/claude-sonnet-4-5", {}, { mode: "image_generation" }),
        deployment("speaks", "openai/tts-1", {}, { health_check_voice: "nova" }),
        deployment("listens", "openai/whisper-1"),
        { model_name: "mock", litellm_params: { model: "openai/x", mock_response: "Hi" }, model_info: { id: "mock" } },
      ],
      general_settings: { health_check_concurrency: 2 },
    });
  });
  afterAll(() => gateway?.stop());

  it("asks every deployment, in LiteLLM's fields, a few at a time", async () => {
    const found = await health(gateway);
    expect(ids(found.healthy_endpoints)).toEqual(["up", "any/*", "pictures", "speaks", "listens", "mock"]);
    expect(ids(found.unhealthy_endpoints)).toEqual(["down", "slow"]);
    expect(ids(found.unchecked_endpoints)).toEqual(["other/*", "vectors", "no-pictures"]);
    expect(found).toMatchObject({ healthy_count: 6, unhealthy_count: 2 });
    const asked = (path: string) => upstream.received.find((request) => request.path.endsWith(path))?.body;
    expect(asked("/audio/speech")).toEqual({ model: "tts-1", input: "test", voice: "nova" });
    expect(asked("/audio/transcriptions")).toMatchObject({ model: "whisper-1", file: { size: 32_044 } });
    expect(upstream.received.find(({ path }) => path.endsWith("/images/generations"))?.body).toEqual({
      model: "something-new",
      prompt: "A black dot",
      stream: false,
    });
    expect(found.healthy_endpoints[0]).toEqual({
      model: "openai/gpt-4o-mini",
      api_base: `${upstream.url}/v1`,
      rpm: 100,
      model_id: "up",
      model_name: "up",
      mode: "chat",
      "x-ratelimit-remaining-requests": "41",
    });
    expect(found.unhealthy_endpoints[0]).toMatchObject({
      exception_status: 500,
      error: expect.stringContaining("no:"),
    });
    expect(found.unhealthy_endpoints[1]).toMatchObject({ exception_status: 408 });
    expect(upstream.received.map(({ body }) => body["model"])).toEqual(
      expect.arrayContaining(["gpt-4o-mini", "down", "hang", "gpt-4o"]),
    );
    expect(upstream.received.find(({ body }) => body["model"] === "gpt-4o-mini")?.body).toMatchObject({
      stream: false,
      max_tokens: 16,
    });
    expect(mostRunning).toBeLessThanOrEqual(2);
  });

  it("shows no credential, whatever the upstream repeats", async () => {
    for (const path of ["/health", "/health/latest", "/health/history", "/model/info", "/v2/model/info"]) {
      const text = await (await gateway.call(path)).text();
      expect(text).not.toContain(KEY);
      expect(text).not.toContain(HEADER);
      expect(text).not.toContain("password-in-url");
    }
  });

  it("asks one model or one deployment: 503 where it is down, 404 where there is none", async () => {
    const cases = [
      ["?model=up", 200],
      ["?model=openai/gpt-4o-mini", 200],
      ["?model=any/gpt-5", 200],
      ["?model=down", 503],
      ["?model=vectors", 200],
      ["?model=nothing", 404],
      ["?model_id=up", 200],
      ["?model_id=down", 503],
      ["?model_id=nothing", 404],
    ] as const;
    for (const [query, status] of cases)
      expect([query, (await gateway.call(`/health${query}`)).status]).toEqual([query, status]);
    expect(ids((await health(gateway, "?model=any/gpt-5")).healthy_endpoints)).toEqual(["any/*"]);
    expect(upstream.received.at(-1)?.body["model"]).toBe("gpt-4o");
    const { error } = (await (await gateway.call("/health?model_id=nothing")).json()) as { error: { message: string } };
    expect(error.message).toBe("Model with ID nothing not found");
  });

  it("remembers what it found", async () => {
    const latest = (await (await gateway.call("/health/latest")).json()) as {
      latest_health_checks: Record<string, unknown>;
      total_models: number;
    };
    expect(latest.total_models).toBe(11);
    expect(latest.latest_health_checks["down"]).toMatchObject({
      model_name: "down",
      model_id: "down",
      status: "unhealthy",
      healthy_count: 0,
      unhealthy_count: 1,
      checked_at: expect.stringMatching(/^20.*Z$/),
    });
    const history = (await (await gateway.call("/health/history?model=up&limit=1")).json()) as object;
    expect(history).toMatchObject({
      health_checks: [{ model_id: "up", status: "healthy" }],
      total_records: 1,
      limit: 1,
    });
    expect((await gateway.call("/health/history?limit=0")).status).toBe(400);
  });

  it("leaves no record: a check is no call", () => expect(gateway.records()).toEqual([]));

  it("tells readiness, and more to whoever has a key", async () => {
    expect(await (await fetch(`${gateway.url}/health/readiness`)).json()).toEqual({
      status: "healthy",
      db: "connected",
    });
    expect((await fetch(`${gateway.url}/health/readiness/details`)).status).toBe(401);
    expect(await (await gateway.call("/health/readiness/details")).json()).toMatchObject({
      status: "healthy",
      litellm_version: expect.any(String),
      success_callbacks: [],
    });
  });
});

describe("in the background", () => {
  let gateway: TestGateway;
  const asked = () => upstream.received.filter(({ path }) => path.startsWith("/v1")).length;
  beforeAll(async () => {
    gateway = await startGateway({
      model_list: [
        deployment("one", "openai/one"),
        deployment("left-out", "openai/left-out", {}, { disable_background_health_check: true }),
      ],
      general_settings: { background_health_checks: true, health_check_interval: 1, health_check_details: false },
      router_settings: { num_retries: 0 },
    });
  });
  afterAll(() => gateway?.stop());

  it("serves what it found, and looks again when that is old: a call is enough", async () => {
    expect(ids((await health(gateway)).healthy_endpoints)).toEqual(["one"]);
    await until(() => running === 0);
    const before = asked();
    expect((await health(gateway, "?model=one")).healthy_endpoints).toEqual([{ model: "openai/one", model_id: "one" }]);
    expect(asked()).toBe(before);

    down.add("one");
    await new Promise((next) => setTimeout(next, 1100));
    await gateway.call("/v1/chat/completions", { model: "one", messages: [{ role: "user", content: "Hi" }] });
    await until(() => asked() >= before + 2);
    const status = async () => (await gateway.call("/health?model=one")).status;
    for (let i = 0; i < 50 && (await status()) !== 503; i++) await new Promise((next) => setTimeout(next, 20));
    expect(await status()).toBe(503);
    expect(upstream.received.some(({ body }) => body["model"] === "left-out")).toBe(false);
  });
});

describe("enable_health_check_routing", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    down.add("bad");
    gateway = await startGateway({
      model_list: [
        { ...deployment("pair", "openai/bad"), model_info: { id: "bad" } },
        { ...deployment("pair", "openai/good"), model_info: { id: "good" } },
        { ...deployment("alone", "openai/bad"), model_info: { id: "bad-alone" } },
      ],
      general_settings: { background_health_checks: true },
      router_settings: { enable_health_check_routing: true, num_retries: 0, disable_cooldowns: true },
    });
  });
  afterAll(() => gateway?.stop());

  it("passes over what failed its check, while there are others", async () => {
    await health(gateway);
    await until(() => upstream.received.filter(({ body }) => body["model"] === "bad").length >= 2);
    const ask = async (model: string) =>
      (await gateway.call("/v1/chat/completions", { model, messages: [{ role: "user", content: "Hi" }] })).status;
    for (let i = 0; i < 20; i++) expect(await ask("pair")).toBe(200);
    expect(await ask("alone")).toBe(500);
    down.delete("bad");
    expect(await ask("alone")).toBe(200);
  });
});

/** Anthropic's Messages API, by the `@anthropic-ai/sdk` package and by bytes, against the running gateway. */
import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { answerAll, CLAUDE_CODE, CLAUDE_CODE_HEADERS, EVENTS, MESSAGE } from "./messages-upstream.ts";
import { recordOf } from "./sdk.ts";
import { startUpstream, until } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: Anthropic;

const prices = { input_cost_per_token: 0.000_003, output_cost_per_token: 0.000_015 };
const cached = { cache_read_input_token_cost: 0.000_000_3, cache_creation_input_token_cost: 0.000_003_75 };

beforeAll(async () => {
  upstream = await startUpstream(answerAll);
  const model = (name: string, litellm: string, extra: object = {}) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-upstream", api_base: upstream.url, ...extra },
  });
  gateway = await startGateway({
    model_list: [
      model("claude", "anthropic/claude-sonnet-4-5", { ...prices, ...cached }),
      model("gpt", "openai/gpt-5", prices),
      model("gpt-4o", "openai/gpt-4o"),
      model("gemini", "gemini/gemini-2.5-flash", prices),
      ...["overloaded", "limited", "invalid", "unpaid", "large", "broken", "fails-midway", "endless"].map((name) =>
        model(name, `anthropic/${name}`, prices),
      ),
      model("falls-back", "anthropic/overloaded"),
      model("down", "openai/down"),
      model("defaults", "anthropic/claude-sonnet-4-5", { temperature: 0.5, reasoning_effort: "low", stop: "END" }),
    ],
    router_settings: { num_retries: 0, disable_cooldowns: true, fallbacks: [{ "falls-back": ["gpt"] }] },
    general_settings: { max_request_size_mb: 1 },
  });
  client = sdk(MASTER_KEY);
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const sdk = (apiKey: string) => new Anthropic({ baseURL: gateway.url, apiKey, maxRetries: 0, logLevel: "off" });
const last = () => upstream.received.at(-1)!;
const hi = { max_tokens: 100, messages: [{ role: "user" as const, content: "Hi" }] };

async function failureOf(promise: Promise<unknown>) {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Anthropic.APIError);
  return failure as InstanceType<typeof Anthropic.APIError>; // just checked
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  gateway.call(path, body, { "anthropic-version": "2023-06-01", ...headers });

describe("to Anthropic", () => {
  it("the body goes up as it is but for the model, and the answer comes back by the byte", async () => {
    const body = { unknown: { a: [1] }, ...CLAUDE_CODE, stream: false };
    const response = await post("/v1/messages?beta=true", body, CLAUDE_CODE_HEADERS);
    expect(await response.text()).toBe(JSON.stringify(MESSAGE, null, 1));
    expect(JSON.stringify(last().body)).toBe(JSON.stringify({ ...body, model: "claude-sonnet-4-5" }));
    expect(last().path).toBe("/v1/messages");
    expect(last().headers).toMatchObject({
      "x-api-key": "sk-upstream",
      "anthropic-version": "2023-06-01",
      "anthropic-beta": CLAUDE_CODE_HEADERS["anthropic-beta"],
    });
    expect(last().headers["authorization"]).toBeUndefined();
  });

  it("a stream comes back by the byte, is counted and paid for with what was cached", async () => {
    const response = await post("/anthropic/v1/messages", CLAUDE_CODE, CLAUDE_CODE_HEADERS);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(await response.text()).toBe(EVENTS.join(""));
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({
      operation: "messages",
      outcome: "success",
      stream: true,
      estimated: false,
      usage: { prompt_tokens: 4200, completion_tokens: 500 },
      // 1000 × 3 + 200 × 3.75 + 3000 × 0.3 + 500 × 15 millionths of a dollar
      cost: (3000 + 750 + 900 + 7500) * 1000,
    });
  });

  it("the SDK: create, the stream helper, betas", async () => {
    const message = await client.messages.create({ model: "claude", ...hi });
    expect(message.content).toEqual(MESSAGE.content);
    const stream = client.messages.stream({ model: "claude", ...hi });
    const texts: string[] = [];
    stream.on("text", (text) => texts.push(text));
    expect((await stream.finalMessage()).content).toMatchObject(MESSAGE.content);
    expect(texts).toEqual(["Hello"]);
    const betas = ["context-1m-2025-08-07", "files-api-2025-04-14"];
    await client.beta.messages.create({ model: "claude", ...hi, betas });
    expect(last().headers["anthropic-beta"]).toBe(betas.join(","));
    expect(last().body).not.toHaveProperty("betas");
  });

  it("the admin's defaults are said in Anthropic's words", async () => {
    await client.messages.create({ model: "defaults", ...hi });
    expect(last().body).toEqual({ temperature: 0.5, stop_sequences: ["END"], model: "claude-sonnet-4-5", ...hi });
  });

  it.each([
    ["overloaded", 529, "overloaded_error", "Overloaded"],
    ["limited", 429, "rate_limit_error", "This request would exceed your rate limit"],
    ["invalid", 400, "invalid_request_error", "max_tokens: must be greater than thinking.budget_tokens"],
    ["unpaid", 402, "billing_error", "Your credit balance is too low"],
    ["large", 413, "request_too_large", "Request exceeds the maximum size"],
    ["broken", 500, "api_error", "Internal server error"],
  ])("%s: %i %s in Anthropic's own words", async (model, status, type, message) => {
    const response = await post("/v1/messages", { model, ...hi });
    expect(await response.json()).toEqual({ type: "error", error: { type, message }, request_id: "req_01" });
    expect([response.status, response.headers.get("retry-after")]).toEqual([status, "3"]);
  });

  it("an error within a stream is an event of it", async () => {
    const stream = client.messages.stream({ model: "fails-midway", ...hi });
    const failure = await failureOf(stream.finalMessage());
    expect(failure.error).toMatchObject({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
    const find = () => gateway.records().findLast(({ modelGroup }) => modelGroup === "fails-midway");
    await until(() => find() !== undefined);
    // What went in was told at the beginning, with what was cached; what came out is counted.
    expect(find()).toMatchObject({
      outcome: "failure",
      estimated: true,
      usage: { prompt_tokens: 4200, prompt_tokens_details: { cached_tokens: 3000, cache_creation_tokens: 200 } },
    });
  });

  it("a client that leaves stops the upstream, and pays for what it got", async () => {
    const stream = client.messages.stream({ model: "endless", ...hi });
    stream.on("error", () => {});
    stream.on("abort", () => {});
    await new Promise<void>((done) => stream.on("text", () => done()));
    const asked = last();
    stream.abort();
    await until(() => asked.aborted);
    await until(() =>
      gateway.records().some(({ outcome, modelGroup }) => outcome === "aborted" && modelGroup === "endless"),
    );
    expect(gateway.records().findLast(({ modelGroup }) => modelGroup === "endless")).toMatchObject({ estimated: true });
  });
});

describe("to others", () => {
  it("OpenAI: a whole answer", async () => {
    const { data, response } = await client.messages.create({ model: "gpt", ...hi, system: "S" }).withResponse();
    expect(last().path).toBe("/chat/completions");
    expect(last().body).toEqual({
      model: "gpt-5",
      messages: [{ role: "system", content: "S" }, ...hi.messages],
      max_completion_tokens: 100,
    });
    expect(last().headers["anthropic-version"]).toBeUndefined();
    expect(data).toEqual({
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "gpt-5",
      content: [
        { type: "text", text: "Both." },
        { type: "tool_use", id: "call_a", name: "read", input: { path: "a" } },
        { type: "tool_use", id: "call_b", name: "write", input: {} },
      ],
      stop_reason: "tool_use",
      stop_sequence: null,
      usage: {
        input_tokens: 60,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 40,
        output_tokens: 20,
        output_tokens_details: { thinking_tokens: 5 },
      },
    });
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({ usage: { prompt_tokens: 100, completion_tokens: 20 }, estimated: false });
    expect(record["cost"]).toBeGreaterThan(0);
  });

  it("OpenAI: a stream of parallel calls whose pieces come mixed", async () => {
    const stream = client.messages.stream({ model: "gpt", ...hi });
    const types: string[] = [];
    stream.on("streamEvent", ({ type }) => types.push(type));
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([
      { type: "text", text: "Both." },
      { type: "tool_use", id: "call_a", name: "read", input: { path: "a" } },
      { type: "tool_use", id: "call_b", name: "write", input: {} },
    ]);
    expect(message).toMatchObject({ stop_reason: "tool_use", usage: { input_tokens: 60, output_tokens: 20 } });
    expect(types.filter((type) => type === "content_block_start")).toHaveLength(3);
    expect([types[0], types.at(-2), types.at(-1)]).toEqual(["message_start", "message_delta", "message_stop"]);
  });

  it("each event has its name, and the stream ends with message_stop", async () => {
    const text = await (await post("/v1/messages", { model: "gpt", ...hi, stream: true })).text();
    const events = text.trimEnd().split("\n\n");
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      expect(JSON.parse(data ?? "")).toMatchObject({ type: name });
    }
    expect(text.endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n')).toBe(true);
  });

  it("Gemini: thinking, and signatures that come back with the next turn", async () => {
    const stream = client.messages.stream({
      model: "gemini",
      ...hi,
      thinking: { type: "enabled", budget_tokens: 1024 },
      max_tokens: 2000,
    });
    const message = await stream.finalMessage();
    expect(last().body["generationConfig"]).toMatchObject({ thinkingConfig: { thinkingBudget: 1024 } });
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "Hm." },
      { type: "text", text: "Hello" },
      { type: "tool_use", name: "read", input: { path: "a" } },
    ]);
    expect(message.usage).toMatchObject({ input_tokens: 100, output_tokens: 20 });
    const whole = await client.messages.create({ model: "gemini", ...hi });
    expect(whole.content.map(({ type }) => type)).toEqual(["thinking", "text", "tool_use"]);
    const id = message.content.find((block) => block.type === "tool_use")?.id ?? "";
    const messages: Anthropic.MessageParam[] = [
      ...hi.messages,
      { role: "assistant", content: message.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "1" }] },
    ];
    await client.messages.create({ model: "gemini", max_tokens: 100, messages });
    expect(JSON.stringify(last().body)).toContain('"thoughtSignature":"c2ln"');
    await client.messages.create({ model: "claude", max_tokens: 100, messages });
    expect(last().body["messages"]).toMatchObject([{}, { content: [{ type: "text" }, { type: "tool_use" }] }, {}]);
  });

  it.each(["gpt", "gpt-4o", "gemini", "claude"])("Claude Code works with %s", async (model) => {
    const response = await post("/v1/messages?beta=true", { ...CLAUDE_CODE, model }, CLAUDE_CODE_HEADERS);
    const text = await response.text();
    expect([response.status, text.includes("event: error")]).toEqual([200, false]);
    expect(text).toContain('"stop_reason":"tool_use"');
    expect(text).toContain("event: message_stop");
    if (model === "claude") return;
    const sent = JSON.stringify(last().body);
    for (const foreign of [
      "context_management",
      "billing-header",
      "cache_control",
      "metadata",
      "is_error",
      "eager_input",
    ])
      expect(sent).not.toContain(foreign);
    expect(last().headers["anthropic-beta"]).toBeUndefined();
  });

  it("an upstream that fails is told in Anthropic's format, and one that is overloaded is passed over", async () => {
    const failure = await failureOf(client.messages.create({ model: "down", ...hi }));
    expect(failure).toMatchObject({ status: 503, error: { type: "error", error: { type: "api_error" } } });
    expect(failure.message).toContain("down");
    expect((await client.messages.create({ model: "falls-back", ...hi })).model).toBe("gpt-5");
  });

  it("a search nobody can make is refused, and sent nowhere", async () => {
    const before = upstream.received.length;
    const tools: Anthropic.ToolUnion[] = [{ type: "web_search_20250305", name: "web_search" }];
    const failure = await failureOf(client.messages.create({ model: "gpt-4o", ...hi, tools }));
    expect(failure).toMatchObject({ status: 400, error: { error: { type: "invalid_request_error" } } });
    expect(failure.message).toContain("web_search_20250305");
    expect(upstream.received).toHaveLength(before);
  });
});

describe("tokens", () => {
  const counted = { messages: hi.messages, system: "You are helpful." };

  it("are counted by Anthropic, and here for others; neither costs a thing", async () => {
    const native = await client.messages.countTokens({ model: "claude", ...counted }).withResponse();
    expect(native.data).toEqual({ input_tokens: 4242 });
    expect(last()).toMatchObject({
      path: "/v1/messages/count_tokens",
      body: { model: "claude-sonnet-4-5", ...counted },
    });
    const before = upstream.received.length;
    const here = await client.beta.messages.countTokens({
      model: "gpt",
      ...counted,
      tools: structuredClone(CLAUDE_CODE.tools) as unknown as Anthropic.Tool[],
    });
    expect(here.input_tokens).toBeGreaterThan(20);
    expect(upstream.received).toHaveLength(before);
    const record = await recordOf(gateway, native.response.headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({ operation: "count_tokens", cost: 0, usage: { total_tokens: 0 } });
  });

  it("of a model the key may not use are not counted", async () => {
    const made = (await (await gateway.call("/key/generate", { models: ["gpt"] })).json()) as { key: string };
    const failure = await failureOf(sdk(made.key).messages.countTokens({ model: "claude", ...counted }));
    expect([failure.status, failure.type]).toEqual([
      failure.status,
      failure.status === 403 ? "permission_error" : "authentication_error",
    ]);
    expect(await sdk(made.key).messages.countTokens({ model: "gpt", ...counted })).toHaveProperty("input_tokens");
  });

  it("errors have Anthropic's format", async () => {
    const failure = await failureOf(client.messages.countTokens({ model: "overloaded", ...counted }));
    expect([failure.status, failure.type]).toEqual([529, "overloaded_error"]);
    const response = await post("/anthropic/v1/messages/count_tokens", { model: "gpt" });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { type: "error", error: { type: "invalid_request_error" } },
    ]);
  });
});

describe("what a client does wrong", () => {
  it.each([
    ["no max_tokens", { model: "claude", messages: hi.messages }, /max_tokens.*required/i],
    ["no messages", { model: "claude", max_tokens: 1 }, /messages.*required/i],
    ["no message", { model: "claude", max_tokens: 1, messages: [] }, /messages/],
    ["messages that are no list", { model: "claude", max_tokens: 1, messages: "Hi" }, /messages/],
    [
      "a role nobody has",
      { ...hi, model: "claude", messages: [{ role: "robot", content: "" }] },
      /messages\[0\]\.role/,
    ],
    ["a block without a type", { ...hi, model: "claude", messages: [{ role: "user", content: [{}] }] }, /type/],
    ["max_tokens as a text", { ...hi, model: "claude", max_tokens: "9" }, /max_tokens/],
    ["no model", hi, /model/],
    ["a body that is no object", [], /object/],
    ["a host of its own", { ...hi, model: "claude", api_base: "https://evil.example" }, /api_base/],
  ])("%s is a 400 that says so", async (_, body, message) => {
    const before = upstream.received.length;
    const response = await post("/v1/messages", body);
    const answer = (await response.json()) as { error: { message: string } };
    expect([response.status, answer]).toMatchObject([400, { type: "error", error: { type: "invalid_request_error" } }]);
    expect(answer.error.message).toMatch(message);
    expect(upstream.received).toHaveLength(before);
  });

  it("a body that is no JSON, and one that is too large", async () => {
    const response = await post("/v1/messages", "{");
    expect([response.status, await response.json()]).toMatchObject([400, { type: "error" }]);
    const large = { ...hi, model: "claude", messages: [{ role: "user" as const, content: "x".repeat(1_200_000) }] };
    expect(await failureOf(client.messages.create(large))).toMatchObject({ status: 413, type: "request_too_large" });
  });

  it("keys: none, a wrong one, one that may not, one without money; either header", async () => {
    expect(await failureOf(sdk("sk-wrong-key-0123456789").messages.create({ model: "claude", ...hi }))).toMatchObject({
      status: 401,
      type: "authentication_error",
    });
    const none = await fetch(`${gateway.url}/v1/messages`, { method: "POST", body: "{}" });
    expect([none.status, await none.json()]).toMatchObject([401, { type: "error" }]);
    const bearer = new Anthropic({ baseURL: gateway.url, authToken: MASTER_KEY, apiKey: null, maxRetries: 0 });
    expect((await bearer.messages.create({ model: "claude", ...hi })).id).toBe("msg_01");
    const key = async (body: object) =>
      ((await (await gateway.call("/key/generate", body)).json()) as { key: string }).key;
    const denied = await failureOf(sdk(await key({ models: ["gpt"] })).messages.create({ model: "claude", ...hi }));
    expect([401, 403]).toContain(denied.status);
    expect(["authentication_error", "permission_error"]).toContain(denied.type);
    const poor = await failureOf(
      sdk(await key({ max_budget: 0.000_000_1 })).messages.create({ model: "claude", ...hi }),
    );
    expect([poor.status, poor.type]).toEqual([422, "billing_error"]);
    const slow = sdk(await key({ rpm_limit: 1 }));
    await slow.messages.create({ model: "claude", ...hi });
    expect(await failureOf(slow.messages.create({ model: "claude", ...hi }))).toMatchObject({
      status: 429,
      type: "rate_limit_error",
    });
  });

  it("a model that is not there", async () => {
    const failure = await failureOf(client.messages.create({ model: "nobody", ...hi }));
    expect([400, 404]).toContain(failure.status);
    expect(["invalid_request_error", "not_found_error"]).toContain(failure.type);
  });
});

describe("beside", () => {
  it("models in Anthropic's shape, in pages, for its clients", async () => {
    const ids: string[] = [];
    for await (const { id, type } of client.models.list({ limit: 4 })) {
      ids.push(id);
      expect(type).toBe("model");
    }
    expect(ids).toContain("claude");
    expect(new Set(ids).size).toBe(ids.length);
    expect(await client.models.retrieve("claude")).toMatchObject({
      id: "claude",
      type: "model",
      display_name: "claude",
    });
    const openai = (await (await gateway.call("/v1/models")).json()) as { object: string };
    expect(openai.object).toBe("list");
  });

  it("Claude Code's probe and its telemetry", async () => {
    expect((await fetch(gateway.url, { method: "HEAD" })).status).toBe(200);
    expect((await post("/api/event_logging/batch", { events: [] })).status).toBe(200);
  });

  it("mocks: a text, a message, an error", async () => {
    const mock = async (mock_response: unknown, more: object = {}) =>
      (await post("/v1/messages", { model: "claude", ...hi, mock_response, ...more })).text();
    expect(JSON.parse(await mock("Mocked"))).toMatchObject({ content: [{ type: "text", text: "Mocked" }] });
    expect(JSON.parse(await mock(MESSAGE))).toEqual(MESSAGE);
    expect(JSON.parse(await mock("litellm.RateLimitError"))).toMatchObject({ error: { type: "rate_limit_error" } });
    expect(await mock("Mocked", { stream: true })).toContain('"text_delta","text":"Mocked"');
  });

  it("a repeat with the same key is the same stream", async () => {
    const ask = () => post("/v1/messages", { model: "gpt", ...hi, stream: true }, { "idempotency-key": "same-stream" });
    const first = await (await ask()).text();
    const before = upstream.received.length;
    expect(await (await ask()).text()).toBe(first);
    expect(upstream.received).toHaveLength(before);
  });
});

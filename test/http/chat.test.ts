/** The `openai` package, unmodified, against the running gateway, with an upstream whose answers the test decides. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const MESSAGES = [{ role: "user" as const, content: "Hi" }];
const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

function chunk(delta: object, finish_reason: string | null = null) {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-4o-mini",
    choices: [{ index: 0, delta, finish_reason }],
  };
}
const TEXT_CHUNKS = [
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "Hel" }),
  chunk({ content: "lo 😀" }),
  chunk({}, "stop"),
];
const USAGE_CHUNK = { ...chunk({}), choices: [], usage: USAGE };

function event(data: unknown): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

/** Behaviours of the upstream, by the model asked for. */
const behaviours: Record<string, (request: Received, response: import("node:http").ServerResponse) => void> = {
  "gpt-4o-mini"(request, response) {
    if (!request.body["stream"])
      return json(
        response,
        200,
        {
          id: "chatcmpl-1",
          object: "chat.completion",
          created: 1,
          model: "gpt-4o-mini-2024-07-18",
          choices: [
            { index: 0, message: { role: "assistant", content: "Hello", new_field: 1 }, finish_reason: "stop" },
          ],
          usage: USAGE,
          unknown_field: { kept: true },
        },
        { "x-ratelimit-remaining-requests": "41", "x-request-id": "req_1" },
      );
    response.writeHead(200, { "content-type": "text/event-stream" });
    const options = request.body["stream_options"] as { include_usage?: boolean } | undefined;
    for (const data of TEXT_CHUNKS) response.write(event(options?.include_usage ? { ...data, usage: null } : data));
    if (options?.include_usage) response.write(event(USAGE_CHUNK));
    response.end(event("[DONE]"));
  },
  /** The bytes that bring the first content end within the next event. */
  halves(_, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const text = [...TEXT_CHUNKS, USAGE_CHUNK, "[DONE]"].map(event).join("");
    const cut = text.indexOf("lo 😀");
    response.write(text.slice(0, cut));
    setTimeout(() => response.end(text.slice(cut)), 50);
  },
  drip(_, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const data of TEXT_CHUNKS.slice(0, 3)) response.write(event(data));
    const timer = setInterval(() => response.write(event(chunk({ content: "more " }))), 100);
    response.on("close", () => clearInterval(timer));
  },
  "cut-off"(_, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const data of TEXT_CHUNKS.slice(0, 3)) response.write(event(data));
    setTimeout(() => response.end(), 50);
  },
  reset(_, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const data of TEXT_CHUNKS.slice(0, 3)) response.write(event(data));
    setTimeout(() => response.destroy(), 50);
  },
  "error-first"(_, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event(TEXT_CHUNKS[0]));
    response.end(event({ error: { message: "The server is overloaded", type: "server_error", code: 503 } }));
  },
  "error-later"(_, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const data of TEXT_CHUNKS.slice(0, 2)) response.write(event(data));
    response.end(event({ error: { message: "The server had an error", type: "server_error" } }));
  },
  "bad-request": (_, response) =>
    json(response, 400, {
      error: {
        message: "Invalid 'temperature'",
        type: "invalid_request_error",
        param: "temperature",
        code: "invalid_value",
      },
    }),
  unauthorized: (_, response) =>
    json(response, 401, {
      error: { message: "Incorrect API key provided: bad", type: "invalid_request_error", code: "invalid_api_key" },
    }),
  "rate-limit": (_, response) =>
    json(response, 429, { error: { message: "Rate limit reached", type: "requests" } }, { "retry-after": "1" }),
  "too-long": (_, response) =>
    json(response, 400, {
      error: {
        message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    }),
  "not-json"(_, response) {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html>welcome</html>");
  },
  hang() {},
};

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream((request, response) =>
    behaviours[String(request.body["model"]).replace(/-(true|false)$/, "")]?.(request, response),
  );
  gateway = await startGateway(
    {
      model_list: [
        {
          model_name: "gpt",
          litellm_params: {
            model: "openai/gpt-4o-mini",
            api_base: `${upstream.url}/v1`,
            api_key: "os.environ/UPSTREAM_KEY",
          },
        },
        {
          model_name: "slow",
          litellm_params: { model: "openai/hang", api_base: `${upstream.url}/v1`, api_key: "k", timeout: 0.3 },
        },
        { model_name: "up/*", litellm_params: { model: "openai/*", api_base: `${upstream.url}/v1`, api_key: "k" } },
        { model_name: "demo", litellm_params: { model: "openai/demo", mock_response: "Hello from the gateway" } },
        { model_name: "gone", litellm_params: { model: "openai/x", api_base: "http://127.0.0.1:9/v1", api_key: "k" } },
      ],
      router_settings: { model_group_alias: { assistant: "gpt" } },
    },
    { UPSTREAM_KEY: "upstream-secret" },
  );
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: MASTER_KEY, maxRetries: 0 });
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function collect(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const chunks = [];
  for await (const part of stream) chunks.push(part);
  return chunks;
}
const textOf = (chunks: OpenAI.ChatCompletionChunk[]) =>
  chunks.map((part) => part.choices[0]?.delta.content ?? "").join("");

describe("chat", () => {
  it("answers, with unknown fields of the upstream kept", async () => {
    const { data, response } = await client.chat.completions
      .create({ model: "gpt", messages: MESSAGES })
      .withResponse();
    expect(data).toMatchObject({
      choices: [{ message: { content: "Hello", new_field: 1 } }],
      usage: USAGE,
      unknown_field: { kept: true },
    });
    const sent = upstream.received.at(-1);
    expect(sent).toMatchObject({ path: "/v1/chat/completions", body: { model: "gpt-4o-mini", messages: MESSAGES } });
    expect(sent?.headers.authorization).toBe("Bearer upstream-secret");
    expect(response.headers.get("x-litellm-model-group")).toBe("gpt");
    expect(response.headers.get("llm_provider-x-request-id")).toBe("req_1");
    expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("41");
    // gpt-4o-mini: $0.15 and $0.60 for a million tokens
    expect(Number(response.headers.get("x-litellm-response-cost"))).toBeCloseTo(5 * 0.15e-6 + 2 * 0.6e-6, 12);
    expect(response.headers.get("x-litellm-call-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("knows aliases and every path", async () => {
    const bodies = [
      ["/chat/completions", { model: "assistant" }],
      ["/engines/gpt/chat/completions", {}],
      ["/openai/deployments/gpt/chat/completions?api-version=2024-10-21", {}],
    ] as const;
    for (const [path, body] of bodies) {
      const response = await gateway.call(path, { messages: MESSAGES, ...body });
      expect([path, response.status]).toEqual([path, 200]);
    }
  });

  it.each([true, false])("streams; usage is shown when asked for: %s", async (include_usage) => {
    const { data: stream, response } = await client.chat.completions
      .create({
        model: "gpt",
        messages: MESSAGES,
        stream: true,
        ...(include_usage ? { stream_options: { include_usage } } : {}),
      })
      .withResponse();
    const chunks = await collect(stream);
    expect(textOf(chunks)).toBe("Hello 😀");
    expect(chunks.filter((part) => part.usage)).toHaveLength(include_usage ? 1 : 0);
    expect(chunks.filter((part) => part.choices[0]?.finish_reason)).toHaveLength(1);
    const id = response.headers.get("x-litellm-call-id");
    const record = () => gateway.records().find((call) => call["id"] === id);
    await until(() => record() !== undefined);
    expect(record()).toMatchObject({ outcome: "success", usage: USAGE, estimated: false, cost: 5 * 150 + 2 * 600 });
  });

  it("passes a stream's bytes untouched where the client speaks the upstream's format", async () => {
    const response = await gateway.call("/v1/chat/completions", {
      model: "gpt",
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    });
    const expected = [...TEXT_CHUNKS.map((data) => ({ ...data, usage: null })), USAGE_CHUNK, "[DONE]"]
      .map(event)
      .join("");
    expect(await response.text()).toBe(expected);
  });

  it.each([true, false])(
    "stops the upstream when the client leaves, and settles (usage shown: %s)",
    async (include_usage) => {
      const model = `up/drip-${include_usage}`;
      const stream = await client.chat.completions.create({
        model,
        messages: MESSAGES,
        stream: true,
        stream_options: { include_usage },
      });
      const seen = upstream.received.find(({ body }) => body["model"] === `drip-${include_usage}`);
      for await (const part of stream) if (part.choices[0]?.delta.content?.startsWith("lo")) break;
      await until(() => seen?.aborted === true);
      const record = () => gateway.records().find(({ modelGroup }) => modelGroup === model);
      await until(() => record() !== undefined);
      expect(record()).toMatchObject({ outcome: "aborted", estimated: true });
      expect((record()!["usage"] as { completion_tokens: number }).completion_tokens).toBeGreaterThan(0);
    },
  );

  it.each(["cut-off", "reset"])("ends a stream that breaks off (%s) with an error the client sees", async (model) => {
    for (const include_usage of [true, false]) {
      const stream = await client.chat.completions.create({
        model: `up/${model}`,
        messages: MESSAGES,
        stream: true,
        stream_options: { include_usage },
      });
      await expect(collect(stream)).rejects.toThrow(/APIConnectionError/);
    }
  });

  it("answers an error before the first content of a 200 stream with its own status", async () => {
    const failing = client.chat.completions.create({ model: "up/error-first", messages: MESSAGES, stream: true });
    await expect(failing).rejects.toMatchObject({ status: 503, message: expect.stringContaining("overloaded") });
  });

  it("gives an error after it as an event", async () => {
    for (const include_usage of [true, false]) {
      const stream = await client.chat.completions.create({
        model: "up/error-later",
        messages: MESSAGES,
        stream: true,
        stream_options: { include_usage },
      });
      await expect(collect(stream)).rejects.toThrow(/had an error/);
    }
  });

  it("answers from the gateway itself, streaming and not", async () => {
    const whole = await client.chat.completions.create({ model: "demo", messages: MESSAGES });
    expect(whole.choices[0]?.message.content).toBe("Hello from the gateway");
    expect(whole.usage?.total_tokens).toBeGreaterThan(0);
    const chunks = await collect(
      await client.chat.completions.create({ model: "demo", messages: MESSAGES, stream: true }),
    );
    expect(textOf(chunks)).toBe("Hello from the gateway");
  });
});

describe("errors are the classes of the client", () => {
  const call = (model: string, extra: object = {}) =>
    client.chat.completions.create({ model, messages: MESSAGES, ...extra });

  it("bad request, with the provider's words", async () => {
    const error = await call("up/bad-request").catch((caught) => caught);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ param: "temperature", code: "400", type: "invalid_request_error" });
    expect(error.message).toContain("litellm.BadRequestError: OpenAIException - Invalid 'temperature'");
  });
  it("authentication", () => expect(call("up/unauthorized")).rejects.toBeInstanceOf(OpenAI.AuthenticationError));
  it("rate limit, with retry-after", async () => {
    const error = await call("up/rate-limit").catch((caught) => caught);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error.headers.get("retry-after")).toBe("1");
  });
  it("context window", () => expect(call("up/too-long")).rejects.toThrow(/ContextWindowExceededError/));
  it("unknown model", async () => {
    const error = await call("nothing").catch((caught) => caught);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.message).toContain("Invalid model name passed in model=nothing");
  });
  it("timeout", () => expect(call("slow")).rejects.toMatchObject({ status: 408 }));
  it("an upstream that is not there", () => expect(call("gone")).rejects.toBeInstanceOf(OpenAI.InternalServerError));
  it("an upstream that answers a page", () =>
    expect(call("up/not-json")).rejects.toThrow(/something that is not JSON: <html>welcome/));
  it("a wrong key", async () => {
    const other = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "sk-wrong-key-123456789", maxRetries: 0 });
    const error = await other.chat.completions.create({ model: "gpt", messages: MESSAGES }).catch((caught) => caught);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error.message).not.toContain("wrong-key-12345");
  });
});

describe("bad input", () => {
  const bodies: [string, unknown, number, string | null][] = [
    ["no JSON", "{nope", 400, null],
    ["no object", "[1]", 400, null],
    ["nothing", "", 400, null],
    ["no messages", { model: "gpt" }, 400, "messages"],
    ["empty messages", { model: "gpt", messages: [] }, 400, "messages"],
    ["messages of the wrong type", { model: "gpt", messages: "hi" }, 400, "messages"],
    ["a role nobody has", { model: "gpt", messages: [{ role: "boss", content: "x" }] }, 400, "messages[0].role"],
    [
      "a part without its text",
      { model: "gpt", messages: [{ role: "user", content: [{ type: "text" }] }] },
      400,
      "messages[0].content[0].text",
    ],
    ["a number for the model", { model: 4, messages: MESSAGES }, 400, "model"],
    ["an empty model", { model: "", messages: MESSAGES }, 400, "model"],
    ["a temperature in words", { model: "gpt", messages: MESSAGES, temperature: "hot" }, 400, "temperature"],
    [
      "an upstream of the client's choice",
      { model: "gpt", messages: MESSAGES, api_base: "http://169.254.169.254" },
      400,
      "api_base",
    ],
    [
      "the same within extra_body",
      { model: "gpt", messages: MESSAGES, extra_body: { api_base: "http://169.254.169.254" } },
      400,
      "api_base",
    ],
    [
      "a header that authenticates",
      { model: "gpt", messages: MESSAGES, extra_headers: { Authorization: "x" } },
      400,
      "extra_headers.Authorization",
    ],
  ];
  it.each(bodies)("%s", async (_, body, status, param) => {
    const response = await gateway.call("/v1/chat/completions", body);
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { message: string; param: string | null; code: string } };
    expect(error.param).toBe(param);
    expect(error.code).toBe(String(status));
  });

  it("a body of 30 MB", async () => {
    const response = await gateway.call("/v1/chat/completions", {
      model: "gpt",
      messages: [{ role: "user", content: "x".repeat(30e6) }],
    });
    expect(response.status).toBe(413);
    expect(await response.text()).toContain("max_request_size_mb");
  });

  it("a call id and model that headers cannot carry", async () => {
    const response = await gateway.call(
      "/v1/chat/completions",
      { model: "模型\n\r", messages: MESSAGES },
      { "x-litellm-call-id": "a b;<script>" },
    );
    expect(response.status).toBe(400);
    expect(response.headers.get("x-litellm-call-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("no key, on every route that wants one", async () => {
    const { routes } = (await (await fetch(`${gateway.url}/routes`)).json()) as {
      routes: { path: string; methods: string[] }[];
    };
    const open = new Set([
      "/public/litellm_model_cost_map",
      "/public/providers",
      "/openapi.json",
      "/docs",
      "/",
      "/routes",
      "/health/liveliness",
      "/health/liveness",
      "/health/readiness",
    ]);
    for (const { path, methods } of routes) {
      const url = `${gateway.url}${path.replace(/\{\w+\}/g, "x")}`;
      const response = await fetch(url, { method: methods[0] ?? "GET" });
      expect([path, response.status]).toEqual([path, open.has(path) ? 200 : 401]);
    }
  });

  it.each(["authorization", "x-api-key", "api-key", "x-litellm-api-key", "x-goog-api-key"])(
    "the key comes as %s",
    async (name) => {
      const response = await fetch(`${gateway.url}/v1/models`, {
        headers: { [name]: name === "authorization" ? `Bearer ${MASTER_KEY}` : MASTER_KEY },
      });
      expect(response.status).toBe(200);
    },
  );
});

describe("models and health", () => {
  it("lists models", async () => {
    const { data } = await client.models.list();
    const names = data.map(({ id }) => id);
    expect(names).toEqual(expect.arrayContaining(["gpt", "slow", "demo", "assistant", "up/gpt-4o-mini"]));
    expect(await client.models.retrieve("gpt")).toMatchObject({ id: "gpt", object: "model" });
    await expect(client.models.retrieve("nothing")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
  it("says it lives", async () => {
    expect(await (await fetch(`${gateway.url}/health/liveliness`)).json()).toBe("I'm alive!");
    expect(await (await fetch(`${gateway.url}/health/readiness`)).json()).toMatchObject({ status: "healthy" });
  });
  it("asks deployments for /health and shows no secret", async () => {
    const response = await gateway.call("/health?model=gpt");
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ healthy_count: 1, unhealthy_count: 0 });
    expect(text).not.toContain("upstream-secret");
  });
});

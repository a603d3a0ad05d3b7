/** Google's API as clients of Gemini's speak it, against the running gateway. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { events, sse, whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const CONTENTS = [{ role: "user", parts: [{ text: "Hi" }] }];
const QUOTA = {
  code: 429,
  message: "Quota exceeded",
  status: "RESOURCE_EXHAUSTED",
  details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" }],
};
const STREAM = sse(events("gemini", "Hel", "lo"), "\r\n");

function google({ path, body }: Received, response: ServerResponse) {
  const model = /models\/([^:]+):/.exec(path)?.[1];
  if (model === "quota") return json(response, 429, { error: QUOTA });
  if (model === "down") return json(response, 503, { error: { code: 503, message: "down", status: "UNAVAILABLE" } });
  if (model === "reset") return response.destroy();
  if (model === "garbage") return response.writeHead(200, { "content-type": "application/json" }).end("<html>");
  if (path.includes(":countTokens")) return json(response, 200, { totalTokens: 12, novel: 1 });
  if (path.includes(":batchEmbedContents"))
    return json(response, 200, { embeddings: (body["requests"] as unknown[]).map((_, at) => ({ values: [at, 0.5] })) });
  if (path.includes(":embedContent")) return json(response, 200, { embedding: { values: [1, 2] } });
  if (!path.includes(":streamGenerateContent")) return json(response, 200, { ...whole("gemini", "Hello"), novel: 1 });
  response.writeHead(200, { "content-type": "text/event-stream" });
  const [first = ""] = STREAM.split("\r\n\r\n");
  if (model === "cut") return response.end(`${first}\r\n\r\n`);
  if (model === "slow") {
    const drip = setInterval(() => response.write(`${first}\r\n\r\n`), 20);
    return response.on("close", () => clearInterval(drip));
  }
  if (model === "fails")
    return response.end(
      `${first}\r\n\r\ndata: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\r\n\r\n`,
    );
  response.end(STREAM);
}

function openai({ path, body }: Received, response: ServerResponse) {
  const model = String(body["model"]);
  if (path.endsWith("/embeddings")) {
    const data = [body["input"]].flat().map((_, index) => ({ object: "embedding", index, embedding: [index, 0.5] }));
    return json(response, 200, { object: "list", data, model, usage: { prompt_tokens: 8, total_tokens: 8 } });
  }
  if (model === "bad")
    return json(response, 400, {
      error: { message: "no such thing", type: "invalid_request_error", param: "tools", code: null },
    });
  if (body["stream"] !== true) return json(response, 200, whole("openai", "Hello"));
  response.writeHead(200, { "content-type": "text/event-stream" });
  const all = events("openai", "Hel", "lo");
  response.end(sse(model === "cut" ? all.slice(0, 2) : all));
}

function anthropic({ body }: Received, response: ServerResponse) {
  if (body["stream"] === true) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    return response.end(sse(events("anthropic", "Hel", "lo")));
  }
  if (body["tools"] === undefined) return json(response, 200, whole("anthropic", "Hello"));
  const content = [
    { type: "thinking", thinking: "hm", signature: "EqQB+/8=" },
    { type: "tool_use", id: "toolu_1", name: "look", input: { at: "sky" } },
  ];
  json(response, 200, { ...whole("anthropic", ""), content, stop_reason: "tool_use" });
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let key: string;
let token: string;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    if (request.path.startsWith("/v1beta/")) google(request, response);
    else if (request.path.endsWith("/messages")) anthropic(request, response);
    else openai(request, response);
  });
  const price = { input_cost_per_token: 0.000_001, output_cost_per_token: 0.000_002 };
  const model = (model_name: string, model: string, extra: object = {}) => ({
    model_name,
    litellm_params: { model, api_key: "k-upstream", api_base: upstream.url, ...extra },
  });
  const compatible = { api_base: `${upstream.url}/v1` };
  gateway = await startGateway({
    model_list: [
      model("flash", "gemini/gemini-2.5-flash", { ...price, temperature: 0.3 }),
      ...["quota", "down", "reset", "garbage", "cut", "slow", "fails"].map((name) =>
        model(name, `gemini/${name}`, price),
      ),
      model("with-fallback", "gemini/down"),
      model("gpt", "openai/gpt-4o-mini", compatible),
      model("bad", "openai/bad", compatible),
      model("cut-gpt", "openai/cut", { ...compatible, ...price }),
      model("anthropic/claude", "anthropic/claude-sonnet-4-5"),
      model("gem-emb", "gemini/gemini-embedding-001"),
      model("emb", "openai/text-embedding-3-small", compatible),
    ],
    router_settings: { num_retries: 0, fallbacks: [{ "with-fallback": ["gpt"] }], disable_cooldowns: true },
  });
  ({ key, token } = (await (await gateway.call("/key/generate", {})).json()) as { key: string; token: string });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const last = () => upstream.received.at(-1)!;

/** As Google's clients send it: the key in their own header. */
function post(
  path: string,
  body: unknown = { contents: CONTENTS },
  headers: Record<string, string> = { "x-goog-api-key": key },
) {
  return fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

const generate = (model: string, body?: unknown) => post(`/v1beta/models/${model}:generateContent`, body);
const stream = (model: string, body?: unknown) => post(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, body);

interface Answer {
  candidates: { content: { parts: { text?: string }[] }; finishReason?: string }[];
  usageMetadata?: { totalTokenCount: number };
}
interface Failure {
  error: { code: number; message: string; status: string; details?: unknown[] };
}
const answerOf = async (response: Response) => (await response.json()) as Answer;
const failureOf = async (response: Response) => ((await response.json()) as Failure).error;
const textOf = (answers: Answer[]) =>
  answers.map(({ candidates }) => candidates[0]?.content.parts.map(({ text }) => text).join("") ?? "").join("");
const eventsOf = (text: string) =>
  [...text.matchAll(/^data: (.*?)\r?$/gm)].map(([, data]) => JSON.parse(data ?? "") as Answer & Partial<Failure>);

async function rowOf(response: Response): Promise<Record<string, unknown>> {
  const id = response.headers.get("x-litellm-call-id");
  for (let waited = 0; waited < 100; waited++) {
    const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as Record<string, unknown>[];
    const row = rows.find(({ request_id }) => request_id === id);
    if (row !== undefined) return row;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`no row of ${id}`);
}

describe("a model of Google's", () => {
  it("gets the client's body and gives its own bytes back; the row has tokens and cost", async () => {
    const body = {
      contents: CONTENTS,
      system_instruction: { role: "user", parts: [{ text: "s" }] },
      novel: { a_b: 1 },
    };
    const response = await generate("flash", body);
    expect(await response.text()).toBe(JSON.stringify({ ...whole("gemini", "Hello"), novel: 1 }));
    expect(last().path).toBe("/v1beta/models/gemini-2.5-flash:generateContent");
    expect(last().headers["x-goog-api-key"]).toBe("k-upstream");
    expect(last().body).toEqual({ ...body, generationConfig: { temperature: 0.3 } });
    expect(await rowOf(response)).toMatchObject({
      call_type: "generate_content",
      prompt_tokens: 11,
      completion_tokens: 7,
      spend: 0.000_025,
      status: "success",
    });
  });

  it("streams its own bytes", async () => {
    const response = await stream("flash");
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(await response.text()).toBe(STREAM);
    expect(await rowOf(response)).toMatchObject({ prompt_tokens: 11, completion_tokens: 7, spend: 0.000_025 });
  });

  it("streams a JSON array without alt=sse", async () => {
    const response = await post("/v1beta/models/flash:streamGenerateContent");
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toEqual(eventsOf(STREAM));
  });

  it("counts tokens, and embeds, in its own words", async () => {
    expect(await (await post("/v1beta/models/flash:countTokens")).json()).toEqual({ totalTokens: 12, novel: 1 });
    expect(last().body).toEqual({ contents: CONTENTS });
    const one = await post("/v1beta/models/gem-emb:embedContent", {
      content: CONTENTS[0],
      taskType: "RETRIEVAL_QUERY",
    });
    expect(await one.json()).toEqual({ embedding: { values: [1, 2] } });
    expect(last().body).toEqual({
      content: CONTENTS[0],
      taskType: "RETRIEVAL_QUERY",
      model: "models/gemini-embedding-001",
    });
  });

  it("embeds more contents than Google takes at once", async () => {
    const before = upstream.received.length;
    const requests = Array.from({ length: 150 }, () => ({ model: "models/gem-emb", content: CONTENTS[0] }));
    const response = await post("/v1beta/models/gem-emb:batchEmbedContents", { requests });
    expect(((await response.json()) as { embeddings: unknown[] }).embeddings).toHaveLength(150);
    expect(upstream.received.length - before).toBe(2);
  });
});

describe("a model of others", () => {
  it.each(["gpt", "anthropic/claude"])("%s answers in Google's format, whole and streamed", async (model) => {
    const answer = await answerOf(await generate(model));
    expect(answer).toMatchObject({
      candidates: [{ content: { role: "model", parts: [{ text: "Hello" }] }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 },
    });
    const response = await stream(model);
    const responses = eventsOf(await response.text());
    expect(textOf(responses)).toBe("Hello");
    expect(responses.at(-1)).toMatchObject({
      candidates: [{ finishReason: "STOP" }],
      usageMetadata: { totalTokenCount: 18 },
    });
    expect(await rowOf(response)).toMatchObject({ prompt_tokens: 11, completion_tokens: 7, status: "success" });
    const array = (await (await post(`/models/${model}:streamGenerateContent`)).json()) as Answer[];
    expect(textOf(array)).toBe("Hello");
  });

  it("Claude's thinking comes back to it with the result of its call", async () => {
    const body = {
      contents: CONTENTS,
      tools: [{ functionDeclarations: [{ name: "look", parametersJsonSchema: { type: "object", properties: {} } }] }],
      generationConfig: { thinkingConfig: { thinkingBudget: 2048 }, temperature: 0, topK: 64, seed: 1 },
    };
    const { candidates } = await answerOf(await generate("anthropic/claude", body));
    const result = { functionResponse: { id: "toolu_1", name: "look", response: { output: "blue" } } };
    const contents = [...CONTENTS, candidates[0]?.content, { role: "user", parts: [result] }];
    expect((await generate("anthropic/claude", { ...body, contents })).status).toBe(200);
    expect(last().body["messages"]).toEqual([
      { role: "user", content: [{ type: "text", text: "Hi" }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "EqQB+/8=" },
          { type: "tool_use", id: "toolu_1", name: "look", input: { at: "sky" } },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "blue" }] },
    ]);
    expect(last().body["thinking"]).toEqual({ type: "enabled", budget_tokens: 2048 });
  });

  it("two turns of the user in a row, and an instruction of any role", async () => {
    const contents = [CONTENTS[0], { role: "user", parts: [{ text: "there" }] }];
    const body = { contents, systemInstruction: { role: "user", parts: [{ text: "Be brief." }] } };
    expect((await generate("anthropic/claude", body)).status).toBe(200);
    expect(last().body).toMatchObject({
      system: [{ type: "text", text: "Be brief." }],
      messages: [{ role: "user", content: [{ text: "Hi" }, { text: "there" }] }],
    });
  });

  it("counts tokens here, and asks nobody", async () => {
    const before = upstream.received.length;
    const count = async (body: object) =>
      ((await (await post("/v1beta/models/gpt:countTokens", body)).json()) as { totalTokens: number }).totalTokens;
    const bare = await count({ contents: CONTENTS });
    expect(bare).toBeGreaterThan(0);
    const systemInstruction = { parts: [{ text: "Answer as a pirate would." }] };
    expect(
      await count({ generateContentRequest: { model: "models/gpt", contents: CONTENTS, systemInstruction } }),
    ).toBeGreaterThan(bare);
    expect(upstream.received).toHaveLength(before);
  });

  it("embeds, one and many", async () => {
    const one = await post("/v1beta/models/emb:embedContent", { content: CONTENTS[0], outputDimensionality: 2 });
    expect(await one.json()).toMatchObject({ embedding: { values: [0, 0.5] }, usageMetadata: { promptTokenCount: 8 } });
    expect(last().body).toMatchObject({ input: ["Hi"], dimensions: 2 });
    const requests = [{ content: CONTENTS[0] }, { content: { parts: [{ text: "a" }, { text: "b" }] } }];
    const many = await post("/v1beta/models/emb:batchEmbedContents", { requests });
    expect(((await many.json()) as { embeddings: unknown }).embeddings).toEqual([
      { values: [0, 0.5] },
      { values: [1, 0.5] },
    ]);
    expect(last().body["input"]).toEqual(["Hi", "a\nb"]);
    expect(await rowOf(many)).toMatchObject({ call_type: "embed_content", prompt_tokens: 8 });
  });
});

describe("paths and keys", () => {
  it.each([
    "/v1beta/models/gpt:generateContent",
    "/v1beta/models/models/gpt:generateContent",
    "/models/gpt:generateContent",
    "/v1/models/gpt:generateContent",
    "/gemini/v1beta/models/gpt:generateContent",
    "/v1beta/models/anthropic/claude:generateContent",
    "/v1beta/models/anthropic%2Fclaude:generateContent",
  ])("%s", async (path) => {
    expect(textOf([await answerOf(await post(path))])).toBe("Hello");
  });

  it("takes the key of the query, and sends it nowhere", async () => {
    const response = await post(`/v1beta/models/flash:generateContent?key=${key}`, undefined, {});
    expect(response.status).toBe(200);
    expect(JSON.stringify([last().path, last().headers, last().body])).not.toContain(key);
    expect(JSON.stringify(gateway.records())).not.toContain(key);
    const passed = await post(`/gemini/v1beta/models/unheard-of:generateContent?key=${key}`, undefined, {});
    expect((await failureOf(passed)).message).toContain("unheard-of"); // it was let in
    const elsewhere = await post(`/v1/chat/completions?key=${key}`, { model: "gpt", messages: [] }, {});
    expect(elsewhere.status).toBe(401);
  });

  it.each([{}, { "x-goog-api-key": "sk-wrong-0123456789" }] as Record<string, string>[])(
    "refuses %j in Google's words",
    async (headers) => {
      const response = await post("/v1beta/models/gpt:generateContent", undefined, headers);
      expect(response.status).toBe(401);
      expect(await failureOf(response)).toMatchObject({ code: 401, status: "UNAUTHENTICATED" });
    },
  );

  it("leaves what is not of this API alone", async () => {
    expect(await (await gateway.call("/v1/models")).json()).toHaveProperty("object", "list");
    expect(await (await gateway.call("/v1/models/gpt")).json()).toHaveProperty("object", "model");
    const response = await post("/v1beta/models/gpt:paint");
    expect(response.status).toBe(404);
    expect(await failureOf(response)).toMatchObject({ status: "NOT_FOUND" });
  });

  it.each(["/v1beta/cachedContents", "/upload/v1beta/files"])(
    "says in Google's format that there is no %s",
    async (path) => {
      const response = await post(path);
      expect(response.status).toBe(404);
      expect(await failureOf(response)).toMatchObject({ code: 404, status: "NOT_FOUND" });
    },
  );
});

describe("models", () => {
  const list = async (query: string) => {
    const response = await fetch(`${gateway.url}/v1beta/models${query}`, { headers: { "x-goog-api-key": key } });
    return (await response.json()) as { models: { name: string }[]; nextPageToken?: string } & Failure;
  };

  it("lists them in pages", async () => {
    const all = (await list("")).models;
    expect(all.find(({ name }) => name === "models/gpt")).toEqual({
      name: "models/gpt",
      version: "",
      displayName: "gpt",
      inputTokenLimit: 128_000,
      outputTokenLimit: 16_384,
      supportedGenerationMethods: ["generateContent", "streamGenerateContent", "countTokens"],
    });
    const names: string[] = [];
    let page = await list("?pageSize=4");
    for (;;) {
      names.push(...page.models.map(({ name }) => name));
      if (page.nextPageToken === undefined) break;
      page = await list(`?pageSize=4&pageToken=${encodeURIComponent(page.nextPageToken)}`);
    }
    expect(names).toEqual(all.map(({ name }) => name));
    expect((await list("?pageToken=nonsense")).error.status).toBe("INVALID_ARGUMENT");
    expect((await list("?pageSize=many")).error.status).toBe("INVALID_ARGUMENT");
  });

  it("lists them so to Google's clients on the path all use, too", async () => {
    const get = (path: string) => fetch(`${gateway.url}${path}`, { headers: { "x-goog-api-key": key } });
    expect(await (await get("/v1/models?pageSize=1")).json()).toEqual(await list("?pageSize=1"));
    expect(await (await get("/v1/models/gpt")).json()).toMatchObject({ name: "models/gpt" });
  });

  it("gives one", async () => {
    const one = async (name: string) =>
      (await fetch(`${gateway.url}/v1beta/models/${name}`, { headers: { "x-goog-api-key": key } })).json();
    expect(await one("anthropic/claude")).toMatchObject({ name: "models/anthropic/claude", thinking: true });
    expect(await one("gem-emb")).toMatchObject({
      supportedGenerationMethods: expect.arrayContaining(["embedContent"]),
    });
    expect(await one("nobody")).toMatchObject({ error: { code: 404, status: "NOT_FOUND" } });
  });
});

describe("failures", () => {
  it("of Google come in its own words", async () => {
    const response = await generate("quota");
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("3");
    expect(await failureOf(response)).toEqual(QUOTA);
  });

  it.each([
    ["down", 503, "UNAVAILABLE"],
    ["reset", 500, "INTERNAL"],
    ["garbage", 500, "INTERNAL"],
    ["bad", 400, "INVALID_ARGUMENT"],
    ["nobody", 400, "INVALID_ARGUMENT"],
  ])("of %s have the status %i", async (model, status, name) => {
    for (const response of [await generate(model), await stream(model)]) {
      expect(response.status).toBe(status);
      expect(await failureOf(response)).toMatchObject({ code: status, status: name });
    }
  });

  it("lead to fallbacks of other providers", async () => {
    const response = await generate("with-fallback");
    expect(textOf([await answerOf(response)])).toBe("Hello");
    expect(response.headers.get("x-litellm-attempted-fallbacks")).toBe("1");
    expect(textOf(eventsOf(await (await stream("with-fallback")).text()))).toBe("Hello");
  });

  it.each(["cut", "fails", "cut-gpt"])("within the stream of %s end it with an error", async (model) => {
    const response = await stream(model);
    expect(response.status).toBe(200);
    const responses = eventsOf(await response.text());
    expect(textOf(responses.slice(0, 1))).toBe("Hel");
    expect(responses.at(-1)?.error).toMatchObject({ code: expect.any(Number), status: expect.any(String) });
    expect(await rowOf(response)).toMatchObject({ status: "failure" });
    const array = (await (await post(`/v1beta/models/${model}:streamGenerateContent`)).json()) as Partial<Failure>[];
    expect(array.at(-1)).toHaveProperty("error");
  });

  it("a client that leaves stops the upstream, and pays for what came", async () => {
    for (const path of [
      "/v1beta/models/slow:streamGenerateContent?alt=sse",
      "/v1beta/models/slow:streamGenerateContent",
    ]) {
      const leaving = new AbortController();
      const response = await fetch(`${gateway.url}${path}`, {
        method: "POST",
        headers: { "x-goog-api-key": key, "content-type": "application/json" },
        body: JSON.stringify({ contents: CONTENTS }),
        signal: leaving.signal,
      });
      await response.body?.getReader().read();
      const asked = last();
      leaving.abort();
      await until(() => asked.aborted, 10_000);
      expect(await rowOf(response)).toMatchObject({ estimated: true });
    }
  });

  it.each([
    ["{", "INVALID_ARGUMENT"],
    [{}, "INVALID_ARGUMENT"],
    [{ contents: [{ parts: [{ text: 5 }] }] }, "INVALID_ARGUMENT"],
    [{ contents: CONTENTS, tools: [{ codeExecution: {} }] }, "INVALID_ARGUMENT"],
    [{ contents: CONTENTS, cachedContent: "cachedContents/a" }, "INVALID_ARGUMENT"],
  ])("the body %j is refused", async (body, status) => {
    const response = await generate("gpt", body);
    expect(response.status).toBe(400);
    expect((await failureOf(response)).status).toBe(status);
  });

  it("of embeddings and counts are told alike", async () => {
    for (const path of ["emb:embedContent", "emb:batchEmbedContents", "gpt:countTokens"]) {
      const response = await post(`/v1beta/models/${path}`, { requests: [] });
      expect(response.status, path).toBe(400);
      expect((await failureOf(response)).status).toBe("INVALID_ARGUMENT");
    }
    const image = { parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }] };
    expect((await post("/v1beta/models/emb:embedContent", { content: image })).status).toBe(400);
  });
});

describe("mocks", () => {
  it("answer in Google's format, whole and streamed", async () => {
    const asked = { contents: CONTENTS, mock_response: "mocked" };
    const admin = { authorization: `Bearer ${MASTER_KEY}` };
    const response = await post("/v1beta/models/gpt:generateContent", asked, admin);
    expect(textOf([await answerOf(response)])).toBe("mocked");
    const streamed = await post("/v1beta/models/flash:streamGenerateContent?alt=sse", asked, admin);
    expect(textOf(eventsOf(await streamed.text()))).toBe("mocked");
  });
});

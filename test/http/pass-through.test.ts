/** Providers' own APIs through the running gateway: the client's bytes, the gateway's keys, and a row for each call. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatEvent } from "../../src/formats/sse.ts";
import { events, whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

/** Each provider's host is a folder of the upstream. */
beforeAll(async () => {
  upstream = await startUpstream(({ path, body, method, headers }, response) => {
    // It reads paths as many servers do.
    const tail = decodeURIComponent(path.split("?")[0] ?? "").replace(/(?<=.)\/+(?=\/|$)/g, "");
    if (tail.endsWith("/empty")) {
      response.writeHead(205, { "content-type": "application/json" });
      return void response.end();
    }
    if (tail.endsWith("/odd")) return void json(response, 999, { odd: true });
    if (tail.endsWith("/echo"))
      return void json(
        response,
        401,
        { error: { message: `no: ${headers["authorization"]}` } },
        {
          "x-echo": String(headers["authorization"]),
        },
      );
    if (tail.endsWith("/images/generations") || tail.endsWith("/images/edits"))
      return void json(response, 200, {
        created: 1,
        data: [{ url: "https://x.example/1" }, { url: "https://x.example/2" }],
      });
    if (tail.endsWith("/refused"))
      return void json(response, 418, { strange: { shape: true } }, { "retry-after": "7" });
    if (tail.endsWith("/page")) {
      response.writeHead(502, { "content-type": "text/html" });
      return void response.end("<h1>Bad gateway</h1>");
    }
    if (tail.endsWith("/nothing")) return void response.writeHead(204).end();
    if (tail.endsWith("/bytes")) {
      response.writeHead(201, { "content-type": "audio/wav" });
      return void response.end(Buffer.from([0, 255, 1, 254]));
    }
    if (tail.endsWith("/v1/messages")) return void say("anthropic", body, response);
    if (tail.includes(":streamGenerateContent")) return void generate(path, response);
    if (tail.includes(":generateContent")) return void json(response, 200, whole("gemini", "Hello"));
    if (tail.endsWith("/chat/completions")) return void say("openai", body, response);
    return void json(response, 200, { method, path, own: "field" });
  });
  const params = (model: string, folder: string) => ({
    model,
    api_key: "sk-upstream",
    api_base: upstream.url + folder,
  });
  gateway = await startGateway(
    {
      model_list: [
        { model_name: "gpt", litellm_params: params("openai/gpt-4o-mini", "/openai/v1") },
        {
          model_name: "claude",
          litellm_params: { ...params("anthropic/claude-sonnet-4-5", "/anthropic"), use_in_pass_through: true },
        },
        { model_name: "voyage/*", litellm_params: params("voyage/*", "/voyage/v1") },
      ],
      general_settings: {
        pass_through_endpoints: [
          {
            path: "/parse",
            target: `${upstream.url}/parser/v2/parse`,
            headers: { Authorization: "bearer os.environ/PARSER_KEY", "x-plan": 3 },
            default_query_params: { mode: "fast", lang: "en" },
            cost_per_request: 0.25,
            methods: ["POST"],
            auth: false,
          },
          { path: "/tree", target: `${upstream.url}/tree`, include_subpath: true, forward_headers: true },
        ],
      },
    },
    {
      OPENAI_API_KEY: "sk-of-the-environment",
      PARSER_KEY: "parser-key",
      OPENAI_BASE_URL: `${upstream.url}/openai/v1`,
      GEMINI_API_KEY: "gemini-key",
      GEMINI_API_BASE: `${upstream.url}/gemini`,
    },
  );
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

function say(name: "openai" | "anthropic", body: Received["body"], response: Parameters<typeof json>[0]) {
  if (body["stream"] !== true) return void json(response, 200, whole(name, "Hello"));
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(
    events(name, "Hel", "lo")
      .map(({ data, event }) => formatEvent(data, event))
      .join(""),
  );
}

function generate(path: string, response: Parameters<typeof json>[0]) {
  const parts = events("gemini", "Hel", "lo").map(({ data }) => data);
  if (path.includes("alt=sse")) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    return void response.end(parts.map((data) => formatEvent(data)).join(""));
  }
  response.writeHead(200, { "content-type": "application/json" });
  return void response.end(`[${parts.join(",\n")}]`);
}

const last = () => upstream.received.at(-1) as Received;

/** What the log says of the call with this answer. */
async function recordOf(response: Response): Promise<Record<string, unknown>> {
  await response.clone().arrayBuffer();
  const id = response.headers.get("x-litellm-call-id");
  const find = () => gateway.records().find((record) => record["id"] === id);
  await until(() => find() !== undefined);
  return find() as Record<string, unknown>;
}

async function keyWith(fields: object): Promise<Record<string, string>> {
  const { key } = (await (await gateway.call("/key/generate", fields)).json()) as { key: string };
  return { authorization: `Bearer ${key}` };
}

const MESSAGE = { model: "claude-sonnet-4-5", max_tokens: 50, messages: [{ role: "user", content: "Hi" }] };
const CHAT = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hi" }] };
const CONTENTS = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };

describe("the request goes up as it is", () => {
  it("with the gateway's key, and none of the client's", async () => {
    const response = await gateway.call(
      "/openai/v1/responses/resp_1?include=a&include=b&key=sk-client&limit=2",
      undefined,
      {
        "openai-beta": "assistants=v2",
        "x-secret": "of the client",
        cookie: "a=b",
      },
    );
    expect(response.status).toBe(200);
    expect(last().path).toBe("/openai/v1/responses/resp_1?include=a&include=b&limit=2");
    expect(last().headers["authorization"]).toBe("Bearer sk-of-the-environment");
    expect(last().headers["openai-beta"]).toBe("assistants=v2");
    expect(last().headers["x-secret"]).toBeUndefined();
    expect(last().headers["cookie"]).toBeUndefined();
    expect(JSON.stringify(last().headers)).not.toContain(MASTER_KEY);
  });

  it("without what makes Google's servers take another method, or other headers and keys", async () => {
    const others =
      "$httpMethod=DELETE&%24httpHeaders=x-goog-user-project%3Aother&Access_Token=a&oauth_token=b&API-Key=c";
    const response = await gateway.call(`/gemini/v1beta/models/tuned?${others}&pageSize=2`);
    expect(response.status).toBe(200);
    expect(last().path).toMatch(/\/v1beta\/models\/tuned\?pageSize=2$/);
  });

  it.each(["PUT", "PATCH", "DELETE"])("by %s too", async (method) => {
    const response = await fetch(`${gateway.url}/openai/v1/things/1`, {
      method,
      headers: { authorization: `Bearer ${MASTER_KEY}`, "content-type": "application/json" },
      ...(method !== "DELETE" && { body: '{"a": [1,  2]}' }),
    });
    expect(await response.json()).toMatchObject({ method, path: "/openai/v1/things/1" });
  });

  it.each([
    "/openai/../secret",
    "/openai/v1/%2e%2e/%2e%2e/admin",
    "/openai/v1/x%2f..%2f..%2f..%2fadmin",
    "/openai/v1/..%5c..%5cadmin",
    "/openai//evil.example/x",
    "/tree/..%2f..%2fadmin",
  ])("but never %s", async (path) => {
    const before = upstream.received.length;
    const response = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
    expect([400, 404]).toContain(response.status);
    expect(upstream.received.length).toBe(before);
  });

  it("at the deployment that is marked for it, and at a wildcard", async () => {
    await gateway.call("/anthropic/v1/organizations/me");
    expect(last()).toMatchObject({ path: "/anthropic/v1/organizations/me" });
    expect(last().headers["x-api-key"]).toBe("sk-upstream");
    expect(last().headers["anthropic-version"]).toBe("2023-06-01");
    await gateway.call("/voyage/v1/models");
    expect(last().path).toBe("/voyage/v1/models");
  });

  it("is refused where the gateway has no credentials", async () => {
    const response = await gateway.call("/mistral/v1/models");
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain("MISTRAL_API_KEY");
  });
});

describe("the answer comes back as it is", () => {
  it("JSON, bytes with their type and status, and nothing", async () => {
    expect(await (await gateway.call("/openai/v1/anything?x=1")).json()).toMatchObject({ own: "field" });
    const bytes = await gateway.call("/openai/v1/bytes");
    expect(bytes.status).toBe(201);
    expect(bytes.headers.get("content-type")).toBe("audio/wav");
    expect([...new Uint8Array(await bytes.arrayBuffer())]).toEqual([0, 255, 1, 254]);
    expect((await gateway.call("/openai/v1/nothing")).status).toBe(204);
    expect((await gateway.call("/openai/v1/empty")).status).toBe(205);
  });

  it("to HEAD without its body", async () => {
    const headers = { authorization: `Bearer ${MASTER_KEY}` };
    const response = await fetch(`${gateway.url}/openai/v1/anything`, { method: "HEAD", headers });
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      200,
      "application/json",
      "",
    ]);
  });

  it("a status no answer can have as a bad gateway", async () => {
    const response = await gateway.call("/openai/v1/odd", {});
    expect([response.status, await response.json()]).toEqual([502, { odd: true }]);
  });

  it("without the gateway's key, where the provider repeats it", async () => {
    const response = await gateway.call("/openai/v1/echo");
    expect(response.status).toBe(401);
    expect(response.headers.get("llm_provider-x-echo")).toBe("Bearer [secret]");
    expect(await response.json()).toEqual({ error: { message: "no: Bearer [secret]" } });
  });

  it("refusals in the provider's own words, a page as an error", async () => {
    const refused = await gateway.call("/openai/v1/refused", {});
    expect(refused.status).toBe(418);
    expect(await refused.json()).toEqual({ strange: { shape: true } });
    expect(refused.headers.get("retry-after")).toBe("7");
    const page = await gateway.call("/openai/v1/page", {});
    expect(page.status).toBe(502);
    expect(await page.json()).toMatchObject({ error: { message: expect.stringContaining("Bad gateway") } });
  });
});

describe("what a call uses is on the ledger", () => {
  it("chat, whole", async () => {
    const response = await gateway.call("/openai/v1/chat/completions", CHAT);
    expect(await response.clone().json()).toEqual(whole("openai", "Hello"));
    const record = await recordOf(response);
    expect(record).toMatchObject({
      operation: "pass_through",
      provider: "openai",
      model: "gpt-4o-mini",
      outcome: "success",
    });
    expect(record["usage"]).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
    expect(record["cost"]).toBeGreaterThan(0);
    expect(response.headers.get("x-litellm-response-cost")).not.toBe("0");
  });

  it("messages to a model nobody has configured, streamed byte for byte", async () => {
    const response = await gateway.call("/anthropic/v1/messages", {
      ...MESSAGE,
      model: "claude-3-5-haiku-20241022",
      stream: true,
    });
    const expected = events("anthropic", "Hel", "lo").map(({ data, event }) => formatEvent(data, event));
    expect(await response.clone().text()).toBe(expected.join(""));
    expect(await recordOf(response)).toMatchObject({ outcome: "success", usage: { prompt_tokens: 11 } });
  });

  it.each(["alt=sse", "x=y"])("Gemini's streams (%s)", async (query) => {
    const path = `/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?${query}`;
    const response = await gateway.call(path, CONTENTS);
    await response.clone().text();
    const record = await recordOf(response);
    expect(record).toMatchObject({ outcome: "success", usage: { prompt_tokens: 11, completion_tokens: 7 } });
    expect(last().headers["x-goog-api-key"]).toBe("gemini-key");
  });

  it("a call about nothing that is paid for costs nothing", async () => {
    const response = await gateway.call("/openai/v1/models");
    expect(await recordOf(response)).toMatchObject({ outcome: "success", cost: 0 });
  });
});

describe("what is judged is what the provider reads", () => {
  const post = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}${path}`, {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${MASTER_KEY}`, ...headers },
    });

  it.each([
    "/openai/v1/chat/completions/",
    "/openai/v1//chat//completions",
    "/openai/v1/chat/%63ompletions",
    "/openai/v1%2Fchat%2Fcompletions",
    "/openai_passthrough/v1/chat/completions",
  ])("%s is paid for as chat", async (path) => {
    const record = await recordOf(await gateway.call(path, CHAT));
    expect(record).toMatchObject({ outcome: "success", usage: { prompt_tokens: 11, completion_tokens: 7 } });
    expect(record["cost"]).toBeGreaterThan(0);
  });

  it("Google's model in a path with escapes, and OpenAI's format at Google", async () => {
    const escaped = await gateway.call("/gemini/v1beta2/models/gemini-2.5-flash%3AgenerateContent", CONTENTS);
    expect(await recordOf(escaped)).toMatchObject({
      modelGroup: "gemini/gemini-2.5-flash",
      usage: { prompt_tokens: 11 },
    });
    const chat = await gateway.call("/gemini/v1beta/openai/chat/completions", { ...CHAT, model: "gemini-2.5-flash" });
    const record = await recordOf(chat);
    expect(record).toMatchObject({ modelGroup: "gemini/gemini-2.5-flash", usage: { prompt_tokens: 11 } });
    expect(record["cost"]).toBeGreaterThan(0);
  });

  it("images, by JSON and by a form, at the price of their size", async () => {
    const asked = { model: "dall-e-3", prompt: "a hat", n: 2, size: "1024x1024", quality: "hd" };
    const made = await recordOf(await gateway.call("/openai/v1/images/generations", asked));
    expect(Number(made["cost"]) / 1e9).toBeCloseTo(2 * 0.08, 3);
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...asked, model: "dall-e-2" })) form.append(name, String(value));
    form.append("image", new File(["x"], "a.png", { type: "image/png" }));
    const edited = await recordOf(await post("/openai/v1/images/edits", form));
    expect(edited).toMatchObject({ modelGroup: "openai/dall-e-2", outcome: "success" });
    expect(edited["cost"]).toBeGreaterThan(0);
  });

  it("a form's model is one the key may use, and one alone", async () => {
    const headers = await keyWith({ models: ["dall-e-2"] });
    const edit = (...models: string[]) => {
      const form = new FormData();
      for (const model of models) form.append("model", model);
      form.append("prompt", "a hat");
      form.append("image", new File(["x"], "a.png", { type: "image/png" }));
      return post("/openai/v1/images/edits", form, headers);
    };
    expect((await edit("dall-e-2")).status).toBe(200);
    expect((await edit("gpt-image-1")).status).toBe(403);
    expect((await edit("dall-e-2", "gpt-image-1")).status).toBe(400);
    expect((await edit()).status).toBe(400);
  });

  it.each([
    ["a model twice", '{"model":"gpt-4o-mini","model":"gpt-4o","messages":[]}'],
    ["capitals", '{"model":"gpt-4o-mini","Model":"gpt-4o","messages":[]}'],
    ["escapes", '{"model":"gpt-4o-mini","\\u006dodel":"gpt-4o","messages":[]}'],
    ["several models", '{"model":["gpt-4o"],"messages":[]}'],
    ["no model", '{"messages":[]}'],
    ["another encoding", Buffer.from(JSON.stringify(CHAT), "utf16le")],
    ["compression", Buffer.from("1f8b0800", "hex")],
    ["a list", "[]"],
    ["no form", "model=gpt-4o"],
  ])("%s: refused, and nothing is sent", async (_, body) => {
    const before = upstream.received.length;
    const response = await post("/openai/v1/chat/completions", body, { "content-type": "application/json" });
    expect(response.status).toBe(400);
    expect(upstream.received.length).toBe(before);
  });

  it("JSON is JSON whatever its type is called", async () => {
    const type = { "content-type": "multipart/form-data; boundary=x" };
    const headers = { ...(await keyWith({ models: ["gpt-4o-mini"] })), ...type };
    const response = await post("/openai/v1/anything", JSON.stringify({ ...CHAT, model: "gpt-4o" }), headers);
    expect(response.status).toBe(403);
  });

  it("a model that only the path names is the one that counts", async () => {
    const headers = await keyWith({ models: ["gemini-2.5-flash"] });
    const named = { ...CONTENTS, model: "gemini-2.5-flash" };
    for (const path of ["dynamic/mine", "models/gemini-2.5-pro", "%6dodels/gemini-2.5-pro"])
      expect((await gateway.call(`/gemini/v1beta2/${path}:generateContent`, named, headers)).status).toBe(403);
  });

  it.each([
    "/openai_passthrough/v1/realtime/client_secrets",
    "/openai_passthrough/v1/realtime/client%5Fsecrets/",
    "/openai/v1/realtime/translations/client_secrets",
    "/openai/v1/chatkit/sessions",
    "/openai/v1/organization/projects/p/service_accounts",
    "/gemini/v1alpha/auth_tokens",
    "/gemini/v1alpha/auth%5ftokens",
  ])("%s hands out tokens, and is refused", async (path) => {
    const before = upstream.received.length;
    expect((await gateway.call(path, { model: "gpt-realtime" })).status).toBe(403);
    expect(upstream.received.length).toBe(before);
  });
});

describe("keys", () => {
  it("are needed", async () => {
    const response = await fetch(`${gateway.url}/openai/v1/models`);
    expect(response.status).toBe(401);
  });

  it("for some models call those alone", async () => {
    const headers = await keyWith({ models: ["openai/gpt-4o-mini"] });
    expect((await gateway.call("/openai/v1/chat/completions", CHAT, headers)).status).toBe(200);
    const other = { ...CHAT, model: "gpt-4o" };
    expect((await gateway.call("/openai/v1/chat/completions", other, headers)).status).toBe(403);
    expect((await gateway.call("/openai/v1/things", undefined, headers)).status).toBe(403);
  });

  it("with allowed_passthrough_routes go nowhere else", async () => {
    const headers = await keyWith({ allowed_passthrough_routes: ["/openai/v1/models"] });
    expect((await gateway.call("/openai/v1/models", undefined, headers)).status).toBe(200);
    expect((await gateway.call("/openai/v1/models/x", undefined, headers)).status).toBe(200);
    expect((await gateway.call("/openai/v1/modelsx", undefined, headers)).status).toBe(403);
    expect((await gateway.call("/gemini/v1beta/models", undefined, headers)).status).toBe(403);
  });

  it("without the money for it send nothing", async () => {
    const headers = await keyWith({ max_budget: 0.000001 });
    const before = upstream.received.length;
    const response = await gateway.call("/openai/v1/chat/completions", { ...CHAT, max_tokens: 1000 }, headers);
    expect(response.status).toBe(422);
    expect(upstream.received.length).toBe(before);
  });
});

describe("what all share at a provider", () => {
  it("is for admins, and for keys that are let in", async () => {
    const plain = await keyWith({});
    for (const path of ["/openai/v1//files/file-1/content", "/openai/v1//files", "/gemini/v1beta/cachedContents"]) {
      const before = upstream.received.length;
      expect([path, (await gateway.call(path, undefined, plain)).status]).toEqual([path, 403]);
      expect(upstream.received.length).toBe(before);
    }
    expect((await gateway.call("/gemini/v1beta/cachedContents")).status).toBe(200);
    const letIn = await keyWith({ allowed_passthrough_routes: ["/gemini/*"] });
    expect((await gateway.call("/gemini/v1beta/cachedContents", undefined, letIn)).status).toBe(200);
    expect((await gateway.call("/openai/v1/models", undefined, plain)).status).toBe(200);
    expect((await gateway.call("/openai/v1/chat/completions", CHAT, plain)).status).toBe(200);
  });

  it("models nobody knows the price of are for admins", async () => {
    const plain = await keyWith({});
    const unknown = { ...CHAT, model: "gpt-of-tomorrow" };
    const before = upstream.received.length;
    expect((await gateway.call("/openai/v1/chat/completions", unknown, plain)).status).toBe(400);
    expect(
      (await gateway.call("/anthropic/v1/messages", { ...MESSAGE, model: "claude-of-tomorrow" }, plain)).status,
    ).toBe(400);
    expect(upstream.received.length).toBe(before);
    expect((await gateway.call("/openai/v1/chat/completions", unknown)).status).toBe(200);
  });

  it("a key for one model names no other within its request", async () => {
    const headers = await keyWith({ models: ["gpt"] });
    const tools = [{ type: "advisor_20260301", name: "advisor", model: "claude-opus-4-5" }];
    expect((await gateway.call("/v1/chat/completions", { ...CHAT, model: "gpt", tools }, headers)).status).toBe(403);
    const models = ["gpt", "openai/o3-pro"];
    expect((await gateway.call("/v1/chat/completions", { ...CHAT, model: "gpt", models }, headers)).status).toBe(403);
  });
});

describe("endpoints of the configuration", () => {
  it("go to their target with their own headers and query, at their price", async () => {
    const response = await gateway.call("/parse?lang=de", { text: "x", user: "u-1" });
    expect(response.status).toBe(200);
    expect(last()).toMatchObject({ path: "/parser/v2/parse?lang=de&mode=fast", body: { text: "x", user: "u-1" } });
    expect(last().headers).toMatchObject({ authorization: "bearer parser-key", "x-plan": "3" });
    expect(response.headers.get("x-litellm-response-cost")).toBe("0.25");
    expect(await recordOf(response)).toMatchObject({
      provider: "pass_through",
      modelGroup: "/parse",
      cost: 250_000_000,
    });
  });

  it("need a key even where auth is false, and answer their methods alone", async () => {
    expect((await fetch(`${gateway.url}/parse`, { method: "POST", body: "{}" })).status).toBe(401);
    expect((await gateway.call("/parse")).status).toBe(404);
  });

  it("with sub-paths and the client's headers, where it is said", async () => {
    await gateway.call("/tree/a%20b/c?x=1", undefined, { "x-own": "1", cookie: "a=b" });
    expect(last().path).toBe("/tree/a%20b/c?x=1");
    expect(last().headers["x-own"]).toBe("1");
    expect(last().headers["cookie"]).toBeUndefined();
    expect(JSON.stringify(last().headers)).not.toContain(MASTER_KEY);
    await gateway.call("/tree");
    expect(last().path).toBe("/tree");
  });

  it("are charged to the key", async () => {
    const headers = await keyWith({ max_budget: 0.4 });
    expect((await gateway.call("/parse", {}, headers)).status).toBe(200);
    expect((await gateway.call("/parse", {}, headers)).status).toBe(422);
  });
});

/** Published attacks on gateways that touch keys, SQL and money, each at the running gateway. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    model_list: [
      { model_name: "demo", litellm_params: { model: "openai/demo", mock_response: "hello" } },
      { model_name: "other", litellm_params: { model: "openai/other", mock_response: "hello" } },
    ],
  });
}, 60_000);

afterAll(() => gateway?.stop());

interface Made {
  key: string;
  token: string;
}

async function post<T = Made>(path: string, body: unknown, key = MASTER_KEY): Promise<{ status: number; body: T }> {
  const response = await gateway.call(path, body, { authorization: `Bearer ${key}` });
  return { status: response.status, body: (await response.json()) as T };
}

function chat(key: string, fields: Record<string, unknown> = {}): Promise<{ status: number; body: unknown }> {
  const messages = [{ role: "user", content: "hi" }];
  return post("/v1/chat/completions", { model: "demo", messages, ...fields }, key);
}

/** A request with headers that `fetch` would not send. */
function raw(path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(gateway.url);
    request({ hostname, port, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => done({ status: response.statusCode ?? 0, text }));
    })
      .on("error", fail)
      .end();
  });
}

describe("who is let in", () => {
  it.each([
    "sk-' OR '1'='1",
    "sk-x' UNION SELECT token FROM keys --",
    "sk-%",
    "sk-\\",
    `sk-${"a".repeat(100_000)}`,
    "null",
    "undefined",
    "[object Object]",
    "sk-",
  ])("CVE-2026-42208: %.40s is no key, and no SQL", async (key) => {
    const response = await fetch(`${gateway.url}/key/list`, { headers: { "x-api-key": key } }).catch(() => undefined);
    expect([400, 401, 431]).toContain(response?.status ?? 431);
  });

  it.each(["/key/list", "/key/list/", "/team/list", "/budget/list", "/spend/logs"])(
    "CVE-2026-49468: a Host that looks like a public path opens %s to nobody",
    async (path) => {
      for (const host of ["x/?", "x/health/liveliness?", "localhost/docs#", "x:80/"]) {
        const { status, text } = await raw(path, { host });
        // Whoever decides who may pass decides what is served: a public path gets what is public, and nothing else.
        if (status === 200) expect(text).toMatch(/^(<!doctype|"I'm alive!")/i);
        else expect([400, 401, 404]).toContain(status);
      }
    },
  );

  it("a digest, as routes show it, is no key", async () => {
    const { body } = await post("/key/generate", {});
    expect((await chat(body.token)).status).toBe(401);
    expect((await chat(`sk-${body.token}`)).status).toBe(401);
  });

  const PUBLIC = [
    "GET /",
    "GET /docs",
    "GET /health/liveliness",
    "GET /health/liveness",
    "GET /health/readiness",
    "GET /openapi.json",
    "GET /public/litellm_model_cost_map",
    "GET /public/providers",
    "GET /routes",
  ];

  it("CVE-2026-59822: a wrong key ends the request on every route, public ones aside", async () => {
    const routes = (await (await fetch(`${gateway.url}/routes`)).json()) as {
      routes: { path: string; methods: string[] }[];
    };
    const open: string[] = [];
    const ask = async (method: string, path: string) => {
      const url = `${gateway.url}${path.replaceAll(/\{[^}]*\}/g, "x")}`;
      const response = await fetch(url, { method, headers: { authorization: "Bearer sk-wrong-wrong-wrong" } });
      if (response.status !== 401) open.push(`${method} ${path}`);
      await response.arrayBuffer();
    };
    for (const { path, methods } of routes.routes) await Promise.all(methods.map((method) => ask(method, path)));
    expect(open.toSorted()).toEqual(PUBLIC);
  }, 60_000);

  it("a blocked key stops at once here, and says why", async () => {
    const { body } = await post("/key/generate", {});
    expect((await chat(body.key)).status).toBe(200);
    await post("/key/block", { key: body.key });
    expect((await chat(body.key)).status).toBe(401);
    await post("/key/unblock", { key: body.token });
    expect((await chat(body.key)).status).toBe(200);
    await post("/key/delete", { keys: [body.key] });
    expect((await chat(body.key)).status).toBe(401);
  });
});

describe("what a key may do", () => {
  it("CVE-2026-35029: a plain key changes nothing of the gateway", async () => {
    const { body } = await post("/key/generate", {});
    for (const path of [
      "/model/new",
      "/credentials",
      "/budget/new",
      "/team/new",
      "/organization/new",
      "/fallback",
      "/key/generate",
    ])
      expect((await post(path, {}, body.key)).status, path).toBe(403);
  });

  it("CVE-2024-6587: a client names no host, however deep", async () => {
    const { body } = await post("/key/generate", {});
    for (const fields of [
      { api_base: "http://127.0.0.1:1" },
      { extra_body: { api_base: "http://127.0.0.1:1" } },
      { user_config: { model_list: [{ litellm_params: { api_base: "http://127.0.0.1:1" } }] } },
      { fallbacks: [{ model: "other", api_base: "http://127.0.0.1:1" }] },
    ])
      expect((await chat(body.key, fields)).status).toBe(400);
  });

  it("a key's models bound what it may call, also by fallbacks and aliases", async () => {
    const { body } = await post("/key/generate", { models: ["demo"] });
    expect((await chat(body.key)).status).toBe(200);
    expect((await chat(body.key, { model: "other" })).status).toBe(403);
    expect((await chat(body.key, { model: "demo,other" })).status).toBe(200); // the list says which was refused
    const listed = await gateway.call("/v1/models", undefined, { authorization: `Bearer ${body.key}` });
    expect(((await listed.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(["demo"]);
  });
});

describe("money", () => {
  it.each([
    { max_budget: -1 },
    { max_budget: "1e309" },
    { max_budget: 1e300 },
    { rpm_limit: -5 },
    { tpm_limit: 1.5 },
    { budget_duration: "1 fortnight" },
    { duration: "-5d" },
  ])("CVE-2026-71479: %j is refused", async (fields) => {
    expect([400, 422]).toContain((await post("/key/generate", fields)).status);
  });

  it("CVE-2026-64865: what is spent is not the client's to say", async () => {
    const { body: user } = await post<{ user_id: string; key: string }>("/user/new", { user_role: "internal_user" });
    const { status } = await post("/key/generate", { spend: -100, user_id: user.user_id }, user.key);
    const { body } = await post<{ info: { spend: number }[] }>("/v2/key/info", { keys: [user.key] });
    expect([200, 400, 403, 422]).toContain(status);
    for (const { spend } of body.info) expect(spend).toBeGreaterThanOrEqual(0);
  });
});

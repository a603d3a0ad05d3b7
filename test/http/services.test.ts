/** Services without models behind the gateway: their own APIs, by the gateway's credentials and nobody else's. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream(({ path, headers, method }, response) => {
    if (path.endsWith("/echo"))
      return json(
        response,
        401,
        { message: `no: ${headers["authorization"]}` },
        { "x-echo": String(headers["authorization"]) },
      );
    return json(response, 200, { method, path });
  });
  const at = (folder: string) => upstream.url + folder;
  gateway = await startGateway(
    {
      model_list: [
        {
          model_name: "my-model",
          litellm_params: { model: "hosted_vllm/org/a-model", api_base: at("/own/v1"), api_key: "own-key" },
        },
      ],
    },
    {
      MILVUS_API_BASE: at("/milvus"),
      MILVUS_API_KEY: "root:Milvus",
      LANGFUSE_HOST: at("/langfuse"),
      LANGFUSE_PUBLIC_KEY: "pk-lf-1",
      LANGFUSE_SECRET_KEY: "sk-lf-1",
      CURSOR_API_KEY: "cursor-key",
      CURSOR_API_BASE: at("/cursor"),
      ASSEMBLYAI_API_KEY: "assembly-key",
      ASSEMBLYAI_API_BASE: at("/us"),
      ASSEMBLYAI_EU_API_BASE: at("/eu"),
      VLLM_API_BASE: at("/vllm"),
    },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const last = () => upstream.received.at(-1) as Received;
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

async function makeKey(fields: object = {}): Promise<string> {
  return ((await (await gateway.call("/key/generate", fields)).json()) as { key: string }).key;
}

const ask = (path: string, key: string, init: RequestInit = {}) =>
  fetch(gateway.url + path, { ...init, headers: { authorization: `Bearer ${key}`, ...(init.headers as object) } });

describe("each is asked at its host, by its credentials", () => {
  it.each([
    ["/milvus/v2/vectordb/entities/search", "/milvus/v2/vectordb/entities/search", "Bearer root:Milvus"],
    [
      "/langfuse/api/public/traces?page=1",
      "/langfuse/api/public/traces?page=1",
      basic("pk-lf-1", "sk-lf-1").authorization,
    ],
    ["/cursor/v0/agents?limit=2", "/cursor/v0/agents?limit=2", basic("cursor-key", "").authorization],
    ["/assemblyai/v2/transcript?limit=1", "/us/v2/transcript?limit=1", "assembly-key"],
    ["/eu.assemblyai/v2/transcript?limit=1", "/eu/v2/transcript?limit=1", "assembly-key"],
    ["/vllm/metrics", "/vllm/metrics", undefined],
    ["/hosted_vllm/v1/models", "/vllm/v1/models", undefined],
  ])("%s", async (path, asked, authorization) => {
    const response = await gateway.call(path);
    expect([response.status, await response.json()]).toEqual([200, { method: "GET", path: asked }]);
    expect(last().headers["authorization"]).toBe(authorization);
    expect(JSON.stringify(last().headers)).not.toContain(MASTER_KEY);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])("by %s, with the body as it is", async (method) => {
    for (const prefix of ["milvus", "langfuse", "cursor", "assemblyai", "eu.assemblyai"]) {
      const response = await ask(`/${prefix}/x/1`, MASTER_KEY, {
        method,
        ...(method !== "DELETE" && { body: '{"a":  [1.0]}', headers: { "content-type": "application/json" } }),
      });
      expect(await response.json()).toMatchObject({ method });
    }
  });

  it("without the gateway's credentials, where they are repeated", async () => {
    for (const prefix of ["milvus", "langfuse", "cursor", "assemblyai"]) {
      const response = await gateway.call(`/${prefix}/echo`);
      const text = (await response.text()) + JSON.stringify([...response.headers]);
      expect(response.status).toBe(401);
      expect(text).toContain("[secret]");
      expect(text).not.toMatch(/Milvus"|sk-lf-1|cursor-key|assembly-key/);
      expect(text).not.toContain(basic("pk-lf-1", "sk-lf-1").authorization.slice(6));
      expect(text).not.toContain(basic("cursor-key", "").authorization.slice(6));
    }
  });

  it("what the gateway serves under their names comes first", async () => {
    const before = upstream.received.length;
    const response = await gateway.call("/cursor/chat/completions", { model: "unheard-of", messages: [] });
    expect(response.status).toBe(400);
    expect(upstream.received.length).toBe(before);
  });
});

describe("Langfuse's clients", () => {
  it.each([
    ["the secret key", (key: string) => basic("anything", key)],
    ["the public key", (key: string) => basic(key, "sk-lf-own")],
    ["the public key alone", (key: string) => basic(key, "")],
  ])("sign in with the gateway's key as %s", async (_, headers) => {
    const key = await makeKey({ metadata: { allowed_passthrough_routes: ["/langfuse/*"] } });
    const more = {
      "x-langfuse-sdk-name": "python",
      "x-langfuse-public-key": key,
      x_langfuse_public_key: key,
      x_langfuse_sdk_version: "3",
    };
    const response = await fetch(`${gateway.url}/langfuse/api/public/ingestion`, {
      method: "POST",
      headers: { ...headers(key), ...more, "content-type": "application/json" },
      body: JSON.stringify({ batch: [], metadata: { tags: ["x"], batch_size: 0 } }),
    });
    expect(response.status).toBe(200);
    expect(last().headers["authorization"]).toBe(basic("pk-lf-1", "sk-lf-1").authorization);
    expect(last().headers["x-langfuse-sdk-name"]).toBe("python");
    expect(JSON.stringify(last().headers)).not.toContain(key);
  });

  it("may say how they have packed a body", async () => {
    const response = await ask("/langfuse/api/public/otel/v1/traces", MASTER_KEY, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf", "content-encoding": "gzip" },
      body: "{}",
    });
    expect(response.status).toBe(200);
    expect(last().headers["content-encoding"]).toBe("gzip");
  });

  it.each([
    ["nobody's key", basic("a", "sk-nobody")],
    ["Langfuse's own", basic("pk-lf-1", "sk-lf-1")],
    ["nothing", basic("", "")],
    ["no base64", { authorization: "Basic ***" }],
    ["bytes", { authorization: `Basic ${Buffer.from([255, 254, 58, 0]).toString("base64")}` }],
    ["no key at all", {}],
  ])("are refused with %s", async (_, headers) => {
    const before = upstream.received.length;
    const response = await fetch(`${gateway.url}/langfuse/api/public/traces`, {
      headers: headers as Record<string, string>,
    });
    expect(response.status).toBe(401);
    expect(upstream.received.length).toBe(before);
  });
});

describe("what all share there is not for everybody", () => {
  const PATHS = [
    "/milvus/v2/vectordb/collections/list",
    "/langfuse/api/public/traces",
    "/langfuse/api/public/models",
    "/cursor/v0/agents",
    "/assemblyai/v2/transcript",
    "/eu.assemblyai/v2/transcript",
  ];

  it.each(PATHS)("a key may not %s", async (path) => {
    const before = upstream.received.length;
    const response = await ask(path, await makeKey());
    expect(response.status).toBe(403);
    expect(upstream.received.length).toBe(before);
  });

  it("a key whose routes name the path may, whichever models it may name", async () => {
    const fields = { models: ["gpt-4o"], metadata: { allowed_passthrough_routes: ["/milvus/v2/vectordb/entities/*"] } };
    const key = await makeKey(fields);
    const body = JSON.stringify({ collectionName: "books", model: "another" });
    const headers = { "content-type": "application/json" };
    const found = await ask("/milvus/v2/vectordb/entities/search", key, { method: "POST", body, headers });
    expect(found.status).toBe(200);
    expect((await ask("/milvus/v2/vectordb/collections/list", key)).status).toBe(403);
    expect((await ask("/langfuse/api/public/traces", key)).status).toBe(403);
  });

  it("no call of a model's, whatever its path ends with", async () => {
    const key = await makeKey();
    for (const path of ["/cursor/v2/chat/completions", "/milvus/v1/embeddings", "/langfuse/v1/messages"]) {
      const response = await ask(path, key, { method: "POST", body: '{"model":"gpt-4o"}' });
      expect([path, response.status, await response.text()]).toEqual([path, 403, expect.anything()]);
    }
  });

  it("tokens and keys are handed out to nobody", async () => {
    for (const path of [
      "/assemblyai/v2/realtime/token",
      "/assemblyai/v3/token",
      "/langfuse/api/public/projects/p/apiKeys",
    ])
      expect((await ask(path, MASTER_KEY, { method: "POST", body: "{}" })).status).toBe(403);
  });
});

describe("a path stays where it is", () => {
  it.each(
    ["milvus", "langfuse", "cursor", "assemblyai", "eu.assemblyai", "vllm"].flatMap((prefix) => [
      `/${prefix}/../secret`,
      `/${prefix}/v1/%2e%2e/%2e%2e/admin`,
      `/${prefix}/v1/x%2f..%2f..%2f..%2fadmin`,
      `/${prefix}/v1/..%5c..%5cadmin`,
      `/${prefix}//evil.example/x`,
      `/${prefix}/%2f%2fevil.example/x`,
      `/${prefix}/v1/%252e%252e/%252e%252e/admin`,
    ]),
  )("%s", async (path) => {
    const before = upstream.received.length;
    const response = await ask(path, MASTER_KEY);
    expect([400, 404]).toContain(response.status);
    expect(upstream.received.length).toBe(before);
  });

  it("and a body whose field stands twice goes nowhere", async () => {
    const before = upstream.received.length;
    const body = '{"collectionName":"mine","collectionname":"theirs"}';
    const response = await ask("/milvus/v2/vectordb/entities/search", MASTER_KEY, { method: "POST", body });
    expect(response.status).toBe(400);
    expect(upstream.received.length).toBe(before);
  });
});

describe("vLLM", () => {
  it("is asked where the deployment is that a body names, under the name it has there", async () => {
    const response = await ask("/vllm/score", MASTER_KEY, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"model":"my-model","text_1":"a","text_2":"b"}',
    });
    expect(await response.json()).toEqual({ method: "POST", path: "/own/v1/score" });
    expect(last().body).toEqual({ model: "org/a-model", text_1: "a", text_2: "b" });
    expect(last().headers["authorization"]).toBe("Bearer own-key");
  });

  it("is asked by its address in the environment for any other model", async () => {
    const body = { model: "another", messages: [{ role: "user", content: "Hi" }] };
    await gateway.call("/vllm/v1/chat/completions", body);
    expect(last().path).toBe("/vllm/v1/chat/completions");
    expect(last().body).toEqual(body);
  });
});

it("what is not configured is told by the name of its variable", async () => {
  const bare = await startGateway({ model_list: [] }, {});
  try {
    for (const [path, variable] of [
      ["/milvus/x", "MILVUS_API_BASE"],
      ["/langfuse/x", "LANGFUSE_SECRET_KEY"],
      ["/cursor/x", "CURSOR_API_KEY"],
      ["/assemblyai/x", "ASSEMBLYAI_API_KEY"],
      ["/vllm/x", "HOSTED_VLLM_API_BASE"],
    ] as const) {
      const response = await bare.call(path);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(variable)]);
    }
  } finally {
    await bare.stop();
  }
});

it("all pass-through routes of LiteLLM are there, by each method", async () => {
  const { routes } = (await (await fetch(`${gateway.url}/routes`)).json()) as {
    routes: { path: string; methods: string[] }[];
  };
  const served = new Set(routes.flatMap(({ path, methods }) => methods.map((method) => `${method} ${path}`)));
  const prefixes = [
    ...[
      "gemini",
      "cohere",
      "vllm",
      "mistral",
      "milvus",
      "anthropic",
      "bedrock",
      "assemblyai",
      "eu.assemblyai",
      "azure_ai",
    ],
    ...["azure", "vertex_ai/discovery", "vertex-ai", "vertex_ai", "openai_passthrough", "openai", "cursor", "langfuse"],
  ];
  const missing = prefixes.flatMap((prefix) =>
    ["GET", "POST", "PUT", "PATCH", "DELETE"].filter(
      (method) => ![...served].some((one) => one.startsWith(`${method} /${prefix}/{`)),
    ),
  );
  expect(missing).toEqual([]);
  expect([...served]).toContain("GET /vertex_ai/live");
  const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(paths)).toContain("/vertex_ai/live");
});

/** Azure through the running gateway: its own client and OpenAI's, sign-in by Entra, filters, pass-through, files, sessions. */
import type OpenAI from "openai";
import { AzureOpenAI, toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatEvent } from "../../src/formats/sse.ts";
import { whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { startProvider } from "./realtime-provider.ts";
import { failureOf, recordOf, sdkFor, user } from "./sdk.ts";
import { connect, type SocketServer } from "./sockets.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let sessions: SocketServer;

const FILTER = { hate: { filtered: false, severity: "safe" } };
const PROMPT_FILTER = [{ prompt_index: 0, content_filter_results: FILTER }];
const PRICES = { input_cost_per_token: 0.000_001, output_cost_per_token: 0.000_002 };
/** As the log has money. */
function nano(dollars: number): number {
  return Math.round(dollars * 1e9);
}
/** Of `whole`. */
const COST = nano(11 * PRICES.input_cost_per_token + 7 * PRICES.output_cost_per_token);

beforeAll(async () => {
  upstream = await startUpstream(answer);
  sessions = await startProvider(() => ({ text: "hello" }));
  const azure = (deployment: string, more: object = {}) => ({
    model: `azure/${deployment}`,
    api_base: upstream.url,
    api_key: "azure-resource-key",
    api_version: "2024-12-01-preview",
    ...more,
  });
  const { api_key: _, ...keyless } = azure("mine");
  const application = { tenant_id: "tenant-1", client_id: "app", client_secret: "the-applications-secret" };
  gateway = await startGateway(
    {
      model_list: [
        { model_name: "gpt", litellm_params: azure("mine", PRICES) },
        { model_name: "listed", litellm_params: azure("listed"), model_info: { base_model: "azure/gpt-4o-mini" } },
        { model_name: "newest", litellm_params: azure("mine", { api_version: "v1" }) },
        { model_name: "filtered", litellm_params: azure("filtered") },
        { model_name: "gone", litellm_params: azure("gone") },
        { model_name: "busy", litellm_params: azure("busy") },
        { model_name: "covered", litellm_params: azure("busy") },
        { model_name: "signed", litellm_params: { ...keyless, ...application } },
        { model_name: "refused", litellm_params: { ...keyless, ...application, tenant_id: "closed" } },
        {
          model_name: "federated",
          litellm_params: {
            ...keyless,
            tenant_id: "tenant-2",
            client_id: "app",
            azure_ad_token: "oidc/env/PLATFORM_TOKEN",
          },
        },
        { model_name: "vectors", litellm_params: azure("vectors", PRICES) },
        { model_name: "hidden", litellm_params: azure("hidden", PRICES) },
        {
          model_name: "claude",
          litellm_params: { ...azure("claude-sonnet-4-5"), model: "azure_ai/claude-sonnet-4-5" },
        },
        {
          model_name: "voice",
          litellm_params: { ...azure("voice"), api_base: sessions.url, ...PRICES },
          model_info: { mode: "realtime", max_input_tokens: 1000, max_output_tokens: 100 },
        },
        {
          model_name: "old-voice",
          litellm_params: { ...azure("voice"), api_base: sessions.url, realtime_protocol: "beta", ...PRICES },
          model_info: { mode: "realtime", max_input_tokens: 1000, max_output_tokens: 100 },
        },
      ],
      litellm_settings: { AZURE_DEFAULT_API_VERSION: "2024-10-21" },
      router_settings: { num_retries: 0, disable_cooldowns: true, fallbacks: [{ covered: ["gpt"] }] },
    },
    {
      AZURE_API_BASE: upstream.url,
      AZURE_API_KEY: "key-of-the-environment",
      AZURE_AUTHORITY_HOST: `${upstream.url}/entra`,
      PLATFORM_TOKEN: "a.platform.token",
    },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
  await sessions?.close();
});

function answer({ path, body, method }: Received, response: Parameters<typeof json>[0]): void {
  const [tail = ""] = path.split("?");
  if (tail.startsWith("/entra/closed"))
    return void json(response, 401, {
      error: "invalid_client",
      error_description: "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1",
    });
  if (tail.startsWith("/entra/"))
    return void json(response, 200, { access_token: `entra-${tail.split("/")[2]}`, expires_in: 3599 });
  if (tail.includes("/filtered/"))
    return void json(response, 400, {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        code: "content_filter",
        param: "prompt",
        status: 400,
        innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: { violence: { filtered: true } } },
      },
    });
  if (tail.includes("/gone/"))
    return void json(response, 404, {
      error: { code: "DeploymentNotFound", message: "The API deployment does not exist." },
    });
  if (tail.includes("/busy/"))
    return void json(
      response,
      429,
      { error: { code: "429", message: "Please retry after 3 seconds." } },
      { "retry-after": "3" },
    );
  if (tail.endsWith("/embeddings"))
    return void json(response, 200, {
      object: "list",
      model: "text-embedding-3-small",
      data: [{ object: "embedding", index: 0, embedding: [0.5, 0.25] }],
      usage: { prompt_tokens: 11, total_tokens: 11 },
    });
  if (tail.endsWith("/responses") && method === "POST")
    return void json(response, 200, {
      id: "resp_azure",
      object: "response",
      created_at: 1,
      status: "completed",
      model: "gpt-4o-2024-11-20",
      output: [
        {
          id: "msg_1",
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "Hello", annotations: [] }],
        },
      ],
      content_filters: [{ blocked: false, source_type: "prompt", content_filter_results: FILTER }],
      usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
    });
  if (tail.endsWith("/v1/messages")) return void json(response, 200, whole("anthropic", "Hello"));
  if (tail.endsWith("/chat/completions"))
    return void (body["stream"] === true ? stream(response) : json(response, 200, chatAnswer()));
  if (tail.endsWith("/files") && method === "POST")
    return void json(response, 200, {
      id: `file-azure-${body["purpose"]}`,
      object: "file",
      bytes: 3,
      created_at: 1,
      filename: "a.jsonl",
      purpose: body["purpose"],
      status: "processed",
    });
  if (tail.startsWith("/openai/batches"))
    return void json(response, 200, {
      id: "batch_azure_1",
      object: "batch",
      endpoint: "/chat/completions",
      input_file_id: "file-azure-batch",
      completion_window: "24h",
      status: "validating",
      created_at: 1,
    });
  return void json(response, 200, { path, method });
}

function chatAnswer() {
  const answer = whole("openai", "Hello") as { choices: object[] };
  const choices = answer.choices.map((choice) => ({ ...choice, content_filter_results: FILTER }));
  return { ...answer, choices, prompt_filter_results: PROMPT_FILTER };
}

/** As Azure streams: first what its filter says, with no id, no model and no choice. */
function stream(response: Parameters<typeof json>[0]): void {
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason, logprobs: null, content_filter_results: FILTER }],
    created: 5,
    id: "chatcmpl-az",
    model: "gpt-4o-2024-11-20",
    object: "chat.completion.chunk",
    usage: null,
  });
  const parts = [
    { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: PROMPT_FILTER },
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "Hel" }),
    chunk({ content: "lo" }),
    chunk({}, "stop"),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } },
  ];
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end([...parts.map((part) => JSON.stringify(part)), "[DONE]"].map((data) => formatEvent(data)).join(""));
}

const last = () => upstream.received.at(-1) as Received;
const key = MASTER_KEY;
const sdk = () => sdkFor(gateway, key);

async function keyFor(models: string[], more: object = {}): Promise<Record<string, string>> {
  const { key } = (await (await gateway.call("/key/generate", { models, ...more })).json()) as { key: string };
  return { authorization: `Bearer ${key}` };
}

describe("Azure's own client", () => {
  const client = (deployment: string) =>
    new AzureOpenAI({
      endpoint: gateway.url,
      apiKey: key,
      apiVersion: "2025-01-01-preview",
      deployment,
      maxRetries: 0,
    });

  it("names the gateway's model in its path", async () => {
    const { data, response } = await client("gpt")
      .chat.completions.create({ model: "gpt", messages: user("Hi") })
      .withResponse();
    expect(data.choices[0]).toMatchObject({ message: { content: "Hello" }, content_filter_results: FILTER });
    expect(data).toHaveProperty("prompt_filter_results", PROMPT_FILTER);
    expect(last()).toMatchObject({
      path: "/openai/deployments/mine/chat/completions?api-version=2024-12-01-preview",
      headers: { "api-key": "azure-resource-key" },
      body: { model: "mine" },
    });
    expect(last().headers["authorization"]).toBeUndefined();
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record).toMatchObject({ provider: "azure", outcome: "success" });
    expect(record["cost"]).toBe(COST);
  });

  it("streams, and embeds", async () => {
    let text = "";
    const chunks = await client("gpt").chat.completions.create({ model: "gpt", messages: user("Hi"), stream: true });
    for await (const { choices } of chunks) text += choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello");
    const { data } = await client("vectors").embeddings.create({
      model: "vectors",
      input: "Hi",
      encoding_format: "float",
    });
    expect(data[0]?.embedding).toEqual([0.5, 0.25]);
    expect(last().path).toBe("/openai/deployments/vectors/embeddings?api-version=2024-12-01-preview");
  });

  it.each(["gpt", undefined])("has responses, and a list of models (deployment: %s)", async (deployment) => {
    const azure = new AzureOpenAI({
      endpoint: gateway.url,
      apiKey: key,
      apiVersion: "2025-04-01-preview",
      maxRetries: 0,
      ...(deployment !== undefined && { deployment }),
    });
    const answer = await azure.responses.create({ model: "gpt", input: "Hi" });
    expect(answer.output_text).toBe("Hello");
    expect(last()).toMatchObject({ path: "/openai/v1/responses?api-version=preview", body: { model: "mine" } });
    if (deployment !== undefined) return;
    const names = (await azure.models.list()).data.map(({ id }) => id);
    expect(names).toContain("gpt");
  });

  it("is refused in its format", async () => {
    const stranger = new AzureOpenAI({
      endpoint: gateway.url,
      apiKey: "sk-nobody",
      apiVersion: "2025-01-01-preview",
      deployment: "gpt",
      maxRetries: 0,
    });
    const failure = await failureOf(stranger.chat.completions.create({ model: "gpt", messages: user("Hi") }));
    expect(failure.status).toBe(401);
  });
});

describe("OpenAI's client", () => {
  it("sees streams by OpenAI's rules, with what the filter says", async () => {
    const seen: OpenAI.ChatCompletionChunk[] = [];
    const chunks = await sdk().chat.completions.create({ model: "gpt", messages: user("Hi"), stream: true });
    for await (const chunk of chunks) seen.push(chunk);
    expect(
      seen.every(
        ({ id, object, choices }) => id === "chatcmpl-az" && object === "chat.completion.chunk" && choices.length > 0,
      ),
    ).toBe(true);
    expect(seen[0]).toMatchObject({ prompt_filter_results: PROMPT_FILTER });
    expect(seen.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("Hello");
    expect(last().body).toMatchObject({ stream_options: { include_usage: true } });
  });

  it("is billed by the model behind the deployment", async () => {
    const { response } = await sdk()
      .chat.completions.create({ model: "listed", messages: user("Hi") })
      .withResponse();
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record["cost"]).toBe(nano(11 * 0.000_000_165 + 7 * 0.000_000_66));
  });

  it("reaches a deployment by the newer layout", async () => {
    await sdk().chat.completions.create({ model: "newest", messages: user("Hi") });
    expect(last().path).toBe("/openai/v1/chat/completions");
  });

  it("is told what the filter says of a prompt", async () => {
    const failure = await failureOf(sdk().chat.completions.create({ model: "filtered", messages: user("Hi") }));
    expect(failure).toMatchObject({ status: 400, param: "prompt" });
    expect(failure.message).toMatch(/ContentPolicyViolationError: AzureException - The response was filtered/);
    expect(JSON.stringify(failure.error)).toContain("ResponsibleAIPolicyViolation");
  });

  it.each([
    ["gone", 404, /NotFoundError: AzureException - The API deployment/],
    ["busy", 429, /RateLimitError: AzureException - Please retry/],
  ])("is told that a deployment is %s", async (model, status, message) => {
    const failure = await failureOf(sdk().chat.completions.create({ model, messages: user("Hi") }));
    expect(failure.status).toBe(status);
    expect(failure.message).toMatch(message);
  });

  it("does not notice where another deployment answers", async () => {
    const { choices } = await sdk().chat.completions.create({ model: "covered", messages: user("Hi") });
    expect(choices[0]?.message.content).toBe("Hello");
  });
});

describe("sign-in by Entra", () => {
  const entras = (tenant: string) => upstream.received.filter(({ path }) => path.startsWith(`/entra/${tenant}/`));

  it("once for many calls", async () => {
    for (const _ of [1, 2, 3]) {
      await sdk().chat.completions.create({ model: "signed", messages: user("Hi") });
      expect(last().headers["authorization"]).toBe("Bearer entra-tenant-1");
      expect(last().headers["api-key"]).toBeUndefined(); // the environment has one, which is of another resource
    }
    expect(entras("tenant-1")).toMatchObject([
      {
        path: "/entra/tenant-1/oauth2/v2.0/token",
        body: { client_id: "app", client_secret: "the-applications-secret", grant_type: "client_credentials" },
      },
    ]);
  });

  it("by the platform's token, of a variable", async () => {
    await sdk().chat.completions.create({ model: "federated", messages: user("Hi") });
    expect(last().headers["authorization"]).toBe("Bearer entra-tenant-2");
    expect(entras("tenant-2")[0]?.body).toMatchObject({ client_assertion: "a.platform.token" });
  });

  it("refused, in Entra's words and without the secret", async () => {
    const failure = await failureOf(sdk().chat.completions.create({ model: "refused", messages: user("Hi") }));
    expect(failure.status).toBe(401);
    expect(failure.message).toMatch(
      /AuthenticationError: Microsoft Entra ID: AADSTS7000215: Invalid client secret provided\./,
    );
    expect(JSON.stringify(failure.error)).not.toContain("the-applications-secret");
  });

  it("a variable of the gateway's is none for a model that came over the API", async () => {
    const litellm_params = {
      model: "azure/x",
      api_base: upstream.url,
      azure_ad_token: "oidc/env/LITELLM_MASTER_KEY",
      tenant_id: "t",
      client_id: "c",
    };
    const response = await gateway.call("/model/new", { model_name: "thief", litellm_params });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("LITELLM_MASTER_KEY");
  });
});

it("Claude at a Foundry, by Anthropic's format and OpenAI's", async () => {
  const message = await gateway.call("/v1/messages", { model: "claude", max_tokens: 5, messages: user("Hi") });
  expect(await message.json()).toMatchObject({ type: "message", role: "assistant" });
  expect(last()).toMatchObject({
    path: "/anthropic/v1/messages",
    headers: { "x-api-key": "azure-resource-key", "anthropic-version": "2023-06-01" },
    body: { model: "claude-sonnet-4-5" },
  });
  const { choices } = await sdk().chat.completions.create({ model: "claude", messages: user("Hi") });
  expect(choices[0]?.message.content).toBe("Hello");
});

describe("pass-through", () => {
  const path = (deployment: string) => `/azure/openai/deployments/${deployment}/chat/completions`;
  const body = { messages: user("Hi") };

  it("by Azure's name, with the credentials of the deployment that has it", async () => {
    const response = await gateway.call(`${path("mine")}?api-version=2024-10-21`, body);
    expect(await response.json()).toHaveProperty("prompt_filter_results", PROMPT_FILTER);
    expect(last()).toMatchObject({
      path: "/openai/deployments/mine/chat/completions?api-version=2024-10-21",
      headers: { "api-key": "azure-resource-key" },
      body,
    });
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record["cost"]).toBe(COST);
  });

  it("by the gateway's name, under Azure's", async () => {
    await gateway.call(path("gpt"), body);
    expect(last().path).toBe("/openai/deployments/mine/chat/completions?api-version=2024-12-01-preview");
  });

  it("for keys that may use the model, whatever the body says", async () => {
    const headers = await keyFor(["gpt"]);
    for (const name of ["gpt", "mine"]) expect((await gateway.call(path(name), body, headers)).status).toBe(200);
    const before = upstream.received.length;
    for (const address of [
      path("hidden"),
      path("hidden").replace("deployments", "%64eployments"),
      path("hidden").toUpperCase().replace("/AZURE", "/azure"),
    ]) {
      const response = await gateway.call(address, { ...body, model: "gpt" }, headers);
      expect([401, 403, 404], address).toContain(response.status);
    }
    // Where Azure, or what stands before it, reads a deployment too.
    for (const address of ["/azure/hidden/chat/completions", "/azure/openai/engines/hidden/chat/completions"])
      expect((await gateway.call(address, { ...body, model: "mine" }, headers)).status, address).toBe(403);
    expect(upstream.received).toHaveLength(before);
  });

  describe("where the body names the model", () => {
    const chat = "/azure/openai/v1/chat/completions";

    it("by either name, under Azure's, and nothing else is changed", async () => {
      for (const name of ["gpt", "mine"]) {
        const response = await gateway.call(
          chat,
          `{ "seed": 12345678901234567890, "model": "${name}", "messages": [] }`,
        );
        expect(response.status).toBe(200);
        expect(last()).toMatchObject({
          path: "/openai/v1/chat/completions",
          headers: { "api-key": "azure-resource-key", "content-length": "65" },
          body: { model: "mine" },
        });
        const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
        expect(record["cost"]).toBe(COST);
      }
    });

    it("streams, responses and embeddings", async () => {
      const streamed = await gateway.call(chat, { ...body, model: "gpt", stream: true });
      expect(await streamed.text()).toContain("[DONE]");
      const record = await recordOf(gateway, streamed.headers.get("x-litellm-call-id"));
      expect(record).toMatchObject({ cost: COST, outcome: "success" });
      for (const [path, more] of [
        ["/azure/openai/v1/responses", { input: "Hi" }],
        ["/azure/openai/v1/embeddings", { input: "Hi" }],
      ] as const) {
        expect((await gateway.call(path, { ...more, model: "gpt" })).status).toBe(200);
        expect(last()).toMatchObject({ path: path.replace("/azure", ""), body: { ...more, model: "mine" } });
      }
    });

    it("forms", async () => {
      const form = new FormData();
      form.append("model", "gpt");
      form.append("file", new File(["RIFF"], "a.wav", { type: "audio/wav" }));
      form.append("timestamp_granularities[]", "word");
      form.append("timestamp_granularities[]", "segment");
      const authorization = `Bearer ${MASTER_KEY}`;
      const response = await fetch(`${gateway.url}/azure/openai/v1/audio/transcriptions`, {
        method: "POST",
        headers: { authorization },
        body: form,
      });
      expect(response.status).toBe(200);
      const sent = last().body;
      expect(sent).toMatchObject({ model: "mine", "timestamp_granularities[]": ["word", "segment"] });
      expect(await (sent["file"] as File).text()).toBe("RIFF");
    });

    it("for keys that may use it by either name, and no other", async () => {
      const headers = await keyFor(["gpt"]);
      for (const model of ["gpt", "mine"])
        expect((await gateway.call(chat, { ...body, model }, headers)).status).toBe(200);
      const before = upstream.received.length;
      for (const model of ["hidden", "listed"]) {
        const response = await gateway.call(chat, { ...body, model }, headers);
        expect([401, 403], model).toContain(response.status);
      }
      expect((await gateway.call(chat, '{"model": "gpt", "Model": "hidden", "messages": []}', headers)).status).toBe(
        400,
      );
      expect(upstream.received).toHaveLength(before);
    });

    it("Claude at a Foundry", async () => {
      const asked = { model: "claude", max_tokens: 5, messages: user("Hi") };
      const response = await gateway.call("/azure_ai/anthropic/v1/messages", asked);
      expect(response.status).toBe(200);
      expect(last()).toMatchObject({ path: "/anthropic/v1/messages", body: { ...asked, model: "claude-sonnet-4-5" } });
    });
  });

  it("only for deployments with a price, but for admins", async () => {
    const headers = await keyFor([]);
    const response = await gateway.call(path("nobody-knows"), body, headers);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("the price of azure/nobody-knows is not known");
    expect((await gateway.call(path("nobody-knows"), body)).status).toBe(200);
    expect(last().headers["api-key"]).toBe("key-of-the-environment");
  });

  it("what all share is for admins", async () => {
    const headers = await keyFor([]);
    const list = (more: Record<string, string>) =>
      fetch(`${gateway.url}/azure/openai/files?api-version=2024-10-21`, { headers: more });
    expect((await list(headers)).status).toBe(403);
    expect((await list({ authorization: `Bearer ${key}` })).status).toBe(200);
    expect(last().path).toBe("/openai/files?api-version=2024-10-21");
  });

  it("no tokens of Azure's are handed out", async () => {
    const response = await gateway.call("/azure/openai/v1/realtime/client_secrets", { model: "voice" });
    expect(response.status).toBe(403);
  });
});

describe("what Azure keeps", () => {
  it("files, by the version of all deployments", async () => {
    const file = await toFile(Buffer.from("{}\n"), "a.jsonl");
    // the SDK's types have no such field
    const body = { file, purpose: "fine-tune", custom_llm_provider: "azure" } as OpenAI.FileCreateParams;
    const { id } = await sdk().files.create(body);
    expect(id).not.toBe("file-azure-fine-tune");
    expect(last()).toMatchObject({
      method: "POST",
      path: "/openai/files?api-version=2024-10-21",
      headers: { "api-key": "key-of-the-environment" },
      body: { purpose: "fine-tune" },
    });
    await sdk().files.content(id);
    expect(last().path).toBe("/openai/files/file-azure-fine-tune/content?api-version=2024-10-21");
  });
});

describe("batches", () => {
  it("of a file that Azure keeps", async () => {
    const line = {
      custom_id: "a",
      method: "POST",
      url: "/v1/chat/completions",
      body: { model: "mine", messages: user("Hi") },
    };
    const file = await toFile(Buffer.from(`${JSON.stringify(line)}\n`), "a.jsonl");
    // the SDK's types have no such field
    const { id } = await sdk().files.create({
      file,
      purpose: "batch",
      custom_llm_provider: "azure",
    } as OpenAI.FileCreateParams);
    const batch = await sdk().batches.create({
      input_file_id: id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    const made = upstream.received.find(({ path, method }) => method === "POST" && path.startsWith("/openai/batches"));
    expect(made).toMatchObject({
      path: "/openai/batches?api-version=2024-10-21",
      headers: { "api-key": "key-of-the-environment" },
      body: {
        input_file_id: "file-azure-batch",
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
      },
    });
    expect(batch).toMatchObject({ object: "batch", input_file_id: id, status: "validating" });
    expect(batch.id).not.toBe("batch_azure_1");
    expect(await sdk().batches.retrieve(batch.id)).toMatchObject({ id: batch.id, input_file_id: id });
    expect(last().path).toBe("/openai/batches/batch_azure_1?api-version=2024-10-21");
  });
});

describe("sessions in real time", () => {
  it.each([
    ["voice", "/openai/v1/realtime?model=voice"],
    ["old-voice", "/openai/realtime?api-version=2024-12-01-preview&deployment=voice"],
  ])("%s", async (model, path) => {
    const session = await connect(`${gateway.url}/v1/realtime?model=${model}`, { authorization: `Bearer ${key}` });
    session.send({ type: "response.create" });
    await session.next("response.done");
    expect(sessions.sessions.at(-1)).toMatchObject({ path, headers: { "api-key": "azure-resource-key" } });
    session.close();
  });
});

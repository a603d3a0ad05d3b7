/** Files and batches at the running gateway, by OpenAI's SDK: run by the gateway itself, and passed to a provider. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

interface OutputLine {
  id: string;
  custom_id: string;
  response: { status_code: number; request_id: string; body: Record<string, unknown> } | null;
  error: { code: string; message: string } | null;
}

const INPUT = 0.000_01;
const OUTPUT = 0.000_02;
const COST = 8 * INPUT + 4 * OUTPUT;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let state: string;
/** How often each text was asked for. */
const asked = new Map<string, number>();
let delay = 0;

const config = () => ({
  model_list: ["model-a", "model-b"].map((model_name) => ({
    model_name,
    litellm_params: {
      model: "openai/priced",
      api_key: "sk-upstream",
      api_base: `${upstream.url}/v1`,
      input_cost_per_token: INPUT,
      output_cost_per_token: OUTPUT,
    },
  })),
  router_settings: { num_retries: 0, disable_cooldowns: true },
});

function textOf({ body }: Received): string {
  const [message] = body["messages"] as { content: string }[];
  return message?.content ?? "";
}

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), "sluice-batch-"));
  upstream = await startUpstream(async (request, response) => {
    await new Promise((next) => setTimeout(next, delay));
    if (request.path.startsWith("/v1/embeddings"))
      return json(response, 200, {
        object: "list",
        data: [{ object: "embedding", index: 0, embedding: [0.5] }],
        model: "priced",
        usage: { prompt_tokens: 8, total_tokens: 8 },
      });
    const text = textOf(request);
    const times = (asked.get(text) ?? 0) + 1;
    asked.set(text, times);
    if (text.includes("fails"))
      return json(response, 400, { error: { message: `no ${text}`, type: "invalid_request_error" } });
    if (text.includes("limited") && times === 1)
      return json(response, 429, { error: { message: "slow down", type: "rate_limit_error" } }, { "retry-after": "1" });
    return json(response, 200, {
      id: `chatcmpl-${text}`,
      object: "chat.completion",
      created: 1,
      model: "priced",
      choices: [{ index: 0, message: { role: "assistant", content: `re: ${text}` }, finish_reason: "stop" }],
      usage: { prompt_tokens: 8, completion_tokens: 4, total_tokens: 12 },
    });
  });
  gateway = await startGateway(config(), {}, state, { ledgerPauses: true });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

function client(apiKey: string): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
}

async function newKey(fields: Record<string, unknown> = {}): Promise<string> {
  const response = await gateway.call("/key/generate", fields);
  return ((await response.json()) as { key: string }).key;
}

const line = (customId: string, content: string, fields: Record<string, unknown> = {}) =>
  JSON.stringify({
    custom_id: customId,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "model-a", messages: [{ role: "user", content }], max_tokens: 16, ...fields },
  });

async function upload(openai: OpenAI, text: string) {
  return openai.files.create({ file: await toFile(Buffer.from(text), "input.jsonl"), purpose: "batch" });
}

async function start(openai: OpenAI, lines: readonly string[], endpoint = "/v1/chat/completions") {
  const file = await upload(openai, lines.join("\n"));
  return openai.batches.create({
    input_file_id: file.id,
    endpoint: endpoint as "/v1/chat/completions",
    completion_window: "24h",
    metadata: { job: "nightly" },
  });
}

async function ended(openai: OpenAI, id: string, patience = 60_000): Promise<OpenAI.Batch> {
  const end = Date.now() + patience;
  for (;;) {
    const batch = await openai.batches.retrieve(id);
    if (["completed", "failed", "expired", "cancelled"].includes(batch.status)) return batch;
    if (Date.now() > end) throw new Error(`still ${batch.status}: ${JSON.stringify(batch.request_counts)}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

async function linesIn(openai: OpenAI, id: string | null | undefined): Promise<OutputLine[]> {
  if (!id) return [];
  const text = await (await openai.files.content(id)).text();
  return text
    .trimEnd()
    .split("\n")
    .map((one) => JSON.parse(one) as OutputLine);
}

interface LogRow {
  request_id: string;
  spend: number;
  status: string;
  metadata: Record<string, unknown>;
}

/** Rows of the ledger of one key, as soon as there are so many. */
async function rowsOf(key: string, count: number): Promise<LogRow[]> {
  const end = Date.now() + 20_000;
  for (;;) {
    const response = await gateway.call(`/spend/logs?api_key=${encodeURIComponent(key)}&summarize=false`);
    const rows = (await response.json()) as LogRow[];
    if (rows.length >= count || Date.now() > end) return rows;
    await new Promise((next) => setTimeout(next, 300));
  }
}

describe("batches the gateway runs", () => {
  it("runs each line, keeps its custom_id, and puts it on the ledger", async () => {
    const key = await newKey();
    const openai = client(key);
    const batch = await start(openai, [line("first", "one"), line("second", "two", { model: "model-b" }), ""]);
    expect(batch).toMatchObject({ object: "batch", status: "validating", metadata: { job: "nightly" } });
    expect(batch.id).toMatch(/^batch_slc/);
    const over = await ended(openai, batch.id);
    expect(over).toMatchObject({
      status: "completed",
      request_counts: { total: 2, completed: 2, failed: 0 },
      error_file_id: null,
      usage: { input_tokens: 16, output_tokens: 8, total_tokens: 24 },
    });
    const lines = await linesIn(openai, over.output_file_id);
    expect(lines.map(({ custom_id }) => custom_id)).toEqual(["first", "second"]);
    expect(lines[0]).toMatchObject({
      response: { status_code: 200, body: { choices: [{ message: { content: "re: one" } }] } },
      error: null,
    });
    const rows = await rowsOf(key, 2);
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row.spend).toBeCloseTo(COST, 9);
      expect(row.metadata).toMatchObject({ batch_id: batch.id });
    }
  }, 60_000);

  it("two hundred lines, some of which fail or have to wait, survive a crash in the middle: one result and one row each", async () => {
    asked.clear();
    delay = 150;
    const key = await newKey();
    const texts = Array.from({ length: 200 }, (_, index) =>
      index % 10 === 3 ? `fails ${index}` : index % 10 === 7 ? `limited ${index}` : `line ${index}`,
    );
    const batch = await start(
      client(key),
      texts.map((text, index) => line(`request-${index}`, text)),
    );
    for (let done = 0; done < 60; ) {
      await new Promise((next) => setTimeout(next, 50));
      const { request_counts: counts } = await client(key).batches.retrieve(batch.id);
      done = (counts?.completed ?? 0) + (counts?.failed ?? 0);
    }
    const before = [...asked.values()].reduce((sum, times) => sum + times, 0);
    await gateway.kill();
    gateway = await startGateway(config(), {}, state, { ledgerPauses: true });
    delay = 5;
    const openai = client(key);
    const over = await ended(openai, batch.id, 90_000);
    expect(over.status).toBe("completed");
    expect(over.request_counts).toEqual({ total: 200, completed: 180, failed: 20 });
    const good = await linesIn(openai, over.output_file_id);
    const bad = await linesIn(openai, over.error_file_id);
    expect([...good, ...bad].map(({ custom_id }) => custom_id).sort()).toEqual(
      texts.map((_, index) => `request-${index}`).sort(),
    );
    expect(bad.every(({ custom_id, response }) => custom_id.endsWith("3") && response?.status_code === 400)).toBe(true);
    // Only what was under way is asked for twice, and what was limited.
    const times = [...asked.values()].reduce((sum, one) => sum + one, 0);
    expect(before).toBeGreaterThanOrEqual(60);
    expect(times - 200 - 20).toBeLessThanOrEqual(20);
    const rows = await rowsOf(key, 200);
    await new Promise((next) => setTimeout(next, 3000)); // were there more of them, they would come yet
    expect((await rowsOf(key, 200)).length).toBe(200);
    expect(new Set(rows.map(({ metadata }) => metadata["custom_id"])).size).toBe(200);
    const info = (await (await gateway.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } };
    expect(info.info.spend).toBeCloseTo(180 * COST, 6);
  }, 180_000);

  it("says what is wrong with an input file, line by line", async () => {
    const openai = client(await newKey());
    const batch = await start(openai, [
      line("same", "one"),
      "{not json",
      line("same", "two"),
      JSON.stringify({ method: "POST", url: "/v1/chat/completions", body: { model: "model-a" } }),
      JSON.stringify({ custom_id: "a", method: "GET", url: "/v1/chat/completions", body: { model: "model-a" } }),
      JSON.stringify({ custom_id: "b", method: "POST", url: "/v1/embeddings", body: { model: "model-a" } }),
      JSON.stringify({ custom_id: "c", method: "POST", url: "/v1/chat/completions", body: { messages: [] } }),
      JSON.stringify({ custom_id: "d", method: "POST", url: "/v1/chat/completions", body: "text" }),
      "[1]",
    ]);
    const over = await ended(openai, batch.id);
    expect(over.status).toBe("failed");
    expect(over.failed_at).toEqual(expect.any(Number));
    expect(over.errors?.data?.map(({ line: number, code, param }) => [number, code, param])).toEqual([
      [2, "invalid_json_line", null],
      [3, "duplicate_custom_id", "custom_id"],
      [4, "missing_required_parameter", "custom_id"],
      [5, "invalid_method", "method"],
      [6, "url_mismatch", "url"],
      [7, "missing_required_parameter", "body.model"],
      [8, "invalid_body", "body"],
      [9, "invalid_json_line", null],
    ]);
    expect(over).toMatchObject({ output_file_id: null, error_file_id: null });
  }, 60_000);

  it("an empty file, and bad requests", async () => {
    const openai = client(await newKey());
    const over = await ended(openai, (await start(openai, ["", "  "])).id);
    expect(over.errors?.data?.[0]).toMatchObject({ code: "empty_file", line: null });
    const file = await upload(openai, line("a", "b"));
    const create = (fields: Record<string, unknown>) =>
      openai.batches.create({
        input_file_id: file.id,
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
        ...fields,
      } as OpenAI.BatchCreateParams);
    await expect(create({ endpoint: "/v1/nothing" })).rejects.toMatchObject({ status: 400, param: "endpoint" });
    await expect(create({ completion_window: "soon" })).rejects.toMatchObject({
      status: 400,
      param: "completion_window",
    });
    await expect(create({ input_file_id: "file-other" })).rejects.toMatchObject({ status: 404 });
    await expect(create({ metadata: { a: 1 } })).rejects.toMatchObject({ status: 400 });
    await expect(create({ input_file_id: 7 })).rejects.toMatchObject({ status: 400, param: "input_file_id" });
  }, 60_000);

  it("a budget that ends in the middle fails the rest, and nothing is overspent", async () => {
    delay = 5;
    asked.clear();
    const worst = 40 * INPUT + 16 * OUTPUT;
    const key = await newKey({ max_budget: 10 * COST + worst });
    const openai = client(key);
    const lines = Array.from({ length: 40 }, (_, index) => line(`budget-${index}`, `budget ${index}`));
    const over = await ended(openai, (await start(openai, lines)).id, 120_000);
    expect(over.status).toBe("completed");
    const { completed = 0, failed = 0 } = over.request_counts ?? {};
    expect(completed + failed).toBe(40);
    expect(completed).toBeGreaterThanOrEqual(8);
    expect(completed * COST).toBeLessThanOrEqual(10 * COST + worst);
    expect(asked.size).toBe(completed);
    const [refused] = await linesIn(openai, over.error_file_id);
    expect(refused?.response?.body).toMatchObject({ error: { type: "budget_exceeded" } });
    expect(await rowsOf(key, 40)).toHaveLength(40);
  }, 180_000);

  it("limits of the key hold up lines, and fail none", async () => {
    const key = await newKey({ max_parallel_requests: 1 });
    const openai = client(key);
    const lines = Array.from({ length: 8 }, (_, index) => line(`slow-${index}`, `slow ${index}`));
    const over = await ended(openai, (await start(openai, lines)).id, 90_000);
    expect(over.request_counts).toEqual({ total: 8, completed: 8, failed: 0 });
    expect(await rowsOf(key, 8)).toHaveLength(8);
  }, 120_000);

  it("a key that is blocked stops its batch", async () => {
    delay = 1000;
    const key = await newKey();
    const openai = client(key);
    const lines = Array.from({ length: 120 }, (_, index) => line(`blocked-${index}`, `blocked ${index}`));
    const batch = await start(openai, lines);
    await new Promise((next) => setTimeout(next, 1500));
    await gateway.call("/key/block", { key });
    const admin = client("sk-test-master-key-0123456789");
    const over = await ended(admin, batch.id, 90_000);
    expect(over.status).toBe("completed");
    expect(over.request_counts?.failed).toBeGreaterThan(40);
    const bad = await linesIn(admin, over.error_file_id);
    expect(bad[0]).toMatchObject({ response: null, error: { code: "auth_error" } });
    delay = 5;
  }, 120_000);

  it("a batch that is cancelled keeps what is done", async () => {
    delay = 300;
    const openai = client(await newKey());
    const lines = Array.from({ length: 200 }, (_, index) => line(`cancel-${index}`, `cancel ${index}`));
    const batch = await start(openai, lines);
    await new Promise((next) => setTimeout(next, 1500));
    expect((await openai.batches.cancel(batch.id)).status).toMatch(/cancelling|cancelled/);
    const over = await ended(openai, batch.id);
    expect(over.status).toBe("cancelled");
    const done = await linesIn(openai, over.output_file_id);
    expect(done.length).toBe(over.request_counts?.completed);
    expect(done.length).toBeLessThan(200);
    await expect(openai.batches.cancel(batch.id)).rejects.toMatchObject({ status: 409 });
    delay = 5;
  }, 60_000);

  it("embeddings, and models the key may not use", async () => {
    const openai = client(await newKey({ models: ["model-b"] }));
    const embedding = (customId: string, model: string) =>
      JSON.stringify({ custom_id: customId, method: "POST", url: "/v1/embeddings", body: { model, input: "x" } });
    const batch = await start(openai, [embedding("yes", "model-b"), embedding("no", "model-a")], "/v1/embeddings");
    const over = await ended(openai, batch.id);
    expect(over.request_counts).toEqual({ total: 2, completed: 1, failed: 1 });
    const [good] = await linesIn(openai, over.output_file_id);
    expect(good?.response?.body).toMatchObject({ object: "list", data: [{ embedding: [0.5] }] });
    const [bad] = await linesIn(openai, over.error_file_id);
    expect(bad).toMatchObject({ custom_id: "no" });
    expect(bad?.response?.status_code).toBeGreaterThanOrEqual(400);
  }, 60_000);
});

describe("files and batches of tenants", () => {
  it("shows each its own, and says of others' that there are none", async () => {
    const [one, other] = [client(await newKey()), client(await newKey())];
    const files = [];
    for (const text of ["a", "b", "c"]) files.push(await upload(one, line(text, text)));
    const [first, second, third] = files.map(({ id }) => id);
    expect(files[0]).toMatchObject({ object: "file", purpose: "batch", filename: "input.jsonl", status: "processed" });
    const page = await one.files.list({ limit: 2 });
    expect(page.data.map(({ id }) => id)).toEqual([third, second]);
    expect(page.has_more).toBe(true);
    const all = [];
    for await (const file of one.files.list({ limit: 2 })) all.push(file.id);
    expect(all).toEqual([third, second, first]);
    const ascending = await one.files.list({ order: "asc", purpose: "batch" });
    expect(ascending.data.map(({ id }) => id)).toEqual([first, second, third]);
    expect((await one.files.list({ purpose: "assistants" })).data).toEqual([]);
    expect((await other.files.list()).data).toEqual([]);
    for (const call of [
      () => other.files.retrieve(first ?? ""),
      () => other.files.content(first ?? ""),
      () => other.files.delete(first ?? ""),
      () => one.files.retrieve("file-unknown"),
    ])
      await expect(call()).rejects.toMatchObject({ status: 404, type: "invalid_request_error", param: "id" });
    expect(await (await one.files.content(first ?? "")).text()).toBe(line("a", "a"));
    expect(await one.files.delete(first ?? "")).toEqual({ id: first, object: "file", deleted: true });
    await expect(one.files.retrieve(first ?? "")).rejects.toMatchObject({ status: 404 });

    const batch = await one.batches.create({
      input_file_id: second ?? "",
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    await expect(other.batches.retrieve(batch.id)).rejects.toMatchObject({ status: 404 });
    await expect(other.batches.cancel(batch.id)).rejects.toMatchObject({ status: 404 });
    expect((await other.batches.list()).data).toEqual([]);
    expect((await one.batches.list()).data.map(({ id }) => id)).toEqual([batch.id]);
    await expect(
      other.batches.create({ input_file_id: second ?? "", endpoint: "/v1/chat/completions", completion_window: "24h" }),
    ).rejects.toMatchObject({ status: 404 });
    const admin = client("sk-test-master-key-0123456789");
    expect((await admin.batches.retrieve(batch.id)).id).toBe(batch.id);
    await ended(one, batch.id);
  }, 60_000);

  it("a large file goes through in pieces, and comes back as it was", async () => {
    const openai = client(await newKey());
    const bytes = Buffer.alloc(30 * 1024 * 1024 + 17, "0123456789abcdef\r\n--");
    const file = await openai.files.create({ file: await toFile(bytes, "large.bin"), purpose: "batch" });
    expect(file.bytes).toBe(bytes.length);
    const content = Buffer.from(await (await openai.files.content(file.id)).arrayBuffer());
    expect(content.equals(bytes)).toBe(true);
    await openai.files.delete(file.id);
  }, 60_000);

  it("bad uploads are refused in OpenAI's format", async () => {
    const key = await newKey();
    const post = (body: FormData | string, headers: Record<string, string> = {}) =>
      fetch(`${gateway.url}/v1/files`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, ...headers },
        body,
      });
    const form = (fields: Record<string, string | Blob>) => {
      const data = new FormData();
      for (const [name, value] of Object.entries(fields)) data.append(name, value);
      return data;
    };
    const file = new File(["x"], "x.jsonl");
    const cases = [
      await post(form({ file })),
      await post(form({ purpose: "batch" })),
      await post("{}", { "content-type": "application/json" }),
      await post("nothing", { "content-type": "multipart/form-data; boundary=x" }),
      await post(form({ file, purpose: "batch", custom_llm_provider: "nobody" })),
      await post(
        form({ file, purpose: "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": "5" }),
      ),
      await post(form({ file, purpose: "batch", model: "unknown-model" })),
    ];
    for (const response of cases) {
      const body = (await response.json()) as { error: { message: string } };
      expect(response.status, JSON.stringify(body)).toBe(400);
      expect(body.error.message).toEqual(expect.any(String));
    }
  }, 60_000);
});

describe("files and batches that a provider keeps", () => {
  let provider: Awaited<ReturnType<typeof startUpstream>>;
  let passing: TestGateway;
  const folder = mkdtempSync(join(tmpdir(), "sluice-batch-"));
  let status = "in_progress";
  /** Of the file the provider has. */
  let content = "";
  /** With which the provider refuses batches. */
  let refusal: number | undefined;
  const seen: { path: string; method: string; text: string }[] = [];
  const outputs = [
    {
      custom_id: "one",
      response: {
        status_code: 200,
        body: {
          model: "gpt-4o-mini-2024-07-18",
          usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
        },
      },
    },
    {
      custom_id: "two",
      response: {
        status_code: 200,
        body: {
          model: "gpt-4o-mini-2024-07-18",
          usage: { prompt_tokens: 2000, completion_tokens: 200, total_tokens: 2200 },
        },
      },
    },
  ];
  const batch = () => ({
    id: "batch_theirs",
    object: "batch",
    endpoint: "/v1/chat/completions",
    input_file_id: "file-theirs",
    completion_window: "24h",
    status,
    output_file_id: status === "completed" ? "file-output" : null,
    error_file_id: null,
    created_at: 1,
    request_counts: { total: 2, completed: 0, failed: 0 },
    metadata: { job: "x" },
  });

  beforeAll(async () => {
    provider = await startUpstream(async ({ path, method, headers, body }, response) => {
      const { file: sent } = body;
      const text = sent instanceof File ? await sent.text() : JSON.stringify(body);
      seen.push({ path, method, text });
      if (headers.authorization !== "Bearer sk-theirs") return json(response, 401, { error: { message: "no" } });
      const file = {
        id: "file-theirs",
        object: "file",
        bytes: 5,
        created_at: 1,
        filename: "x.jsonl",
        purpose: "batch",
        status: "processed",
      };
      if (path === "/v1/files" && method === "POST") return json(response, 200, file);
      if (path === "/v1/files/file-theirs" && method === "DELETE")
        return json(response, 200, { id: "file-theirs", object: "file", deleted: true });
      if (path === "/v1/files/file-theirs") return json(response, 200, file);
      if (path === "/v1/files/file-theirs/content") {
        response.writeHead(200, { "content-type": "application/octet-stream" });
        return void response.end(content);
      }
      if (path === "/v1/files/file-output")
        return json(response, 200, { ...file, id: "file-output", purpose: "batch_output" });
      if (path === "/v1/files/file-output/content") {
        response.writeHead(200, { "content-type": "application/octet-stream" });
        return void response.end(outputs.map((one) => JSON.stringify(one)).join("\n"));
      }
      if (path === "/v1/batches" && method === "POST" && refusal !== undefined)
        return json(response, refusal, { error: { message: "no" } });
      if (path === "/v1/batches" && method === "POST") return json(response, 200, batch());
      if (path === "/v1/batches/batch_theirs/cancel") return json(response, 200, { ...batch(), status: "cancelling" });
      if (path === "/v1/batches/batch_theirs") return json(response, 200, batch());
      return json(response, 404, {
        error: { message: `no ${path}`, type: "invalid_request_error", param: "id", code: null },
      });
    });
    passing = await startPassing(folder);
  }, 60_000);

  const startPassing = (folder: string) =>
    startGateway(
      {
        model_list: [
          {
            model_name: "mini",
            litellm_params: { model: "openai/gpt-4o-mini", api_key: "sk-theirs", api_base: `${provider.url}/v1` },
            model_info: { mode: "batch" },
          },
        ],
      },
      { OPENAI_API_KEY: "sk-theirs", OPENAI_BASE_URL: `${provider.url}/v1` },
      folder,
    );

  afterAll(async () => {
    await passing?.stop();
    await provider?.close();
  });

  const at = (apiKey: string, path = "") => new OpenAI({ apiKey, baseURL: `${passing.url}${path}/v1`, maxRetries: 0 });
  const keyOf = async (fields: Record<string, unknown> = {}) =>
    ((await (await passing.call("/key/generate", fields)).json()) as { key: string }).key;
  /** With batch prices: half of 0.15 and 0.60 dollars a million. */
  const price = (3000 * 0.075 + 300 * 0.3) / 1e6;

  async function spendOf(key: string): Promise<number> {
    for (let waited = 0; ; waited++) {
      const { info } = (await (await passing.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } };
      if (info.spend > 0 || waited > 80) return info.spend;
      await new Promise((next) => setTimeout(next, 200));
    }
  }

  it("a file for a provider goes there, under an id of the gateway's; its batch too, and is paid for once", async () => {
    status = "in_progress";
    const key = await keyOf({ max_budget: 1 });
    const openai = at(key, "/openai");
    const text = line("one", "hi", { model: "gpt-4o-mini" });
    content = text;
    const file = await openai.files.create({ file: await toFile(Buffer.from(text), "x.jsonl"), purpose: "batch" });
    expect(file.id).toMatch(/^file-slc/);
    expect(seen.at(-1)?.text).toContain(text);
    expect((await openai.files.retrieve(file.id)).id).toBe(file.id);
    const made = await openai.batches.create({
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    expect(made).toMatchObject({ status: "in_progress", input_file_id: file.id, output_file_id: null });
    expect(made.id).toMatch(/^batch_slc/);
    expect(JSON.parse(seen.at(-1)?.text ?? "")).toMatchObject({ input_file_id: "file-theirs" });
    const other = at(await keyOf());
    await expect(other.batches.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    status = "completed";
    const [over, again] = [await openai.batches.retrieve(made.id), await openai.batches.retrieve(made.id)];
    expect(over.output_file_id).toMatch(/^file-slc/);
    expect(again.output_file_id).toBe(over.output_file_id);
    expect(await (await openai.files.content(over.output_file_id ?? "")).text()).toContain('"custom_id":"two"');
    await expect(other.files.content(over.output_file_id ?? "")).rejects.toMatchObject({ status: 404 });
    expect(await spendOf(key)).toBeCloseTo(price, 9);
    await openai.batches.retrieve(made.id);
    await new Promise((next) => setTimeout(next, 4000));
    expect(await spendOf(key)).toBeCloseTo(price, 9);
    const rows = (await (await passing.call(`/spend/logs?api_key=${key}&summarize=false`)).json()) as LogRow[];
    expect(rows.filter(({ spend }) => spend > 0)).toMatchObject([{ metadata: { batch_id: made.id } }]);
    expect(await openai.files.delete(file.id)).toMatchObject({ id: file.id, deleted: true });
    expect(seen.some(({ path, method }) => method === "DELETE" && path === "/v1/files/file-theirs")).toBe(true);
    expect((await openai.batches.list()).data.map(({ id }) => id)).toEqual([made.id]);
  }, 60_000);

  it("a kept file whose lines are all for one model of a provider with batches is handed over", async () => {
    status = "in_progress";
    const key = await keyOf();
    const openai = at(key);
    const file = await openai.files.create({
      file: await toFile(Buffer.from(line("one", "hi", { model: "mini" })), "x.jsonl"),
      purpose: "batch",
    });
    const before = seen.length;
    const made = await openai.batches.create({
      input_file_id: file.id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    expect(made.status).toBe("validating");
    let batch = made;
    for (let waited = 0; batch.status === "validating" && waited < 100; waited++) {
      await new Promise((next) => setTimeout(next, 100));
      batch = await openai.batches.retrieve(made.id);
    }
    expect(batch).toMatchObject({ id: made.id, status: "in_progress", input_file_id: file.id });
    const posted = seen.slice(before).filter(({ method }) => method === "POST");
    expect(posted.map(({ path }) => path)).toEqual(["/v1/files", "/v1/batches"]);
    expect(posted[0]?.text).toContain('"model":"gpt-4o-mini"');
    expect((await openai.batches.cancel(made.id)).status).toBe("cancelling");
    status = "completed";
    expect((await openai.batches.retrieve(made.id)).status).toBe("completed");
    expect(await spendOf(key)).toBeCloseTo(price, 9);
    seen.length = 0;
    await openai.files.delete(file.id);
    expect(seen.map(({ method, path }) => [method, path])).toEqual([["DELETE", "/v1/files/file-theirs"]]);
  }, 60_000);

  it("a key's models hold for the lines of a file that goes to a provider", async () => {
    const openai = at(await keyOf({ models: ["mini"] }), "/openai");
    const create = async (model: string) =>
      openai.files.create({ file: await toFile(Buffer.from(line("a", "b", { model })), "x.jsonl"), purpose: "batch" });
    await expect(create("gpt-5")).rejects.toMatchObject({ status: 403 });
    expect((await create("mini")).id).toMatch(/^file-slc/);
  }, 60_000);

  describe("what a batch may cost", () => {
    /** One line of 100 tokens of output at batch prices, and its prompt. */
    const output = (100 * 0.3) / 1e6;
    const create = async (openai: OpenAI, lines: number, more: object = { max_tokens: 100 }) => {
      const text = Array.from({ length: lines }, (_, index) =>
        line(`${index}`, "hi", { model: "gpt-4o-mini", ...more }),
      );
      content = text.join("\n");
      const file = await openai.files.create({ file: await toFile(Buffer.from(content), "x.jsonl"), purpose: "batch" });
      return openai.batches.create({
        input_file_id: file.id,
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
      });
    };
    const reads = () => seen.filter(({ path, method }) => method === "GET" && path === "/v1/files/file-theirs/content");
    const budgetOf = async (key: string) =>
      ((await (await passing.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } }).info.spend;

    it("is set aside: of two that fit each alone only one begins, and another when it is over", async () => {
      status = "in_progress";
      const key = await keyOf({ max_budget: output * 15 });
      const openai = at(key, "/openai");
      const [one, other] = await Promise.allSettled([create(openai, 10), create(openai, 10)]);
      const [made, refused] = one.status === "fulfilled" ? [one, other] : [other, one];
      expect([made.status, refused.status]).toEqual(["fulfilled", "rejected"]);
      const error = (refused as PromiseRejectedResult).reason as InstanceType<typeof OpenAI.APIError>;
      expect(error).toMatchObject({ status: 422, type: "budget_exceeded" });
      expect(error.message).toMatch(/Key=.* Current cost: 0, Max budget: .*may cost .*does not reset/);
      expect(await budgetOf(key)).toBe(0);
      // Calls of the key have what is left, and no more.
      await expect(create(openai, 7)).rejects.toMatchObject({ type: "budget_exceeded" });
      status = "completed";
      const { id } = (made as PromiseFulfilledResult<OpenAI.Batch>).value;
      await openai.batches.retrieve(id);
      expect(await spendOf(key)).toBeCloseTo(price, 9);
      status = "in_progress";
      await vi.waitFor(() => create(openai, 4), { timeout: 10_000, interval: 300 });
      const sumOfRows = async () => {
        const rows = (await (await passing.call(`/spend/logs?api_key=${key}&summarize=false`)).json()) as LogRow[];
        return rows.reduce((sum, { spend }) => sum + spend, 0);
      };
      const told = { timeout: 15_000, interval: 300 };
      await vi.waitFor(async () => expect(await sumOfRows()).toBeCloseTo(await budgetOf(key), 9), told);
    }, 60_000);

    it("is free again where the batch is cancelled, or the provider refuses it", async () => {
      status = "in_progress";
      const openai = at(await keyOf({ max_budget: output * 15 }), "/openai");
      refusal = 400;
      await expect(create(openai, 10)).rejects.toMatchObject({ status: 400 });
      refusal = undefined;
      const { id } = await create(openai, 10);
      await expect(create(openai, 10)).rejects.toMatchObject({ type: "budget_exceeded" });
      status = "cancelled";
      expect((await openai.batches.retrieve(id)).status).toBe("cancelled");
      await vi.waitFor(() => create(openai, 10), { timeout: 15_000, interval: 500 });
    }, 60_000);

    it("outlives the gateway, and is charged once", async () => {
      status = "in_progress";
      const key = await keyOf({ max_budget: output * 15 });
      const { id } = await create(at(key, "/openai"), 10);
      await passing.kill();
      passing = await startPassing(folder);
      await expect(create(at(key, "/openai"), 10)).rejects.toMatchObject({ type: "budget_exceeded" });
      status = "completed";
      await at(key, "/openai").batches.retrieve(id);
      expect(await spendOf(key)).toBeCloseTo(price, 9);
    }, 90_000);

    it("is paid for by the key also where it has got a new value meanwhile", async () => {
      status = "in_progress";
      const key = await keyOf({ max_budget: output * 15 });
      const { id } = await create(at(key, "/openai"), 10);
      const answer = await passing.call("/key/regenerate", { key });
      const renewed = ((await answer.json()) as { key: string }).key;
      await expect(create(at(renewed, "/openai"), 10)).rejects.toMatchObject({ type: "budget_exceeded" });
      status = "completed";
      expect((await at(renewed, "/openai").batches.retrieve(id)).status).toBe("completed");
      expect(await spendOf(renewed)).toBeCloseTo(price, 9);
    }, 60_000);

    it("is paid for by the key's user also where the key is deleted meanwhile", async () => {
      status = "in_progress";
      const made = await passing.call("/user/new", { max_budget: output * 15, auto_create_key: false });
      const { user_id } = (await made.json()) as { user_id: string };
      const [gone, other] = [await keyOf({ user_id }), await keyOf({ user_id })];
      const { id } = await create(at(gone, "/openai"), 10);
      expect((await passing.call("/key/delete", { keys: [gone] })).status).toBe(200);
      await expect(create(at(other, "/openai"), 10)).rejects.toMatchObject({ type: "budget_exceeded" });
      status = "completed";
      expect((await at(other, "/openai").batches.retrieve(id)).status).toBe("completed");
      const spent = async () => {
        const answer = await passing.call(`/user/info?user_id=${user_id}`);
        return ((await answer.json()) as { user_info: { spend: number } }).user_info.spend;
      };
      await vi.waitFor(async () => expect(await spent()).toBeCloseTo(price, 9), { timeout: 15_000, interval: 300 });
    }, 60_000);

    it("is as much as the longest answers where lines do not bound them", async () => {
      const openai = at(await keyOf({ max_budget: output * 15 }), "/openai");
      await expect(create(openai, 2, { max_tokens: undefined })).rejects.toMatchObject({ type: "budget_exceeded" });
    }, 60_000);

    it("is not looked for where nothing is limited", async () => {
      status = "in_progress";
      const before = reads().length;
      await create(at(await keyOf(), "/openai"), 10);
      expect(reads().length).toBe(before);
    }, 60_000);

    it("lets its requests and tokens count for the key's rate limits", async () => {
      status = "in_progress";
      const few = at(await keyOf({ rpm_limit: 8 }), "/openai");
      await expect(create(few, 20)).rejects.toMatchObject({ status: 429, type: "rate_limit_error" });
      const short = at(await keyOf({ tpm_limit: 30 }), "/openai");
      await expect(create(short, 20)).rejects.toMatchObject({ status: 429 });
      const enough = at(await keyOf({ rpm_limit: 30, tpm_limit: 1000 }), "/openai");
      await create(enough, 20);
      await expect(create(enough, 20)).rejects.toMatchObject({ status: 429 });
    }, 60_000);

    it("is set aside for a kept file, too, and else the gateway runs it", async () => {
      status = "in_progress";
      const key = await keyOf({ max_budget: output * 15 });
      const openai = at(key);
      const start = async () => {
        const text = Array.from({ length: 10 }, (_, index) =>
          line(`${index}`, "hi", { model: "mini", max_tokens: 100 }),
        );
        const file = await openai.files.create({
          file: await toFile(Buffer.from(text.join("\n")), "x.jsonl"),
          purpose: "batch",
        });
        const { id } = await openai.batches.create({
          input_file_id: file.id,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
        });
        let made = await openai.batches.retrieve(id);
        for (let waited = 0; made.status === "validating" && waited < 100; waited++) {
          await new Promise((next) => setTimeout(next, 100));
          made = await openai.batches.retrieve(id);
        }
        return made;
      };
      const before = seen.filter(({ path, method }) => path === "/v1/batches" && method === "POST").length;
      await start();
      await start();
      const asked = seen.filter(({ path, method }) => path === "/v1/batches" && method === "POST").length;
      expect(asked - before).toBe(1);
      expect(seen.some(({ path }) => path === "/v1/chat/completions")).toBe(true);
    }, 60_000);
  });

  it("what only a provider has a use for goes to OpenAI, and its refusals come as they are", async () => {
    const openai = at(await keyOf());
    const before = seen.length;
    const file = await openai.files.create({ file: await toFile(Buffer.from("{}"), "x.jsonl"), purpose: "fine-tune" });
    expect(seen.slice(before).map(({ path }) => path)).toEqual(["/v1/files"]);
    expect(file.id).toMatch(/^file-slc/);
  }, 60_000);
});

it("a batch that a provider was given is not given to it again after a crash", async () => {
  const seen: string[] = [];
  const theirs = { id: "batch_once", object: "batch", status: "in_progress", input_file_id: "file-once" };
  const provider = await startUpstream(async ({ path, method }, response) => {
    seen.push(`${method} ${path}`);
    if (path === "/v1/files") return json(response, 200, { id: "file-once", object: "file" });
    if (method === "POST") return; // it has it, and its answer never comes
    if (path.startsWith("/v1/batches?")) return json(response, 200, { object: "list", data: [theirs] });
    json(response, 200, theirs);
  });
  const folder = mkdtempSync(join(tmpdir(), "sluice-batch-"));
  const params = { model: "openai/gpt-4o-mini", api_key: "sk-theirs", api_base: `${provider.url}/v1` };
  const settings = {
    model_list: [{ model_name: "mini", litellm_params: params, model_info: { mode: "batch" } }],
  };
  let passing = await startGateway(settings, {}, folder);
  const openai = () => new OpenAI({ apiKey: passing.key, baseURL: `${passing.url}/v1`, maxRetries: 0 });
  const text = line("one", "hi", { model: "mini" });
  const file = await openai().files.create({ file: await toFile(Buffer.from(text), "x.jsonl"), purpose: "batch" });
  const request = { input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" } as const;
  const { id } = await openai().batches.create(request);
  for (let waited = 0; !seen.includes("POST /v1/batches") && waited < 100; waited++)
    await new Promise((next) => setTimeout(next, 50));
  await passing.kill();
  passing = await startGateway(settings, {}, folder);
  let status: string = "validating";
  for (let waited = 0; status === "validating" && waited < 300; waited++) {
    await new Promise((next) => setTimeout(next, 100));
    status = (await openai().batches.retrieve(id)).status;
  }
  expect(status).toBe("in_progress");
  expect(seen.filter((one) => one.startsWith("POST"))).toEqual(["POST /v1/files", "POST /v1/batches"]);
  await passing.stop();
  await provider.close();
}, 90_000);

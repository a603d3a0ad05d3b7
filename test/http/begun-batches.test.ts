/** Batches that a provider has taken while the gateway could not keep them: none of them runs unpaid. */
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

interface Theirs {
  id: string;
  object: "batch";
  status: string;
  input_file_id: string;
  output_file_id: string | null;
  created_at: number;
}

let provider: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
const folder = mkdtempSync(join(tmpdir(), "sluice-begun-"));
/** The newest last. */
let theirs: Theirs[] = [];
let messages: { id: string; created_at: string; request_counts: object }[] = [];
let cancelled: string[] = [];
let files = 0;
let batches = 0;
/** What the provider does once it has taken a batch. */
let onTaken: "answer" | "silence" | "error" = "answer";
let taken = 0;
let content = "";

/** Lines of 100 tokens of output, at batch prices. */
const LINES = 10;
const OUTPUT = (100 * 0.3) / 1e6;
/** What a line has cost. */
const COST = (1000 * 0.075 + 100 * 0.3) / 1e6;

const settings = () => ({
  model_list: [
    {
      model_name: "mini",
      litellm_params: { model: "openai/gpt-4o-mini", api_key: "sk-theirs", api_base: `${provider.url}/v1` },
      model_info: { mode: "batch" },
    },
    {
      model_name: "haiku",
      litellm_params: { model: "anthropic/claude-haiku-4-5", api_key: "sk-ant", api_base: provider.url },
    },
  ],
});
const start = () =>
  startGateway(settings(), { OPENAI_API_KEY: "sk-theirs", OPENAI_BASE_URL: `${provider.url}/v1` }, folder);

beforeAll(async () => {
  provider = await startUpstream(({ path, method, body }, response) => {
    const url = new URL(path, "http://theirs");
    const answer = (value: unknown) => {
      taken++;
      if (onTaken === "answer") json(response, 200, value);
      if (onTaken === "error") json(response, 502, { error: { message: "a proxy gave up" } });
    };
    if (url.pathname === "/v1/files" && method === "POST")
      return json(response, 200, { id: `file-theirs${++files}`, object: "file", bytes: 5, purpose: "batch" });
    if (/^\/v1\/files\/.*\/content$/.test(url.pathname)) {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
      const line = JSON.stringify({ response: { body: { model: "gpt-4o-mini", usage } } });
      return void response.end(url.pathname.includes("output") ? line : content);
    }
    if (url.pathname === "/v1/batches" && method === "POST") {
      const batch: Theirs = {
        id: `batch_theirs${++batches}`,
        object: "batch",
        status: "in_progress",
        input_file_id: String(body["input_file_id"]),
        output_file_id: null,
        created_at: Math.floor(Date.now() / 1000),
      };
      theirs.push(batch);
      return answer(batch);
    }
    if (url.pathname === "/v1/messages/batches" && method === "POST") {
      const requests = body["requests"] as unknown[];
      const counts = { processing: requests.length, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
      const batch = { id: "msgbatch_1", created_at: new Date().toISOString(), request_counts: counts };
      messages.push(batch);
      return answer(batch);
    }
    if (url.pathname === "/v1/messages/batches") return json(response, 200, { data: messages, has_more: false });
    // One batch a page.
    if (url.pathname === "/v1/batches") {
      const newest = theirs.toReversed();
      const from = newest.findIndex(({ id }) => id === url.searchParams.get("after")) + 1;
      return json(response, 200, { data: newest.slice(from, from + 1), has_more: from + 1 < newest.length });
    }
    const [, id, action] = /^\/v1\/batches\/(\w+)(\/cancel)?$/.exec(url.pathname) ?? [];
    const batch = theirs.find((one) => one.id === id);
    if (batch === undefined) return json(response, 404, { error: { message: `no ${path}` } });
    if (action !== undefined) cancelled.push(batch.id);
    json(response, 200, batch);
  });
  gateway = await start();
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await provider?.close();
});

beforeEach(() => {
  theirs = [];
  messages = [];
  cancelled = [];
  onTaken = "answer";
  taken = 0;
});

const at = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${gateway.url}/openai/v1`, maxRetries: 0 });

async function newKey(): Promise<string> {
  const answer = await gateway.call("/key/generate", { max_budget: OUTPUT * LINES * 1.5 });
  return ((await answer.json()) as { key: string }).key;
}

async function create(openai: OpenAI): Promise<OpenAI.Batch> {
  const line = (index: number) =>
    JSON.stringify({
      custom_id: `${index}`,
      method: "POST",
      url: "/v1/chat/completions",
      body: { model: "gpt-4o-mini", messages: [{ role: "user", content: "hi" }], max_tokens: 100 },
    });
  content = Array.from({ length: LINES }, (_, index) => line(index)).join("\n");
  const file = await openai.files.create({ file: await toFile(Buffer.from(content), "x.jsonl"), purpose: "batch" });
  return openai.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  });
}

const spendOf = async (key: string) =>
  ((await (await gateway.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } }).info.spend;

/** The gateway's database itself. */
function inDatabase<T>(work: (database: DatabaseSync) => T): T {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const name = names.find((one) => /DatabaseObject\/[0-9a-f]{64}\.sqlite$/.test(one));
  const database = new DatabaseSync(join(folder, name ?? "none"), { timeout: 5000 });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** The newest batch that was begun and of which nobody has heard. */
const unheard = (kind: string) =>
  inDatabase((database) =>
    database
      .prepare("SELECT id FROM objects WHERE kind = ? AND provider_id IS NULL ORDER BY created_at DESC LIMIT 1")
      .get(kind),
  )?.["id"] as string | undefined;

/** Whoever asks for a batch has the provider's looked at; else it is a minute until somebody does. */
const lookedAt = (key: string, id: string) =>
  gateway.call(`/v1/batches/${id}`, undefined, { authorization: `Bearer ${key}` });

/** It is kept now, costs its budget while it runs, and what it has cost once it is over. */
async function isFoundAndPaid(key: string, id: string): Promise<void> {
  await vi.waitFor(
    async () => {
      await lookedAt(key, id);
      expect((await at(key).batches.list()).data.map((one) => one.id)).toEqual([id]);
    },
    { timeout: 30_000, interval: 300 },
  );
  await expect(create(at(key))).rejects.toMatchObject({ type: "budget_exceeded" });
  const [first] = theirs;
  Object.assign(first ?? {}, { status: "completed", output_file_id: "file-output" });
  expect(await at(key).batches.retrieve(id)).toMatchObject({ status: "completed" });
  await vi.waitFor(async () => expect(await spendOf(key)).toBeCloseTo(COST, 9), { timeout: 20_000, interval: 300 });
  await vi.waitFor(() => create(at(key)), { timeout: 15_000, interval: 500 }); // what was set aside is free
  expect(await spendOf(key)).toBeCloseTo(COST, 9);
}

it("is cancelled where the database fails, and what it has cost is paid for", async () => {
  const key = await newKey();
  inDatabase((database) =>
    database.exec(`CREATE TRIGGER full BEFORE UPDATE ON objects WHEN NEW.kind = 'batch' AND NEW.provider_id IS NOT NULL
      BEGIN SELECT RAISE(FAIL, 'the database is full'); END`),
  );
  try {
    await expect(create(at(key))).rejects.toMatchObject({ status: 503 });
  } finally {
    inDatabase((database) => database.exec("DROP TRIGGER full"));
  }
  expect(cancelled).toEqual([theirs[0]?.id]);
  await isFoundAndPaid(key, unheard("batch") ?? "");
}, 120_000);

it("is not begun where nobody could look for it", async () => {
  const key = await newKey();
  inDatabase((database) =>
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON objects WHEN NEW.kind = 'batch'
      BEGIN SELECT RAISE(FAIL, 'the database is full'); END`),
  );
  try {
    await expect(create(at(key))).rejects.toMatchObject({ status: 503 });
  } finally {
    inDatabase((database) => database.exec("DROP TRIGGER full"));
  }
  expect(theirs).toEqual([]);
  await create(at(key)); // what was set aside is free
}, 60_000);

it("is found again where the gateway is killed before it hears of it", async () => {
  const key = await newKey();
  onTaken = "silence";
  const asked = create(at(key)).catch((error: unknown) => error);
  await vi.waitFor(() => expect(taken).toBe(1), { timeout: 20_000, interval: 50 });
  await gateway.kill();
  await asked;
  onTaken = "answer";
  gateway = await start();
  await isFoundAndPaid(key, unheard("batch") ?? "");
}, 120_000);

it("is found among others, and not taken for another one of the same file, where the answer was lost", async () => {
  const key = await newKey();
  onTaken = "error";
  await expect(create(at(key))).rejects.toMatchObject({ status: 502 });
  await expect(create(at(key))).rejects.toMatchObject({ type: "budget_exceeded" });
  onTaken = "answer";
  const [first] = theirs;
  const other = { ...first, id: "batch_others", input_file_id: "file-others" } as Theirs;
  theirs = [...theirs, other, { ...other, id: "batch_others2" }];
  await isFoundAndPaid(key, unheard("batch") ?? "");
}, 120_000);

it("is charged as it was reckoned where nobody can say which of the provider's it is", async () => {
  const key = await newKey();
  onTaken = "silence";
  const params = { model: "haiku", max_tokens: 1, messages: [{ role: "user", content: "hi" }] };
  const asked = fetch(`${gateway.url}/v1/messages/batches`, {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ requests: [{ custom_id: "1", params }] }),
  }).catch((error: unknown) => error);
  await vi.waitFor(() => expect(taken).toBe(1), { timeout: 20_000, interval: 50 });
  await gateway.kill();
  await asked;
  onTaken = "answer";
  gateway = await start();
  const id = unheard("message_batch") ?? "";
  const before = Date.now() - 16 * 60_000;
  inDatabase((database) => database.prepare("UPDATE objects SET created_at = ? WHERE id = ?").run(before, id));
  await vi.waitFor(
    async () => {
      // Before it is deleted it is paid for, at once.
      await fetch(`${gateway.url}/v1/messages/batches/${id}`, { method: "DELETE", headers: { "x-api-key": key } });
      expect(await spendOf(key)).toBeGreaterThan(0);
    },
    { timeout: 90_000, interval: 1000 },
  );
  expect(unheard("message_batch")).toBeUndefined();
  await new Promise((next) => setTimeout(next, 3000));
  const rows = (await (await gateway.call(`/spend/logs?api_key=${key}&summarize=false`)).json()) as { spend: number }[];
  expect(rows.filter(({ spend }) => spend > 0)).toMatchObject([{ metadata: { batch_id: id, batch_requests: 1 } }]);
}, 150_000);

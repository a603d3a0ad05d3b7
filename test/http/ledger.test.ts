/** Every call has exactly one row on the ledger, and the counters say what the rows say. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream, until } from "./upstream.ts";

const INPUT = 0.000_01;
const OUTPUT = 0.000_02;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

function config() {
  return {
    model_list: [
      {
        model_name: "priced",
        litellm_params: {
          model: "openai/priced",
          api_key: "sk-upstream",
          api_base: `${upstream.url}/v1`,
          input_cost_per_token: INPUT,
          output_cost_per_token: OUTPUT,
        },
      },
    ],
    router_settings: { num_retries: 0 },
  };
}

const CHUNK = { id: "c", object: "chat.completion.chunk", created: 1, model: "priced" };

beforeAll(async () => {
  upstream = await startUpstream(async ({ body }, response) => {
    const wish = String((body["messages"] as { content: string }[])[0]?.content);
    if (wish === "fail") return json(response, 400, { error: { message: "no", type: "invalid_request_error" } });
    if (body["stream"] === true) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let i = 0; i < 2000 && !response.destroyed; i++) {
        response.write(
          `data: ${JSON.stringify({ ...CHUNK, choices: [{ index: 0, delta: { content: "word " } }] })}\n\n`,
        );
        await new Promise((next) => setTimeout(next, 20));
      }
      response.end();
      return;
    }
    json(response, 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "priced",
      choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 8, completion_tokens: 50, total_tokens: 58 },
    });
  });
  gateway = await startGateway(config(), {}, undefined, { ledgerPauses: true });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

interface Row {
  request_id: string;
  api_key: string;
  spend: number;
  status: string;
  total_tokens: number;
  completion_tokens: number;
  estimated: boolean;
}

async function newKey(fields: Record<string, unknown> = {}): Promise<{ key: string; token: string }> {
  const response = await gateway.call("/key/generate", fields);
  return (await response.json()) as { key: string; token: string };
}

function ask(key: string, content: string, fields: Record<string, unknown> = {}, init: RequestInit = {}) {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "priced", messages: [{ role: "user", content }], ...fields }),
    ...init,
  });
}

/** The rows of a key, once there are so many. */
async function rowsOf(token: string, count: number): Promise<Row[]> {
  for (let waited = 0; ; waited++) {
    const response = await gateway.call(`/spend/logs?api_key=${token}`);
    const rows = (await response.json()) as Row[];
    if (rows.length >= count || waited > 150) return rows;
    await new Promise((next) => setTimeout(next, 100));
  }
}

async function counterOf(key: string): Promise<number> {
  const response = await gateway.call(`/key/info?key=${encodeURIComponent(key)}`);
  return ((await response.json()) as { info: { spend: number } }).info.spend;
}

describe("the ledger", () => {
  it("C1 #8: two hundred calls at once are two hundred rows, and the counter is their sum", async () => {
    const { key, token } = await newKey({ max_budget: 10 });
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ask(key, i % 10 === 0 ? "fail" : "hello", { max_tokens: 50 })),
    );
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(180);
    const rows = await rowsOf(token, 200);
    expect(rows).toHaveLength(200);
    expect(new Set(rows.map(({ request_id }) => request_id)).size).toBe(200);
    expect(rows.filter(({ status }) => status === "failure")).toHaveLength(20);
    const sum = rows.reduce((total, { spend }) => total + Math.round(spend * 1e9), 0);
    expect(sum).toBe(180 * Math.round((8 * INPUT + 50 * OUTPUT) * 1e9));
    expect(Math.round((await counterOf(key)) * 1e9)).toBe(sum);
  }, 60_000);

  it("C1 #9: a client that leaves mid-stream pays for what was delivered", async () => {
    const { key, token } = await newKey();
    const leave = new AbortController();
    const response = await ask(key, "talk", { stream: true }, { signal: leave.signal });
    const reader = response.body?.getReader();
    let text = "";
    const decoder = new TextDecoder();
    while (text.split("word").length < 12) text += decoder.decode((await reader?.read())?.value);
    leave.abort();
    await until(() => upstream.received.at(-1)?.aborted === true, 10_000);
    const [row] = await rowsOf(token, 1);
    expect(row?.completion_tokens).toBeGreaterThanOrEqual(10);
    expect(row?.spend).toBeGreaterThan(0);
    expect(row?.estimated).toBe(true);
    expect(await counterOf(key)).toBe(row?.spend);
  }, 60_000);

  it("what ended before a crash is on the ledger after it, once", async () => {
    const { key, token } = await newKey();
    for (let i = 0; i < 5; i++) expect((await ask(key, "hello")).status).toBe(200);
    await new Promise((next) => setTimeout(next, 400)); // notes are on their way
    await gateway.kill();
    gateway = await startGateway(config(), {}, gateway.state, { ledgerPauses: true });
    const rows = await rowsOf(token, 5);
    expect(rows).toHaveLength(5);
    const sum = rows.reduce((total, { spend }) => total + Math.round(spend * 1e9), 0);
    for (let waited = 0; waited < 100 && Math.round((await counterOf(key)) * 1e9) < sum; waited++)
      await new Promise((next) => setTimeout(next, 100));
    expect(Math.round((await counterOf(key)) * 1e9)).toBe(sum);
  }, 60_000);
});

/** Attacks on budgets, limits and the ledger at the running gateway: clients that say the odd thing, upstreams that lie. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

/** US dollars a token. */
const INPUT = 0.000_01;
const OUTPUT = 0.000_02;
/** Tokens the upstream answers with, where nothing bounds it. */
const LONG = 5000;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(async ({ body, path }, response) => {
    const wish = String((body["messages"] as { content: string }[])[0]?.content);
    const claude = Number(body["max_tokens"]);
    if (path === "/v1/messages")
      return json(response, 200, {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "claude",
        content: [{ type: "text", text: "x" }],
        stop_reason: "max_tokens",
        usage: { input_tokens: 8, output_tokens: claude },
      });
    const [, pause] = /^wait (\d+)/.exec(wish) ?? [];
    await new Promise((next) => setTimeout(next, Number(pause ?? 0)));
    const limits = [body["max_completion_tokens"], body["max_tokens"]].filter((limit) => Number(limit) > 0).map(Number);
    const completion_tokens = Math.min(LONG, ...limits.slice(0, 1)) * Number(body["n"] ?? 1);
    const usage = { prompt_tokens: 8, completion_tokens, total_tokens: 8 + completion_tokens };
    json(response, 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "priced",
      choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }],
      usage: wish.startsWith("usage ") ? JSON.parse(wish.slice(6)) : usage,
      ...(body["service_tier"] !== undefined && { service_tier: body["service_tier"] }),
    });
  });
  const model = (name: string, id: string) => ({
    model_name: name,
    litellm_params: {
      model: `openai/${name}-upstream`,
      api_key: "sk-upstream",
      api_base: `${upstream.url}/v1`,
      input_cost_per_token: INPUT,
      output_cost_per_token: OUTPUT,
      input_cost_per_token_priority: 10 * INPUT,
      output_cost_per_token_priority: 10 * OUTPUT,
    },
    model_info: { id },
  });
  gateway = await startGateway({
    model_list: [
      model("priced", "id-of-priced"),
      model("other", "id-of-other"),
      {
        model_name: "claude",
        litellm_params: {
          model: "anthropic/claude-sonnet-4-5",
          api_key: "sk-upstream",
          api_base: upstream.url,
          input_cost_per_token: INPUT,
          output_cost_per_token: OUTPUT,
        },
      },
    ],
    router_settings: { num_retries: 0, model_group_alias: { nickname: "priced" } },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function newKey(fields: Record<string, unknown>): Promise<{ key: string; token: string }> {
  const response = await gateway.call("/key/generate", fields);
  expect(response.status).toBe(200);
  return (await response.json()) as { key: string; token: string };
}

function ask(key: string, fields: Record<string, unknown> = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...init.headers },
    body: JSON.stringify({ model: "priced", messages: [{ role: "user", content: "hello" }], ...fields }),
    ...(init.signal && { signal: init.signal }),
  });
}

interface Row {
  spend: number;
  total_tokens: number;
  prompt_tokens: number;
  status: string;
}

async function rowsOf(token: string, count: number): Promise<Row[]> {
  for (let waited = 0; ; waited++) {
    const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as Row[];
    if (rows.length >= count || waited > 150) return rows;
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** US dollars the answer cost, by its own word. */
const costOf = (response: Response) => Number(response.headers.get("x-litellm-response-cost") ?? 0);

describe("a budget is not overspent", () => {
  const BUDGET = 0.01;
  const manners: [string, Record<string, unknown>][] = [
    ["max_tokens of -1, which local servers read as no limit", { max_tokens: -1 }],
    ["max_tokens of 0", { max_tokens: 0 }],
    ["max_completion_tokens of -1 beside a small max_tokens", { max_completion_tokens: -1, max_tokens: 1 }],
    ["several answers", { n: 20 }],
    ["two limits, of which the provider may read either", { max_tokens: 1, max_completion_tokens: 4000 }],
    ["thinking beside a short answer", { model: "claude", max_tokens: 50, reasoning_effort: "high" }],
    ["thinking beside an answer without a bound", { model: "claude", reasoning_effort: "high" }],
    ["a dear service tier", { max_tokens: 100, service_tier: "priority" }],
    [
      "a fallback with a larger request",
      { max_tokens: 1, mock_testing_fallbacks: true, fallbacks: [{ model: "other", max_tokens: 4000 }] },
    ],
  ];
  it.each(manners)("by %s", async (_, fields) => {
    const { key } = await newKey({ max_budget: BUDGET });
    const responses = await Promise.all([ask(key, fields), ask(key, fields)]);
    expect(responses.reduce((sum, response) => sum + costOf(response), 0)).toBeLessThanOrEqual(BUDGET);
  });

  it("nor by thinking, where there is money for some", async () => {
    const { key } = await newKey({ max_budget: 0.1 });
    const response = await ask(key, { model: "claude", reasoning_effort: "high" });
    expect(response.status).toBe(200);
    expect(costOf(response)).toBeGreaterThan(0.08);
    expect(costOf(response)).toBeLessThanOrEqual(0.1);
  });

  it("nor the budget of one model, by whatever name it is called", async () => {
    const { key } = await newKey({ model_max_budget: { priced: { budget_limit: 0.003, time_period: "1d" } } });
    const names = ["priced", "id-of-priced", "nickname", "openai/priced-upstream", "priced"];
    let cost = 0;
    for (const model of names) cost += costOf(await ask(key, { model, max_tokens: 100 }));
    expect(cost).toBeGreaterThan(0);
    expect(cost).toBeLessThanOrEqual(0.003);
  });
});

describe("limits hold", () => {
  it("of tokens, against a negative max_tokens", async () => {
    const { key } = await newKey({ tpm_limit: 1000 });
    const [, others] = await Promise.all([
      ask(key, { max_tokens: -100_000, messages: [{ role: "user", content: "wait 600" }] }),
      new Promise((next) => setTimeout(next, 150)).then(() =>
        Promise.all(Array.from({ length: 10 }, () => ask(key, { max_tokens: 400 }))),
      ),
    ]);
    expect(others.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(2);
  });

  it.each(["id-of-priced", "nickname", "openai/priced-upstream"])("of one model, called %s", async (model) => {
    const { key } = await newKey({ model_rpm_limit: { priced: 1 } });
    expect((await ask(key, { max_tokens: 1 })).status).toBe(200);
    expect((await ask(key, { max_tokens: 1, model })).status).toBe(429);
  });

  it("of one model, where it stands in for another", async () => {
    const { key } = await newKey({ model_rpm_limit: { priced: 1 } });
    const detour = { model: "other", max_tokens: 1, mock_testing_fallbacks: true, fallbacks: ["priced"] };
    expect((await ask(key, detour)).status).toBe(200);
    expect((await ask(key, detour)).status).not.toBe(200);
    expect((await ask(key, { max_tokens: 1 })).status).toBe(429);
  });

  it("of one model's money, which is counted once for the key", async () => {
    const { key, token } = await newKey({ max_budget: 1, model_max_budget: { priced: 0.01 } });
    const detour = { model: "other", max_tokens: 100, mock_testing_fallbacks: true, fallbacks: ["priced"] };
    const responses = [await ask(key, detour), await ask(key, detour), await ask(key, { max_tokens: 100 })];
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    const sum = responses.reduce((total, response) => total + costOf(response), 0);
    const rows = await rowsOf(token, 3);
    expect(rows.reduce((total, { spend }) => total + spend, 0)).toBeCloseTo(sum, 9);
    const info = async () =>
      ((await (await gateway.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } }).info.spend;
    for (let waited = 0; waited < 50 && (await info()) < sum - 1e-12; waited++)
      await new Promise((next) => setTimeout(next, 100));
    await new Promise((next) => setTimeout(next, 300));
    expect(await info()).toBeCloseTo(sum, 9);
    // 0.006 is spent of 0.01: the detour knows it.
    expect((await ask(key, { ...detour, max_tokens: 300 })).status).not.toBe(200);
  });
});

describe("the ledger", () => {
  it.each([
    { prompt_tokens: -5, completion_tokens: -1_000_000, total_tokens: -1_000_005 },
    { prompt_tokens: 1e300, completion_tokens: 1e300, total_tokens: 1e300 },
    { prompt_tokens: "abc", completion_tokens: {}, total_tokens: [] },
    { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13, completion_tokens_details: { reasoning_tokens: "x" } },
    { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13, prompt_tokens_details: { cached_tokens: 1e300 } },
    { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13, num_search_queries: 1e300 },
  ])(
    "has a row for an upstream that counts $prompt_tokens, $completion_tokens",
    async (usage) => {
      const { key, token } = await newKey({});
      const response = await ask(key, { messages: [{ role: "user", content: `usage ${JSON.stringify(usage)}` }] });
      expect(response.status).toBe(200);
      const [row] = await rowsOf(token, 1);
      expect(row?.total_tokens).toBeGreaterThan(0);
      expect(row?.total_tokens).toBeLessThan(1000);
      expect(row?.spend).toBeGreaterThan(0);
      expect(row?.spend).toBeLessThan(1);
    },
    30_000,
  );

  it.each([60, 1500, 3000])(
    "loses no row to metadata nested %i deep, nor those beside it",
    async (depth) => {
      const own = await newKey({});
      const neighbour = await newKey({});
      let nested: unknown = [];
      for (let level = 0; level < depth; level++) nested = [nested];
      const responses = await Promise.all([
        ask(own.key, { max_tokens: 1, metadata: { spend_logs_metadata: { nested } } }),
        ask(neighbour.key, { max_tokens: 1 }),
      ]);
      expect(responses.map(({ status }) => status)).toEqual([200, 200]);
      expect(await rowsOf(neighbour.token, 1)).toHaveLength(1);
      expect(await rowsOf(own.token, 1)).toHaveLength(1);
    },
    40_000,
  );

  it("charges the question to whoever sets too short a time", async () => {
    const { key, token } = await newKey({});
    const long = `wait 5000 ${"word ".repeat(1000)}`;
    const response = await ask(key, { timeout: 0.2, max_tokens: 10, messages: [{ role: "user", content: long }] });
    expect(response.status).toBe(408);
    const [row] = await rowsOf(token, 1);
    expect(row?.spend).toBeGreaterThan(900 * INPUT);
  }, 30_000);
});

describe("Idempotency-Key", () => {
  it("does not repeat that there was no money, once there is", async () => {
    const { key } = await newKey({ max_budget: 0.0001 });
    const init = { headers: { "idempotency-key": "once" } };
    expect((await ask(key, { max_tokens: 100 }, init)).status).toBe(422);
    await gateway.call("/key/update", { key, max_budget: 10 });
    expect((await ask(key, { max_tokens: 100 }, init)).status).toBe(200);
  });
});

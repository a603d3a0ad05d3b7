/** Money and limits at the running gateway, with storms of calls: nothing overspent, nothing refused without need. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

/** US dollars a token: with 10 tokens of prompt and 100 of answer a call costs at most some 2,200 dollars in a million. */
const INPUT = 0.000_01;
const OUTPUT = 0.000_02;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** Tokens the upstream says it used for the answer. */
let answered = 50;
let delay = 20;

beforeAll(async () => {
  upstream = await startUpstream(async ({ body }, response) => {
    await new Promise((next) => setTimeout(next, delay));
    const most = Number(body["max_tokens"] ?? body["max_completion_tokens"] ?? Number.POSITIVE_INFINITY);
    const completion_tokens = Math.min(answered, most);
    json(response, 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "priced",
      choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 8, completion_tokens, total_tokens: 8 + completion_tokens },
    });
  });
  gateway = await startGateway(
    {
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
    },
    {},
    undefined,
    { ledgerPauses: true },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function newKey(fields: Record<string, unknown>): Promise<string> {
  const response = await gateway.call("/key/generate", fields);
  const body = (await response.json()) as { key: string };
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body.key;
}

function ask(key: string, fields: Record<string, unknown> = {}): Promise<Response> {
  const body = { model: "priced", messages: [{ role: "user", content: "hello" }], ...fields };
  return gateway.call("/v1/chat/completions", body, { authorization: `Bearer ${key}` });
}

async function spendOf(key: string): Promise<number> {
  const response = await gateway.call(`/key/info?key=${encodeURIComponent(key)}`);
  const { info } = (await response.json()) as { info: { spend: number } };
  return info.spend;
}

/** Waits until the counters are told what calls cost. */
async function settled(key: string, expected: number): Promise<number> {
  let spend = await spendOf(key);
  for (let waited = 0; waited < 100 && Math.abs(spend - expected) > 1e-12; waited++) {
    await new Promise((next) => setTimeout(next, 100));
    spend = await spendOf(key);
  }
  return spend;
}

describe("budgets", () => {
  it("C1 #1: fifty calls at once at three times the budget: what is admitted never exceeds it", async () => {
    answered = 100;
    delay = 100;
    const worst = 110 * OUTPUT; // about: a prompt of some tokens and 100 of answer
    const key = await newKey({ max_budget: (50 * worst) / 3 });
    const asked = upstream.received.length;
    const responses = await Promise.all(Array.from({ length: 50 }, () => ask(key, { max_tokens: 100 })));
    const admitted = responses.filter(({ status }) => status === 200);
    const refused = responses.filter(({ status }) => status === 422);
    expect(admitted.length + refused.length).toBe(50);
    expect(upstream.received.length - asked).toBe(admitted.length);
    expect(admitted.length).toBeGreaterThanOrEqual(14);
    const cost = 8 * INPUT + 100 * OUTPUT;
    expect(admitted.length * cost).toBeLessThanOrEqual((50 * worst) / 3);
    const { error } = (await (refused[0] as Response).json()) as { error: { type: string; message: string } };
    expect(error.type).toBe("budget_exceeded");
    expect(error.message).toContain("Key=");
    expect(await settled(key, admitted.length * cost)).toBeCloseTo(admitted.length * cost, 9);
  });

  it("C1 #6: a budget is used up to the last call that fits, with no refusal before", async () => {
    answered = 100;
    delay = 1;
    const cost = 8 * INPUT + 100 * OUTPUT;
    const key = await newKey({ max_budget: 40 * cost + 0.002 });
    let served = 0;
    for (let i = 0; i < 40; i++) {
      const response = await ask(key, { max_tokens: 100 });
      if (response.status === 200) served++;
      await response.arrayBuffer();
    }
    expect(served).toBe(40);
    expect((await ask(key, { max_tokens: 100 })).status).toBe(422);
    expect(await settled(key, 40 * cost)).toBeCloseTo(40 * cost, 9);
  });

  it("an answer without a bound of its own is bounded by the money there is", async () => {
    answered = 5000;
    delay = 1;
    const key = await newKey({ max_budget: 0.01 });
    const response = await ask(key);
    expect(response.status).toBe(200);
    const sent = upstream.received.at(-1)?.body["max_tokens"];
    expect(sent).toBeGreaterThan(400);
    expect(sent).toBeLessThan(500);
    const { usage } = (await response.json()) as { usage: { completion_tokens: number } };
    expect(usage.completion_tokens * OUTPUT).toBeLessThanOrEqual(0.01);
    expect((await ask(key, { max_tokens: 100 })).status).toBe(422);
  });

  it("C1 #2, #3: on a fresh database the first call after the budget is used up is refused", async () => {
    answered = 100;
    const key = await newKey({ max_budget: 0 });
    const asked = upstream.received.length;
    expect((await ask(key, { max_tokens: 1 })).status).toBe(422);
    expect(upstream.received.length).toBe(asked);
  });
});

describe("rate limits", () => {
  it("C2 #19: twenty-four allowed, twenty-four admitted, and the headers count down", async () => {
    answered = 1;
    delay = 1;
    const key = await newKey({ rpm_limit: 24 });
    const remaining: number[] = [];
    for (let i = 0; i < 24; i++) {
      const response = await ask(key);
      expect(response.status).toBe(200);
      remaining.push(Number(response.headers.get("x-ratelimit-api_key-remaining-requests")));
      await response.arrayBuffer();
    }
    expect(remaining).toEqual(Array.from({ length: 24 }, (_, i) => 23 - i));
    const refused = await ask(key);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(30);
    expect(refused.headers.get("rate_limit_type")).toBe("requests");
    expect(((await refused.json()) as { error: { message: string } }).error.message).toContain(
      "Rate limit exceeded for api_key",
    );
  });

  it("several limits of one key count down together, from the first call on", async () => {
    answered = 10;
    delay = 1;
    const key = await newKey({ rpm_limit: 3, tpm_limit: 10_000, max_budget: 1, max_parallel_requests: 2 });
    for (const left of ["2", "1", "0"]) {
      const { headers, status } = await ask(key, { max_tokens: 10 });
      expect(status).toBe(200);
      expect(headers.get("x-ratelimit-api_key-remaining-requests")).toBe(left);
      expect(headers.get("x-ratelimit-api_key-limit-tokens")).toBe("10000");
      expect(headers.get("x-ratelimit-api_key-remaining-max_parallel_requests")).toBe("1");
      expect(headers.get("x-litellm-key-max-budget")).toBe("1");
    }
    expect((await ask(key, { max_tokens: 10 })).status).toBe(429);
  });

  it("of a hundred at once, as many as the limit are admitted", async () => {
    answered = 1;
    delay = 20;
    const key = await newKey({ rpm_limit: 30 });
    const responses = await Promise.all(Array.from({ length: 100 }, () => ask(key)));
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(30);
    expect(responses.filter(({ status }) => status === 429)).toHaveLength(70);
  });

  it("C2 #18: tokens are reserved before the call and given back after", async () => {
    answered = 10;
    delay = 200;
    const key = await newKey({ tpm_limit: 1000 });
    const responses = await Promise.all(Array.from({ length: 10 }, () => ask(key, { max_tokens: 290 })));
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(3);
    delay = 1;
    const after = await ask(key, { max_tokens: 290 });
    expect(after.status).toBe(200); // 3 calls used 18 tokens each
  });

  it("calls under way at a time are bounded, and their places come free", async () => {
    answered = 1;
    delay = 300;
    const key = await newKey({ max_parallel_requests: 4 });
    const responses = await Promise.all(Array.from({ length: 10 }, () => ask(key)));
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(4);
    delay = 1;
    expect((await ask(key)).status).toBe(200);
  });
});

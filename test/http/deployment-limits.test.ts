/** Limits of deployments and budgets of providers, at the running gateway: held exactly, and unseen by the client while others are there. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(async ({ body }, response) => {
    await new Promise((next) => setTimeout(next, 20));
    json(response, 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: body["model"],
      choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
    });
  });
  const deployment = (model_name: string, model: string, params: Record<string, unknown>) => ({
    model_name,
    litellm_params: { model, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...params },
  });
  const prices = { input_cost_per_token: 0.001, output_cost_per_token: 0.001 };
  gateway = await startGateway({
    model_list: [
      deployment("limited", "openai/a", { rpm: 5 }),
      deployment("limited", "openai/b", { rpm: 7 }),
      deployment("budgeted", "openai/dear", { ...prices, max_budget: 0.1, budget_duration: "1d" }),
      deployment("budgeted", "openai/free", { input_cost_per_token: 0, output_cost_per_token: 0 }),
      deployment("of-provider", "groq/dear", prices),
    ],
    router_settings: {
      optional_pre_call_checks: ["enforce_model_rate_limits"],
      provider_budget_config: { groq: { budget_limit: 0.1, time_period: "1d" } },
    },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

function ask(model: string, fields: Record<string, unknown> = {}): Promise<Response> {
  const messages = [{ role: "user", content: "hello" }];
  return gateway.call("/v1/chat/completions", { model, messages, max_tokens: 10, ...fields });
}

function askedOf(model: string): number {
  return upstream.received.filter(({ body }) => body["model"] === model).length;
}

describe("deployments", () => {
  it("C2 #17, #20: take as many requests a minute as they may, and the rest is refused", async () => {
    const responses = await Promise.all(Array.from({ length: 60 }, () => ask("limited")));
    const served = responses.filter(({ status }) => status === 200).length;
    expect(responses.filter(({ status }) => status === 429)).toHaveLength(60 - served);
    expect(askedOf("a")).toBeLessThanOrEqual(5);
    expect(askedOf("b")).toBeLessThanOrEqual(7);
    for (let i = 0; i < 12; i++) await (await ask("limited")).arrayBuffer();
    expect(askedOf("a")).toBe(5);
    expect(askedOf("b")).toBe(7);
  });

  it("are passed over when their budget is used up, and no client sees an error", async () => {
    for (let i = 0; i < 30; i++) expect((await ask("budgeted")).status).toBe(200);
    expect(askedOf("dear")).toBeGreaterThan(0);
    expect(askedOf("dear")).toBeLessThanOrEqual(5); // 2 cents a call
    expect(askedOf("free")).toBe(30 - askedOf("dear"));
  });

  it("of a provider whose budget is used up refuse, saying whose", async () => {
    const before = askedOf("dear");
    let refused: Response | undefined;
    for (let i = 0; i < 10 && refused === undefined; i++) {
      const response = await ask("of-provider");
      if (response.status !== 200) refused = response;
    }
    expect(refused?.status).toBe(429);
    expect(await refused?.text()).toContain("crossed budget");
    expect(askedOf("dear") - before).toBeLessThanOrEqual(5);
    const response = await gateway.call("/provider/budgets");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ providers: { groq: { budget_limit: 0.1, time_period: "1d" } } });
  });
});

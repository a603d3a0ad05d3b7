import { beforeAll, describe, expect, it } from "vitest";
import { scopeSpend } from "../../../../src/store/schema/index.ts";
import { scopeOf } from "../../../../src/tenancy/scopes.ts";
import { db, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";
import { addCalls, callAt } from "./rows.ts";

const { ask, scopes, faults } = startApp({
  model_list: [
    {
      model_name: "priced",
      litellm_params: {
        model: "openai/of-our-own",
        input_cost_per_token: 0.001,
        output_cost_per_token: 0.002,
        api_key: "k",
      },
    },
    { model_name: "mini", litellm_params: { model: "openai/gpt-4o-mini", api_key: "k" } },
    { model_name: "free-of-figures", litellm_params: { model: "openai/nobody-knows-this", api_key: "k" } },
  ],
  router_settings: {
    provider_budget_config: { openai: { budget_limit: 100, time_period: "1d" }, anthropic: { max_budget: 5 } },
  },
});
const ann = await makeUser("internal_user");
const admin = await makeUser("proxy_admin");

describe("POST /spend/calculate", () => {
  const messages = [{ role: "user", content: "hello" }];

  it("prices messages before a call, by the deployment's own prices where it has any", async () => {
    const { status, json } = await ask("/spend/calculate", { body: { model: "priced", messages } });
    expect(status).toBe(200);
    expect(json).toEqual({ cost: 0.008 }); // eight tokens
    const known = await ask("/spend/calculate", { body: { model: "mini", messages } });
    expect(known.json).toEqual({ cost: 0.0000012 }); // 8 × $0.15 per million
    expect((await ask("/spend/calculate", { body: { model: "gpt-4o-mini", messages } })).json).toEqual(known.json);
  });

  it("prices an answer after a call", async () => {
    const completion_response = {
      id: "chatcmpl-1",
      model: "gpt-4o-mini",
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1_000_000, completion_tokens: 1_000_000, total_tokens: 2_000_000 },
    };
    expect((await ask("/spend/calculate", { body: { completion_response }, ...ann })).json).toEqual({ cost: 0.75 });
  });

  it.each([
    [{}, "Bad Request - Either 'model' or 'completion_response' must be provided"],
    [{ model: "mini" }, "Bad Request - messages must be provided if 'model' is provided"],
    [{ completion_response: { model: "mini" } }, "Bad Request - completion_response must have a model and its usage"],
    [{ model: "no-such-model", messages }, "This model isn't mapped yet. model=no-such-model"],
    [{ model: "free-of-figures", messages }, "This model isn't mapped yet. model=nobody-knows-this"],
  ])("refuses %j", async (body, message) => {
    const { status, json } = await ask("/spend/calculate", { body });
    expect([status, json.error.message]).toEqual([400, message]);
  });

  it("names a field of the wrong type", async () => {
    const { status, json } = await ask("/spend/calculate", { body: { model: 7 } });
    expect([status, json.error.param]).toEqual([422, "model"]);
  });
});

describe("POST /cost/estimate", () => {
  it("says what a call costs, and so many a day and a month", async () => {
    const body = { model: "priced", input_tokens: 3, output_tokens: 5, num_requests_per_day: 3 };
    expect(await ask("/cost/estimate", { body })).toEqual({
      status: 200,
      json: {
        model: "priced",
        input_tokens: 3,
        output_tokens: 5,
        num_requests_per_day: 3,
        num_requests_per_month: null,
        cost_per_request: 0.013,
        input_cost_per_request: 0.003,
        output_cost_per_request: 0.01,
        margin_cost_per_request: 0,
        daily_cost: 0.039,
        daily_input_cost: 0.009,
        daily_output_cost: 0.03,
        daily_margin_cost: 0,
        monthly_cost: null,
        monthly_input_cost: null,
        monthly_output_cost: null,
        monthly_margin_cost: null,
        input_cost_per_token: 0.001,
        output_cost_per_token: 0.002,
        provider: "openai",
      },
    });
  });

  it("does not find what it does not know", async () => {
    const { status, json } = await ask("/cost/estimate", { body: { model: "no", input_tokens: 1, output_tokens: 1 } });
    expect(status).toBe(404);
    expect(json.error.message).toContain("not found");
    expect((await ask("/cost/estimate", { body: { model: "mini", input_tokens: -1, output_tokens: 1 } })).status).toBe(
      422,
    );
  });
});

describe("/provider/budgets", () => {
  it("shows budgets, and what of them is spent in this window", async () => {
    const start = Date.parse(new Date().toISOString().slice(0, 10));
    await scopes.reset(scopeOf.provider("openai"), { meter: "budget", windowStart: start }, 1_500_000_000);
    await scopes.reset(scopeOf.provider("anthropic"), undefined, 2_000_000_000);
    expect((await ask("/provider/budgets")).json).toEqual({
      providers: {
        openai: {
          budget_limit: 100,
          time_period: "1d",
          spend: 1.5,
          budget_reset_at: new Date(start + 86_400_000).toISOString(),
        },
        anthropic: { budget_limit: 5, time_period: null, spend: 2, budget_reset_at: null },
      },
    });
  });

  it("says so where there are none", async () => {
    const { status, json } = await startApp().ask("/provider/budgets");
    expect(status).toBe(400);
    expect(json.error.message).toMatch(/^No provider budget config found\. /);
  });
});

describe("/global/spend/reset and /refresh", () => {
  it("begins anew with keys and teams, for the master key only", async () => {
    const { token } = await makeKey({ user_id: ann.id });
    const team = await makeTeam({ budget_duration: "1d" });
    const start = Date.parse(new Date().toISOString().slice(0, 10));
    const counter = { meter: "budget", windowStart: start };
    await scopes.reset(scopeOf.key(token), undefined, 7);
    await scopes.reset(scopeOf.team(team), counter, 7);
    for (const { key } of [admin, ann])
      expect((await ask("/global/spend/reset", { key, method: "POST" })).status).toBe(403);
    expect((await scopes.spend(scopeOf.key(token), [])).total).toBe(7);
    expect(await ask("/global/spend/reset", { method: "POST" })).toEqual({
      status: 200,
      json: { message: "Spend for all API Keys and Teams reset successfully", status: "success" },
    });
    expect((await scopes.spend(scopeOf.key(token), [])).total).toBe(0);
    expect((await scopes.spend(scopeOf.team(team), [counter])).meters).toEqual({ budget: 0 });
  });

  it("has nothing to refresh", async () => {
    const refreshed = { message: "MonthlyGlobalSpend view refreshed", status: "success" };
    expect((await ask("/global/spend/refresh", { method: "POST" })).json).toEqual(refreshed);
  });
});

describe("/spend/keys and /spend/users", () => {
  const now = Date.now();
  const rich = { updated_at: now, window_nano: 0, window_start: 0 };

  it("lists who spent the most first, of a budget's window what is in it", async () => {
    const expired = await makeKey({ user_id: ann.id, budget_duration: "1d", key_alias: "expired window" });
    const plain = await makeKey({ user_id: ann.id, key_alias: "no window" });
    await db.insert(scopeSpend).values([
      {
        scope: scopeOf.key(expired.token),
        ...rich,
        total_nano: 9_000_000_000,
        window_nano: 9_000_000_000,
        window_start: 5,
      },
      { scope: scopeOf.key(plain.token), ...rich, total_nano: 4_000_000_000 },
      { scope: scopeOf.user(ann.id), ...rich, total_nano: 3_000_000_000 },
    ]);
    const { json } = await ask("/spend/keys");
    expect(json[0]).toMatchObject({ token: plain.token, key_alias: "no window", spend: 4 });
    expect(json.find(({ token }: { token: string }) => token === expired.token).spend).toBe(0);
    expect(JSON.stringify(json)).not.toContain(plain.key);
    const own = await ask("/spend/keys", ann);
    expect(own.json.every(({ user_id }: { user_id: string }) => user_id === ann.id)).toBe(true);

    expect((await ask("/spend/users")).json[0]).toMatchObject({
      user_id: ann.id,
      spend: 3,
      user_role: "internal_user",
    });
    expect((await ask(`/spend/users?user_id=${admin.id}`)).json).toHaveLength(1);
    const self = await ask(`/spend/users?user_id=${admin.id}`, ann);
    expect(self.json.map(({ user_id }: { user_id: string }) => user_id)).toEqual([ann.id]);
  });
});

describe("on models and clients", () => {
  const upstream = "https://one.example";
  const today = new Date().toISOString().slice(0, 10);
  const start = Date.parse(today);

  beforeAll(() =>
    addCalls(
      callAt(today, { apiBase: upstream, keyHash: ann.token, userId: ann.id, tags: ["User-Agent: curl", "mine"] }),
      callAt(today, {
        callId: "streamed",
        apiBase: upstream,
        stream: true,
        firstContentAt: start + 250,
        endedAt: start + 400_000,
        keyHash: ann.token,
        tags: ["User-Agent: curl"],
        cost: 5,
      }),
      callAt(today, {
        apiBase: null,
        outcome: "failure",
        status: 500,
        error: "InternalServerError",
        tags: ["User-Agent: x"],
      }),
    ),
  );
  const NOW = `startTime=${today}&endTime=${today}&_selected_model_group=smart`;

  it("/model/metrics", async () => {
    const { json } = await ask(`/model/metrics?${NOW}`);
    expect(json).toEqual({ data: [{ date: today, [upstream]: (1 / 5 + 400 / 5) / 2 }], all_api_bases: [upstream] });
    expect((await ask("/model/metrics?_selected_model_group=other")).json).toEqual({ data: [], all_api_bases: [] });
    expect((await ask(`/model/metrics?startTime=${today}`)).status).toBe(400);
  });

  it("/model/streaming_metrics", async () => {
    expect((await ask(`/model/streaming_metrics?${NOW}`)).json.data).toEqual([{ date: "streamed", [upstream]: 0.25 }]);
    expect((await ask("/model/streaming_metrics")).json.data).toEqual([{ date: today, [upstream]: 0.25 }]);
  });

  it("/model/metrics/slow_responses and /exceptions", async () => {
    expect((await ask(`/model/metrics/slow_responses?${NOW}`)).json).toEqual([
      { api_base: upstream, total_count: 2, slow_count: 1 },
    ]);
    expect((await ask(`/model/metrics/exceptions?${NOW}`)).json).toEqual({
      data: [{ model: "gpt-4o", total_exceptions: 1, InternalServerError: 1 }],
      exception_types: ["InternalServerError"],
    });
  });

  it("/tag/distinct, /tag/summary and active users", async () => {
    const curl = { tag: "User-Agent: curl" };
    expect((await ask("/tag/distinct")).json).toEqual({ results: [curl, { tag: "User-Agent: x" }] });
    const range = `start_date=${today}&end_date=${today}`;
    expect((await ask(`/tag/summary?${range}`)).json.results[0]).toEqual({
      ...curl,
      unique_users: 1,
      total_requests: 2,
      successful_requests: 2,
      failed_requests: 0,
      total_tokens: 30,
      total_spend: 0.100000005,
    });
    expect((await ask(`/tag/summary?${range}&tag_filter=mine`)).json.results).toMatchObject([{ tag: "mine" }]);
    expect((await ask(`/tag/summary?${range}&tag_filters=mine&tag_filters=x&tag_filter=y`)).json.results).toHaveLength(
      1,
    );
    expect((await ask("/tag/summary")).status).toBe(400);
    expect((await ask("/tag/dau")).json.results).toEqual([
      { ...curl, active_users: 1, date: today, period_start: null, period_end: null },
    ]);
    expect((await ask("/tag/wau?tag_filter=mine")).json.results).toMatchObject([
      { tag: "mine", active_users: 1, date: expect.stringMatching(/^Week 7 \(/), period_end: today },
    ]);
    expect((await ask("/tag/mau")).json.results).toMatchObject([{ date: expect.stringMatching(/^Month 7 \(/) }]);
  });
});

describe("POST /spend/reconcile", () => {
  const at = Date.parse("2026-05-01") / 1000;
  const usage = (model: string, input_tokens: number, requests: number) => ({
    object: "organization.usage.completions.result",
    model,
    num_model_requests: requests,
    input_tokens,
    input_cached_tokens: 0,
    output_tokens: 5 * requests,
  });
  const page = (...results: unknown[]) => ({
    object: "page",
    data: [{ start_time: at, end_time: at + 86_400, results }],
  });

  beforeAll(() =>
    addCalls(
      callAt("2026-05-01T10:00:00Z", { model: "gpt-4o-2024-08-06", cost: 100_000_000 }),
      callAt("2026-05-01T11:00:00Z", { model: "gpt-4o-2024-08-06", cost: 100_000_000 }),
      callAt("2026-05-01T12:00:00Z", { model: "gpt-4o-2024-08-06", cacheHit: true, cost: 0 }),
      callAt("2026-05-01T12:00:00Z", { model: "gpt-4.1", cost: 7 }),
      callAt("2026-05-01T12:00:00Z", { model: "claude-haiku-4-5", provider: "anthropic", cost: 9 }),
    ),
  );

  it("says where bill and ledger differ", async () => {
    const body = { provider: "openai", export: page(usage("gpt-4o-2024-08-06", 25, 2), usage("o3", 1, 1)) };
    expect(await ask("/spend/reconcile", { body })).toEqual({
      status: 200,
      json: {
        provider: "openai",
        start_date: "2026-05-01",
        end_date: "2026-05-01",
        billed: 0,
        ledger: 0.200000007,
        difference: -0.200000007,
        matched: 0,
        differing: [
          {
            date: "2026-05-01",
            model: "gpt-4o",
            request_id: null,
            tokens: { input: { billed: 25, ledger: 20, difference: 5 } },
            requests: null,
            cost: null,
          },
        ],
        only_billed: [
          {
            date: "2026-05-01",
            model: "o3",
            request_id: null,
            requests: 1,
            tokens: { input: 1, cache_read: 0, output: 5 },
            cost: null,
          },
        ],
        only_ledger: [
          {
            date: "2026-05-01",
            model: "gpt-4-1",
            request_id: null,
            requests: 1,
            tokens: { input: 10, cache_read: 0, cache_write: 0, output: 5 },
            cost: 0.000000007,
          },
        ],
      },
    });
  });

  it("reads text, several exports, and CSV", async () => {
    const costs = page({
      object: "organization.costs.result",
      amount: { value: 0.2, currency: "usd" },
      line_item: "gpt-4o-2024-08-06, input",
    });
    const whole = [JSON.stringify(page(usage("gpt-4o-2024-08-06", 20, 2))), costs];
    const { json } = await ask("/spend/reconcile", { body: { provider: "openai", export: whole } });
    expect(json).toMatchObject({ billed: 0.2, matched: 1, differing: [], only_billed: [] });
    const csv = "usage_date_utc,model_version,cost_usd\n2026-05-01,claude-haiku-4-5-20251001,0.01\n";
    const bill = { provider: "anthropic", export: csv, start_date: "2026-05-01", end_date: "2026-05-02" };
    expect((await ask("/spend/reconcile", { body: bill })).json).toMatchObject({
      end_date: "2026-05-02",
      differing: [{ cost: { billed: 0.01, ledger: 0.000000009, difference: 0.009999991 } }],
    });
    const rounded = await ask("/spend/reconcile", { body: { ...bill, tolerance: 0.01 } });
    expect(rounded.json).toMatchObject({ matched: 1, differing: [] });
  });

  it.each([
    [{ provider: "openai", export: "{" }, 400, "export"],
    [{ provider: "openai", export: "a,b\n1,2" }, 400, "export"],
    [{ provider: "openai", export: { data: 1 } }, 400, "export"],
    [{ provider: "openai", export: [] }, 400, "start_date"],
    [{ provider: "acme", export: "" }, 422, "provider"],
  ])("refuses %j", async (body, status, param) => {
    const answer = await ask("/spend/reconcile", { body });
    expect([answer.status, answer.json.error.param]).toEqual([status, param]);
  });
});

it("does not fail inside", () => expect(faults).toEqual([]));

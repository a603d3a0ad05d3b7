/** What routes show as spent, and when it begins anew, is what calls count by: the same windows, in the same time zone. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LeasingLimiter } from "../../../src/limits/leasing.ts";
import { loadIdentity } from "../../../src/store/identities.ts";
import { scopeSpend } from "../../../src/store/schema/index.ts";
import { demandsOf } from "../../../src/tenancy/demands.ts";
import { digestOf } from "../../../src/tenancy/digest.ts";
import { scopeOf } from "../../../src/tenancy/scopes.ts";
import { subjectsOf } from "../../../src/tenancy/subjects.ts";
import { db, startApp } from "./fixture.ts";

/** In New York it is the evening of the first of July, and of the month: in UTC both have another window. */
const NOW = Date.UTC(2026, 6, 2, 2);
const timezone = "America/New_York";
const TODAY = "2026-07-01T04:00:00.000Z";
const TOMORROW = "2026-07-02T04:00:00.000Z";
const NANO = 1e9;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const start = () => startApp({ litellm_settings: { timezone } });

/** A call of the key for a model that costs so many dollars, as calls reserve and charge it. */
async function spend({ scopes }: ReturnType<typeof start>, key: string, model: string, dollars: number) {
  const identity = await loadIdentity(db, await digestOf(key), NOW);
  const subjects = subjectsOf(identity, undefined, [], { now: NOW, userBudgetOnTeamKeys: false });
  const cost = dollars * NANO;
  const facts = { model, now: NOW, timezone, tokens: { least: 1, most: 1 }, cost: { least: cost, most: cost } };
  const limiter = new LeasingLimiter({ service: scopes });
  const verdict = await limiter.admit(crypto.randomUUID(), demandsOf(subjects, { ...facts, isSaturated: false }));
  if (!verdict.ok) throw new Error("refused");
  for (const charge of verdict.admission.charges(cost))
    await scopes.apply(charge.scope, crypto.randomUUID(), 1, [charge]);
}

describe("budget windows in the time zone of the config", () => {
  it("are what /key/info, /team/info and /user/info show", async () => {
    const started = start();
    const { ask } = started;
    const limits = { max_budget: 10, budget_duration: "1d" };
    const { user_id } = (await ask("/user/new", { body: { ...limits, auto_create_key: false } })).json;
    const { team_id } = (await ask("/team/new", { body: limits })).json;
    const { key } = (await ask("/key/generate", { body: { ...limits, user_id, team_id } })).json;
    await spend(started, key, "gpt", 0.25);
    const shown = { spend: 0.25, budget_reset_at: TOMORROW };
    expect((await ask(`/key/info?key=${key}`)).json.info).toMatchObject(shown);
    expect((await ask(`/team/info?team_id=${team_id}`)).json.team_info).toMatchObject(shown);
    // The user's own budget is not for keys of a team: it is counted only.
    expect((await ask(`/user/info?user_id=${user_id}`)).json.user_info).toMatchObject({ budget_reset_at: TOMORROW });
  });

  it("begin anew with that day: what was spent yesterday there is not shown, though it is today's in UTC", async () => {
    const started = start();
    const { ask } = started;
    const { key } = (await ask("/key/generate", { body: { max_budget: 10, budget_duration: "1d" } })).json;
    await spend(started, key, "gpt", 0.25);
    vi.setSystemTime(Date.parse(TOMORROW) + 1);
    expect((await ask(`/key/info?key=${key}`)).json.info).toMatchObject({
      spend: 0,
      budget_reset_at: "2026-07-03T04:00:00.000Z",
    });
  });

  it("are those a reset sets", async () => {
    const started = start();
    const { ask } = started;
    const { key, token } = (await ask("/key/generate", { body: { max_budget: 10, budget_duration: "1mo" } })).json;
    await spend(started, key, "gpt", 0.5);
    const { json } = await ask(`/key/${key}/reset_spend`, { body: { reset_to: 0.125 } });
    const reset = "2026-08-01T04:00:00.000Z";
    expect(json).toMatchObject({ previous_spend: 0.5, spend: 0.125, budget_reset_at: reset });
    const counter = { meter: "budget", windowStart: Date.parse(TODAY) };
    expect((await started.scopes.spend(scopeOf.key(token), [counter])).meters).toEqual({ budget: 0.125 * NANO });
  });

  it("are those lists go by", async () => {
    const { ask } = start();
    const { token } = (await ask("/key/generate", { body: { max_budget: 10, budget_duration: "1d" } })).json;
    const row = { scope: scopeOf.key(token), total_nano: 9 * NANO, window_nano: NANO / 4, updated_at: NOW };
    await db.insert(scopeSpend).values({ ...row, window_start: Date.parse(TODAY) });
    const { json } = await ask(`/key/list?key_hash=${token}&return_full_object=true`);
    expect(json.keys).toMatchObject([{ spend: 0.25, budget_reset_at: TOMORROW }]);
  });

  it("are those of a tier", async () => {
    const { ask } = start();
    const { budget_id } = (await ask("/budget/new", { body: { max_budget: 1, budget_duration: "1d" } })).json;
    const { json } = await ask("/budget/info", { body: { budgets: [budget_id] } });
    expect(json).toMatchObject([{ budget_reset_at: TOMORROW }]);
  });
});

describe("budgets of single models", () => {
  it("show in model_spend of /key/info what their windows have spent", async () => {
    const started = start();
    const { ask } = started;
    const model_max_budget = {
      gpt: { budget_limit: 1, time_period: "1d" },
      "claude/sonnet": { max_budget: 2, budget_duration: "30d" },
      unused: 3,
    };
    const { key } = (await ask("/key/generate", { body: { model_max_budget } })).json;
    await spend(started, key, "gpt", 0.25);
    await spend(started, key, "claude/sonnet", 0.5);
    await spend(started, key, "free", 0.125);
    const { info } = (await ask(`/key/info?key=${key}`)).json;
    expect(info).toMatchObject({ model_max_budget, model_spend: { gpt: 0.25, "claude/sonnet": 0.5, unused: 0 } });
    const { json } = await ask("/key/generate", { body: {} });
    expect((await ask(`/key/info?key=${json.key}`)).json.info.model_spend).toEqual({});
  });
});

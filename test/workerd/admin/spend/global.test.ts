import { beforeAll, describe, expect, it } from "vitest";
import { makeKey, makeOrganization, makeTeam, makeUser, startApp } from "../fixture.ts";
import { addCalls, callAt } from "./rows.ts";

const { ask, faults } = startApp({ litellm_settings: { max_budget: 12.5 } });

const ann = await makeUser("internal_user");
const team = await makeTeam({ team_alias: "red" });
const named = await makeKey({ key_alias: "a name", key_name: "sk-...abcd" });
const organization = await makeOrganization();

const DAY = 86_400_000;
const today = new Date().toISOString().slice(0, 10);
const yesterday = new Date(Date.now() - DAY).toISOString().slice(0, 10);
const long_ago = new Date(Date.now() - 60 * DAY).toISOString().slice(0, 10);
const RANGE = `start_date=${yesterday}&end_date=${today}`;

beforeAll(() =>
  addCalls(
    callAt(`${today}T00:00:01Z`, {
      keyHash: ann.token,
      userId: ann.id,
      teamId: team,
      tags: ["a,b", "x"],
      cost: 100_000_000,
    }),
    callAt(`${today}T00:00:02Z`, {
      keyHash: named.token,
      model: "claude",
      modelGroup: "clever",
      provider: "anthropic",
      customerId: "end-2",
      organizationId: organization,
      cost: 200_000_000,
      tags: ["x"],
    }),
    callAt(`${yesterday}T00:00:01Z`, {
      keyHash: ann.token,
      userId: ann.id,
      teamId: team,
      customerId: "end-2",
      cost: 3,
    }),
    callAt(`${yesterday}T00:00:02Z`, {
      keyHash: ann.token,
      keyAlias: "ann's key",
      userId: ann.id,
      outcome: "failure",
      status: 429,
      error: "RateLimitError",
      apiBase: "https://one.example",
      cost: 0,
      cacheHit: false,
    }),
    callAt(`${yesterday}T00:00:03Z`, {
      keyHash: ann.token,
      keyAlias: "ann's key",
      userId: ann.id,
      cost: 0,
      cacheHit: true,
    }),
    callAt(`${long_ago}T00:00:03Z`, {
      keyHash: ann.token,
      userId: ann.id,
      customerId: "end-1",
      cost: 5e9,
      tags: ["old"],
    }),
  ),
);

const chart = (day: string) =>
  `${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Number(day.slice(5, 7)) - 1]} ${day.slice(8)}`;

describe("/global/spend", () => {
  it("is the last 30 days, with the gateway's budget", async () => {
    expect(await ask("/global/spend")).toEqual({ status: 200, json: { spend: 0.300000003, max_budget: 12.5 } });
  });

  it("/logs by day, of all or of one key", async () => {
    expect((await ask("/global/spend/logs")).json).toEqual([
      { date: yesterday, spend: 0.000000003 },
      { date: today, spend: 0.3 },
    ]);
    expect((await ask(`/global/spend/logs?api_key=${named.key}`)).json).toEqual([
      { date: today, spend: 0.2, api_key: named.token },
    ]);
    expect((await ask("/global/spend/logs", ann)).json).toEqual([
      { date: yesterday, spend: 0.000000003, user: ann.id, api_key: ann.token },
      { date: today, spend: 0.1, user: ann.id, api_key: ann.token },
    ]);
  });

  it("/keys, the most first", async () => {
    const of = { api_key: named.token, key_alias: "a name", key_name: "sk-...abcd", total_spend: 0.2 };
    const own = { api_key: ann.token, key_alias: null, key_name: null, total_spend: 0.100000003 };
    expect((await ask("/global/spend/keys")).json).toEqual([of, own]);
    expect((await ask("/global/spend/keys?limit=1")).json).toEqual([of]);
    expect((await ask("/global/spend/keys", ann)).json).toEqual([own]);
    expect((await ask("/global/spend/keys?limit=0")).status).toBe(422);
  });

  it("/teams by day", async () => {
    expect((await ask("/global/spend/teams")).json).toEqual({
      daily_spend: [
        { date: yesterday, red: 0.000000003, Unassigned: 0 },
        { date: today, red: 0.1, Unassigned: 0.2 },
      ],
      teams: ["Unassigned", "red"],
      total_spend_per_team: [
        { team_id: "Unassigned", total_spend: 0.2 },
        { team_id: "red", total_spend: 0.100000003 },
      ],
    });
  });

  it("/models and /provider", async () => {
    expect((await ask("/global/spend/models")).json).toEqual([
      { model: "claude", total_spend: 0.2 },
      { model: "gpt-4o", total_spend: 0.100000003 },
    ]);
    expect((await ask("/global/spend/models?limit=1", ann)).json).toEqual([
      { model: "gpt-4o", total_spend: 0.100000003 },
    ]);
    expect((await ask(`/global/spend/provider?${RANGE}`)).json).toEqual([
      { provider: "anthropic", spend: 0.2 },
      { provider: "openai", spend: 0.100000003 },
    ]);
    expect((await ask("/global/spend/provider")).json.error.message).toBe("Please provide start_date and end_date");
  });

  it("/end_users, with a body and without", async () => {
    const last = [{ end_user: "end-2", total_count: 2, total_spend: 0.200000003 }];
    expect(await ask("/global/spend/end_users", { method: "POST" })).toEqual({ status: 200, json: last });
    expect((await ask("/global/spend/end_users", { body: { api_key: ann.key } })).json).toEqual([
      { end_user: "end-2", total_count: 1, total_spend: 0.000000003 },
    ]);
    const times = { startTime: `${long_ago}T00:00:00`, endTime: `${long_ago}T23:00:00Z` };
    expect((await ask("/global/spend/end_users", { body: times })).json).toEqual([
      { end_user: "end-1", total_count: 1, total_spend: 5 },
    ]);
    expect((await ask("/global/spend/end_users", { body: { startTime: "soon" } })).status).toBe(422);
    expect((await ask("/global/all_end_users")).json).toEqual({ end_users: ["end-1", "end-2"] });
  });
});

describe("/global/spend/report", () => {
  const report = async (query: string) => (await ask(`/global/spend/report?${RANGE}&${query}`)).json;
  const usage = (model: string, api_key: string, spend: number, calls = 1) => ({
    model,
    api_key,
    spend,
    total_tokens: 15 * calls,
  });

  it("by team, customer, organization, model and tag, day by day", async () => {
    expect(await report("")).toEqual([
      {
        group_by_day: yesterday,
        teams: [
          { team_name: "red", total_spend: 0.000000003, metadata: [usage("gpt-4o", ann.token, 0.000000003)] },
          { team_name: "Unassigned Team", total_spend: 0, metadata: [usage("gpt-4o", ann.token, 0, 2)] },
        ],
      },
      {
        group_by_day: today,
        teams: [
          { team_name: "Unassigned Team", total_spend: 0.2, metadata: [usage("claude", named.token, 0.2)] },
          { team_name: "red", total_spend: 0.1, metadata: [usage("gpt-4o", ann.token, 0.1)] },
        ],
      },
    ]);
    const names = async (by: string, list: string, field: string) =>
      (await report(`group_by=${by}`)).at(-1)[list].map((one: Record<string, string>) => one[field]);
    expect(await names("customer", "customers", "customer")).toEqual(["end-2", ""]);
    expect(await names("organization", "organizations", "organization_name")).toEqual([
      `alias of ${organization}`,
      "Unassigned Organization",
    ]);
    expect(await names("model", "models", "model")).toEqual(["claude", "gpt-4o"]);
    expect(await names("tag", "tags", "tag")).toEqual(["x", "a,b"]);
    expect(await report(`team_id=${team}&customer_id=end-2`)).toEqual([
      {
        group_by_day: yesterday,
        teams_customers: [
          {
            team_name: "red",
            customer: "end-2",
            total_spend: 0.000000003,
            metadata: [usage("gpt-4o", ann.token, 0.000000003)],
          },
        ],
      },
    ]);
  });

  it("by key and by user, of the whole range", async () => {
    const ofAnn = {
      total_cost: 0.100000003,
      total_input_tokens: 40,
      total_output_tokens: 20,
      model_details: [{ model: "gpt-4o", total_cost: 0.100000003, total_input_tokens: 40, total_output_tokens: 20 }],
    };
    for (const query of [`api_key=${ann.key}`, `api_key=${ann.token}`, `internal_user_id=${ann.id}`])
      expect(await report(query)).toEqual([{ api_key: ann.token, ...ofAnn }]);
    for (const by of ["api_key", "key"])
      expect((await report(`group_by=${by}`)).map(({ api_key }: { api_key: string }) => api_key)).toEqual([
        named.token,
        ann.token,
      ]);
    expect((await report("group_by=internal_user_id"))[1]).toEqual({ internal_user_id: ann.id, ...ofAnn });
  });

  it("refuses what it does not know", async () => {
    expect((await ask(`/global/spend/report?${RANGE}&group_by=colour`)).status).toBe(422);
    expect((await ask("/global/spend/report")).json.error.message).toBe("Please provide start_date and end_date");
    expect(await report(`api_key=${encodeURIComponent("' OR 1=1")}`)).toEqual([]);
  });
});

describe("tags", () => {
  it("/spend/tags of all times, or of a range", async () => {
    expect((await ask("/spend/tags")).json).toEqual([
      { individual_request_tag: "old", log_count: 1, total_spend: 5 },
      { individual_request_tag: "x", log_count: 2, total_spend: 0.3 },
      { individual_request_tag: "a,b", log_count: 1, total_spend: 0.1 },
    ]);
    expect((await ask(`/spend/tags?${RANGE}`)).json).toHaveLength(2);
  });

  it("/global/spend/tags and the names of all", async () => {
    const x = { name: "x", spend: 0.3, log_count: 2 };
    expect((await ask(`/global/spend/tags?${RANGE}&tags=x,y`)).json).toEqual({ spend_per_tag: [x] });
    for (const query of ["", "&tags=", "&tags=all-tags"])
      expect((await ask(`/global/spend/tags?${RANGE}${query}`)).json.spend_per_tag).toHaveLength(2);
    expect((await ask("/global/spend/tags")).json.error.message).toBe("Please provide start_date and end_date");
    expect((await ask("/global/spend/all_tag_names")).json).toEqual({ tag_names: ["a,b", "old", "x"] });
  });
});

describe("/global/activity", () => {
  it("by day, and by model", async () => {
    const ofYesterday = { date: chart(yesterday), api_requests: 3, total_tokens: 45 };
    expect((await ask(`/global/activity?${RANGE}`)).json).toEqual({
      daily_data: [ofYesterday, { date: chart(today), api_requests: 2, total_tokens: 30 }],
      sum_api_requests: 5,
      sum_total_tokens: 75,
    });
    expect((await ask(`/global/activity?${RANGE}`, ann)).json.sum_api_requests).toBe(4);
    expect((await ask(`/global/activity/model?${RANGE}`)).json).toEqual([
      {
        model: "smart",
        daily_data: [ofYesterday, { date: chart(today), api_requests: 1, total_tokens: 15 }],
        sum_api_requests: 4,
        sum_total_tokens: 60,
      },
      {
        model: "clever",
        daily_data: [{ date: chart(today), api_requests: 1, total_tokens: 15 }],
        sum_api_requests: 1,
        sum_total_tokens: 15,
      },
    ]);
    expect((await ask(`/global/activity/model?${RANGE}`, ann)).json).toHaveLength(1);
    expect((await ask("/global/activity?start_date=2026-01-01")).json.error.message).toBe(
      "Please provide start_date and end_date",
    );
  });

  it("refusals and cache hits", async () => {
    const refused = {
      daily_data: [{ date: chart(yesterday), num_rate_limit_exceptions: 1 }],
      sum_num_rate_limit_exceptions: 1,
    };
    const asked = `${RANGE}&model_group=smart`;
    expect((await ask(`/global/activity/exceptions?${asked}`)).json).toEqual(refused);
    expect((await ask(`/global/activity/exceptions/deployment?${asked}`)).json).toEqual([
      { api_base: "https://one.example", ...refused },
    ]);
    expect((await ask(`/global/activity/exceptions?${RANGE}`)).json.error.param).toBe("model_group");
    expect((await ask(`/global/activity/cache_hits?${RANGE}`)).json).toContainEqual({
      api_key: "ann's key",
      call_type: "chat",
      model: "gpt-4o",
      total_rows: 2,
      cache_hit_true_rows: 1,
      cached_completion_tokens: 5,
      generated_completion_tokens: 5,
    });
  });
});

it("does not fail inside", () => expect(faults).toEqual([]));

import { beforeAll, describe, expect, it, vi } from "vitest";
import { deletedKeys } from "../../../../src/store/schema/index.ts";
import { customers } from "../../../../src/store/schema/tenancy.ts";
import { db, joinOrganization, joinTeam, makeKey, makeOrganization, makeTeam, makeUser, startApp } from "../fixture.ts";
import { addCalls, callAt } from "./rows.ts";

const { ask, faults } = startApp();

const [ann, ben, lead, chief, viewer, watcher] = await Promise.all([
  makeUser("internal_user"),
  makeUser("internal_user"),
  makeUser("internal_user"),
  makeUser("org_admin"),
  makeUser("proxy_admin_viewer"),
  makeUser("internal_user_viewer"),
]);
const alone = await makeKey();
const organization = await makeOrganization();
const red = await makeTeam({ team_alias: "red", organization_id: organization });
const blue = await makeTeam({ team_alias: "blue", team_member_permissions: ["/team/daily/activity"] });
const teamKey = await makeKey({ key_alias: "red key", team_id: red, user_id: ann.id });
const gone = "f".repeat(64);
await joinTeam(red, lead.id, "admin");
await joinTeam(red, ann.id, "user");
await joinTeam(blue, ben.id, "user");
await joinOrganization(organization, chief.id, "org_admin");

beforeAll(async () => {
  await db.insert(customers).values({ user_id: "end-1", alias: "the end", created_at: "2026-01-01T00:00:00Z" });
  await db.insert(deletedKeys).values({
    id: "deleted-1",
    deleted_at: "2026-01-01T00:00:00Z",
    token: gone,
    scope_id: gone,
    key_alias: "gone key",
    team_id: blue,
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
  });
  await addCalls(
    callAt("2026-04-01T10:00:00Z", {
      keyHash: teamKey.token,
      userId: ann.id,
      teamId: red,
      organizationId: organization,
    }),
    callAt("2026-04-01T11:00:00Z", {
      keyHash: lead.token,
      userId: lead.id,
      teamId: red,
      organizationId: organization,
      customerId: "end-1",
      model: "claude",
      modelGroup: "clever",
      provider: "anthropic",
      callType: "embeddings",
      outcome: "failure",
      cost: 1,
      cacheReadTokens: 3,
      cacheCreationTokens: 4,
      tags: ["one", "two"],
    }),
    callAt("2026-04-02T10:00:00Z", { keyHash: gone, userId: ben.id, teamId: blue, cost: 200_000_000, tags: ["one"] }),
    callAt("2026-04-03T10:00:00Z", { keyHash: alone.token, provider: null, cost: 300_000_000, outcome: "aborted" }),
  );
});

const APRIL = "start_date=2026-04-01&end_date=2026-04-30";
const ZERO = {
  spend: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  total_tokens: 0,
  successful_requests: 0,
  failed_requests: 0,
  api_requests: 0,
};
const daysOf = (json: { results: { date: string }[] }) => json.results.map(({ date }) => date);
const spendOf = (json: { metadata: { total_spend: number } }) => json.metadata.total_spend;

describe("/user/daily/activity", () => {
  it("is LiteLLM's SpendAnalyticsPaginatedResponse", async () => {
    const { status, json } = await ask(`/user/daily/activity?start_date=2026-04-01&end_date=2026-04-01`);
    expect(status).toBe(200);
    const ofAnn = {
      ...ZERO,
      spend: 0.1,
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      successful_requests: 1,
      api_requests: 1,
    };
    const ofLead = {
      ...ofAnn,
      spend: 0.000000001,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 4,
      successful_requests: 0,
      failed_requests: 1,
    };
    const annsKey = { metrics: ofAnn, metadata: { key_alias: "red key", team_id: red } };
    const leadsKey = { metrics: ofLead, metadata: { key_alias: null, team_id: null } };
    const ann_ = { metrics: ofAnn, metadata: {}, api_key_breakdown: { [teamKey.token]: annsKey } };
    const lead_ = { metrics: ofLead, metadata: {}, api_key_breakdown: { [lead.token]: leadsKey } };
    expect(json).toEqual({
      results: [
        {
          date: "2026-04-01",
          metrics: {
            spend: 0.100000001,
            prompt_tokens: 20,
            completion_tokens: 10,
            cache_read_input_tokens: 3,
            cache_creation_input_tokens: 4,
            total_tokens: 30,
            successful_requests: 1,
            failed_requests: 1,
            api_requests: 2,
          },
          breakdown: {
            mcp_servers: {},
            models: { "gpt-4o": ann_, claude: lead_ },
            model_groups: { smart: ann_, clever: lead_ },
            providers: { openai: ann_, anthropic: lead_ },
            endpoints: { chat: ann_, embeddings: lead_ },
            api_keys: { [teamKey.token]: annsKey, [lead.token]: leadsKey },
            entities: { [ann.id]: ann_, [lead.id]: lead_ },
          },
        },
      ],
      metadata: {
        total_spend: 0.100000001,
        total_prompt_tokens: 20,
        total_completion_tokens: 10,
        total_tokens: 30,
        total_api_requests: 2,
        total_successful_requests: 1,
        total_failed_requests: 1,
        total_cache_read_input_tokens: 3,
        total_cache_creation_input_tokens: 4,
        page: 1,
        total_pages: 1,
        has_more: false,
      },
    });
  });

  it("pages by days, the newest first; totals are the page's, so that pages add up", async () => {
    const first = (await ask(`/user/daily/activity?${APRIL}&page_size=2`)).json;
    const second = (await ask(`/user/daily/activity?${APRIL}&page_size=2&page=2`)).json;
    expect(daysOf(first)).toEqual(["2026-04-03", "2026-04-02"]);
    expect(first.metadata).toMatchObject({ total_spend: 0.5, page: 1, total_pages: 2, has_more: true });
    expect(daysOf(second)).toEqual(["2026-04-01"]);
    expect(second.metadata).toMatchObject({ total_spend: 0.100000001, page: 2, total_pages: 2, has_more: false });
    const all = (await ask(`/user/daily/activity/aggregated?${APRIL}`)).json;
    expect(all.metadata).toMatchObject({ total_spend: 0.600000001, page: 1, total_pages: 1, has_more: false });
    expect(all.results).toEqual([...first.results, ...second.results]);
  });

  it("names what has no name as LiteLLM, and keys that are deleted", async () => {
    const { json } = await ask(`/user/daily/activity?${APRIL}`);
    const [third, second] = json.results;
    expect(Object.keys(third.breakdown.providers)).toEqual(["unknown"]);
    expect(Object.keys(third.breakdown.entities)).toEqual(["Unassigned"]);
    expect(third.metrics.successful_requests).toBe(1);
    expect(second.breakdown.api_keys[gone].metadata).toEqual({ key_alias: "gone key", team_id: blue });
  });

  it("filters by user, model and key", async () => {
    for (const [query, spend] of [
      [`user_id=${ben.id}`, 0.2],
      ["model=claude", 0.000000001],
      ["model=clever", 0.000000001],
      [`api_key=${alone.key}`, 0.3],
      [`api_key=${alone.token}`, 0.3],
      [`api_key=${encodeURIComponent("' OR 1=1 --")}`, 0],
    ] as const)
      expect([query, spendOf((await ask(`/user/daily/activity?${APRIL}&${query}`)).json)]).toEqual([query, spend]);
  });

  it("shows who is no admin their own, and refuses another's", async () => {
    for (const query of ["", `&user_id=${ann.id}`])
      expect(spendOf((await ask(`/user/daily/activity?${APRIL}${query}`, ann)).json)).toBe(0.1);
    for (const { key } of [ann, lead, chief, watcher])
      for (const path of ["/user/daily/activity", "/user/daily/activity/aggregated"]) {
        const { status, json } = await ask(`${path}?${APRIL}&user_id=${ben.id}`, { key });
        expect([status, json.error.message]).toEqual([403, "Non-admin users can only view their own spend data"]);
      }
    expect(spendOf((await ask(`/user/daily/activity?${APRIL}&api_key=${alone.key}`, ann)).json)).toBe(0);
    expect(spendOf((await ask(`/user/daily/activity?${APRIL}`, viewer)).json)).toBe(0.600000001);
  });

  it("needs dates", async () => {
    const { status, json } = await ask("/user/daily/activity?start_date=2026-04-01");
    expect([status, json.error.message]).toEqual([400, "Please provide start_date and end_date"]);
    expect((await ask("/user/daily/activity?start_date=04/01/2026&end_date=2026-04-01")).json.error.message).toBe(
      "time data '04/01/2026' does not match format '%Y-%m-%d'",
    );
    expect((await ask(`/user/daily/activity?${APRIL}&page_size=1001`)).status).toBe(422);
    expect((await ask(`/user/daily/activity?${APRIL}&timezone=x`)).json.error.param).toBe("timezone");
  });

  it("adds the day UTC is in already to the today of who is west of it", async () => {
    vi.useFakeTimers({ now: Date.parse("2026-04-03T02:00:00Z"), toFake: ["Date"] });
    const evening = "start_date=2026-04-02&end_date=2026-04-02&timezone=420";
    const without = await ask(`/user/daily/activity?${evening}`);
    const withIt = await ask(`/user/daily/activity?${evening}&include_current_utc_day=true`);
    const yesterday = await ask(
      "/user/daily/activity?start_date=2026-04-01&end_date=2026-04-01&timezone=420&include_current_utc_day=true",
    );
    vi.useRealTimers();
    expect(daysOf(without.json)).toEqual(["2026-04-02"]);
    expect(daysOf(withIt.json)).toEqual(["2026-04-03", "2026-04-02"]);
    expect(daysOf(yesterday.json)).toEqual(["2026-04-01"]);
  });
});

describe("/team/daily/activity", () => {
  it("shows teams by their names", async () => {
    const { json } = await ask(`/team/daily/activity?${APRIL}&team_ids=${red},${blue}`);
    expect(json.results.map(({ breakdown }: { breakdown: { entities: object } }) => breakdown.entities)).toMatchObject([
      { [blue]: { metadata: { team_alias: "blue" }, metrics: { spend: 0.2 } } },
      { [red]: { metadata: { team_alias: "red" }, metrics: { spend: 0.100000001 } } },
    ]);
    expect((await ask(`/team/daily/activity/aggregated?${APRIL}&team_ids=${red}`)).json.results).toHaveLength(1);
  });

  it("leaves teams out", async () => {
    expect(spendOf((await ask(`/team/daily/activity?${APRIL}&exclude_team_ids=${blue}`)).json)).toBe(0.400000001);
    const { json } = await ask(`/team/daily/activity?${APRIL}&team_ids=${red},${blue}&exclude_team_ids=${red}`);
    expect(spendOf(json)).toBe(0.2);
  });

  it("shows all of a team to who runs it, and members their own", async () => {
    expect(spendOf((await ask(`/team/daily/activity?${APRIL}`, lead)).json)).toBe(0.100000001);
    expect(spendOf((await ask(`/team/daily/activity?${APRIL}&team_ids=${red}`, ann)).json)).toBe(0.1);
    expect(spendOf((await ask(`/team/daily/activity?${APRIL}&team_ids=${blue}`, ben)).json)).toBe(0.2);
    expect(spendOf((await ask(`/team/daily/activity?${APRIL}`, watcher)).json)).toBe(0);
    const { status, json } = await ask(`/team/daily/activity?${APRIL}&team_ids=${red}`, ben);
    expect(status).toBe(404);
    expect(json.error.message).toBe(`User does not belong to Team= ${red}. Call \`/user/info\` to see user's teams`);
  });
});

describe("of organizations, customers and tags", () => {
  it("shows an organization to who runs it", async () => {
    for (const key of [undefined, chief.key, viewer.key]) {
      const asked = `/organization/daily/activity?${APRIL}&organization_ids=${organization}`;
      const { json } = await ask(asked, key === undefined ? {} : { key });
      expect(json.results[0].breakdown.entities[organization]).toMatchObject({
        metadata: { organization_alias: `alias of ${organization}` },
        metrics: { spend: 0.100000001 },
      });
    }
    expect(spendOf((await ask(`/organization/daily/activity?${APRIL}`, chief)).json)).toBe(0.100000001);
    expect((await ask(`/organization/daily/activity?${APRIL}&organization_ids=other`, chief)).status).toBe(403);
    expect((await ask(`/organization/daily/activity?${APRIL}`, ann)).status).toBe(403);
  });

  it.each(["/customer/daily/activity", "/end_user/daily/activity"])("%s shows customers to admins", async (path) => {
    const { json } = await ask(`${path}?${APRIL}&end_user_ids=end-1`);
    expect(json.results[0].breakdown.entities).toMatchObject({ "end-1": { metadata: { alias: "the end" } } });
    expect(spendOf((await ask(`${path}?${APRIL}&exclude_end_user_ids=end-1`)).json)).toBe(0.6);
    expect((await ask(`${path}?${APRIL}`, ann)).status).toBe(403);
  });

  it("/tag/daily/activity shows tags to admins", async () => {
    const { json } = await ask(`/tag/daily/activity?${APRIL}&tags=one`);
    expect(daysOf(json)).toEqual(["2026-04-02", "2026-04-01"]);
    expect(Object.keys(json.results[1].breakdown.entities)).toEqual(["one"]);
    expect(spendOf(json)).toBe(0.200000001);
    expect((await ask(`/tag/daily/activity?${APRIL}`, lead)).status).toBe(403);
  });
});

it("is not for keys without a user", async () => {
  for (const path of ["/user/daily/activity", "/team/daily/activity", "/organization/daily/activity"])
    expect((await ask(`${path}?${APRIL}`, alone)).status).toBe(403);
  expect(faults).toEqual([]);
});

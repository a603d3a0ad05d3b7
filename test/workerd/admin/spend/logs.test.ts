import { beforeAll, describe, expect, it } from "vitest";
import { joinOrganization, joinTeam, makeKey, makeOrganization, makeTeam, makeUser, startApp } from "../fixture.ts";
import { addCalls, callAt } from "./rows.ts";

const { ask, faults } = startApp();

const alone = await makeKey();
const [ann, ben, viewer, watcher, lead, chief] = await Promise.all([
  makeUser("internal_user"),
  makeUser("internal_user"),
  makeUser("proxy_admin_viewer"),
  makeUser("internal_user_viewer"),
  makeUser("internal_user"),
  makeUser("org_admin"),
]);
const organization = await makeOrganization();
const team = await makeTeam({ team_alias: "red", organization_id: organization });
await joinTeam(team, lead.id, "admin");
await joinTeam(team, ben.id, "user");
await joinOrganization(organization, chief.id, "org_admin");

beforeAll(() =>
  addCalls(
    callAt("2026-03-01T10:00:00Z", { callId: "call-ann-1", keyHash: ann.token, userId: ann.id, cost: 100_000_000 }),
    callAt("2026-03-01T11:00:00Z", {
      callId: "call-ann-2",
      keyHash: ann.token,
      keyAlias: "ann's",
      userId: ann.id,
      model: "claude",
      modelGroup: "clever",
      cost: 200_000_000,
      outcome: "failure",
      status: 429,
      error: "RateLimitError",
      errorMessage: "Too Many of 100%",
      customerId: "end-1",
      sessionId: "session-1",
      deploymentId: "deployment-1",
      totalTokens: 999,
      endedAt: Date.parse("2026-03-01T11:00:09Z"),
    }),
    callAt("2026-03-03T23:59:59.500Z", {
      callId: "call-ben",
      keyHash: ben.token,
      userId: ben.id,
      teamId: team,
      sessionId: "session-1",
      messages: '[{"role":"user","content":"hi"}]',
      response: "not json",
      metadata: { spend_logs_metadata: { run: 7 }, user_api_key_alias: "forged" },
      tags: ["batch"],
      cacheHit: true,
    }),
    callAt("2026-03-03T12:00:00Z", { callId: "call-alone", keyHash: alone.token }),
  ),
);

const idsOf = (rows: { request_id: string }[]) => rows.map(({ request_id }) => request_id);
const MARCH = "start_date=2026-03-01&end_date=2026-03-04";
const MARCH_TIMES = "start_date=2026-03-01%2000:00:00&end_date=2026-03-03%2023:59:59";

describe("GET /spend/logs", () => {
  it("has the columns of LiteLLM", async () => {
    const { status, json } = await ask("/spend/logs?request_id=call-ben");
    expect(status).toBe(200);
    expect(json).toHaveLength(1);
    expect(json[0]).toMatchObject({
      request_id: "call-ben",
      call_type: "chat",
      api_key: ben.token,
      spend: 0.1,
      total_tokens: 15,
      prompt_tokens: 10,
      completion_tokens: 5,
      startTime: "2026-03-03T23:59:59.500Z",
      endTime: "2026-03-04T00:00:00.500Z",
      completionStartTime: null,
      request_duration_ms: 1000,
      model: "gpt-4o",
      model_group: "smart",
      custom_llm_provider: "openai",
      user: ben.id,
      team_id: team,
      end_user: "",
      cache_hit: "True",
      request_tags: ["batch"],
      session_id: "session-1",
      status: "success",
      messages: {},
      response: {},
    });
  });

  it("keeps the client's metadata, but not where it forges the gateway's", async () => {
    const { json } = await ask("/spend/logs?request_id=call-ben");
    expect(json[0].metadata).toMatchObject({ spend_logs_metadata: { run: 7 }, user_api_key_alias: null });
  });

  it("takes a key as it is, or as its digest", async () => {
    for (const key of [ann.key, ann.token])
      expect(idsOf((await ask(`/spend/logs?api_key=${key}`)).json)).toEqual(["call-ann-2", "call-ann-1"]);
  });

  it("gives single calls of a range, the last day with it", async () => {
    const { json } = await ask("/spend/logs?start_date=2026-03-01&end_date=2026-03-03&summarize=false");
    expect(idsOf(json)).toEqual(["call-ben", "call-alone", "call-ann-2", "call-ann-1"]);
  });

  it("sums a range by day, and fills days without calls with 0", async () => {
    const { json } = await ask(`/spend/logs?${MARCH}`);
    expect(json).toEqual([
      {
        startTime: "2026-03-01",
        spend: 0.3,
        users: { [ann.id]: 0.3 },
        models: { "gpt-4o": 0.1, claude: 0.2 },
        [ann.token]: 0.3,
      },
      { startTime: "2026-03-02", spend: 0, users: {}, models: {} },
      {
        startTime: "2026-03-03",
        spend: 0.2,
        users: { [ben.id]: 0.1, "": 0.1 },
        models: { "gpt-4o": 0.2 },
        [ben.token]: 0.1,
        [alone.token]: 0.1,
      },
      { startTime: "2026-03-04", spend: 0, users: {}, models: {} },
    ]);
    expect((await ask("/spend/logs?start_date=2020-01-01&end_date=2020-01-02")).json).toEqual([]);
  });

  it.each([
    ["start_date=yesterday&end_date=2026-03-03", "time data 'yesterday' does not match format '%Y-%m-%d'"],
    ["start_date=2026-02-30&end_date=2026-03-03", "time data '2026-02-30' does not match format '%Y-%m-%d'"],
    ["start_date=2026-03-04&end_date=2026-03-03", "start_date must not be after end_date"],
    ["start_date=2020-01-01&end_date=2026-03-03", "The range may have 366 days at most: ask for fewer."],
    ["start_date=2025-01-01&end_date=2025-06-03&summarize=false", "The range may have 92 days at most: ask for fewer."],
  ])("refuses %s", async (query, message) => {
    const { status, json } = await ask(`/spend/logs?${query}`);
    expect(status).toBe(400);
    expect(json.error.message).toBe(message);
  });

  it("names a parameter of the wrong type", async () => {
    const { status, json } = await ask(`/spend/logs?${MARCH}&summarize=perhaps`);
    expect([status, json.error.param]).toEqual([422, "summarize"]);
  });

  it.each([ann, watcher, lead])("shows a user their own calls, whomever they ask for", async ({ id, key }) => {
    const own = id === ann.id ? ["call-ann-2", "call-ann-1"] : [];
    for (const query of ["", `&user_id=${ann.id}`, `&user_id=${ben.id}`])
      expect(idsOf((await ask(`/spend/logs?${MARCH}&summarize=false${query}`, { key })).json)).toEqual(own);
    expect((await ask(`/spend/logs?api_key=${ben.key}`, { key })).json).toEqual([]);
    expect((await ask("/spend/logs?request_id=call-ben", { key })).json).toEqual([]);
  });

  it("sums for a user what is their own", async () => {
    const { json } = await ask(`/spend/logs?${MARCH}&user_id=${ann.id}`, { key: ben.key });
    expect(json.map(({ spend }: { spend: number }) => spend)).toEqual([0.1, 0]);
    expect(JSON.stringify(json)).not.toContain(ann.id);
  });

  it("shows a key without a user itself, and no other", async () => {
    for (const query of ["", `&api_key=${alone.key}`])
      expect(idsOf((await ask(`/spend/logs?${MARCH}&summarize=false${query}`, alone)).json)).toEqual(["call-alone"]);
    expect((await ask("/spend/logs?request_id=call-ben", alone)).json).toEqual([]);
    expect((await ask(`/spend/logs?api_key=${ann.key}`, alone)).status).toBe(403);
  });

  it("shows viewers everything", async () => {
    const { json } = await ask(`/spend/logs?${MARCH}&summarize=false`, viewer);
    expect(json).toHaveLength(4);
  });

  it.each(["' OR 1=1", "' OR '1'='1' --", '"; DROP TABLE spend_logs; --', "%", "_"])(
    "GHSA-h6m6-jj8v-94jj: api_key %s is a key nobody has",
    async (text) => {
      const given = encodeURIComponent(text);
      for (const path of [
        `/spend/logs?api_key=${given}`,
        `/spend/logs?request_id=${given}`,
        `/spend/logs?${MARCH}&summarize=false&user_id=${given}`,
        `/global/spend/logs?api_key=${given}`,
      ])
        expect(await ask(path)).toEqual({ status: 200, json: [] });
      const page = await ask(`/spend/logs/v2?${MARCH_TIMES}&api_key=${given}`);
      expect(page.json).toMatchObject({ data: [], total: 0 });
      expect((await ask("/spend/logs?request_id=call-ben")).json).toHaveLength(1);
    },
  );
});

describe.each(["/spend/logs/v2", "/spend/logs/ui"])("GET %s", (path) => {
  const page = (query: string, key?: string) =>
    ask(`${path}?${MARCH_TIMES}&${query}`, key === undefined ? {} : { key });

  it("pages", async () => {
    const first = await page("page_size=3");
    expect(first.json).toMatchObject({ total: 4, page: 1, page_size: 3, total_pages: 2 });
    expect(idsOf(first.json.data)).toEqual(["call-ben", "call-alone", "call-ann-2"]);
    expect(idsOf((await page("page_size=3&page=2")).json.data)).toEqual(["call-ann-1"]);
  });

  it.each([
    ["status_filter=failure", ["call-ann-2"]],
    ["model=clever", ["call-ann-2"]],
    ["model_id=deployment-1", ["call-ann-2"]],
    ["key_alias=ann%27s", ["call-ann-2"]],
    ["end_user=end-1", ["call-ann-2"]],
    ["error_code=429", ["call-ann-2"]],
    ["error_message=of%20100%25", ["call-ann-2"]],
    ["error_message=%25", ["call-ann-2"]],
    ["error_message=_", []],
    ["min_spend=0.15&max_spend=0.2", ["call-ann-2"]],
    ["max_spend=0.1&sort_order=asc", ["call-ann-1", "call-alone", "call-ben"]],
    ["sort_by=total_tokens&page_size=1", ["call-ann-2"]],
    ["sort_by=spend&page_size=1", ["call-ann-2"]],
    [`team_id=${team}`, ["call-ben"]],
    ["request_id=call-ann-1", ["call-ann-1"]],
  ])("filters by %s", async (query, ids) => {
    const { status, json } = await page(query);
    expect([status, idsOf(json.data)]).toEqual([200, ids]);
  });

  it("needs both dates", async () => {
    const { status, json } = await ask(`${path}?start_date=2026-03-01`);
    expect([status, json.error.message]).toEqual([400, "Start date and end date are required"]);
    expect((await ask(`${path}?start_date=now&end_date=then`)).json.error.message).toBe(
      "time data 'now' does not match format '%Y-%m-%d %H:%M:%S'",
    );
  });

  it.each(["page=0", "page_size=0", "page_size=1001", "page=x", "sort_by=secret", "sort_order=up", "min_spend=x"])(
    "refuses %s",
    async (query) => {
      const { status, json } = await page(query);
      expect([status, json.error.param]).toEqual([422, query.split("=")[0]]);
    },
  );

  it("shows users their own, and teams to those who run them", async () => {
    expect(idsOf((await page(`user_id=${ben.id}`, ann.key)).json.data)).toEqual(["call-ann-2", "call-ann-1"]);
    for (const { key } of [lead, chief])
      expect(idsOf((await page(`team_id=${team}`, key)).json.data)).toEqual(["call-ben"]);
    for (const { key } of [ann, ben, watcher]) expect((await page(`team_id=${team}`, key)).status).toBe(403);
    expect((await page("team_id=no-such-team", ann.key)).status).toBe(403);
    expect((await page("", alone.key)).status).toBe(403);
    expect((await page("", viewer.key)).json.total).toBe(4);
  });
});

describe("single calls and sessions", () => {
  it("shows what was asked and answered to whose call it is and who runs the team", async () => {
    const whole = { messages: [{ role: "user", content: "hi" }], response: "not json", proxy_server_request: {} };
    for (const key of [undefined, ben.key, lead.key, chief.key, viewer.key])
      expect((await ask("/spend/logs/ui/call-ben", key === undefined ? {} : { key })).json).toEqual(whole);
    for (const { key } of [ann, watcher]) expect((await ask("/spend/logs/ui/call-ben", { key })).json).toBeNull();
    expect(await ask("/spend/logs/ui/nothing")).toEqual({ status: 200, json: null });
  });

  it("lists a session, of users their part", async () => {
    const { json } = await ask("/spend/logs/session/ui?session_id=session-1&page_size=1");
    expect(json).toMatchObject({ total: 2, page: 1, page_size: 1, total_pages: 2 });
    expect(idsOf(json.data)).toEqual(["call-ann-2"]);
    const own = await ask("/spend/logs/session/ui?session_id=session-1", ben);
    expect(idsOf(own.json.data)).toEqual(["call-ben"]);
    expect((await ask("/spend/logs/session/ui")).json.error.param).toBe("session_id");
  });
});

it("asks for a key", async () => {
  const stranger = { key: "sk-nobody-knows-this-one" };
  expect((await ask("/spend/logs", stranger)).status).toBe(401);
  expect(faults).toEqual([]);
});

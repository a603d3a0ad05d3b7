import { describe, expect, it } from "vitest";
import { scopeSpend } from "../../../../src/store/schema/index.ts";
import { db, joinOrganization, joinTeam, makeKey, makeOrganization, makeTeam, makeUser, startApp } from "../fixture.ts";

const { ask } = startApp();

describe("GET /key/info", () => {
  it("shows a key by itself or its digest, never its digest as the key", async () => {
    const { key, token } = await makeKey({ key_alias: "shown" });
    expect((await ask(`/key/info?key=${key}`)).json).toMatchObject({ key, info: { key_alias: "shown" } });
    const { json } = await ask(`/key/info?key=${token}`);
    expect(json.key).toBe(token);
    expect(json.info).not.toHaveProperty("token");
    expect(json.info).not.toHaveProperty("scope_id");
    expect(json.info).toMatchObject({ litellm_budget_table: null, object_permission: null, spend: 0 });
    expect((await ask("/key/info?key=sk-not-there")).json.error).toEqual({
      message: "Key not found in database",
      type: "not_found_error",
      param: "key",
      code: "404",
    });
  });

  it("shows everybody its own, its team's, and no other", async () => {
    const team_id = await makeTeam();
    const { id, key } = await makeUser("internal_user_viewer");
    await joinTeam(team_id, id, "user");
    const [service, stranger, lone] = [await makeKey({ team_id }), await makeKey({ user_id: "x" }), await makeKey()];
    expect((await ask(`/key/info?key=${service.token}`, { key })).status).toBe(200);
    expect((await ask(`/key/info?key=${stranger.token}`, { key })).json.error).toMatchObject({
      code: "403",
      message: "You are not allowed to access this key's info. Your role=internal_user_viewer",
    });
    expect((await ask("/key/info", { key: lone.key })).status).toBe(200);
    expect((await ask(`/key/info?key=${stranger.token}`, { key: lone.key })).status).toBe(403);
    const viewer = await makeUser("proxy_admin_viewer");
    expect((await ask(`/key/info?key=${stranger.token}`, { key: viewer.key })).status).toBe(200);
  });

  it("hides the credentials of callbacks", async () => {
    const logging = [{ callback_name: "langfuse", callback_vars: { langfuse_secret_key: "lf-secret" } }];
    const { json } = await ask("/key/generate", { body: { metadata: { logging } } });
    const { json: info } = await ask(`/key/info?key=${json.key}`);
    expect(JSON.stringify([json, info])).not.toContain("lf-secret");
    expect(info.info.metadata.logging[0].callback_name).toBe("langfuse");
  });

  it("POST /v2/key/info shows many, to who sees all", async () => {
    const [one, two] = [await makeKey(), await makeKey()];
    const { json } = await ask("/v2/key/info", { body: { keys: [one.key, two.token] } });
    expect(json.key).toEqual([one.key, two.token]);
    expect(json.info.map(({ token }: { token: string }) => token).sort()).toEqual([one.token, two.token].sort());
    expect((await ask("/v2/key/info", { body: {} })).status).toBe(400);
    expect((await ask("/v2/key/info", { body: { keys: ["sk-none"] } })).status).toBe(404);
    const { key } = await makeUser("internal_user");
    expect((await ask("/v2/key/info", { key, body: { keys: [one.key] } })).status).toBe(403);
  });
});

describe("GET /key/list", () => {
  it("gives pages, filtered and in order", async () => {
    const team_id = await makeTeam();
    for (const name of ["alpha", "beta", "gamma"]) await makeKey({ team_id, key_alias: `list-${name}`, user_id: name });
    const list = async (query: string) => (await ask(`/key/list?team_id=${team_id}&${query}`)).json;
    const page = await list("size=2&page=2&sort_by=key_alias&sort_order=asc&return_full_object=true");
    expect(page).toMatchObject({
      total_count: 3,
      current_page: 2,
      total_pages: 2,
      keys: [{ key_alias: "list-gamma" }],
    });
    expect((await list("")).keys.every((key: unknown) => typeof key === "string")).toBe(true);
    expect((await list("key_alias=LIST-b")).total_count).toBe(1);
    expect((await list("key_alias=%25")).total_count).toBe(0);
    expect((await list("key_alias=list_b")).total_count).toBe(0);
    expect((await list("user_id=alph")).total_count).toBe(0);
    expect((await list("user_id=alpha")).total_count).toBe(1);
  });

  it("refuses what it does not know", async () => {
    expect((await ask("/key/list?status=gone")).json.error).toMatchObject({
      code: "400",
      message: "Invalid status value. Currently only 'deleted' is supported.",
    });
    expect((await ask("/key/list?sort_by=metadata")).status).toBe(400);
    expect((await ask("/key/list?sort_order=up")).status).toBe(400);
    expect((await ask("/key/list?size=101")).json.error).toMatchObject({ code: "422", param: "size" });
    expect((await ask("/key/list?page=0")).status).toBe(422);
  });

  it("says what was spent, and nothing of a window that is over", async () => {
    const team_id = await makeTeam();
    const [ever, over] = [await makeKey({ team_id }), await makeKey({ team_id, budget_duration: "1d" })];
    const row = { total_nano: 3e9, window_nano: 2e9, window_start: 1, updated_at: 1 };
    await db.insert(scopeSpend).values([ever, over].map(({ token }) => ({ scope: `key:${token}`, ...row })));
    const { json } = await ask(`/key/list?team_id=${team_id}&return_full_object=true&sort_by=spend`);
    expect(json.keys.map((key: { spend: number }) => key.spend)).toEqual([3, 0]);
  });

  it("shows each caller its own part", async () => {
    const organization = await makeOrganization();
    const team_id = await makeTeam({ organization_id: organization });
    const [lead, member, runner] = [
      await makeUser("internal_user"),
      await makeUser("internal_user"),
      await makeUser("org_admin"),
    ];
    await joinTeam(team_id, lead.id, "admin");
    await joinTeam(team_id, member.id, "user");
    await joinOrganization(organization, runner.id, "org_admin");
    const service = await makeKey({ team_id });
    const tokens = async (key: string, query = "") => (await ask(`/key/list?size=100&${query}`, { key })).json.keys;
    expect(await tokens(member.key)).toEqual([member.token]);
    expect(await tokens(member.key, `team_id=${team_id}`)).toEqual([]);
    expect(await tokens(lead.key)).toEqual([lead.token]);
    expect(await tokens(lead.key, "include_team_keys=true")).toContain(service.token);
    expect(await tokens(runner.key, `team_id=${team_id}`)).toEqual([service.token]);
    for (const [query, message] of [
      [`user_id=${lead.id}`, "You are not authorized to check another user's keys"],
      ["team_id=other", "You are not authorized to check this team's keys"],
      ["organization_id=other", "You are not authorized to check this organization's keys"],
    ])
      expect((await ask(`/key/list?${query}`, { key: member.key })).json.error).toMatchObject({ code: "403", message });
    expect((await ask("/key/list", { key: service.key })).status).toBe(403);
    const { json } = await ask(`/key/list?expand=user&user_id=${lead.id}`);
    expect(json.keys).toMatchObject([{ user: { user_id: lead.id, user_role: "internal_user" } }]);
  });
});

describe("GET /key/aliases and POST /key/health", () => {
  it("aliases by the page, each caller its own", async () => {
    const { id, key } = await makeUser("internal_user");
    await makeKey({ user_id: id, key_alias: "aliases-mine" });
    await makeKey({ key_alias: "aliases-theirs" });
    expect((await ask("/key/aliases?search=aliases-")).json).toEqual({
      aliases: ["aliases-mine", "aliases-theirs"],
      total_count: 2,
      current_page: 1,
      total_pages: 1,
      size: 50,
    });
    expect((await ask("/key/aliases", { key })).json.aliases).toEqual(["aliases-mine"]);
  });

  it("health of the key that asks", async () => {
    const { key } = await makeKey();
    const healthy = await ask("/key/health", { key, method: "POST" });
    expect(healthy.json).toEqual({ key: "healthy", logging_callbacks: null });
    const logging = await makeKey({ metadata: { logging: [{ callback_name: "langfuse" }] } });
    expect((await ask("/key/health", { key: logging.key, method: "POST" })).json).toMatchObject({
      key: "unhealthy",
      logging_callbacks: { callbacks: ["langfuse"], status: "unhealthy" },
    });
  });
});

import { eq, sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { keys, organizationMembers, users } from "../../../../src/store/schema/index.ts";
import { db, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let started: ReturnType<typeof startApp>;
let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  started = startApp();
  ask = started.ask;
});

const keysOf = (user_id: string) => db.select().from(keys).where(eq(keys.user_id, user_id));

describe("/user/new", () => {
  it("makes a user and a key, and invents nothing", async () => {
    const { status, json } = await ask("/user/new", { body: {} });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      user_id: expect.any(String),
      key: expect.stringMatching(/^sk-/),
      token_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      user_email: null,
      user_alias: null,
      user_role: null,
      max_budget: null,
      budget_duration: null,
      tpm_limit: null,
      rpm_limit: null,
      spend: 0,
      models: [],
      teams: [],
      metadata: {},
    });
    expect(json.user_id).not.toBe("default_user_id");
    expect((await ask("/user/info", { key: json.key })).json.user_id).toBe(json.user_id);
  });

  it("keeps what was given; the limits are the user's, not the key's", async () => {
    const team_id = await makeTeam();
    const body = {
      user_id: `user-${crypto.randomUUID()}`,
      user_email: `${crypto.randomUUID()}@example.com`,
      user_alias: "Ada",
      user_role: "internal_user",
      max_budget: 12.5,
      budget_duration: "7d",
      tpm_limit: 5,
      rpm_limit: 6,
      models: ["gpt-4"],
      metadata: { note: 1 },
      model_rpm_limit: { "gpt-4": 2 },
      key_alias: `key-${crypto.randomUUID()}`,
    };
    const { json } = await ask("/user/new", { body: { ...body, teams: [team_id], duration: "30d" } });
    const { key_alias, model_rpm_limit, metadata, ...user } = body;
    expect(json).toMatchObject({ ...user, key_alias, teams: [team_id], metadata: { ...metadata, model_rpm_limit } });
    expect(json.expires).toEqual(expect.any(String));
    const info = await ask(`/user/info?user_id=${body.user_id}`);
    expect(info.json).toMatchObject({
      user_id: body.user_id,
      user_info: { ...user, teams: [team_id] },
      keys: [{ key_alias, max_budget: null, models: ["gpt-4"], token: json.token_id }],
      teams: [{ team_id, members_with_roles: [{ user_id: body.user_id, user_email: body.user_email, role: "user" }] }],
    });
    expect(JSON.stringify(info.json)).not.toContain(json.key);
  });

  it("makes no key where none is wanted", async () => {
    const { json } = await ask("/user/new", { body: { auto_create_key: false } });
    expect(json).toMatchObject({ key: "", token_id: null, expires: null });
    expect(await keysOf(json.user_id)).toEqual([]);
  });

  it("adds to teams as it is said", async () => {
    const [team_id, other] = [await makeTeam(), await makeTeam()];
    const teams = [{ team_id, max_budget_in_team: 4, user_role: "admin" }, { team_id: other }];
    const { json } = await ask("/user/new", { body: { teams } });
    expect(json.teams).toEqual(expect.arrayContaining([team_id, other]));
    const info = (await ask(`/team/info?team_id=${team_id}`)).json;
    expect(info).toMatchObject({
      team_info: { members_with_roles: [{ user_id: json.user_id, role: "admin" }] },
      team_memberships: [{ litellm_budget_table: { max_budget: 4 } }],
    });
    const missing = await ask("/user/new", { body: { user_id: "not-made", teams: ["nowhere"] } });
    expect(missing.status).toBe(404);
    expect(await db.select().from(users).where(eq(users.user_id, "not-made"))).toEqual([]);
  });

  it("is undone where its key cannot be made", async () => {
    const key_alias = `alias-${crypto.randomUUID()}`;
    await makeKey({ key_alias });
    const team_id = await makeTeam();
    const user_id = `user-${crypto.randomUUID()}`;
    const { status, json } = await ask("/user/new", { body: { user_id, key_alias, teams: [team_id] } });
    expect(status).toBe(400);
    expect(json.error.param).toBe("key_alias");
    expect(await db.select().from(users).where(eq(users.user_id, user_id))).toEqual([]);
    expect((await ask(`/team/info?team_id=${team_id}`)).json.team_info.members_with_roles).toEqual([]);
  });

  it("makes one user of an email, also where two ask at the same time", async () => {
    const user_email = `${crypto.randomUUID()}@Race.example`;
    const make = (email: string) => ask("/user/new", { body: { user_email: email, auto_create_key: false } });
    const answers = await Promise.all([make(user_email), make(user_email.toLowerCase()), make(user_email)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    const [refused] = answers.filter(({ status }) => status === 400);
    expect(refused?.json.error.message).toMatch(/^User with email .* already exists$/);
    const rows = await db
      .select()
      .from(users)
      .where(eq(sql`lower(${users.user_email})`, user_email.toLowerCase()));
    expect(rows).toHaveLength(1);
    const others = await Promise.all(
      ["a", "b"].map(async (name) => (await make(`${name}-${user_email}`)).json.user_id),
    );
    const wanted = `new-${user_email}`;
    const updates = await Promise.all(
      others.map((user_id) => ask("/user/update", { body: { user_id, user_email: wanted } })),
    );
    expect(updates.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  it("refuses ids and emails that are taken, in any case", async () => {
    const user_email = `${crypto.randomUUID()}@Example.com`;
    const { json } = await ask("/user/new", { body: { user_email, sso_user_id: user_email } });
    const sameId = await ask("/user/new", { body: { user_id: json.user_id } });
    expect(sameId.status).toBe(400);
    expect(sameId.json.error.message).toBe(`User with id ${json.user_id} already exists`);
    const sameEmail = await ask("/user/new", { body: { user_email: user_email.toUpperCase() } });
    expect(sameEmail.status).toBe(400);
    expect(sameEmail.json.error.message).toBe(`User with email ${user_email} already exists`);
    const sameSso = await ask("/user/new", { body: { sso_user_id: user_email } });
    expect(sameSso.json.error.message).toBe(`User with sso_user_id ${user_email} already exists`);
  });

  it.each([
    [{ user_role: "king" }, "user_role"],
    [{ user_role: "org_admin" }, "user_role"],
    [{ max_budget: -1 }, "max_budget"],
    [{ teams: [1] }, "teams"],
    [{ user_id: "" }, "user_id"],
  ])("answers 422 with the field's name: %j", async (body, param) => {
    const { status, json } = await ask("/user/new", { body });
    expect(status).toBe(422);
    expect(json.error.param).toBe(param);
  });

  it("gives the config's defaults", async () => {
    const team = await makeTeam();
    const given = startApp({
      litellm_settings: {
        default_internal_user_params: {
          user_role: "internal_user",
          max_budget: 3,
          models: ["gpt-4"],
          teams: [{ team_id: team, max_budget_in_team: 1 }, { team_id: "nowhere" }],
        },
        max_internal_user_budget: 100,
        internal_user_budget_duration: "30d",
      },
    });
    const { json } = await given.ask("/user/new", { body: {} });
    expect(json).toMatchObject({
      user_role: "internal_user",
      max_budget: 3,
      budget_duration: "30d",
      models: ["gpt-4"],
      teams: [team],
    });
    const own = await given.ask("/user/new", { body: { max_budget: 9, budget_duration: "1d", models: ["x"] } });
    expect(own.json).toMatchObject({ max_budget: 9, budget_duration: "1d", models: ["x"] });
    const admin = await given.ask("/user/new", { body: { user_role: "proxy_admin" } });
    expect(admin.json).toMatchObject({ user_role: "proxy_admin", max_budget: null, budget_duration: null, models: [] });
    const bounded = startApp({ litellm_settings: { max_internal_user_budget: 100 } });
    expect((await bounded.ask("/user/new", { body: { user_role: "internal_user" } })).json.max_budget).toBe(100);
    expect(
      (await bounded.ask("/user/new", { body: { user_role: "internal_user_viewer" } })).json.max_budget,
    ).toBeNull();
  });

  it.each(["proxy_admin_viewer", "internal_user", "internal_user_viewer", null] as const)(
    "is not for %s (CVE-2025-0628)",
    async (role) => {
      const { key } = role === null ? await makeKey() : await makeUser(role);
      expect((await ask("/user/new", { key, body: { user_role: "proxy_admin" } })).status).toBe(403);
      expect((await ask("/user/new", { key, body: {} })).status).toBe(403);
    },
  );

  it("is for who runs an organization: for it, and nobody with more than its maker", async () => {
    const { id, admin } = await organizationWithAdmin();
    const make = (fields: Record<string, unknown>) =>
      ask("/user/new", { key: admin.key, body: { organizations: [id], ...fields } });
    const { status, json } = await make({ user_role: "internal_user" });
    expect(status).toBe(200);
    const rows = await db.select().from(organizationMembers).where(eq(organizationMembers.user_id, json.user_id));
    expect(rows).toMatchObject([{ organization_id: id, user_role: "internal_user" }]);
    for (const fields of [
      { organizations: [] },
      { organizations: [id, (await organizationWithAdmin()).id] },
      { user_role: "proxy_admin" },
      { user_role: "proxy_admin_viewer" },
      { sso_user_id: "somebody-else" },
      { object_permission: { mcp_servers: ["s"] } },
      { teams: [await makeTeam()] },
    ])
      expect({ fields, status: (await make(fields)).status }).toEqual({ fields, status: 403 });
    await db
      .update(users)
      .set({ max_budget: 5, models: ["gpt-4"] })
      .where(eq(users.user_id, admin.id));
    started.gateway.forgetTenancy();
    expect((await make({ models: ["gpt-4"], max_budget: 6 })).status).toBe(400);
    expect((await make({ models: ["gpt-4"] })).status).toBe(400); // no budget is more than one
    expect((await make({ models: [], max_budget: 5 })).status).toBe(400);
    expect((await make({ models: ["gpt-4"], max_budget: 5 })).status).toBe(200);
  });

  it("puts nobody into a team the maker does not run", async () => {
    const { id, admin } = await organizationWithAdmin();
    const own = await makeTeam({ organization_id: id });
    const other = await makeTeam();
    await joinTeam(other, admin.id, "user");
    const make = (team_id: string) =>
      ask("/user/new", { key: admin.key, body: { organizations: [id], teams: [team_id], auto_create_key: false } });
    expect((await make(other)).status).toBe(403);
    expect((await make(own)).status).toBe(200);
  });
});

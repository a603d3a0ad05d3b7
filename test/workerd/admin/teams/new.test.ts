import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { keys } from "../../../../src/store/schema/index.ts";
import { db, makeKey, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let started: ReturnType<typeof startApp>;
let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  started = startApp();
  ask = started.ask;
});

const newTeam = async (body: Record<string, unknown> = {}) => (await ask("/team/new", { body })).json;
const infoOf = async (id: string) => (await ask(`/team/info?team_id=${encodeURIComponent(id)}`)).json;

describe("/team/new", () => {
  it("makes a team of what was given, and invents nothing", async () => {
    const { status, json } = await ask("/team/new", { body: { team_alias: "plain" } });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      team_alias: "plain",
      organization_id: null,
      members_with_roles: [],
      admins: [],
      members: [],
      metadata: {},
      models: [],
      blocked: false,
      spend: 0,
      max_budget: null,
      budget_duration: null,
      budget_reset_at: null,
      tpm_limit: null,
      rpm_limit: null,
      max_parallel_requests: null,
      router_settings: null,
      litellm_model_table: null,
      object_permission: null,
    });
    expect(Object.keys(json)).not.toContain("budget_anchor");
  });

  it("keeps limits, aliases and the fields LiteLLM keeps in metadata", async () => {
    const body = {
      team_id: `team-${crypto.randomUUID()}`,
      models: ["gpt-5"],
      max_budget: 20,
      budget_duration: "30d",
      tpm_limit: 1000,
      rpm_limit: 10,
      tpm_limit_type: "best_effort_throughput",
      metadata: { note: "mine" },
      tags: ["red"],
      guardrails: ["pii"],
      prompts: ["hello"],
      model_rpm_limit: { "gpt-5": 3 },
      model_aliases: { fast: "gpt-5" },
      router_settings: { fallbacks: [{ "gpt-5": ["gpt-4"] }] },
      team_member_permissions: ["/key/generate"],
    };
    const team = await newTeam(body);
    const { team_info } = await infoOf(team.team_id);
    expect(team_info).toMatchObject({
      ...body,
      metadata: {
        note: "mine",
        tags: ["red"],
        guardrails: ["pii"],
        prompts: ["hello"],
        model_rpm_limit: { "gpt-5": 3 },
        tpm_limit_type: "best_effort_throughput",
      },
      litellm_model_table: { model_aliases: { fast: "gpt-5" } },
    });
    expect(Date.parse(team_info.budget_reset_at)).toBeGreaterThan(Date.now());
  });

  it("refuses an id that is taken", async () => {
    const { team_id } = await newTeam();
    const { status, json } = await ask("/team/new", { body: { team_id } });
    expect(status).toBe(400);
    expect(json.error.message).toBe(`Team id = ${team_id} already exists. Please use a different team id.`);
  });

  it.each([
    [{ max_budget: "much" }, "max_budget"],
    [{ models: "gpt-5" }, "models"],
    [{ budget_duration: "soon" }, "budget_duration"],
    [{ members_with_roles: [{ role: "admin" }] }, "members_with_roles[0]"],
    [{ team_id: "x".repeat(600) }, "team_id"],
    [{ metadata: { big: "x".repeat(70_000) } }, "metadata"],
  ])("answers 422 with the field's name: %j", async (body, param) => {
    const { status, json } = await ask("/team/new", { body });
    expect(status).toBe(422);
    expect(json.error.param).toBe(param);
  });

  it("adds members and makes users of those who are none", async () => {
    const user = await makeUser("internal_user");
    const team = await newTeam({
      members_with_roles: [
        { user_id: user.id, role: "admin" },
        { user_email: "new@example.com", role: "user" },
      ],
    });
    expect(team.members_with_roles).toEqual([
      { user_id: user.id, user_email: null, role: "admin" },
      { user_id: expect.any(String), user_email: "new@example.com", role: "user" },
    ]);
    const made = await ask(`/user/info?user_id=${team.members_with_roles[1].user_id}`);
    expect(made.json.user_info).toMatchObject({ user_email: "new@example.com", user_role: null, max_budget: null });
  });

  it("makes nothing where its members cannot be", async () => {
    const user_email = `${crypto.randomUUID()}@example.com`;
    await ask("/user/new", { body: { user_email, auto_create_key: false } });
    const team_id = `team-${crypto.randomUUID()}`;
    const members_with_roles = [{ user_id: "another", user_email, role: "user" }];
    expect((await ask("/team/new", { body: { team_id, members_with_roles, team_member_budget: 1 } })).status).toBe(400);
    expect((await ask(`/team/info?team_id=${team_id}`)).status).toBe(404);
  });

  it("keeps the proxy admin out, unless disable_auto_add_proxy_admin_to_teams is false", async () => {
    const admin = await makeUser("proxy_admin");
    const without = await ask("/team/new", { key: admin.key, body: {} });
    expect(without.json.members_with_roles).toEqual([]);
    const other = startApp({ general_settings: { disable_auto_add_proxy_admin_to_teams: false } });
    const withAdmin = await other.ask("/team/new", { key: admin.key, body: {} });
    expect(withAdmin.json.members_with_roles).toEqual([{ user_id: admin.id, user_email: null, role: "admin" }]);
    expect((await other.ask("/team/new", { body: {} })).json.members_with_roles).toEqual([]); // the master key is no user
  });

  it.each(["proxy_admin_viewer", "internal_user", "internal_user_viewer", null] as const)(
    "is not for %s",
    async (role) => {
      const { key } = role === null ? await makeKey() : await makeUser(role);
      const { status } = await ask("/team/new", { key, body: {} });
      expect(status).toBe(403);
    },
  );

  it("lets who runs an organization make teams there, and become their admin", async () => {
    const { id, admin } = await organizationWithAdmin();
    const { status, json } = await ask("/team/new", { key: admin.key, body: { organization_id: id } });
    expect(status).toBe(200);
    expect(json.members_with_roles).toEqual([{ user_id: admin.id, user_email: null, role: "admin" }]);
    const elsewhere = await organizationWithAdmin();
    expect((await ask("/team/new", { key: admin.key, body: { organization_id: elsewhere.id } })).status).toBe(403);
    expect((await ask("/team/new", { key: admin.key, body: {} })).status).toBe(403);
  });

  it("makes no team with more than its organization or its maker", async () => {
    const { id, admin } = await organizationWithAdmin(
      { max_budget: 10, tpm_limit: 100, rpm_limit: 5 },
      { models: ["gpt-4", "claude-*"] },
    );
    const refusal = async (body: Record<string, unknown>, key?: string) => {
      const { status, json } = await ask("/team/new", { ...(key && { key }), body: { organization_id: id, ...body } });
      return `${status} ${json.error?.message ?? "made"}`;
    };
    expect(await refusal({ max_budget: 11 })).toBe(
      `400 Team max_budget (11) exceeds organization's max_budget (10). Organization: ${id}`,
    );
    expect(await refusal({ tpm_limit: 101 })).toMatch(/^400 Team tpm_limit/);
    expect(await refusal({ models: ["gpt-5"] })).toMatch(/^400 Model 'gpt-5' not in organization's allowed models/);
    expect(await refusal({ models: ["*"] })).toMatch(/^400/);
    expect(await refusal({ models: ["gpt-4"], model_aliases: { x: "gpt-5" } })).toMatch(/^400/);
    expect(await refusal({ models: ["gpt-4", "claude-opus"], max_budget: 10 })).toBe("200 made");
    for (const body of [
      { metadata: { allow_client_mock_response: true } },
      { metadata: { priority: "prod" } },
      { metadata: { callback_settings: { callback_vars: { langfuse_host: "http://169.254.169.254" } } } },
      { router_settings: { fallbacks: [] } },
      { access_group_ids: ["everything"] },
      { object_permission: { mcp_servers: ["secret-server"] } },
    ])
      expect(await refusal({ models: ["gpt-4"], ...body }, admin.key)).toMatch(/^403 Only proxy admins/);
    await db
      .update(keys)
      .set({ models: ["gpt-4"], tpm_limit: 50 })
      .where(eq(keys.token, admin.token));
    started.gateway.forgetTenancy();
    expect(await refusal({ models: ["gpt-4"], tpm_limit: 60 }, admin.key)).toMatch(
      /^400 tpm limit higher than user max. User tpm limit=50/,
    );
    expect(await refusal({ models: ["claude-opus"] }, admin.key)).toMatch(/^400 Model not in allowed user models/);
    expect(await refusal({ models: [] }, admin.key)).toMatch(/^400 Model not in allowed user models/);
  });

  it("promises no more than the organization has (guaranteed_throughput)", async () => {
    const { id } = await organizationWithAdmin({ tpm_limit: 100 });
    const promise = { organization_id: id, tpm_limit_type: "guaranteed_throughput" };
    const first = await newTeam({ ...promise, tpm_limit: 60 });
    const { status, json } = await ask("/team/new", { body: { ...promise, tpm_limit: 50 } });
    expect(status).toBe(400);
    expect(json.error.message).toBe(
      "Allocated TPM limit=60 + Team TPM limit=50 is greater than organization TPM limit=100",
    );
    const update = { team_id: first.team_id, tpm_limit: 90 }; // its own old promise does not count
    expect((await ask("/team/update", { body: update })).status).toBe(200);
  });

  it("says where an organization is not found", async () => {
    const { status, json } = await ask("/team/new", { body: { organization_id: "nowhere" } });
    expect(status).toBe(400);
    expect(json.error.message).toBe("Organization not found for organization_id=nowhere");
  });
});

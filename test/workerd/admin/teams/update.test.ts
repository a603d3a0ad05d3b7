import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { auditLog, budgets } from "../../../../src/store/schema/index.ts";
import { scopeOf } from "../../../../src/tenancy/scopes.ts";
import { db, joinTeam, makeTeam, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let started: ReturnType<typeof startApp>;
let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  started = startApp();
  ask = started.ask;
});

const newTeam = async (body: Record<string, unknown> = {}) => (await ask("/team/new", { body })).json;
const infoOf = async (id: string) => (await ask(`/team/info?team_id=${encodeURIComponent(id)}`)).json;

describe("/team/update", () => {
  it("leaves what is absent, and clears what is null", async () => {
    const { team_id } = await newTeam({
      team_alias: "first",
      max_budget: 5,
      budget_duration: "30d",
      tpm_limit: 7,
      models: ["a"],
      tags: ["red"],
      metadata: { note: 1 },
      model_aliases: { x: "a" },
      router_settings: { num_retries: 1 },
    });
    const untouched = await ask("/team/update", { body: { team_id, team_alias: "second" } });
    expect(untouched.json).toMatchObject({
      team_id,
      data: { team_alias: "second", max_budget: 5, tpm_limit: 7, models: ["a"], metadata: { note: 1, tags: ["red"] } },
    });
    const body = {
      team_id,
      team_alias: null,
      max_budget: null,
      budget_duration: null,
      tpm_limit: null,
      models: null,
      tags: null,
      model_aliases: null,
      router_settings: null,
    };
    const cleared = await ask("/team/update", { body });
    expect(cleared.json.data).toMatchObject({
      team_alias: null,
      max_budget: null,
      budget_duration: null,
      budget_reset_at: null,
      tpm_limit: null,
      models: [],
      tags: null,
      metadata: { note: 1 },
      model_aliases: {},
      litellm_model_table: null,
      router_settings: null,
    });
    expect((await infoOf(team_id)).team_info).toMatchObject(cleared.json.data);
  });

  it("begins a new window where the period changes", async () => {
    const { team_id } = await newTeam({ max_budget: 5 });
    started.scopes.reset(scopeOf.team(team_id), undefined, 50e9);
    expect((await infoOf(team_id)).team_info.spend).toBe(50);
    const { json } = await ask("/team/update", { body: { team_id, budget_duration: "10d" } });
    expect(json.data.spend).toBe(0);
  });

  it("says where a team is not found", async () => {
    const { status, json } = await ask("/team/update", { body: { team_id: "nowhere" } });
    expect(status).toBe(404);
    expect(json.error.message).toBe("Team not found, passed team_id=nowhere");
  });

  it("moves a team into an organization that can hold it, and out of it", async () => {
    const { id } = await organizationWithAdmin({ max_budget: 10 }, { models: ["gpt-4"] });
    const move = async (body: Record<string, unknown>) => {
      const { team_id } = await newTeam(body);
      const { status, json } = await ask("/team/update", { body: { team_id, organization_id: id } });
      return { team_id, status, message: json.error?.message as string | undefined };
    };
    expect((await move({})).message).toMatch(/Team has access to all proxy models/);
    expect((await move({ models: ["gpt-5"] })).message).toMatch(/^Cannot move team to organization/);
    expect((await move({ models: ["gpt-4"], max_budget: 11 })).message).toMatch(/max_budget 11/);
    const stranger = await makeUser("internal_user");
    const members = [{ user_id: stranger.id, role: "user" }];
    expect((await move({ models: ["gpt-4"], members_with_roles: members })).message).toContain(stranger.id);
    const { team_id, status } = await move({ models: ["gpt-4"] });
    expect(status).toBe(200);
    const out = await ask("/team/update", { body: { team_id, organization_id: "" } });
    expect(out.json.data.organization_id).toBeNull();
  });

  it("gives members a tier, changes it and takes it back", async () => {
    const { team_id, metadata } = await newTeam({ team_member_budget: 5, team_member_budget_duration: "7d" });
    const id = metadata.team_member_budget_id;
    expect((await infoOf(team_id)).team_info).toMatchObject({
      team_member_budget: 5,
      team_member_budget_duration: "7d",
      team_member_budget_table: { budget_id: id, max_budget: 5 },
    });
    await ask("/team/update", {
      body: { team_id, team_member_rpm_limit: 3, metadata: { team_member_budget_id: "x" } },
    });
    expect((await infoOf(team_id)).team_info).toMatchObject({
      team_member_budget: 5,
      team_member_rpm_limit: 3,
      metadata: { team_member_budget_id: id },
    });
    const none = { team_member_budget: null, team_member_budget_duration: null, team_member_rpm_limit: null };
    await ask("/team/update", { body: { team_id, ...none } });
    expect((await infoOf(team_id)).team_info).toMatchObject({ metadata: {}, team_member_budget_table: null });
    expect(await db.select().from(budgets).where(eq(budgets.budget_id, id))).toEqual([]);
  });

  it("lets a team's admin run it within what was set, and no further", async () => {
    const team_id = await makeTeam({
      models: ["gpt-4"],
      max_budget: 10,
      tpm_limit: 100,
      budget_duration: "30d",
      metadata: { guardrails: ["pii"], note: 1 },
    });
    const admin = await makeUser("internal_user");
    await joinTeam(team_id, admin.id, "admin");
    const update = (fields: Record<string, unknown>) =>
      ask("/team/update", { key: admin.key, body: { team_id, ...fields } });
    for (const fields of [
      { max_budget: 11 },
      { max_budget: null },
      { tpm_limit: 101 },
      { budget_duration: "1d" },
      { models: [] },
      { models: ["gpt-4", "gpt-5"] },
      { model_aliases: { x: "gpt-5" } },
      { blocked: true },
      { guardrails: [] },
      { metadata: {} },
      { metadata: { guardrails: ["pii"], allow_client_mock_response: true } },
      { object_permission: { mcp_servers: ["s"] } },
      { access_group_ids: ["g"] },
      { router_settings: {} },
    ])
      expect({ fields, status: (await update(fields)).status }).toEqual({ fields, status: 403 });
    const allowed = { team_alias: "ours", max_budget: 9, metadata: { guardrails: ["pii"], note: 2 } };
    expect((await update(allowed)).json.data).toMatchObject({ ...allowed, models: ["gpt-4"] });
    const { id } = await organizationWithAdmin();
    expect((await update({ organization_id: id })).status).toBe(403);
  });

  it.each([
    ["proxy_admin", 200],
    ["proxy_admin_viewer", 403],
    ["internal_user", 403],
    ["internal_user_viewer", 403],
  ] as const)("for %s answers %i", async (role, expected) => {
    const { key } = await makeUser(role);
    const team_id = await makeTeam();
    expect((await ask("/team/update", { key, body: { team_id, team_alias: "theirs" } })).status).toBe(expected);
  });

  it("is for who runs the organization, within it", async () => {
    const { id, admin } = await organizationWithAdmin({ max_budget: 10 });
    const team_id = await makeTeam({ organization_id: id, max_budget: 1 });
    const update = (fields: Record<string, unknown>) =>
      ask("/team/update", { key: admin.key, body: { team_id, ...fields } });
    expect((await update({ max_budget: 10 })).status).toBe(200);
    expect((await update({ max_budget: 11 })).status).toBe(400);
    expect((await update({ organization_id: null })).status).toBe(403);
    const other = await makeTeam();
    expect((await ask("/team/update", { key: admin.key, body: { team_id: other } })).status).toBe(403);
  });

  it("is written down where audit logs are asked for", async () => {
    const audited = startApp({ litellm_settings: { store_audit_logs: true } });
    const { json } = await audited.ask("/team/new", {
      body: { metadata: { secret_manager_settings: { api_key: "hush" } } },
      headers: { "litellm-changed-by": "somebody" },
    });
    await audited.ask("/team/update", { body: { team_id: json.team_id, max_budget: 3 } });
    const rows = await db.select().from(auditLog).where(eq(auditLog.object_id, json.team_id));
    expect(rows.map(({ action, changed_by }) => [action, changed_by])).toEqual([
      ["created", "somebody"],
      ["updated", "default_user_id"],
    ]);
    expect(JSON.stringify(rows)).not.toContain("hush");
  });
});

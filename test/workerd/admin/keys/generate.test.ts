import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { budgets, keys, projects } from "../../../../src/store/schema/index.ts";
import { digestOf } from "../../../../src/tenancy/digest.ts";
import { db, joinOrganization, joinTeam, makeKey, makeOrganization, makeTeam, makeUser, startApp } from "../fixture.ts";

const { ask, scopes } = startApp();
const NOW = "2026-01-01T00:00:00.000Z";

describe("POST /key/generate", () => {
  it("makes a key that works, shows it once, and keeps its digest", async () => {
    const { status, json } = await ask("/key/generate", { body: { key_alias: "first", models: ["gpt-5"] } });
    expect(status).toBe(200);
    expect(json.key).toMatch(/^sk-[\w-]{32}$/);
    expect(json).toMatchObject({
      token: await digestOf(json.key),
      token_id: await digestOf(json.key),
      key_name: `sk-...${json.key.slice(-4)}`,
      key_alias: "first",
      models: ["gpt-5"],
      expires: null,
      user_id: null,
      max_budget: null,
      budget_duration: null,
      budget_reset_at: null,
      spend: 0,
      created_by: "default_user_id",
    });
    expect(json).not.toHaveProperty("scope_id");
    const { json: info } = await ask("/key/info", { key: json.key });
    expect(info.info.key_alias).toBe("first");
    expect(JSON.stringify(info)).not.toContain(json.key);
    const rows = await db.select().from(keys).where(eq(keys.token, json.token));
    expect(JSON.stringify(rows)).not.toContain(json.key);
    expect(rows[0]?.scope_id).toBe(json.token);
  });

  it("folds fields into metadata, and leaves the rest of it", async () => {
    const folded = {
      tags: ["a"],
      guardrails: ["g"],
      model_rpm_limit: { "gpt-5": 5 },
      rpm_limit_type: "best_effort_throughput",
      temp_budget_increase: 5,
      temp_budget_expiry: "2027-01-01T00:00:00Z",
      enforced_params: ["user"],
      budget_limits: [{ budget_duration: "1d", max_budget: 1 }],
      budget_fallbacks: { "gpt-5": ["gpt-5-mini"] },
    };
    const { json } = await ask("/key/generate", { body: { ...folded, metadata: { app: "x" } } });
    expect(json.metadata).toEqual({ app: "x", ...folded });
    expect(json.tags).toEqual(["a"]);
  });

  it("takes a key of the caller's own, if it cannot be guessed", async () => {
    const key = "sk-with/special#characters?1";
    expect((await ask("/key/generate", { body: { key } })).json.key).toBe(key);
    expect((await ask(`/key/info?key=${encodeURIComponent(key)}`)).json.key).toBe(key);
    for (const wrong of [
      "no-prefix-but-long-enough",
      "sk-short",
      "sk-spaces are not allowed",
      `sk-${"x".repeat(600)}`,
    ]) {
      const { status, json } = await ask("/key/generate", { body: { key: wrong } });
      expect([status, json.error.param]).toEqual([400, "key"]);
    }
    expect((await ask("/key/generate", { body: { key } })).json.error).toMatchObject({
      code: "400",
      message: "Key already exists",
    });
  });

  it("refuses an alias that is taken", async () => {
    await ask("/key/generate", { body: { key_alias: "unique" } });
    expect((await ask("/key/generate", { body: { key_alias: "unique" } })).json.error).toEqual({
      message: "Key with alias 'unique' already exists. Unique key aliases across all keys are required.",
      type: "bad_request_error",
      param: "key_alias",
      code: "400",
    });
  });

  it("names the field of a wrong type", async () => {
    for (const [field, value] of Object.entries({
      max_budget: "much",
      models: "gpt-5",
      duration: "soon",
      budget_duration: "1y",
      metadata: [],
      rpm_limit: 1.5,
      user_id: "x".repeat(600),
    })) {
      const { status, json } = await ask("/key/generate", { body: { [field]: value } });
      expect([field, status, json.error.param]).toEqual([field, 422, field]);
    }
  });

  it("knows types, durations and rotation", async () => {
    const { json } = await ask("/key/generate", {
      body: { key_type: "llm_api", duration: "1h", auto_rotate: true, rotation_interval: "30d", budget_duration: "1d" },
    });
    expect(json.allowed_routes).toEqual(["llm_api_routes"]);
    expect(Date.parse(json.expires) - Date.now()).toBeGreaterThan(3_590_000);
    expect(Date.parse(json.key_rotation_at)).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect(json.budget_reset_at).toMatch(/T00:00:00.000Z$/);
    expect((await ask("/key/generate", { body: { duration: "-1" } })).json.expires).toBeNull();
    const { json: refused } = await ask("/key/generate", { body: { auto_rotate: true } });
    expect(refused.error).toMatchObject({ code: "400", param: "rotation_interval" });
  });

  it("has the limits of its tier at hand", async () => {
    await db.insert(budgets).values({ budget_id: "tier", max_budget: 7, created_at: NOW, updated_at: NOW });
    const { json } = await ask("/key/generate", { body: { budget_id: "tier", soft_budget: 3 } });
    expect(json).toMatchObject({ budget_id: "tier", soft_budget: 3, litellm_budget_table: { max_budget: 7 } });
    const { status, json: refused } = await ask("/key/generate", { body: { budget_id: "nowhere" } });
    expect([status, refused.error.message]).toEqual([400, "Budget not found, passed budget_id=nowhere"]);
  });

  it("counts what is said to be spent already", async () => {
    const { json } = await ask("/key/generate", { body: { spend: 2.5, max_budget: 10 } });
    expect(json.spend).toBe(2.5);
    expect((await scopes.spend(`key:${json.token}`, [])).total).toBe(2.5e9);
  });
});

describe("who a key belongs to", () => {
  it("is there", async () => {
    for (const [field, code] of [
      ["team_id", "400"],
      ["organization_id", "400"],
      ["project_id", "404"],
    ]) {
      const { json } = await ask("/key/generate", { body: { [String(field)]: "nowhere" } });
      expect(json.error).toMatchObject({ code, param: field });
      expect(json.error.message).toContain("not found");
    }
  });

  it("sets bounds: a project's models and budget", async () => {
    const team_id = await makeTeam();
    await db.insert(budgets).values({ budget_id: "of project", max_budget: 5, created_at: NOW, updated_at: NOW });
    await db.insert(projects).values({
      project_id: "project",
      team_id,
      budget_id: "of project",
      models: ["gpt-5"],
      created_at: NOW,
      updated_at: NOW,
    });
    const body = { team_id, project_id: "project", models: ["gpt-5"], max_budget: 5 };
    expect((await ask("/key/generate", { body })).status).toBe(200);
    expect((await ask("/key/generate", { body: { ...body, models: ["o1"] } })).json.error.param).toBe("models");
    expect((await ask("/key/generate", { body: { ...body, max_budget: 6 } })).json.error.param).toBe("max_budget");
    expect((await ask("/key/generate", { body: { project_id: "project" } })).json.error.param).toBe("project_id");
  });

  it("promises no more throughput than the team has", async () => {
    const team_id = await makeTeam({ rpm_limit: 100, metadata: { model_tpm_limit: { "gpt-5": 1000 } } });
    const body = { team_id, rpm_limit: 60, rpm_limit_type: "guaranteed_throughput" };
    const { json } = await ask("/key/generate", { body });
    expect((await ask("/key/generate", { body })).json.error.message).toBe(
      "Allocated RPM limit=60 + Key RPM limit=60 is greater than team RPM limit=100",
    );
    expect((await ask("/key/update", { body: { key: json.key, rpm_limit: 90 } })).status).toBe(200);
    const models = { team_id, tpm_limit_type: "guaranteed_throughput", model_tpm_limit: { "gpt-5": 700 } };
    expect((await ask("/key/generate", { body: models })).status).toBe(200);
    expect((await ask("/key/generate", { body: models })).json.error.message).toBe(
      "Allocated TPM limit=700 + Key TPM limit=700 is greater than team TPM limit=1000",
    );
  });
});

describe("who may make a key", () => {
  it("an internal user for itself, and for nobody else", async () => {
    const { id, key } = await makeUser("internal_user");
    expect((await ask("/key/generate", { key, body: {} })).json).toMatchObject({ user_id: id, created_by: id });
    const { json } = await ask("/key/generate", { key, body: { user_id: "somebody" } });
    expect(json.error).toMatchObject({
      code: "403",
      message: `User can only create keys for themselves. Got user_id=somebody, Your ID=${id}`,
    });
  });

  it.each(["internal_user_viewer", "proxy_admin_viewer"] as const)("not a %s", async (role) => {
    const { key } = await makeUser(role);
    expect((await ask("/key/generate", { key, body: {} })).status).toBe(403);
  });

  it("not a key without a user", async () => {
    const { key } = await makeKey();
    expect((await ask("/key/generate", { key, body: {} })).status).toBe(403);
  });

  it("CVE-2025-0628: a viewer gets no key with more rights", async () => {
    const { id, key } = await makeUser("internal_user_viewer");
    for (const path of ["/key/generate", "/key/update", "/key/regenerate", "/key/service-account/generate"])
      expect((await ask(path, { key, body: { key, user_id: id, allowed_routes: ["/*"] } })).status).toBe(403);
  });

  it("a member of a team as the team permits", async () => {
    const { id, key } = await makeUser("internal_user");
    const team_id = await makeTeam();
    const outside = await ask("/key/generate", { key, body: { team_id } });
    expect(outside.json.error).toMatchObject({ code: "400", message: `User=${id} not assigned to team=${team_id}` });
    await joinTeam(team_id, id, "user");
    const { json } = await ask("/key/generate", { key, body: { team_id } });
    expect(json.error).toMatchObject({ code: "401", type: "team_member_permission_error", param: "/key/generate" });
    expect(json.error.message).toContain(
      `Team member does not have permissions for endpoint: /key/generate. You only have access to the following endpoints: ['/key/info', '/key/health'] for team ${team_id}.`,
    );
    const open = await makeTeam({ team_member_permissions: ["/key/generate"] });
    await joinTeam(open, id, "user");
    expect((await ask("/key/generate", { key, body: { team_id: open } })).json).toMatchObject({
      team_id: open,
      user_id: id,
    });
  });

  it("an admin of a team, and of its organization", async () => {
    const organization = await makeOrganization();
    const team_id = await makeTeam({ organization_id: organization });
    const [lead, runner, member] = await Promise.all([
      makeUser("internal_user"),
      makeUser("org_admin"),
      makeUser("org_admin"),
    ]);
    await joinTeam(team_id, lead.id, "admin");
    await joinOrganization(organization, runner.id, "org_admin");
    await joinOrganization(organization, member.id, "internal_user");
    expect((await ask("/key/generate", { key: lead.key, body: { team_id } })).status).toBe(200);
    expect((await ask("/key/generate", { key: runner.key, body: { team_id } })).status).toBe(200);
    expect((await ask("/key/generate", { key: member.key, body: { team_id } })).status).toBe(400);
    const service = await ask("/key/service-account/generate", { key: lead.key, body: { team_id, user_id: lead.id } });
    expect(service.json).toMatchObject({ user_id: null, team_id });
    expect((await ask("/key/service-account/generate", { body: {} })).json.error.message).toBe(
      "team_id is required for service account keys. Please specify `team_id` in the request body.",
    );
  });

  it("names no organization and no free project that is not its own", async () => {
    const { key } = await makeUser("internal_user");
    const organization_id = await makeOrganization();
    expect((await ask("/key/generate", { key, body: { organization_id } })).status).toBe(403);
    await db.insert(projects).values({ project_id: "free", created_at: NOW, updated_at: NOW });
    expect((await ask("/key/generate", { key, body: { project_id: "free" } })).status).toBe(403);
  });
});

describe("what the config says of keys", () => {
  const litellm_settings = {
    default_key_generate_params: { max_budget: 1.5, models: ["gpt-5"], metadata: { from: "config" }, duration: "1d" },
    upperbound_key_generate_params: { max_budget: 100, duration: "30d", rpm_limit: 10 },
  };

  it("fills what is not said, and bounds what is", async () => {
    const app = startApp({ litellm_settings });
    const { json } = await app.ask("/key/generate", { body: {} });
    expect(json).toMatchObject({ max_budget: 1.5, models: ["gpt-5"], metadata: { from: "config" }, rpm_limit: 10 });
    expect(json.expires).not.toBeNull();
    const over = await app.ask("/key/generate", { body: { max_budget: 200 } });
    expect(over.json.error).toMatchObject({
      code: "400",
      message: "max_budget is over max limit set in config - user_value=200; max_value=100",
    });
    for (const duration of ["31d", "-1"])
      expect((await app.ask("/key/generate", { body: { duration } })).json.error.param).toBe("duration");
    const update = await app.ask("/key/update", { body: { key: json.key, max_budget: null } });
    expect(update.json.max_budget).toBe(100);
    expect((await app.ask("/key/update", { body: { key: json.key, rpm_limit: 11 } })).status).toBe(400);
  });

  it("says who may make keys, and what must be said", async () => {
    const app = startApp({
      litellm_settings: {
        key_generation_settings: {
          personal_key_generation: { allowed_user_roles: ["proxy_admin"] },
          team_key_generation: { allowed_team_member_roles: ["admin"], required_params: ["tags"] },
        },
      },
    });
    const { id, key } = await makeUser("internal_user");
    const team_id = await makeTeam({ team_member_permissions: ["/key/generate"] });
    await joinTeam(team_id, id, "user");
    expect((await app.ask("/key/generate", { key, body: {} })).json.error.message).toBe(
      "Personal key creation has been restricted by admin. Allowed roles=['proxy_admin']. Your role=internal_user",
    );
    expect((await app.ask("/key/generate", { key, body: { team_id } })).json.error.message).toBe(
      "Team member role user not in allowed_team_member_roles=['admin']",
    );
    const lead = await makeUser("internal_user");
    await joinTeam(team_id, lead.id, "admin");
    expect((await app.ask("/key/generate", { key: lead.key, body: { team_id } })).json.error.message).toBe(
      "Required param tags not in data",
    );
    expect((await app.ask("/key/generate", { key: lead.key, body: { team_id, tags: [] } })).status).toBe(200);
  });
});

/** Whoever is no admin makes no key, and makes of no key, more than the key it asks with. */
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { keys, users } from "../../../../src/store/schema/index.ts";
import { db, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";

const { ask } = startApp();
const END = "2030-01-01T00:00:00.000Z";

const BOUNDS = {
  models: ["gpt-5", "openai/*"],
  max_budget: 10,
  budget_duration: "30d",
  tpm_limit: 1000,
  rpm_limit: 10,
  max_parallel_requests: 2,
  expires: END,
  allowed_routes: ["/key/*", "llm_api_routes"],
  permissions: { allow_pii_controls: true },
  object_permission: { mcp_servers: ["one"], vector_stores: ["store"] },
  metadata: { guardrails: ["strict"], model_rpm_limit: { "gpt-5": 5 } },
};

async function boundUser() {
  const { id } = await makeUser("internal_user");
  const { key, token } = await makeKey({ user_id: id, ...BOUNDS });
  return { id, key, token };
}

describe("a key made by a key", () => {
  it("gets its maker's bounds where it says nothing", async () => {
    const { key } = await boundUser();
    const { status, json } = await ask("/key/generate", { key, body: {} });
    expect(status).toBe(200);
    const { object_permission, permissions: _notGiven, ...bounds } = BOUNDS;
    expect(json).toMatchObject(bounds);
    expect(json.object_permission).toMatchObject(object_permission);
    expect(json.permissions).toEqual({});
  });

  it("may have less", async () => {
    const { key } = await boundUser();
    const body = {
      models: ["openai/gpt-*"],
      max_budget: 5,
      tpm_limit: 1,
      rpm_limit: 1,
      duration: "1h",
      allowed_routes: ["/key/info"],
      object_permission: { mcp_servers: [], vector_stores: ["store"] },
      guardrails: ["strict", "stricter"],
    };
    expect((await ask("/key/generate", { key, body })).status).toBe(200);
  });

  it.each([
    ["models", { models: ["o1"] }],
    ["models", { models: ["*"] }],
    ["models", { models: ["all-proxy-models"] }],
    ["aliases", { aliases: { "gpt-5": "o1" } }],
    ["metadata.budget_fallbacks", { budget_fallbacks: { "gpt-5": ["o1"] } }],
    ["max_budget", { max_budget: 11 }],
    ["budget_duration", { max_budget: 10, budget_duration: "1d" }],
    ["tpm_limit", { tpm_limit: 1001 }],
    ["rpm_limit", { rpm_limit: 11 }],
    ["max_parallel_requests", { max_parallel_requests: 3 }],
    ["duration", { duration: "9000d" }],
    ["permissions", { permissions: { get_spend_routes: true } }],
    ["object_permission.mcp_servers", { object_permission: { mcp_servers: ["two"], vector_stores: ["store"] } }],
    ["object_permission.vector_stores", { object_permission: { vector_stores: ["other"] } }],
    ["object_permission.vector_stores", { object_permission: { mcp_servers: ["one"] } }],
    ["object_permission.agents", { object_permission: { vector_stores: ["store"], agents: ["any"] } }],
    ["metadata.guardrails", { guardrails: [] }],
    ["metadata.guardrails", { metadata: { guardrails: ["other"] } }],
    ["metadata.model_rpm_limit", { model_rpm_limit: { "gpt-5": 6 } }],
    ["metadata.disable_global_guardrails", { disable_global_guardrails: true }],
    ["metadata.allow_client_mock_response", { metadata: { allow_client_mock_response: true } }],
    ["metadata.priority", { metadata: { priority: "prod" } }],
    ["metadata.logging", { metadata: { logging: [{ callback_name: "langfuse" }] } }],
    ["metadata.temp_budget_increase", { temp_budget_increase: 5, temp_budget_expiry: END }],
    ["config", { config: { model_list: [] } }],
    ["router_settings", { router_settings: { fallbacks: [] } }],
    ["access_group_ids", { access_group_ids: ["group"] }],
    ["spend", { spend: 1 }],
  ])("may not have more: %s of %o", async (field, body) => {
    const { key } = await boundUser();
    const { status, json } = await ask("/key/generate", { key, body });
    expect([status, json.error.param]).toEqual([403, field]);
  });

  it("CVE-2026-47101: allowed_routes are the maker's or fewer, and never a role", async () => {
    const { key } = await boundUser();
    for (const allowed_routes of [["/*"], ["management_routes"], ["/budget/new"]]) {
      const { status, json } = await ask("/key/generate", { key, body: { allowed_routes } });
      expect([status, json.error.param]).toEqual([403, "allowed_routes"]);
    }
    expect((await ask("/key/generate", { key, body: { key_type: "management" } })).status).toBe(403);
    const { key: free } = await makeUser("internal_user");
    const { json } = await ask("/key/generate", { key: free, body: { allowed_routes: ["/*", "management_routes"] } });
    expect((await ask("/budget/new", { key: json.key, body: {} })).status).toBe(403);
    expect((await ask("/key/bulk_update", { key: json.key, body: { keys: [] } })).status).toBe(403);
  });

  it("CVE-2026-47101: a key of an admin's for one route makes no admin's key for all", async () => {
    const { id } = await makeUser("proxy_admin");
    const { key } = await makeKey({ user_id: id, allowed_routes: ["/key/generate"] });
    expect((await ask("/key/generate", { key, body: { user_id: id } })).status).toBe(403);
    expect((await ask("/key/generate", { key, body: { user_id: "somebody" } })).status).toBe(200);
  });

  it("is not more than its user, where it is its own", async () => {
    const { id, key } = await makeUser("internal_user");
    await db
      .update(users)
      .set({ max_budget: 5, models: ["gpt-5"] })
      .where(eq(users.user_id, id));
    expect((await ask("/key/generate", { key, body: { max_budget: 6 } })).json.error.param).toBe("max_budget");
  });

  it("does not leave its maker's team with more models", async () => {
    const { id } = await makeUser("internal_user");
    const team_id = await makeTeam({ models: ["gpt-5"] });
    await joinTeam(team_id, id, "admin");
    const { key } = await makeKey({ user_id: id, team_id });
    expect((await ask("/key/generate", { key, body: {} })).json.models).toEqual(["gpt-5"]);
    expect((await ask("/key/generate", { key, body: { models: ["o1"] } })).status).toBe(403);
    expect((await ask("/key/generate", { key, body: { team_id, models: ["all-team-models"] } })).status).toBe(200);
  });

  it("made with a replaced key does not outlive it", async () => {
    const { id, key } = await makeUser("internal_user");
    await ask("/key/regenerate", { key, body: { key, grace_period: "1h" } });
    const { json } = await ask("/key/generate", { key, body: {} });
    expect(json.user_id).toBe(id);
    expect(Date.parse(json.expires)).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });
});

describe("a key changed by a key", () => {
  it("CVE-2026-47102: lifts none of its own bounds", async () => {
    const { key } = await boundUser();
    for (const [field, value] of Object.entries({
      max_budget: null,
      tpm_limit: 5000,
      models: [],
      allowed_routes: [],
      duration: "-1",
      guardrails: null,
      metadata: {},
    })) {
      const { status } = await ask("/key/update", { key, body: { key, [field]: value } });
      expect([field, status]).toEqual([field, 403]);
    }
    expect((await ask("/key/update", { key, body: { key, key_alias: "mine", max_budget: 1 } })).status).toBe(200);
  });

  it("lifts none of another of its user's either, by changing or by regenerating it", async () => {
    const { id, key } = await boundUser();
    const other = await makeKey({ user_id: id });
    const weak = await makeKey({ user_id: id, ...BOUNDS });
    expect((await ask("/key/update", { key, body: { key: weak.key, max_budget: 100 } })).status).toBe(403);
    expect((await ask("/key/regenerate", { key, body: { key: other.key } })).status).toBe(403);
    expect((await ask("/key/regenerate", { key, body: { key: weak.key } })).status).toBe(200);
  });

  it("changes neither whose it is, nor what it has spent, nor that it is blocked", async () => {
    const { id, key } = await makeUser("internal_user");
    const blocked = await makeKey({ user_id: id, blocked: true });
    const update = (body: object) => ask("/key/update", { key, body });
    expect((await update({ key, user_id: "somebody" })).json.error.param).toBe("user_id");
    expect((await update({ key, user_id: null })).status).toBe(403);
    expect((await update({ key, spend: 0 })).json.error.param).toBe("spend");
    expect((await update({ key: blocked.key, blocked: false })).status).toBe(403);
    expect((await update({ key: blocked.key, blocked: null })).status).toBe(403);
    const [row] = await db.select().from(keys).where(eq(keys.token, blocked.token));
    expect(row?.blocked).toBe(true);
  });
});

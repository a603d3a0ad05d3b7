import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { auditLog, users } from "../../../../src/store/schema/index.ts";
import { db, joinOrganization, makeKey, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  ask = startApp().ask;
});

const rowOf = async (id: string) => (await db.select().from(users).where(eq(users.user_id, id)))[0];

describe("/user/update", () => {
  it("leaves what is absent, and clears what is null", async () => {
    const made = await ask("/user/new", {
      body: {
        user_alias: "Ada",
        user_role: "internal_user",
        max_budget: 5,
        budget_duration: "1d",
        tpm_limit: 7,
        models: ["a"],
        metadata: { note: 1 },
        model_rpm_limit: { a: 1 },
        auto_create_key: false,
      },
    });
    const { user_id } = made.json;
    const kept = await ask("/user/update", { body: { user_id, user_alias: "Eve" } });
    expect(kept.json).toMatchObject({
      user_id,
      data: { user_alias: "Eve", max_budget: 5, models: ["a"], metadata: { note: 1, model_rpm_limit: { a: 1 } } },
    });
    const none = { max_budget: null, budget_duration: null, tpm_limit: null, user_alias: null, user_role: null };
    const cleared = await ask("/user/update", { body: { user_id, ...none, models: null, model_rpm_limit: null } });
    expect(cleared.json.data).toMatchObject({ ...none, budget_reset_at: null, models: [], metadata: { note: 1 } });
    expect((await ask(`/user/info?user_id=${user_id}`)).json.user_info).toMatchObject(cleared.json.data);
  });

  it("sets what is counted as spent", async () => {
    const { id } = await makeUser("internal_user");
    expect((await ask("/user/update", { body: { user_id: id, spend: 4.5 } })).json.data.spend).toBe(4.5);
  });

  it("finds users by email, and makes those who are none", async () => {
    const user_email = `${crypto.randomUUID()}@example.com`;
    const made = await ask("/user/update", { body: { user_email, max_budget: 1 } });
    expect(made.json).toMatchObject({ user_id: expect.any(String), data: { user_email, max_budget: 1 } });
    const again = await ask("/user/update", { body: { user_email: user_email.toUpperCase(), max_budget: 2 } });
    expect(again.json.user_id).toBe(made.json.user_id);
    const { key } = await makeUser("internal_user");
    const other = await ask("/user/update", { key, body: { user_email: `new-${user_email}` } });
    expect(other.status).toBe(404);
    expect(other.json.error.message).toContain("not found");
    expect((await ask("/user/update", { body: {} })).status).toBe(400);
  });

  it("refuses an email of somebody else", async () => {
    const [one, two] = [await makeUser("internal_user"), await makeUser("internal_user")];
    const user_email = `${one.id}@example.com`;
    await ask("/user/update", { body: { user_id: one.id, user_email } });
    const { status } = await ask("/user/update", {
      key: two.key,
      body: { user_id: two.id, user_email: user_email.toUpperCase() },
    });
    expect(status).toBe(400);
    expect((await ask("/user/update", { body: { user_id: one.id, user_email } })).status).toBe(200);
  });

  it("changes roles for the proxy admin only (CVE-2026-47102)", async () => {
    const user = await makeUser("internal_user");
    const { id: organization, admin } = await organizationWithAdmin();
    await joinOrganization(organization, user.id, "internal_user");
    for (const key of [user.key, admin.key, (await makeUser("internal_user")).key])
      for (const user_role of ["proxy_admin", "internal_user", null]) {
        const { status, json } = await ask("/user/update", { key, body: { user_id: user.id, user_role } });
        expect(status).toBe(403);
        expect(json.error.message).toBe("Only proxy admins can modify user roles.");
      }
    for (const role of ["proxy_admin_viewer", "internal_user_viewer"] as const) {
      const { id, key } = await makeUser(role);
      const { status } = await ask("/user/update", { key, body: { user_id: id, user_role: "proxy_admin" } });
      expect(status).toBe(403);
    }
    expect((await rowOf(user.id))?.user_role).toBe("internal_user");
    const changed = await ask("/user/update", { body: { user_id: user.id, user_role: "proxy_admin_viewer" } });
    expect(changed.json.data.user_role).toBe("proxy_admin_viewer");
    expect((await ask("/user/list", { key: user.key })).status).toBe(200); // at once
  });

  it("lets users write their alias, email and metadata, and nothing that limits them (GHSA-wvg4-6222-3q4r)", async () => {
    const user = await makeUser("internal_user");
    const update = (fields: Record<string, unknown>) =>
      ask("/user/update", { key: user.key, body: { user_id: user.id, ...fields } });
    await db
      .update(users)
      .set({ max_budget: 5, models: ["a"], metadata: { model_rpm_limit: { a: 1 } } })
      .where(eq(users.user_id, user.id));
    for (const [field, value] of Object.entries({
      max_budget: 1000,
      soft_budget: 1,
      budget_duration: "1d",
      tpm_limit: 1,
      rpm_limit: 1,
      max_parallel_requests: 1,
      model_max_budget: { a: 1 },
      models: [],
      spend: 0,
      policies: ["p"],
      allowed_cache_controls: ["no-cache"],
      object_permission: { mcp_servers: ["s"] },
      model_rpm_limit: null,
      guardrails: [],
    })) {
      const { status, json } = await update({ [field]: value });
      expect({ field, status }).toEqual({ field, status: 403 });
      expect(json.error.message).toMatch(/^Non-admin users cannot modify '\w+' on their own record/);
    }
    expect((await update({ max_budget: null })).status).toBe(403);
    expect((await update({ metadata: {} })).status).toBe(403);
    const own = { user_alias: "me", user_email: `${user.id}@example.com` };
    const { status, json } = await update({ ...own, metadata: { note: 1, model_rpm_limit: { a: 1 } } });
    expect(status).toBe(200);
    expect(json.data).toMatchObject({ ...own, max_budget: 5, models: ["a"], metadata: { note: 1 } });
  });

  it("is nobody else's", async () => {
    const user = await makeUser("internal_user");
    const { admin } = await organizationWithAdmin();
    for (const key of [(await makeUser("internal_user")).key, admin.key]) {
      const { status, json } = await ask("/user/update", { key, body: { user_id: user.id, user_alias: "x" } });
      expect(status).toBe(403);
      expect(json.error.message).toBe(
        "User does not have permission to update this user. Only PROXY_ADMIN can update other users.",
      );
    }
    expect((await ask("/user/update", { key: (await makeKey()).key, body: { user_id: user.id } })).status).toBe(403);
  });

  it("gives who becomes an internal user the limits of one", async () => {
    const bounded = startApp({
      litellm_settings: { max_internal_user_budget: 8, internal_user_budget_duration: "30d" },
    });
    const { id } = await makeUser("internal_user_viewer");
    const { json } = await bounded.ask("/user/update", { body: { user_id: id, user_role: "internal_user" } });
    expect(json.data).toMatchObject({ max_budget: 8, budget_duration: "30d" });
    const cleared = await bounded.ask("/user/update", { body: { user_id: id, max_budget: null } });
    expect(cleared.json.data.max_budget).toBeNull();
  });

  it("is written down where audit logs are asked for", async () => {
    const audited = startApp({ litellm_settings: { store_audit_logs: true } });
    const { id } = await makeUser("internal_user");
    await audited.ask("/user/update", { body: { user_id: id, max_budget: 3 } });
    const [row] = await db.select().from(auditLog).where(eq(auditLog.object_id, id));
    expect(row).toMatchObject({
      action: "updated",
      table_name: "LiteLLM_UserTable",
      before_value: { max_budget: null },
      updated_values: { max_budget: 3 },
    });
  });
});

describe("/user/bulk_update", () => {
  it("tells of each what became of it", async () => {
    const [one, two] = [await makeUser("internal_user"), await makeUser("internal_user")];
    const user_email = `${one.id}@example.com`;
    const { json } = await ask("/user/bulk_update", {
      body: {
        users: [
          { user_id: one.id, user_email, max_budget: 2 },
          { user_id: two.id, user_email },
        ],
      },
    });
    expect(json).toMatchObject({
      total_requested: 2,
      successful_updates: 1,
      failed_updates: 1,
      results: [
        { user_id: one.id, success: true, error: null, updated_user: { max_budget: 2 } },
        { user_id: two.id, success: false, error: `User with email ${user_email} already exists`, updated_user: null },
      ],
    });
  });

  it("has bounds, and no way around roles (CVE-2026-47102)", async () => {
    const user = await makeUser("internal_user");
    const { json } = await ask("/user/bulk_update", {
      key: user.key,
      body: { users: [{ user_id: user.id, user_role: "proxy_admin" }] },
    });
    expect(json).toMatchObject({ successful_updates: 0, failed_updates: 1 });
    const all = { key: user.key, body: { all_users: true, user_updates: { max_budget: 1 } } };
    expect((await ask("/user/bulk_update", all)).status).toBe(403);
    expect((await ask("/user/bulk_update", { body: {} })).status).toBe(400);
    expect((await ask("/user/bulk_update", { body: { all_users: true } })).status).toBe(400);
    const many = Array.from({ length: 101 }, (_, i) => ({ user_id: `u${i}` }));
    expect((await ask("/user/bulk_update", { body: { users: many } })).status).toBe(400);
  });
});

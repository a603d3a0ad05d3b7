import { eq } from "drizzle-orm";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import {
  budgets,
  deletedKeys,
  deletedTeams,
  keys,
  organizationMembers,
  organizations,
  projects,
  scopeSpend,
  teams,
  users,
} from "../../../src/store/schema/index.ts";
import { db, joinOrganization, joinTeam, makeKey, makeTeam, makeUser, startApp } from "./fixture.ts";

const { ask, scopes, faults } = startApp();
afterAll(() => expect(faults).toEqual([]));

const viewer = await makeUser("proxy_admin_viewer");
const [chief, plain, watcher, stranger] = await Promise.all([
  makeUser("internal_user"), // what it is in the organization counts, not what it is in general
  makeUser("internal_user"),
  makeUser("internal_user_viewer"),
  makeUser("org_admin"), // of no organization
]);
const alone = await makeKey();

/** Made anew for each test. */
let id: string;
beforeEach(async () => {
  const { json } = await ask("/organization/new", { body: { organization_alias: "Acme", max_budget: 10 } });
  id = json.organization_id;
  await joinOrganization(id, chief.id, "org_admin");
  await joinOrganization(id, plain.id, "internal_user");
});

const info = async (key?: string) => ask(`/organization/info?organization_id=${id}`, { key });
const update = (body: object, key?: string) =>
  ask("/organization/update", { method: "PATCH", key, body: { organization_id: id, ...body } });
const addMember = (body: object, key?: string) =>
  ask("/organization/member_add", { key, body: { organization_id: id, ...body } });
const updateMember = (body: object, key?: string) =>
  ask("/organization/member_update", { method: "PATCH", key, body: { organization_id: id, ...body } });
const deleteMember = (body: object, key?: string) =>
  ask("/organization/member_delete", { method: "DELETE", key, body: { organization_id: id, ...body } });

describe("POST /organization/new", () => {
  it("answers with the organization and its tier", async () => {
    const { status, json } = await ask("/organization/new", {
      body: {
        organization_id: "org-new",
        organization_alias: "New",
        models: ["gpt-4o"],
        metadata: { cost_center: 7 },
        model_rpm_limit: { "gpt-4o": 5 },
        tags: ["a"],
        max_budget: 100,
        budget_duration: "30d",
        tpm_limit: 1000,
        object_permission: { vector_stores: ["v"] },
      },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      organization_id: "org-new",
      organization_alias: "New",
      models: ["gpt-4o"],
      spend: 0,
      blocked: false,
      metadata: { cost_center: 7 },
      tags: ["a"],
      model_rpm_limit: { "gpt-4o": 5 },
      model_tpm_limit: null,
      created_by: "default_user_id",
      litellm_budget_table: { max_budget: 100, budget_duration: "30d", tpm_limit: 1000, rpm_limit: null },
      object_permission: { vector_stores: ["v"], mcp_servers: [] },
    });
    expect(json.budget_id).toBe(json.litellm_budget_table.budget_id);
    expect(json.object_permission_id).toBe(json.object_permission.object_permission_id);
    const [row] = await db.select().from(organizations).where(eq(organizations.organization_id, "org-new"));
    expect(row?.metadata).toEqual({ cost_center: 7, tags: ["a"], model_rpm_limit: { "gpt-4o": 5 } }); // where limits look
  });

  it("makes a tier that limits nothing where no limit is given, and injects nothing", async () => {
    const { json } = await ask("/organization/new", { body: { organization_alias: "Bare" } });
    expect(json).toMatchObject({ models: [], metadata: {}, tags: null, object_permission: null, blocked: false });
    expect(json.litellm_budget_table).toMatchObject({
      max_budget: null,
      budget_duration: null,
      budget_reset_at: null,
      model_max_budget: {},
    });
  });

  it("shares a budget that is named, and refuses one that is not there", async () => {
    await ask("/budget/new", { body: { budget_id: "shared-tier", max_budget: 3 } });
    const { json } = await ask("/organization/new", { body: { organization_alias: "S", budget_id: "shared-tier" } });
    expect(json).toMatchObject({ budget_id: "shared-tier", litellm_budget_table: { max_budget: 3 } });
    const missing = await ask("/organization/new", { body: { organization_alias: "S", budget_id: "no-such-tier" } });
    expect(missing).toMatchObject({ status: 404, json: { error: { param: "budget_id" } } });
    const both = await ask("/organization/new", {
      body: { organization_alias: "S", budget_id: "shared-tier", max_budget: 4 },
    });
    expect(both).toMatchObject({
      status: 400,
      json: { error: { message: "Budget with id 'shared-tier' already exists." } },
    });
  });

  it("refuses an id that is taken, wrong types, and a missing alias", async () => {
    const taken = await ask("/organization/new", { body: { organization_id: id, organization_alias: "x" } });
    expect(taken).toMatchObject({ status: 400, json: { error: { param: "organization_id" } } });
    const wrong = await ask("/organization/new", { body: { organization_alias: "x", max_budget: "much" } });
    expect(wrong).toMatchObject({ status: 422, json: { error: { param: "max_budget" } } });
    expect(await ask("/organization/new", { body: {} })).toMatchObject({ status: 422 });
    const negative = await ask("/organization/new", { body: { organization_alias: "x", max_budget: -1 } });
    expect(negative.status).toBe(422); // CVE-2026-71479: no negative money
  });

  it("is for the proxy admin only", async () => {
    for (const { key } of [viewer, chief, plain, watcher, stranger, alone])
      expect((await ask("/organization/new", { key, body: { organization_alias: "x" } })).status).toBe(403);
  });
});

describe("PATCH /organization/update", () => {
  it("changes what is said, clears what is null, leaves the rest", async () => {
    await update({ models: ["a"], metadata: { x: 1 }, tags: ["t"], tpm_limit: 5 });
    const { json } = await update({ organization_alias: "Acme 2", max_budget: null });
    expect(json).toMatchObject({
      organization_alias: "Acme 2",
      models: ["a"],
      metadata: { x: 1 },
      tags: ["t"],
      litellm_budget_table: { max_budget: null, tpm_limit: 5 },
    });
    expect(json.members.length).toBe(2);
    const cleared = await update({ models: null, metadata: null, tags: null, object_permission: null });
    expect(cleared.json).toMatchObject({ models: [], metadata: {}, tags: null, object_permission: null });
    expect((await info()).json).toEqual(cleared.json); // read after write
  });

  it("replaces metadata as a whole, so that a key can be deleted, and keeps the limits in it", async () => {
    await update({ metadata: { a: 1, b: 2 }, model_tpm_limit: { m: 9 } });
    const { json } = await update({ metadata: { b: 2 } });
    expect(json).toMatchObject({ metadata: { b: 2 }, model_tpm_limit: { m: 9 } });
    expect(json.metadata).not.toHaveProperty("a");
  });

  it("takes limits as they are shown, in litellm_budget_table", async () => {
    const { json } = await update({ litellm_budget_table: { max_budget: 77 } });
    expect(json.litellm_budget_table.max_budget).toBe(77);
  });

  it("links another budget, and refuses limits beside one", async () => {
    await ask("/budget/new", { body: { budget_id: `gold-${id}`, max_budget: 50 } });
    const linked = await update({ budget_id: `gold-${id}` });
    expect(linked.json).toMatchObject({ budget_id: `gold-${id}`, litellm_budget_table: { max_budget: 50 } });
    const both = await update({ budget_id: "other", max_budget: 1 });
    expect(both).toMatchObject({ status: 400, json: { error: { param: "budget_id" } } });
    const same = await update({ budget_id: `gold-${id}`, max_budget: 60 }); // as Terraform sends it back
    expect(same.json.litellm_budget_table.max_budget).toBe(60);
    const none = await update({ budget_id: null });
    expect(none.json.budget_id).not.toBe(`gold-${id}`);
    expect(none.json.litellm_budget_table.max_budget).toBeNull();
  });

  it("says where there is none", async () => {
    const { status, json } = await ask("/organization/update", {
      method: "PATCH",
      body: { organization_id: "nowhere", organization_alias: "x" },
    });
    expect(status).toBe(404);
    expect(json.error.message).toBe("Organization not found for organization_id=nowhere");
  });

  it("lets who runs it change its name and notes, and nothing that bounds it", async () => {
    const renamed = await update({ organization_alias: "Ours", metadata: { note: "x" } }, chief.key);
    expect(renamed).toMatchObject({ status: 200, json: { organization_alias: "Ours", metadata: { note: "x" } } });
    for (const bound of [
      { max_budget: 1e6 },
      { litellm_budget_table: { max_budget: 1e6 } },
      { budget_id: null },
      { models: [] },
      { blocked: false },
      { object_permission: null },
      { model_rpm_limit: { m: 1e6 } },
      { metadata: { model_rpm_limit: { m: 1e6 } } },
      { metadata: { disable_global_guardrails: true } },
    ]) {
      const refused = await update(bound, chief.key);
      expect(refused, JSON.stringify(bound)).toMatchObject({ status: 403, json: { error: { type: "auth_error" } } });
    }
    expect((await info()).json.litellm_budget_table.max_budget).toBe(10);
  });

  it("is refused to members, strangers and viewers", async () => {
    for (const { key } of [plain, stranger, watcher, viewer, alone])
      expect((await update({ organization_alias: "x" }, key)).status).toBe(403);
  });
});

describe("GET and POST /organization/info", () => {
  it("shows members with their users and spend, and teams", async () => {
    await db.update(users).set({ user_email: "plain@x.y" }).where(eq(users.user_id, plain.id));
    const team_id = await makeTeam({ organization_id: id, team_alias: "red" });
    await joinTeam(team_id, plain.id, "admin");
    const { json } = await info();
    expect(json.members).toEqual([
      expect.objectContaining({ user_id: expect.any(String), user_role: expect.any(String), spend: 0 }),
      expect.objectContaining({ organization_id: id }),
    ]);
    expect(json.members.find((one: { user_id: string }) => one.user_id === plain.id)).toMatchObject({
      user_role: "internal_user",
      user_email: "plain@x.y",
      user: { user_id: plain.id, user_email: "plain@x.y" },
      budget_id: null,
      litellm_budget_table: null,
    });
    expect(json.teams).toMatchObject([{ team_id, team_alias: "red", members_with_roles: [{ user_id: plain.id }] }]);
  });

  it("is for members and whoever sees all", async () => {
    for (const { key } of [viewer, chief, plain]) expect((await info(key)).status).toBe(200);
    await joinOrganization(id, watcher.id, "internal_user_viewer");
    expect((await info(watcher.key)).status).toBe(200);
    expect(await info(stranger.key)).toMatchObject({
      status: 404,
      json: { error: { message: "Organization not found" } },
    });
    expect((await info(alone.key)).status).toBe(403);
    expect((await ask("/organization/info?organization_id=nowhere")).status).toBe(404);
  });

  it("is POST too, for several, without those that are not there or not the caller's", async () => {
    const other = await ask("/organization/new", { body: { organization_alias: "Other" } });
    const body = { organizations: [id, other.json.organization_id, "nowhere"] };
    const all = await ask("/organization/info", { body });
    expect(all.json.map((one: { organization_id: string }) => one.organization_id).sort()).toEqual(
      [id, other.json.organization_id].sort(),
    );
    expect(all.json[0]).toHaveProperty("litellm_budget_table");
    const own = await ask("/organization/info", { key: plain.key, body });
    expect(own.json).toMatchObject([{ organization_id: id }]);
    expect(await ask("/organization/info", { body: { organizations: [] } })).toMatchObject({ status: 400 });
  });

  it("says what was spent, and nothing of it in a window that begins with the change (I#34492)", async () => {
    await scopes.reset(`organization:${id}`, undefined, 3e9);
    expect((await info()).json.spend).toBe(3);
    await update({ budget_duration: "1d" });
    expect((await info()).json.spend).toBe(0);
  });
});

describe("GET /organization/list", () => {
  it("lists all to who sees all, and to others their own", async () => {
    const of = async (key?: string) =>
      (await ask("/organization/list", { key })).json.map((one: { organization_id: string }) => one.organization_id);
    expect(await of()).toContain(id);
    expect(await of(viewer.key)).toContain(id);
    expect(await of(plain.key)).toContain(id);
    expect(await of(stranger.key)).toEqual([]);
    expect((await ask("/organization/list", { key: alone.key })).status).toBe(403);
  });

  it("filters by id, and by a part of the alias in any case, without wildcards (CVE-2026-25591)", async () => {
    await update({ organization_alias: `Blue%_${id}` });
    const found = async (query: string) => (await ask(`/organization/list?${query}`)).json.length;
    expect(await found(`org_id=${id}`)).toBe(1);
    expect(await found("org_id=nowhere")).toBe(0);
    expect(await found(`org_alias=${encodeURIComponent(`BLUE%_${id}`)}`)).toBe(1);
    expect(await found(`org_alias=${encodeURIComponent(`b%${id}`)}`)).toBe(0);
  });

  it("shows spend as it was written down, and none of a window that is over", async () => {
    const spent = { total_nano: 5e9, window_nano: 2e9, window_start: 1, updated_at: 1 };
    await db.insert(scopeSpend).values({ scope: `organization:${id}`, ...spent });
    const of = async () => (await ask(`/organization/list?org_id=${id}`)).json[0].spend;
    expect(await of()).toBe(5);
    await update({ budget_duration: "1d" });
    expect(await of()).toBe(0);
    await db
      .update(scopeSpend)
      .set({ window_start: new Date().setUTCHours(0, 0, 0, 0) })
      .where(eq(scopeSpend.scope, `organization:${id}`));
    expect(await of()).toBe(2);
  });
});

describe("members", () => {
  it("are added with a budget of their own, users made where there are none", async () => {
    const { status, json } = await addMember({
      member: [
        { role: "internal_user", user_email: `new-${id}@x.y` },
        { role: "org_admin", user_id: stranger.id },
      ],
      max_budget_in_organization: 4,
    });
    expect(status).toBe(200);
    expect(json.organization_id).toBe(id);
    expect(json.updated_users).toMatchObject([{ user_email: `new-${id}@x.y` }, { user_id: stranger.id }]);
    expect(json.updated_organization_memberships).toMatchObject([
      { user_role: "internal_user", user_email: `new-${id}@x.y`, litellm_budget_table: { max_budget: 4 } },
      { user_role: "org_admin", user_id: stranger.id, litellm_budget_table: { max_budget: 4 } },
    ]);
    const [first, second] = json.updated_organization_memberships;
    expect(first.budget_id).not.toBe(second.budget_id);
    const [user] = await db.select().from(users).where(eq(users.user_id, stranger.id));
    expect(user?.user_role).toBe("org_admin"); // as it was: a membership changes no role in general
  });

  it("are found by their email in any case, and not added twice", async () => {
    const email = `Ann-${id}@x.y`;
    const { json } = await addMember({ member: { role: "internal_user", user_email: email } });
    const again = await addMember({ member: { role: "internal_user", user_email: email.toLowerCase() } });
    expect(again).toMatchObject({ status: 400, json: { error: { param: "member" } } });
    const [{ user_id }] = json.updated_users;
    const changed = await updateMember({ user_email: email.toUpperCase(), role: "org_admin" });
    expect(changed.json).toMatchObject({ user_id, user_role: "org_admin" });
  });

  it("must be named, and of a role of organizations", async () => {
    expect((await addMember({ member: { role: "internal_user" } })).status).toBe(422);
    const admin = await addMember({ member: { role: "proxy_admin", user_id: "u" } });
    expect(admin).toMatchObject({ status: 422 }); // CVE-2026-47102
    expect((await updateMember({ user_id: plain.id, role: "proxy_admin" })).status).toBe(422);
    const nowhere = await ask("/organization/member_add", {
      body: { organization_id: "nowhere", member: { role: "internal_user", user_id: "u" } },
    });
    expect(nowhere).toMatchObject({
      status: 404,
      json: { error: { message: "Organization not found for organization_id=nowhere" } },
    });
  });

  it("share no email that says who is meant", async () => {
    const email = `twin-${id}@x.y`;
    for (const one of ["1", "2"])
      await db
        .insert(users)
        .values({ user_id: `twin-${one}-${id}`, user_email: email, created_at: "2026", updated_at: "2026" });
    const { status, json } = await addMember({ member: { role: "internal_user", user_email: email } });
    expect(status).toBe(400);
    expect(json.error.message).toBe("Multiple users with this email found in db. Please use 'user_id' instead.");
  });

  it("are changed: role, budget, and null clears it", async () => {
    const { json } = await updateMember({ user_id: plain.id, max_budget_in_organization: 5, role: "org_admin" });
    expect(json).toMatchObject({
      user_id: plain.id,
      organization_id: id,
      user_role: "org_admin",
      litellm_budget_table: { max_budget: 5 },
    });
    const cleared = await updateMember({ user_id: plain.id, max_budget_in_organization: null });
    expect(cleared.json).toMatchObject({ user_role: "org_admin", litellm_budget_table: { max_budget: null } });
  });

  it("are changed as Terraform's provider says it", async () => {
    const { json } = await updateMember({ member: { user_id: plain.id, role: "internal_user_viewer" } });
    expect(json).toMatchObject({ user_id: plain.id, user_role: "internal_user_viewer" });
  });

  it("are removed, with the row as answer", async () => {
    const { status, json } = await deleteMember({ user_id: plain.id });
    expect(status).toBe(200);
    expect(json).toMatchObject({ user_id: plain.id, organization_id: id });
    const again = await deleteMember({ user_id: plain.id });
    expect(again).toMatchObject({
      status: 404,
      json: { error: { message: `Member not found in organization for user_id=${plain.id}` } },
    });
    expect((await updateMember({ user_id: plain.id, role: "org_admin" })).status).toBe(404);
  });

  it("are for the proxy admin and those who run the organization", async () => {
    const member = { role: "internal_user", user_id: `u-${id}` };
    expect((await addMember({ member }, chief.key)).status).toBe(200);
    expect((await updateMember({ user_id: `u-${id}`, max_budget_in_organization: 2 }, chief.key)).status).toBe(200);
    expect((await deleteMember({ user_id: `u-${id}` }, chief.key)).status).toBe(200);
    for (const { key } of [plain, stranger, watcher, viewer, alone]) {
      expect((await addMember({ member }, key)).status).toBe(403);
      expect((await updateMember({ user_id: plain.id, role: "org_admin" }, key)).status).toBe(403);
      expect((await deleteMember({ user_id: plain.id }, key)).status).toBe(403);
    }
  });

  it("who run the organization do not raise what they may spend themselves", async () => {
    expect((await updateMember({ user_id: chief.id, max_budget_in_organization: 1e6 }, chief.key)).status).toBe(403);
  });

  it("who run the organization change no budget that others share", async () => {
    await ask("/budget/new", { body: { budget_id: `tier-${id}`, max_budget: 1 } });
    await db
      .update(organizationMembers)
      .set({ budget_id: `tier-${id}` })
      .where(eq(organizationMembers.organization_id, id));
    const { json } = await updateMember({ user_id: plain.id, max_budget_in_organization: 3 }, chief.key);
    expect(json.litellm_budget_table.max_budget).toBe(3);
    expect(json.budget_id).not.toBe(`tier-${id}`);
    const [tier] = await db
      .select()
      .from(budgets)
      .where(eq(budgets.budget_id, `tier-${id}`));
    expect(tier?.max_budget).toBe(1);
  });
});

describe("DELETE /organization/delete", () => {
  const remove = (organization_ids: string[], key?: string) =>
    ask("/organization/delete", { method: "DELETE", key, body: { organization_ids } });

  it("takes members, teams, projects and all keys with it, and keeps copies", async () => {
    const team_id = await makeTeam({ organization_id: id });
    await joinTeam(team_id, plain.id, "user");
    const [direct, ofTeam, other] = await Promise.all([
      makeKey({ organization_id: id }),
      makeKey({ team_id }),
      makeKey(),
    ]);
    await ask("/project/new", { body: { project_id: `p-${id}`, team_id } });
    const spent = { total_nano: 7, window_nano: 0, window_start: 0, updated_at: 0 };
    await db.insert(scopeSpend).values([
      { scope: `team:${team_id}`, ...spent },
      { scope: `key:${ofTeam.token}`, ...spent, total_nano: 5 },
    ]);
    const { status, json } = await remove([id]);
    expect(status).toBe(200);
    expect(json).toMatchObject([{ organization_id: id, teams: [{ team_id }], litellm_budget_table: {} }]);
    expect((await info()).status).toBe(404);
    const left = async (token: string) => (await db.select().from(keys).where(eq(keys.token, token))).length;
    expect([await left(direct.token), await left(ofTeam.token), await left(other.token)]).toEqual([0, 0, 1]);
    expect((await ask("/v1/models", { key: ofTeam.key })).status).toBe(401); // no key of a team that is gone
    expect(await db.select().from(teams).where(eq(teams.team_id, team_id))).toEqual([]);
    expect(await db.select().from(projects).where(eq(projects.team_id, team_id))).toEqual([]);
    const [copy] = await db.select().from(deletedKeys).where(eq(deletedKeys.token, ofTeam.token));
    expect(copy).toMatchObject({ team_id, deleted_by: "default_user_id", metadata: {}, spend_nano: 5 });
    const [team] = await db.select().from(deletedTeams).where(eq(deletedTeams.team_id, team_id));
    expect(team?.spend_nano).toBe(7);
    expect(team?.members_with_roles).toEqual([{ user_id: plain.id, user_email: null, role: "user" }]);
  });

  it("deletes none where one is not there", async () => {
    const { status, json } = await remove([id, "nowhere"]);
    expect(status).toBe(404);
    expect(json.error.message).toContain("not found");
    expect((await info()).status).toBe(200);
  });

  it("is for the proxy admin only", async () => {
    for (const { key } of [viewer, chief, plain, stranger]) expect((await remove([id], key)).status).toBe(403);
  });
});

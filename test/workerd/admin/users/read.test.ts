import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import {
  budgets,
  deletedKeys,
  keys,
  organizationMembers,
  scopeSpend,
  teamMembers,
  users,
} from "../../../../src/store/schema/index.ts";
import { scopeOf } from "../../../../src/tenancy/scopes.ts";
import { db, joinOrganization, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  ask = startApp().ask;
});

describe("/user/info", () => {
  it("shows a user, its keys and teams", async () => {
    const user = await makeUser("internal_user");
    const team_id = await makeTeam({ team_alias: "ours" });
    await joinTeam(team_id, user.id, "user");
    const { token } = await makeKey({ user_id: user.id, team_id });
    for (const key of [user.key, undefined, (await makeUser("proxy_admin_viewer")).key]) {
      const query = key === user.key ? "" : `?user_id=${user.id}`;
      const { status, json } = await ask(`/user/info${query}`, key === undefined ? {} : { key });
      expect(status).toBe(200);
      expect(json).toMatchObject({
        user_id: user.id,
        user_info: { user_id: user.id, teams: [team_id], organization_memberships: [] },
        keys: expect.arrayContaining([
          expect.objectContaining({ token: user.token, team_alias: null }),
          expect.objectContaining({ token, team_alias: "ours" }),
        ]),
        teams: [{ team_id }],
      });
    }
  });

  it("shows an admin everything, where no user is named", async () => {
    const user = await makeUser("internal_user");
    const team_id = await makeTeam();
    const { json } = await ask("/user/info");
    expect(json).toMatchObject({ user_id: "default_user_id", user_info: null });
    expect(json.keys.map(({ token }: { token: string }) => token)).toContain(user.token);
    expect(json.teams.map((team: { team_id: string }) => team.team_id)).toContain(team_id);
  });

  it("is one's own, for who sees everything and who runs the organization (CVE-2026-30886)", async () => {
    const user = await makeUser("internal_user");
    const { id, admin } = await organizationWithAdmin();
    await joinOrganization(id, user.id, "internal_user");
    const inside = await makeTeam({ organization_id: id });
    await joinTeam(inside, user.id, "user");
    const ofTeam = await makeKey({ user_id: user.id, team_id: inside });
    const asAdmin = await ask(`/user/info?user_id=${user.id}`, { key: admin.key });
    expect(asAdmin.json).toMatchObject({ teams: [{ team_id: inside }], keys: [{ token: ofTeam.token }] }); // no private key
    for (const role of ["internal_user", "internal_user_viewer", null] as const) {
      const { key } = role === null ? await makeKey() : await makeUser(role);
      const { status, json } = await ask(`/user/info?user_id=${user.id}`, { key });
      expect(status).toBe(403);
      expect(json.error.message).toContain(`key not allowed to access this user's info. user_id=${user.id}`);
    }
    expect((await ask("/user/info", { key: (await makeKey()).key })).status).toBe(404);
    const missing = await ask("/user/info?user_id=nobody");
    expect(missing.status).toBe(404);
    expect(missing.json.error.message).toContain("not found");
  });

  it("takes a plus in an id for a plus, and asks again whose it is", async () => {
    const id = `plus+${crypto.randomUUID()}@example.com`;
    await makeUser("internal_user", id);
    expect((await ask(`/user/info?user_id=${id}`)).json.user_id).toBe(id);
    expect((await ask(`/user/info?user_id=${encodeURIComponent(id)}`)).json.user_id).toBe(id);
    const spaced = await makeUser("internal_user", id.replace("+", " "));
    expect((await ask(`/user/info?user_id=${id}`, { key: spaced.key })).status).toBe(403);
  });
});

describe("/v2/user/info", () => {
  it("shows the user alone", async () => {
    const user = await makeUser("internal_user");
    const { json } = await ask("/v2/user/info", { key: user.key });
    expect(json).toMatchObject({ user_id: user.id, user_role: "internal_user", spend: 0, teams: [], models: [] });
    expect(json).not.toHaveProperty("keys");
  });

  it("is for admins of a team the user is in; others hear that there is none", async () => {
    const user = await makeUser("internal_user");
    const team_id = await makeTeam();
    await joinTeam(team_id, user.id, "user");
    const teamAdmin = await makeUser("internal_user");
    await joinTeam(team_id, teamAdmin.id, "admin");
    const member = await makeUser("internal_user");
    await joinTeam(team_id, member.id, "user");
    const path = `/v2/user/info?user_id=${user.id}`;
    expect((await ask(path, { key: teamAdmin.key })).status).toBe(200);
    expect((await ask(path, { key: member.key })).json.error.message).toBe(`User not found: ${user.id}`);
    expect((await ask(path, { key: (await makeKey()).key })).status).toBe(404);
    expect((await ask("/v2/user/info", { key: (await makeKey()).key })).status).toBe(400);
  });
});

describe("/user/list", () => {
  it("has pages, filters, an order and counts of keys", async () => {
    const mark = crypto.randomUUID();
    const made = [];
    for (const name of ["a", "b", "c"]) {
      const user = await makeUser("internal_user_viewer");
      await db
        .update(users)
        .set({ user_email: `${name}-${mark}@x.y` })
        .where(eq(users.user_id, user.id));
      made.push(user);
    }
    await makeKey({ user_id: made[2]!.id });
    const { json } = await ask(`/user/list?user_email=${mark}&page=2&page_size=2&sort_by=user_email`);
    expect(json).toMatchObject({ total: 3, page: 2, page_size: 2, total_pages: 2 });
    expect(json.users).toMatchObject([{ user_id: made[2]!.id, key_count: 2, teams: [], organization_memberships: [] }]);
    await db.insert(scopeSpend).values({
      scope: scopeOf.user(made[1]!.id),
      total_nano: 7e9,
      window_nano: 0,
      window_start: 0,
      updated_at: 0,
    });
    const bySpend = await ask(`/user/list?user_email=${mark}&sort_by=spend&sort_order=desc`);
    expect(bySpend.json.users[0]).toMatchObject({ user_id: made[1]!.id, spend: 7 });
    const team_id = await makeTeam();
    await joinTeam(team_id, made[0]!.id, "user");
    const { id } = await organizationWithAdmin();
    await joinOrganization(id, made[1]!.id, "internal_user");
    const idsFor = async (query: string) =>
      (await ask(`/user/list?user_email=${mark}&sort_by=user_email&${query}`)).json.users.map(
        ({ user_id }: { user_id: string }) => user_id,
      );
    expect(await idsFor(`team=${team_id}`)).toEqual([made[0]!.id]);
    expect(await idsFor(`organization_ids=${id},other`)).toEqual([made[1]!.id]);
    expect(await idsFor(`user_ids=${made[0]!.id},${made[2]!.id}`)).toEqual([made[0]!.id, made[2]!.id]);
    expect(await idsFor("role=internal_user_viewer")).toHaveLength(3);
    expect(await idsFor("user_role=proxy_admin")).toEqual([]);
    expect((await ask("/user/list?user_email=%25")).json.total).toBe(0); // CVE-2026-25591
    expect((await ask("/user/list?page_size=1000")).status).toBe(422);
  });

  it("shows no secret of anybody (CVE-2026-64859)", async () => {
    const user = await makeUser("internal_user");
    const { json } = await ask(`/user/list?user_ids=${user.id}`);
    expect(json.total).toBe(1);
    const text = JSON.stringify(json);
    for (const secret of [user.key, user.token, "password"]) expect(text).not.toContain(secret);
  });

  it("is for who sees everything, and of their organizations for who runs them", async () => {
    const { id, admin } = await organizationWithAdmin();
    const member = await makeUser("internal_user");
    await joinOrganization(id, member.id, "internal_user");
    const { json } = await ask("/user/list", { key: admin.key });
    expect(json.users.map(({ user_id }: { user_id: string }) => user_id).sort()).toEqual([admin.id, member.id].sort());
    expect((await ask("/user/list", { key: (await makeUser("proxy_admin_viewer")).key })).status).toBe(200);
    for (const key of [member.key, (await makeUser("internal_user_viewer")).key, (await makeKey()).key])
      expect((await ask("/user/list", { key })).status).toBe(403);
  });
});

describe("/user/filter/ui, /user/available_*", () => {
  it("finds users by a part of their id or email", async () => {
    const user = await makeUser("internal_user");
    expect((await ask(`/user/filter/ui?user_id=${user.id.slice(2)}`)).json).toEqual([
      { user_id: user.id, user_email: null },
    ]);
    expect((await ask("/user/filter/ui", { key: user.key })).status).toBe(403);
  });

  it("finds for a team's admin whom it may know", async () => {
    const { id } = await organizationWithAdmin();
    const team_id = await makeTeam({ organization_id: id });
    const [teamAdmin, colleague, stranger] = [
      await makeUser("internal_user"),
      await makeUser("internal_user"),
      await makeUser("internal_user"),
    ];
    await joinTeam(team_id, teamAdmin.id, "admin");
    await joinOrganization(id, colleague.id, "internal_user");
    const { json } = await ask(`/user/filter/ui?team_id=${team_id}`, { key: teamAdmin.key });
    const ids = json.map(({ user_id }: { user_id: string }) => user_id);
    expect(ids).toEqual(expect.arrayContaining([teamAdmin.id, colleague.id]));
    expect(ids).not.toContain(stranger.id);
    expect((await ask(`/user/filter/ui?team_id=${team_id}`, { key: colleague.key })).status).toBe(403);
  });

  it("lists roles, and counts users", async () => {
    const { key } = await makeUser("internal_user");
    const roles = await ask("/user/available_roles", { key });
    expect(Object.keys(roles.json)).toEqual([
      "proxy_admin",
      "proxy_admin_viewer",
      "internal_user",
      "internal_user_viewer",
    ]);
    expect(roles.json.proxy_admin).toEqual({ description: expect.any(String), ui_label: expect.any(String) });
    expect((await ask("/user/available_users")).json).toMatchObject({
      total_users: null,
      total_users_used: expect.any(Number),
      total_users_remaining: null,
      total_teams_used: expect.any(Number),
    });
    expect((await ask("/user/available_users", { key })).status).toBe(403);
  });
});

describe("/user/delete", () => {
  it("takes keys and memberships along, and says how many", async () => {
    const user = await makeUser("internal_user");
    const other = await makeUser("internal_user");
    const team_id = await makeTeam();
    const member = { user_id: user.id, role: "user" };
    const added = await ask("/team/member_add", { body: { team_id, member, max_budget_in_team: 1 } });
    const { id } = await organizationWithAdmin();
    await joinOrganization(id, user.id, "internal_user");
    const deleted = await ask("/user/delete", { body: { user_ids: [user.id, other.id] } });
    expect(deleted).toEqual({ status: 200, json: 2 });
    expect(await db.select().from(users).where(eq(users.user_id, user.id))).toEqual([]);
    expect(await db.select().from(keys).where(eq(keys.user_id, user.id))).toEqual([]);
    expect(await db.select().from(deletedKeys).where(eq(deletedKeys.token, user.token))).toHaveLength(1);
    expect(await db.select().from(teamMembers).where(eq(teamMembers.user_id, user.id))).toEqual([]);
    expect(await db.select().from(organizationMembers).where(eq(organizationMembers.user_id, user.id))).toEqual([]);
    const [{ budget_id }] = added.json.updated_team_memberships;
    expect(await db.select().from(budgets).where(eq(budgets.budget_id, budget_id))).toEqual([]);
    expect((await ask("/models", { key: user.key })).status).toBe(401);
  });

  it("deletes all or none", async () => {
    const { id } = await makeUser("internal_user");
    const { status, json } = await ask("/user/delete", { body: { user_ids: [id, "nobody"] } });
    expect(status).toBe(404);
    expect(json.error.message).toBe("User not found, passed user_id=nobody");
    expect((await ask(`/user/info?user_id=${id}`)).status).toBe(200);
  });

  it("is for the proxy admin, and for who runs all a user is in (CVE-2026-64866)", async () => {
    const { id, admin } = await organizationWithAdmin();
    const make = async (role: "internal_user" | "proxy_admin_viewer", as: "internal_user" | "org_admin") => {
      const user = await makeUser(role);
      await joinOrganization(id, user.id, as);
      return user.id;
    };
    const erase = async (user_id: string, key = admin.key) =>
      (await ask("/user/delete", { key, body: { user_ids: [user_id] } })).status;
    const plain = await make("internal_user", "internal_user");
    for (const role of ["internal_user", "internal_user_viewer", "proxy_admin_viewer"] as const)
      expect(await erase(plain, (await makeUser(role)).key)).toBe(403);
    expect(await erase(plain)).toBe(200);
    expect(await erase(await make("proxy_admin_viewer", "internal_user"))).toBe(403);
    expect(await erase(await make("internal_user", "org_admin"))).toBe(403);
    expect(await erase((await makeUser("internal_user")).id)).toBe(403);
    const elsewhere = await make("internal_user", "internal_user");
    await joinOrganization((await organizationWithAdmin()).id, elsewhere, "internal_user");
    expect(await erase(elsewhere)).toBe(403);
    const inTeam = await make("internal_user", "internal_user");
    await joinTeam(await makeTeam(), inTeam, "user");
    expect(await erase(inTeam)).toBe(403);
    const self = await makeUser("internal_user");
    expect(await erase(self.id, self.key)).toBe(403);
  });
});

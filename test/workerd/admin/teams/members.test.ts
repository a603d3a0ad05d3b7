import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { budgets, keys, teamMembers, teams, users } from "../../../../src/store/schema/index.ts";
import { db, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  ask = startApp().ask;
});

const membersOf = async (id: string) => (await ask(`/team/info?team_id=${id}`)).json.team_info.members_with_roles;
const membershipOf = async (id: string, user: string) =>
  (await ask(`/team/info?team_id=${id}`)).json.team_memberships.find(
    ({ user_id }: { user_id: string }) => user_id === user,
  );

describe("/team/member_add", () => {
  it("adds one by id, with a budget in the team", async () => {
    const team_id = await makeTeam({ team_alias: "ours" });
    const user = await makeUser("internal_user");
    const { status, json } = await ask("/team/member_add", {
      body: { team_id, member: { user_id: user.id, role: "user" }, max_budget_in_team: 7 },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      team_id,
      team_alias: "ours",
      members_with_roles: [{ user_id: user.id, user_email: null, role: "user" }],
      updated_users: [{ user_id: user.id, teams: [team_id], spend: 0 }],
      updated_team_memberships: [{ user_id: user.id, team_id, spend: 0, litellm_budget_table: { max_budget: 7 } }],
    });
    expect(json.updated_team_memberships[0].budget_id).toBe(
      json.updated_team_memberships[0].litellm_budget_table.budget_id,
    );
  });

  it("adds many by id and email, and makes users of those who are none", async () => {
    const team_id = await makeTeam();
    const known = await makeUser("internal_user");
    const email = `${crypto.randomUUID()}@Example.com`;
    await db.update(users).set({ user_email: email }).where(eq(users.user_id, known.id));
    const fresh = `fresh-${crypto.randomUUID()}`;
    const { json } = await ask("/team/member_add", {
      body: {
        team_id,
        member: [
          { user_email: email.toLowerCase(), role: "admin" },
          { user_id: fresh, role: "user" },
          { user_id: fresh, role: "admin" },
          { user_email: `new-${fresh}@example.com`, role: "user" },
          { user_email: `NEW-${fresh}@example.com`, role: "user" },
        ],
      },
    });
    expect(json.members_with_roles).toEqual([
      { user_id: known.id, user_email: email.toLowerCase(), role: "admin" },
      { user_id: fresh, user_email: null, role: "user" },
      { user_id: expect.any(String), user_email: `new-${fresh}@example.com`, role: "user" },
    ]);
    const [made] = await db.select().from(users).where(eq(users.user_id, fresh));
    expect(made).toMatchObject({ user_role: null, max_budget: null, budget_duration: null, user_email: null });
  });

  it("adds 500 at once", async () => {
    const team_id = await makeTeam();
    const run = crypto.randomUUID();
    const member = Array.from({ length: 500 }, (_, i) => ({ user_id: `u${i}-${run}`, role: "user" }));
    const { status, json } = await ask("/team/member_add", { body: { team_id, member, max_budget_in_team: 1 } });
    expect(status).toBe(200);
    expect(json.members_with_roles).toHaveLength(500);
    const more = await ask("/team/member_add", {
      body: { team_id, member: [...member, { user_id: "one", role: "user" }] },
    });
    expect(more.status).toBe(422);
  });

  it("says team_member_already_in_team, and passes over those who are, among others", async () => {
    const team_id = await makeTeam();
    const user = await makeUser("internal_user");
    const member = { user_id: user.id, role: "user" };
    await ask("/team/member_add", { body: { team_id, member } });
    const again = await ask("/team/member_add", { body: { team_id, member } });
    expect(again.status).toBe(400);
    expect(again.json.error).toMatchObject({ type: "team_member_already_in_team", param: "member", code: "400" });
    expect(again.json.error.message).toContain(`User already in team. Member: user_id=${user.id}`);
    const all = await ask("/team/member_add", { body: { team_id, member: [member] } });
    expect(all.json.error).toMatchObject({ type: "team_member_already_in_team" });
    expect(all.json.error.message).toMatch(/^All users are already in team/);
    const some = await ask("/team/member_add", {
      body: { team_id, member: [member, { user_id: `new-${user.id}`, role: "user" }] },
    });
    expect(some.status).toBe(200);
    expect(some.json.updated_users).toHaveLength(1);
  });

  it("refuses an email two users have, and one of another user", async () => {
    const team_id = await makeTeam();
    const [one, two] = [await makeUser("internal_user"), await makeUser("internal_user")];
    const user_email = `${one.id}@example.com`;
    await db.update(users).set({ user_email }).where(eq(users.user_id, one.id));
    const other = await ask("/team/member_add", {
      body: { team_id, member: { user_id: `new-${one.id}`, user_email, role: "user" } },
    });
    expect(other.json.error.message).toBe(`User with email ${user_email} already exists`);
    await db.update(users).set({ user_email }).where(eq(users.user_id, two.id));
    const both = await ask("/team/member_add", { body: { team_id, member: { user_email, role: "user" } } });
    expect(both.status).toBe(400);
    expect(both.json.error.message).toMatch(/^Multiple users with this email/);
  });

  it("is for admins of the gateway, the organization and the team", async () => {
    const { id, admin } = await organizationWithAdmin();
    const team_id = await makeTeam({ organization_id: id });
    const [teamAdmin, member] = [await makeUser("internal_user"), await makeUser("internal_user")];
    await joinTeam(team_id, teamAdmin.id, "admin");
    await joinTeam(team_id, member.id, "user");
    const viewer = await makeUser("internal_user_viewer");
    await joinTeam(team_id, viewer.id, "admin"); // a viewer changes nothing, whatever it is in the team
    const expected: [string, number][] = [
      [(await makeUser("proxy_admin")).key, 200],
      [admin.key, 200],
      [teamAdmin.key, 200],
      [(await makeUser("proxy_admin_viewer")).key, 403],
      [member.key, 403],
      [viewer.key, 403],
      [(await makeUser("internal_user")).key, 403],
      [(await makeKey({ team_id })).key, 403],
    ];
    for (const [key, status] of expected) {
      const body = { team_id, member: { user_id: `new-${crypto.randomUUID()}`, role: "user" } };
      expect((await ask("/team/member_add", { key, body })).status).toBe(status);
    }
    const refused = await ask("/team/member_add", {
      key: member.key,
      body: { team_id, member: { user_id: "x", role: "user" } },
    });
    expect(refused.json.error.message).toBe(
      `Call not allowed. User not proxy admin OR team admin. route=/team/member_add, team_id=${team_id}`,
    );
    const nowhere = { team_id: "nowhere", member: { user_id: "x", role: "user" } };
    expect((await ask("/team/member_add", { body: nowhere })).status).toBe(404);
  });

  it("lets anybody join a team that is open to all: only itself, as a member, without a budget of its own", async () => {
    const team_id = await makeTeam();
    const open = startApp({ litellm_settings: { default_internal_user_params: { available_teams: [team_id] } } });
    const user = await makeUser("internal_user");
    const join = (member: unknown, more = {}) =>
      open.ask("/team/member_add", { key: user.key, body: { team_id, member, ...more } });
    expect((await join({ user_id: user.id, role: "admin" })).status).toBe(403);
    expect((await join({ user_id: "somebody", role: "user" })).status).toBe(403);
    expect((await join({ user_id: user.id, role: "user" }, { max_budget_in_team: 100 })).status).toBe(403);
    expect((await join({ user_id: user.id, role: "user" })).status).toBe(200);
  });

  it("makes no admin of somebody new, whatever the default role is (CVE-2026-47102)", async () => {
    const params = { user_role: "proxy_admin", max_budget: 3, budget_duration: "1d", models: ["m"] };
    const given = startApp({ litellm_settings: { default_internal_user_params: params } });
    const team_id = await makeTeam();
    const teamAdmin = await makeUser("internal_user");
    await joinTeam(team_id, teamAdmin.id, "admin");
    const user_id = `new-${crypto.randomUUID()}`;
    await given.ask("/team/member_add", { key: teamAdmin.key, body: { team_id, member: { user_id, role: "admin" } } });
    const [made] = await db.select().from(users).where(eq(users.user_id, user_id));
    expect(made).toMatchObject({ ...params, user_role: "internal_user" });
  });
});

describe("/team/bulk_member_add", () => {
  it("tells of each what became of it", async () => {
    const team_id = await makeTeam();
    const user = await makeUser("internal_user");
    const email = `${user.id}@example.com`;
    const body = {
      team_id,
      members: [
        { user_id: user.id, role: "user" },
        { user_email: email, role: "user" },
      ],
      max_budget_in_team: 2,
    };
    const { json } = await ask("/team/bulk_member_add", { body });
    expect(json).toMatchObject({
      team_id,
      total_requested: 2,
      successful_additions: 2,
      failed_additions: 0,
      updated_team: { team_id },
      results: [
        {
          user_id: user.id,
          success: true,
          error: null,
          updated_team_membership: { litellm_budget_table: { max_budget: 2 } },
        },
        { user_email: email, success: true, updated_user: { user_email: email } },
      ],
    });
    const again = await ask("/team/bulk_member_add", { body });
    expect(again).toMatchObject({
      status: 200,
      json: { successful_additions: 0, failed_additions: 2, updated_team: null, results: [{ success: false }, {}] },
    });
  });

  it("has bounds, and all users are the proxy admin's to add", async () => {
    const team_id = await makeTeam();
    expect((await ask("/team/bulk_member_add", { body: { team_id, members: [] } })).status).toBe(400);
    const members = Array.from({ length: 501 }, (_, i) => ({ user_id: `u${i}`, role: "user" }));
    const many = await ask("/team/bulk_member_add", { body: { team_id, members } });
    expect(many.json.error.message).toBe("Maximum 500 members can be added at once");
    const teamAdmin = await makeUser("internal_user");
    await joinTeam(team_id, teamAdmin.id, "admin");
    const all = { key: teamAdmin.key, body: { team_id, all_users: true } };
    expect((await ask("/team/bulk_member_add", all)).status).toBe(403);
  });
});

describe("/team/member_update", () => {
  it("sets, keeps and clears limits, and the role", async () => {
    const team_id = await makeTeam();
    const user = await makeUser("internal_user");
    await joinTeam(team_id, user.id, "user");
    const update = (fields: Record<string, unknown>) =>
      ask("/team/member_update", { body: { team_id, user_id: user.id, ...fields } });
    const { status, json } = await update({ max_budget_in_team: 4, role: "admin" });
    expect(status).toBe(200);
    expect(json).toEqual({
      team_id,
      user_id: user.id,
      user_email: null,
      max_budget_in_team: 4,
      tpm_limit: null,
      rpm_limit: null,
    });
    expect(await membersOf(team_id)).toMatchObject([{ user_id: user.id, role: "admin" }]);
    await update({ rpm_limit: 9 });
    const membership = await membershipOf(team_id, user.id);
    expect(membership.litellm_budget_table).toMatchObject({ max_budget: 4, rpm_limit: 9 });
    await update({ max_budget_in_team: null, rpm_limit: null });
    expect(await membershipOf(team_id, user.id)).toMatchObject({ budget_id: null, litellm_budget_table: null });
    expect(await db.select().from(budgets).where(eq(budgets.budget_id, membership.budget_id))).toEqual([]);
  });

  it("leaves the tier the others share", async () => {
    const made = await ask("/team/new", { body: { team_member_budget: 5, team_member_tpm_limit: 50 } });
    const { team_id } = made.json;
    const [one, two] = [await makeUser("internal_user"), await makeUser("internal_user")];
    for (const { id } of [one, two]) await joinTeam(team_id, id, "user");
    await ask("/team/member_update", { body: { team_id, user_id: one.id, max_budget_in_team: 8 } });
    expect((await membershipOf(team_id, one.id)).litellm_budget_table).toMatchObject({ max_budget: 8, tpm_limit: 50 });
    expect((await membershipOf(team_id, two.id)).litellm_budget_table).toMatchObject({ max_budget: 5, tpm_limit: 50 });
    await ask("/team/update", { body: { team_id, team_member_budget: 6 } });
    expect((await membershipOf(team_id, one.id)).litellm_budget_table.max_budget).toBe(8);
    expect((await membershipOf(team_id, two.id)).litellm_budget_table.max_budget).toBe(6);
  });

  it("finds members by email, and says where there are none", async () => {
    const team_id = await makeTeam();
    const user_email = `${crypto.randomUUID()}@example.com`;
    const { json } = await ask("/team/member_add", { body: { team_id, member: { user_email, role: "user" } } });
    const [{ user_id }] = json.members_with_roles;
    const updated = await ask("/team/member_update", { body: { team_id, user_email, tpm_limit: 3 } });
    expect(updated.json).toMatchObject({ user_id, user_email, tpm_limit: 3 });
    expect((await ask("/team/member_update", { body: { team_id, user_id: "nobody" } })).status).toBe(400);
    const neither = await ask("/team/member_update", { body: { team_id } });
    expect(neither.json.error.message).toBe("Either user_id or user_email needs to be passed in");
  });

  it("is not for a member to make itself admin", async () => {
    const team_id = await makeTeam();
    const member = await makeUser("internal_user");
    await joinTeam(team_id, member.id, "user");
    const body = { team_id, user_id: member.id, role: "admin", max_budget_in_team: 1000 };
    expect((await ask("/team/member_update", { key: member.key, body })).status).toBe(403);
  });
});

describe("/team/member_delete", () => {
  it("takes the member's keys of the team along, and its tier; nothing of other teams", async () => {
    const [team_id, other] = [await makeTeam(), await makeTeam()];
    const user = await makeUser("internal_user");
    const member = { user_id: user.id, role: "user" };
    const added = await ask("/team/member_add", { body: { team_id, member, max_budget_in_team: 3 } });
    await joinTeam(other, user.id, "user");
    const ofTeam = await makeKey({ team_id, user_id: user.id });
    const ofOther = await makeKey({ team_id: other, user_id: user.id });
    const { status, json } = await ask("/team/member_delete", { body: { team_id, user_id: user.id } });
    expect(status).toBe(200);
    expect(json).toMatchObject({ team_id, members_with_roles: [] });
    const left = await db.select().from(teamMembers).where(eq(teamMembers.user_id, user.id));
    expect(left.map((row) => row.team_id)).toEqual([other]);
    expect(await db.select().from(keys).where(eq(keys.token, ofTeam.token))).toEqual([]);
    expect(await db.select().from(keys).where(eq(keys.token, ofOther.token))).toHaveLength(1);
    const [{ budget_id }] = added.json.updated_team_memberships;
    expect(await db.select().from(budgets).where(eq(budgets.budget_id, budget_id))).toEqual([]);
    const again = await ask("/team/member_delete", { body: { team_id, user_id: user.id } });
    expect(again.status).toBe(400);
    expect(again.json.error.message).toBe("User not found in team");
  });

  it("is for admins of the team", async () => {
    const team_id = await makeTeam();
    const [teamAdmin, member] = [await makeUser("internal_user"), await makeUser("internal_user")];
    await joinTeam(team_id, teamAdmin.id, "admin");
    await joinTeam(team_id, member.id, "user");
    const body = { team_id, user_id: teamAdmin.id };
    expect((await ask("/team/member_delete", { key: member.key, body })).status).toBe(403);
    const own = { key: teamAdmin.key, body: { team_id, user_id: member.id } };
    expect((await ask("/team/member_delete", own)).status).toBe(200);
    expect(await db.select().from(teams).where(eq(teams.team_id, team_id))).toHaveLength(1);
  });
});

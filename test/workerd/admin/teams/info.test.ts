import { beforeEach, describe, expect, it } from "vitest";
import { scopeSpend } from "../../../../src/store/schema/index.ts";
import { scopeOf } from "../../../../src/tenancy/scopes.ts";
import { db, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  ask = startApp().ask;
});

const newTeam = async (body: Record<string, unknown> = {}) => (await ask("/team/new", { body })).json;
const infoOf = async (id: string) => (await ask(`/team/info?team_id=${encodeURIComponent(id)}`)).json;

describe("/team/info", () => {
  it("shows the team, its keys without tokens, and memberships", async () => {
    const { team_id } = await newTeam({ team_member_budget: 4 });
    const member = await makeUser("internal_user");
    await joinTeam(team_id, member.id, "user");
    const { token } = await makeKey({ team_id, user_id: member.id, key_alias: `alias-${team_id}` });
    await db.insert(scopeSpend).values([
      { scope: scopeOf.key(token), total_nano: 3e9, window_nano: 0, window_start: 0, updated_at: 0 },
      {
        scope: scopeOf.teamMember(team_id, member.id),
        total_nano: 1e9,
        window_nano: 0,
        window_start: 0,
        updated_at: 0,
      },
    ]);
    const json = await infoOf(team_id);
    expect(json).toMatchObject({
      team_id,
      team_info: { members_with_roles: [{ user_id: member.id, user_email: null, role: "user" }] },
      keys: [{ key_alias: `alias-${team_id}`, spend: 3 }],
      team_memberships: [{ user_id: member.id, team_id, spend: 1, litellm_budget_table: { max_budget: 4 } }],
    });
    expect(JSON.stringify(json)).not.toContain(token);
  });

  it("answers 404 and 422 in LiteLLM's words", async () => {
    const missing = await ask("/team/info?team_id=nowhere");
    expect(missing.status).toBe(404);
    expect(missing.json.error).toMatchObject({
      message: "Team not found, passed team id: nowhere.",
      type: "auth_error",
    });
    expect((await ask("/team/info")).status).toBe(422);
  });

  it("is for members, viewers and the team's keys; no one else's (CVE-2026-30886)", async () => {
    const { id, admin } = await organizationWithAdmin();
    const team_id = await makeTeam({ organization_id: id });
    const member = await makeUser("internal_user_viewer");
    await joinTeam(team_id, member.id, "user");
    const expected: [string, number][] = [
      [(await makeUser("proxy_admin")).key, 200],
      [(await makeUser("proxy_admin_viewer")).key, 200],
      [admin.key, 200],
      [member.key, 200],
      [(await makeKey({ team_id })).key, 200],
      [(await makeUser("internal_user")).key, 403],
      [(await makeUser("internal_user_viewer")).key, 403],
      [(await organizationWithAdmin()).admin.key, 403],
      [(await makeKey()).key, 403],
      [(await makeKey({ team_id: await makeTeam() })).key, 403],
    ];
    for (const [key, status] of expected) {
      const answer = await ask(`/team/info?team_id=${team_id}`, { key });
      expect(answer.status).toBe(status);
      if (status === 403) expect(answer.json.error.message).toContain(`not authorized to access this team=${team_id}`);
    }
  });
});

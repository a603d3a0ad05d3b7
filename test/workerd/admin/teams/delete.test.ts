import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { budgets, deletedKeys, deletedTeams, keys, teamMembers, teams } from "../../../../src/store/schema/index.ts";
import { scopeOf } from "../../../../src/tenancy/scopes.ts";
import { db, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let started: ReturnType<typeof startApp>;
let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  started = startApp();
  ask = started.ask;
});

const newTeam = async (body: Record<string, unknown> = {}) => (await ask("/team/new", { body })).json;
const infoOf = async (id: string) => (await ask(`/team/info?team_id=${encodeURIComponent(id)}`)).json;

describe("/team/delete", () => {
  it("takes keys, memberships and tiers along, and keeps copies", async () => {
    const { team_id, metadata } = await newTeam({ team_alias: "gone", team_member_budget: 3 });
    const member = await makeUser("internal_user");
    const added = { team_id, member: { user_id: member.id, role: "user" }, max_budget_in_team: 1 };
    const { json } = await ask("/team/member_add", { body: added });
    const tier = json.updated_team_memberships[0].budget_id;
    const { key, token } = await makeKey({ team_id, user_id: member.id });
    await started.scopes.reset(scopeOf.team(team_id), undefined, 2e9);
    const deleted = await ask("/team/delete", { body: { team_ids: [team_id] } });
    expect(deleted).toEqual({ status: 200, json: { deleted_teams: [team_id] } });
    expect(await db.select().from(teams).where(eq(teams.team_id, team_id))).toEqual([]);
    expect(await db.select().from(teamMembers).where(eq(teamMembers.team_id, team_id))).toEqual([]);
    expect(await db.select().from(keys).where(eq(keys.token, token))).toEqual([]);
    for (const id of [tier, metadata.team_member_budget_id])
      expect(await db.select().from(budgets).where(eq(budgets.budget_id, id))).toEqual([]);
    expect(await db.select().from(deletedKeys).where(eq(deletedKeys.token, token))).toHaveLength(1);
    const [copy] = await db.select().from(deletedTeams).where(eq(deletedTeams.team_id, team_id));
    expect(copy).toMatchObject({ team_alias: "gone", spend_nano: 2e9, deleted_by: "default_user_id" });
    expect((await ask("/models", { key })).status).toBe(401);
    const listed = await ask(`/v2/team/list?status=deleted&team_id=${team_id}`);
    expect(listed.json).toMatchObject({
      total: 1,
      teams: [
        {
          team_id,
          spend: 2,
          members_with_roles: [{ user_id: member.id, role: "user" }],
          deleted_at: expect.any(String),
        },
      ],
    });
  });

  it("takes projects along, and the keys of these", async () => {
    const [team_id, other] = [await makeTeam(), await makeTeam()];
    const { project_id } = (await ask("/project/new", { body: { team_id, project_alias: "gone", max_budget: 5 } }))
      .json;
    const { project_id: kept } = (await ask("/project/new", { body: { team_id: other } })).json;
    await started.scopes.reset(scopeOf.project(project_id), undefined, 2e9);
    // A project that went to another team has keys that did not.
    const [theirs, elsewhere] = [await makeKey({ team_id, project_id }), await makeKey({ team_id: other, project_id })];
    const stays = await makeKey({ team_id: other, project_id: kept });
    expect((await ask("/team/delete", { body: { team_ids: [team_id] } })).status).toBe(200);
    expect((await ask(`/project/info?project_id=${project_id}`)).status).toBe(404);
    expect((await ask(`/project/info?project_id=${kept}`)).status).toBe(200);
    for (const { key } of [theirs, elsewhere]) expect((await ask("/models", { key })).status).toBe(401);
    expect((await ask("/models", { key: stays.key })).status).toBe(200);
    expect((await started.scopes.spend(scopeOf.project(project_id), [])).total).toBe(0);
  });

  it("deletes all or none", async () => {
    const team_id = await makeTeam();
    const { status, json } = await ask("/team/delete", { body: { team_ids: [team_id, "nowhere"] } });
    expect(status).toBe(404);
    expect(json.error.message).toBe("Team not found, passed team_id=nowhere");
    expect((await infoOf(team_id)).team_id).toBe(team_id);
  });

  it("is for the proxy admin and who runs the organization", async () => {
    const { id, admin } = await organizationWithAdmin();
    const team_id = await makeTeam({ organization_id: id });
    const own = await makeUser("internal_user");
    await joinTeam(team_id, own.id, "admin");
    const body = { team_ids: [team_id] };
    expect((await ask("/team/delete", { key: own.key, body })).status).toBe(403);
    expect((await ask("/team/delete", { key: (await makeUser("proxy_admin_viewer")).key, body })).status).toBe(403);
    expect((await ask("/team/delete", { key: admin.key, body })).status).toBe(200);
  });
});

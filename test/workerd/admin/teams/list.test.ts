import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { scopeSpend } from "../../../../src/store/schema/index.ts";
import { scopeOf } from "../../../../src/tenancy/scopes.ts";
import { db, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";
import { organizationWithAdmin } from "../organization.ts";

let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  ask = startApp().ask;
});

const _newTeam = async (body: Record<string, unknown> = {}) => (await ask("/team/new", { body })).json;
const _infoOf = async (id: string) => (await ask(`/team/info?team_id=${encodeURIComponent(id)}`)).json;

describe("lists", () => {
  it("/team/list shows everybody their own", async () => {
    const { id, admin } = await organizationWithAdmin();
    const ours = await makeTeam({ organization_id: id });
    const theirs = await makeTeam();
    const member = await makeUser("internal_user");
    await joinTeam(theirs, member.id, "user");
    await makeKey({ team_id: theirs, key_alias: `of ${theirs}` });
    const idsFor = async (key?: string, query = "") => {
      const { json } = await ask(`/team/list${query}`, key === undefined ? {} : { key });
      return (json as { team_id: string }[]).map(({ team_id }) => team_id);
    };
    expect(await idsFor()).toEqual(expect.arrayContaining([ours, theirs]));
    expect(await idsFor((await makeUser("proxy_admin_viewer")).key)).toEqual(expect.arrayContaining([ours, theirs]));
    expect(await idsFor(admin.key)).toEqual([ours]);
    expect(await idsFor(member.key)).toEqual([theirs]);
    expect(await idsFor((await makeUser("internal_user")).key)).toEqual([]);
    expect(await idsFor(undefined, `?organization_id=${id}`)).toEqual([ours]);
    expect(await idsFor(undefined, `?user_id=${member.id}`)).toEqual([theirs]);
    expect(await idsFor(undefined, "?organization_id=default_organization")).not.toContain(ours);
    expect(await idsFor(admin.key, `?user_id=${member.id}`)).toEqual([]);
    const stranger = await ask(`/team/list?user_id=${admin.id}`, { key: member.key });
    expect(stranger.status).toBe(401);
    expect(stranger.json.error.message).toBe(
      "Only admin users can query all teams/other teams. Your user role=internal_user",
    );
    const [row] = (await ask(`/team/list?user_id=${member.id}`)).json;
    expect(row).toMatchObject({
      keys: [{ key_alias: `of ${theirs}` }],
      team_memberships: [{ user_id: member.id, team_id: theirs }],
    });
  });

  it("/v2/team/list has pages, filters and an order", async () => {
    const mark = crypto.randomUUID();
    for (const name of ["a", "b", "c"]) await makeTeam({ team_alias: `${name} ${mark}` });
    const { json } = await ask(`/v2/team/list?team_alias=${mark.toUpperCase()}&page=2&page_size=2&sort_by=team_alias`);
    expect(json).toMatchObject({ total: 3, page: 2, page_size: 2, total_pages: 2 });
    expect(json.teams).toMatchObject([{ team_alias: `c ${mark}`, members_count: 0 }]);
    expect((await ask("/v2/team/list?page_size=1000")).status).toBe(422);
    expect((await ask("/v2/team/list?page=0")).status).toBe(422);
    expect((await ask("/v2/team/list?user_id=nobody")).status).toBe(404);
    expect((await ask("/v2/team/list?status=sleeping")).status).toBe(400);
    const { key } = await makeUser("internal_user");
    expect((await ask("/v2/team/list", { key })).json).toMatchObject({ teams: [], total: 0, total_pages: 0 });
    expect((await ask("/v2/team/list?status=deleted", { key })).json).toMatchObject({ teams: [], total: 0 });
  });

  it("finds no wildcards in what is asked for (CVE-2026-25591)", async () => {
    await makeTeam({ team_alias: "plain" });
    expect((await ask("/team/filter/ui?team_alias=%25")).json).toEqual([]);
    expect((await ask(`/v2/team/list?team_alias=${encodeURIComponent("%_%".repeat(100))}`)).json.total).toBe(0);
    const mark = crypto.randomUUID();
    const team_id = await makeTeam({ team_alias: `100% ${mark}` });
    expect((await ask(`/team/filter/ui?team_alias=${encodeURIComponent(`100% ${mark}`)}`)).json).toMatchObject([
      { team_id },
    ]);
  });

  it("shows spend of the current window only", async () => {
    const team_id = await makeTeam({ max_budget: 5, budget_duration: "1d" });
    const scope = scopeOf.team(team_id);
    const today = Date.now() - (Date.now() % 86_400_000);
    const row = { scope, total_nano: 9e9, window_nano: 2e9, window_start: today - 86_400_000, updated_at: 0 };
    await db.insert(scopeSpend).values(row);
    const spend = async () => (await ask(`/v2/team/list?team_id=${team_id}`)).json.teams[0].spend;
    expect(await spend()).toBe(0);
    await db.update(scopeSpend).set({ window_start: today }).where(eq(scopeSpend.scope, scope));
    expect(await spend()).toBe(2);
  });

  it("/team/available shows teams one may join, and nothing of who is in them", async () => {
    const open = await makeTeam({ metadata: { note: "inside" } });
    const joined = await makeTeam();
    const self = startApp({ litellm_settings: { default_internal_user_params: { available_teams: [open, joined] } } });
    const user = await makeUser("internal_user");
    await joinTeam(joined, user.id, "user");
    await joinTeam(open, (await makeUser("internal_user")).id, "user");
    const { json } = await self.ask("/team/available", { key: user.key });
    expect(json).toMatchObject([{ team_id: open, members_with_roles: [], metadata: {} }]);
    expect((await ask("/team/available", { key: user.key })).json).toEqual([]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";

let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  ask = startApp().ask;
});

const _newTeam = async (body: Record<string, unknown> = {}) => (await ask("/team/new", { body })).json;
const _infoOf = async (id: string) => (await ask(`/team/info?team_id=${encodeURIComponent(id)}`)).json;

describe("/team/block, /team/model/*, /team/permissions_*", () => {
  it("blocks and unblocks", async () => {
    const team_id = await makeTeam();
    expect((await ask("/team/block", { body: { team_id } })).json).toMatchObject({ team_id, blocked: true });
    const { key } = await makeKey({ team_id });
    expect((await ask(`/team/info?team_id=${team_id}`, { key })).status).toBe(401);
    expect((await ask("/team/unblock", { body: { team_id } })).json.blocked).toBe(false);
    expect((await ask("/team/block", { body: { team_id: "nowhere" } })).status).toBe(404);
  });

  it("is not for a team's own admin to unblock", async () => {
    const team_id = await makeTeam();
    const admin = await makeUser("internal_user");
    await joinTeam(team_id, admin.id, "admin");
    for (const route of ["/team/block", "/team/unblock"])
      expect((await ask(route, { key: admin.key, body: { team_id } })).status).toBe(403);
  });

  it("adds and removes models", async () => {
    const team_id = await makeTeam({ models: ["a"] });
    const added = await ask("/team/model/add", { body: { team_id, models: ["a", "b"] } });
    expect(added.json.models).toEqual(["a", "b"]);
    const removed = await ask("/team/model/delete", { body: { team_id, models: ["a"] } });
    expect(removed.json.models).toEqual(["b"]);
    const admin = await makeUser("internal_user");
    await joinTeam(team_id, admin.id, "admin");
    const more = { key: admin.key, body: { team_id, models: ["c"] } };
    expect((await ask("/team/model/add", more)).status).toBe(403);
    const all = { key: admin.key, body: { team_id, models: ["b"] } };
    expect((await ask("/team/model/delete", all)).status).toBe(403); // an empty list is all models
  });

  it("lists and sets permissions", async () => {
    const team_id = await makeTeam();
    const admin = await makeUser("internal_user");
    const member = await makeUser("internal_user");
    await joinTeam(team_id, admin.id, "admin");
    await joinTeam(team_id, member.id, "user");
    const body = { team_id, team_member_permissions: ["/key/generate", "/key/delete"] };
    expect((await ask("/team/permissions_update", { key: member.key, body })).status).toBe(403);
    const { json } = await ask("/team/permissions_update", { key: admin.key, body });
    expect(json.team_member_permissions).toEqual(body.team_member_permissions);
    const listed = await ask(`/team/permissions_list?team_id=${team_id}`, { key: member.key });
    expect(listed.json).toMatchObject(body);
    expect(listed.json.all_available_permissions).toContain("/key/{key_id}/reset_spend");
  });
});

import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { teams } from "../../../../src/store/schema/index.ts";
import { db, joinTeam, makeTeam, makeUser, startApp } from "../fixture.ts";

let ask: ReturnType<typeof startApp>["ask"];
beforeEach(() => {
  ask = startApp().ask;
});

const _newTeam = async (body: Record<string, unknown> = {}) => (await ask("/team/new", { body })).json;
const infoOf = async (id: string) => (await ask(`/team/info?team_id=${encodeURIComponent(id)}`)).json;

describe("callbacks", () => {
  it("are kept in metadata, and their credentials are not shown", async () => {
    const team_id = await makeTeam();
    const body = {
      callback_name: "langfuse",
      callback_type: "success",
      callback_vars: {
        langfuse_public_key: "pk-canary",
        langfuse_secret_key: "sk-canary",
        langfuse_host: "https://x.y",
      },
    };
    const { status, json } = await ask(`/team/${team_id}/callback`, { body });
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: "success", data: { team_id } });
    const shown = await ask(`/team/${team_id}/callback`);
    expect(shown.json.data).toMatchObject({
      team_id,
      success_callbacks: ["langfuse"],
      failure_callbacks: [],
      callback_vars: { langfuse_secret_key: "[secret]", langfuse_host: "https://x.y" },
    });
    const again = await ask(`/team/${team_id}/callback`, { body });
    expect(again.status).toBe(400);
    expect(again.json.error.message).toContain("already exists in success_callback");
    const info = await infoOf(team_id);
    expect(JSON.stringify([json, shown.json, info])).not.toContain("sk-canary");
    await ask("/team/update", { body: { team_id, metadata: { ...info.team_info.metadata, note: 1 } } });
    const [row] = await db.select().from(teams).where(eq(teams.team_id, team_id));
    expect(JSON.stringify(row?.metadata)).toContain("sk-canary"); // what came back hidden is what was there
    const off = await ask(`/team/${team_id}/disable_logging`, { method: "POST" });
    expect(off.json).toEqual({
      status: "success",
      message: `Logging disabled for team ${team_id}`,
      data: { team_id, success_callbacks: [], failure_callbacks: [] },
    });
  });

  it("are the proxy admin's: they say which hosts the gateway calls", async () => {
    const team_id = await makeTeam();
    const admin = await makeUser("internal_user");
    await joinTeam(team_id, admin.id, "admin");
    const body = { callback_name: "langfuse", callback_vars: {} };
    expect((await ask(`/team/${team_id}/callback`, { key: admin.key, body })).status).toBe(403);
    expect((await ask(`/team/${team_id}/disable_logging`, { key: admin.key, method: "POST" })).status).toBe(403);
    expect((await ask(`/team/${team_id}/callback`, { key: admin.key })).status).toBe(200);
    const stranger = await makeUser("internal_user");
    expect((await ask(`/team/${team_id}/callback`, { key: stranger.key })).status).toBe(403);
    expect((await ask("/team/nowhere/callback", { body })).status).toBe(404);
  });
});

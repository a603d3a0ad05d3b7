import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { openMetadata } from "../../../../src/secrets/metadata.ts";
import { teams } from "../../../../src/store/schema/index.ts";
import { scopeOf } from "../../../../src/tenancy/scopes.ts";
import { db, joinTeam, makeTeam, makeUser, startApp } from "../fixture.ts";

let ask: ReturnType<typeof startApp>["ask"];
let gateway: ReturnType<typeof startApp>["gateway"];
beforeEach(() => {
  ({ ask, gateway } = startApp());
});

/** The team's metadata as whoever reports its calls reads it. */
async function opened(team_id: string) {
  const [row] = await db.select().from(teams).where(eq(teams.team_id, team_id));
  expect(JSON.stringify(row)).not.toContain("canary");
  return openMetadata(gateway.vault, scopeOf.team(team_id), row?.metadata ?? {});
}

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
    // What came back hidden is what was there.
    expect(await opened(team_id)).toMatchObject({ note: 1, callback_settings: { callback_vars: body.callback_vars } });
    const off = await ask(`/team/${team_id}/disable_logging`, { method: "POST" });
    expect(off.json).toEqual({
      status: "success",
      message: `Logging disabled for team ${team_id}`,
      data: { team_id, success_callbacks: [], failure_callbacks: [] },
    });
  });

  it("of one service leave the credentials of others where they were, and take none of their own elsewhere", async () => {
    const team_id = await makeTeam();
    const add = (callback_name: string, callback_type: string, callback_vars: Record<string, string>) =>
      ask(`/team/${team_id}/callback`, { body: { callback_name, callback_type, callback_vars } });
    const langfuse = { langfuse_secret_key: "sk-canary", langfuse_host: "https://x.y" };
    expect((await add("langfuse", "success", langfuse)).status).toBe(200);
    const langsmith = { langsmith_api_key: "ls-canary", langsmith_project: "p" };
    expect((await add("langsmith", "success", langsmith)).status).toBe(200);
    expect(await opened(team_id)).toMatchObject({
      callback_settings: { callback_vars: { ...langfuse, ...langsmith } },
    });
    for (const [name, vars] of [
      ["langfuse", { langfuse_host: "https://attacker.example" }],
      ["langsmith", { langfuse_host: "https://attacker.example" }],
      ["langsmith", { langsmith_base_url: "https://attacker.example" }],
      ["langfuse", { langfuse_host: "https://attacker.example", langfuse_secret_key: "[secret]" }],
      ["langfuse", { langfuse_secret_key: "sealed:v1:a:b" }],
    ] as const) {
      const { status, json } = await add(name, "failure", vars);
      expect(status, JSON.stringify(vars)).toBe(400);
      expect(json.error.param).toBe("metadata.callback_vars");
    }
    const anew = { langfuse_host: "https://z.y", langfuse_secret_key: "sk-canary-2" };
    expect((await add("langfuse", "failure", anew)).status).toBe(200);
    expect(await opened(team_id)).toMatchObject({ callback_settings: { callback_vars: { ...langsmith, ...anew } } });
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

/** Access groups: LiteLLM's older ones of models, and the ones teams and keys are let into. */
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { keys, models, teams } from "../../../src/store/schema/index.ts";
import { db, makeKey, makeTeam, makeUser, startApp } from "./fixture.ts";

const app = startApp();
const { ask } = app;
const unique = (prefix: string) => `${prefix}-${crypto.randomUUID().slice(0, 8)}`;

async function addModel(model_name = unique("m"), info: Record<string, unknown> = {}) {
  const body = { model_name, litellm_params: { model: "openai/x", api_key: "k" }, model_info: info };
  return (await ask("/model/new", { body })).json as { model_id: string; model_name: string };
}

const groupsOf = async (id: string) =>
  (await db.select().from(models).where(eq(models.model_id, id)))[0]?.model_info["access_groups"];

describe("groups of models", () => {
  it("are made, shown, changed and deleted", async () => {
    const group = unique("beta/models");
    const url = `/access_group/${encodeURIComponent(group)}`;
    const [one, two, twin] = [
      await addModel(),
      await addModel(unique("two"), { access_groups: ["kept"] }),
      await addModel(),
    ];
    const names = [one.model_name, two.model_name];
    expect(await ask("/access_group/new", { body: { access_group: group, model_names: names } })).toEqual({
      status: 200,
      json: { access_group: group, model_names: names, model_ids: null, models_updated: 2 },
    });
    expect(await groupsOf(two.model_id)).toEqual(["kept", group]);
    const view = { access_group: group, model_names: names.toSorted(), deployment_count: 2 };
    expect((await ask(`${url}/info`)).json).toEqual(view);
    expect((await ask("/access_group/list")).json.access_groups).toContainEqual(view);
    expect(await ask("/access_group/new", { body: { access_group: group, model_names: names } })).toMatchObject({
      status: 409,
    });

    const update = await ask(`${url}/update`, { method: "PUT", body: { model_ids: [two.model_id, twin.model_id] } });
    expect(update.json).toEqual({
      access_group: group,
      model_names: null,
      model_ids: [two.model_id, twin.model_id],
      models_updated: 2,
    });
    expect([await groupsOf(one.model_id), await groupsOf(twin.model_id)]).toEqual([[], [group]]);
    const listed = app.gateway.router.groups.find(twin.model_name)?.deployments[0]?.raw.info["access_groups"];
    expect(listed).toEqual([group]); // served with it at once

    expect(await ask(`${url}/delete`, { method: "DELETE" })).toEqual({
      status: 200,
      json: {
        access_group: group,
        models_updated: 2,
        message: `Access group '${group}' deleted successfully`,
      },
    });
    expect(await groupsOf(two.model_id)).toEqual(["kept"]);
    expect(await ask(`${url}/info`)).toMatchObject({ status: 404 });
  });

  it.each([
    ["POST", "/access_group/new", { access_group: "x", model_names: ["nobody"] }, 400, /not found in db: nobody/],
    ["POST", "/access_group/new", { access_group: "x", model_ids: ["no-id"] }, 400, /not found in db: no-id/],
    ["POST", "/access_group/new", { access_group: "x" }, 400, /cannot be empty/],
    ["POST", "/access_group/new", { access_group: " ", model_names: ["a"] }, 422, /access_group/],
    ["POST", "/access_group/new", { access_group: "x", model_names: "a" }, 422, /model_names/],
    ["GET", "/access_group/none/info", undefined, 404, "Access group 'none' not found"],
    ["PUT", "/access_group/none/update", { model_names: ["a"] }, 404, "Access group 'none' not found"],
    ["DELETE", "/access_group/none/delete", undefined, 404, "Access group 'none' not found"],
  ])("%s %s %j is refused", async (method, path, body, status, message) => {
    const answer = await ask(path, { method, ...(body && { body }) });
    expect(answer.json.error.message).toMatch(message);
    expect(answer.status).toBe(status);
  });
});

describe("unified groups", () => {
  it.each(["/v1/access_group", "/v1/unified_access_group"])("%s: all of a life", async (path) => {
    const [team, other] = [await makeTeam(), await makeTeam({ access_group_ids: ["before"] })];
    const key = await makeKey({ team_id: team });
    const name = unique("group");
    const { status, json } = await ask(path, {
      body: {
        access_group_name: name,
        access_model_names: ["a", "b", "a"],
        assigned_team_ids: [team],
        assigned_key_ids: [key.key],
      },
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      access_group_id: expect.any(String),
      access_group_name: name,
      description: null,
      access_model_names: ["a", "b"],
      access_mcp_server_ids: [],
      access_agent_ids: [],
      assigned_team_ids: [team],
      assigned_key_ids: [key.token],
      created_at: expect.any(String),
      created_by: "default_user_id",
      updated_at: expect.any(String),
      updated_by: "default_user_id",
    });
    const id = json.access_group_id as string;
    const url = `${path}/${id}`;
    const ofTeam = async (of: string) =>
      (await db.select().from(teams).where(eq(teams.team_id, of)))[0]?.access_group_ids;
    const ofKey = async () => (await db.select().from(keys).where(eq(keys.token, key.token)))[0]?.access_group_ids;
    expect([await ofTeam(team), await ofKey()]).toEqual([[id], [id]]);
    expect((await ask(url)).json).toEqual(json);
    expect((await ask(path)).json).toContainEqual(json);

    const body = { description: "d", assigned_team_ids: [other], assigned_key_ids: null };
    const updated = (await ask(url, { method: "PUT", body })).json;
    expect(updated).toMatchObject({ access_model_names: ["a", "b"], description: "d", assigned_key_ids: [] });
    expect([await ofTeam(team), await ofTeam(other), await ofKey()]).toEqual([[], ["before", id], []]);
    expect((await ask(url, { method: "PUT", body: { description: null } })).json.description).toBeNull();

    expect((await ask(path, { body: { access_group_name: name } })).json.error.message).toBe(
      `Access group '${name}' already exists`,
    );
    expect((await ask(path, { body: { access_group_name: name } })).status).toBe(409);
    const second = await ask(path, { body: { access_group_name: unique("second") } });
    const renamed = { access_group_name: name };
    expect(await ask(`${path}/${second.json.access_group_id}`, { method: "PUT", body: renamed })).toMatchObject({
      status: 409,
    });

    expect((await ask(url, { method: "DELETE" })).status).toBe(200);
    expect(await ofTeam(other)).toEqual(["before"]);
    for (const method of ["GET", "PUT", "DELETE"]) {
      const gone = await ask(url, { method, ...(method === "PUT" && { body: {} }) });
      expect(gone).toMatchObject({ status: 404, json: { error: { message: `Access group '${id}' not found` } } });
    }
  });

  it("open models to the keys of their teams", async () => {
    const [allowed, closed] = [await addModel(), await addModel()];
    const team = await makeTeam({ models: ["nothing-else"] });
    const { key } = await makeKey({ team_id: team });
    const body = {
      access_group_name: unique("g"),
      access_model_names: [allowed.model_name],
      assigned_team_ids: [team],
    };
    await ask("/v1/access_group", { body });
    expect((await ask(`/v1/models/${allowed.model_name}`, { key })).status).toBe(200);
    expect((await ask(`/v1/models/${closed.model_name}`, { key })).status).toBe(404);
  });
});

it("only admins change groups, only viewers of all see them", async () => {
  const roles = ["proxy_admin_viewer", "org_admin", "internal_user", "internal_user_viewer"] as const;
  const callers = await Promise.all(roles.map(async (role) => [role, (await makeUser(role)).key] as const));
  for (const [role, key] of [...callers, ["key", (await makeKey()).key] as const]) {
    for (const path of ["/access_group/list", "/v1/access_group", "/v1/unified_access_group"])
      expect({ role, ...(await ask(path, { key })) }).toMatchObject({
        role,
        status: role === "proxy_admin_viewer" ? 200 : 403,
      });
    for (const [method, path] of [
      ["POST", "/access_group/new"],
      ["PUT", "/access_group/x/update"],
      ["DELETE", "/access_group/x/delete"],
      ["POST", "/v1/access_group"],
      ["PUT", "/v1/access_group/x"],
      ["DELETE", "/v1/unified_access_group/x"],
    ] as const)
      expect((await ask(path, { method, body: {}, key })).status).toBe(403);
  }
});

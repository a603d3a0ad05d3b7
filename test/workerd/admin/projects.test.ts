import { eq } from "drizzle-orm";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { budgets, projects } from "../../../src/store/schema/index.ts";
import { db, joinOrganization, joinTeam, makeKey, makeOrganization, makeTeam, makeUser, startApp } from "./fixture.ts";

const { ask, faults } = startApp();
afterAll(() => expect(faults).toEqual([]));

const [viewer, lead, member, watcher, chief, stranger] = await Promise.all([
  makeUser("proxy_admin_viewer"),
  makeUser("internal_user"),
  makeUser("internal_user"),
  makeUser("internal_user_viewer"),
  makeUser("org_admin"),
  makeUser("internal_user"),
]);
const alone = await makeKey();
const organization = await makeOrganization();
await joinOrganization(organization, chief.id, "org_admin");

/** Made anew for each test. */
let team: string;
let id: string;
beforeEach(async () => {
  team = await makeTeam({
    organization_id: organization,
    models: ["gpt-4o", "claude-*"],
    max_budget: 100,
    rpm_limit: 50,
    tpm_limit: 5000,
    object_permission: { mcp_servers: ["github"], vector_stores: ["v1"] },
  });
  await joinTeam(team, lead.id, "admin");
  await joinTeam(team, member.id, "user");
  await joinTeam(team, watcher.id, "user");
  const { json } = await ask("/project/new", { body: { team_id: team, max_budget: 10 } });
  id = json.project_id;
});

const create = (body: object, key?: string) => ask("/project/new", { key, body: { team_id: team, ...body } });
const update = (body: object, key?: string) => ask("/project/update", { key, body: { project_id: id, ...body } });
const info = (key?: string) => ask(`/project/info?project_id=${id}`, { key });
const remove = (project_ids: string[], key?: string) =>
  ask("/project/delete", { method: "DELETE", key, body: { project_ids } });

describe("POST /project/new", () => {
  it("answers with the project and its tier", async () => {
    const { status, json } = await create({
      project_id: `mine-${team}`,
      project_alias: "Search",
      description: "finds",
      models: ["gpt-4o", "claude-haiku"],
      metadata: { ticket: "S-1" },
      tags: ["prod"],
      model_rpm_limit: { "gpt-4o": 5 },
      model_tpm_limit: { "gpt-4o": 500 },
      max_budget: 20,
      soft_budget: 10,
      budget_duration: "1d",
      object_permission: { mcp_servers: ["github"] },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      project_id: `mine-${team}`,
      project_alias: "Search",
      description: "finds",
      team_id: team,
      models: ["gpt-4o", "claude-haiku"],
      metadata: { ticket: "S-1" },
      tags: ["prod"],
      guardrails: null,
      model_rpm_limit: { "gpt-4o": 5 },
      model_tpm_limit: { "gpt-4o": 500 },
      spend: 0,
      blocked: false,
      created_by: "default_user_id",
      litellm_budget_table: { max_budget: 20, soft_budget: 10, budget_duration: "1d" },
      object_permission: { mcp_servers: ["github"] },
    });
    expect(json.budget_id).toBe(json.litellm_budget_table.budget_id);
    const [row] = await db.select().from(projects).where(eq(projects.project_id, json.project_id));
    expect(row?.metadata).toEqual({ ticket: "S-1", tags: ["prod"] });
  });

  it("injects nothing", async () => {
    expect((await create({})).json).toMatchObject({
      project_alias: null,
      models: [],
      metadata: {},
      tags: null,
      model_rpm_limit: {},
      litellm_budget_table: { max_budget: null, budget_duration: null },
    });
  });

  it("gives no more than the team has", async () => {
    const refused = async (body: object) => {
      const { status, json } = await create(body);
      return [status, json.error.param];
    };
    expect(await refused({ models: ["gpt-5"] })).toEqual([400, "models"]);
    expect(await refused({ models: ["*"] })).toEqual([400, "models"]);
    expect(await refused({ max_budget: 101 })).toEqual([400, "max_budget"]);
    expect(await refused({ rpm_limit: 51 })).toEqual([400, "rpm_limit"]);
    expect(await refused({ tpm_limit: 5001 })).toEqual([400, "tpm_limit"]);
    expect(await refused({ max_budget: 5, soft_budget: 5 })).toEqual([400, "soft_budget"]);
    const { json } = await create({ models: ["gpt-5"] });
    expect(json.error.message).toContain("not in team's allowed models");
  });

  it("needs a team that is there, and an id that is free", async () => {
    expect(await ask("/project/new", { body: {} })).toMatchObject({
      status: 422,
      json: { error: { param: "team_id" } },
    });
    expect(await create({ team_id: "nowhere" })).toMatchObject({
      status: 404,
      json: { error: { message: "Team not found, team_id=nowhere", type: "not_found", param: "team_id" } },
    });
    expect(await create({ project_id: id })).toMatchObject({
      status: 400,
      json: { error: { type: "bad_request", param: "project_id" } },
    });
  });

  it("is for the proxy admin, admins of the team and of its organization", async () => {
    for (const { key } of [lead, chief]) expect((await create({ max_budget: 1 }, key)).status).toBe(200);
    const refused = await create({}, member.key);
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.json.error.message).toContain("Only admins or team admins can create projects");
    for (const { key } of [viewer, watcher, stranger, alone]) expect((await create({}, key)).status).toBe(403);
  });

  it("lets a team's admin give nothing it has not", async () => {
    await ask("/budget/new", { body: { budget_id: `big-${team}`, max_budget: 1e6 } });
    for (const body of [
      { budget_id: `big-${team}` },
      { object_permission: { mcp_servers: ["prod-database"] } },
      { object_permission: { vector_stores: ["v2"] } },
      { object_permission: { agents: ["a"] } },
      { object_permission: { mcp_tool_permissions: { "prod-database": ["drop"] } } },
      { metadata: { disable_global_guardrails: true } },
    ])
      expect((await create(body, lead.key)).status, JSON.stringify(body)).toBe(403);
    const fine = { object_permission: { mcp_servers: ["github"], vector_stores: ["v1"] }, tags: ["x"] };
    expect((await create(fine, lead.key)).status).toBe(200);
  });
});

describe("POST /project/update", () => {
  it("changes what is said, clears what is null, leaves the rest", async () => {
    await update({ project_alias: "A", description: "d", models: ["gpt-4o"], tags: ["t"], metadata: { a: 1, b: 2 } });
    const { json } = await update({ description: null, max_budget: null, metadata: { b: 2 }, rpm_limit: 5 });
    expect(json).toMatchObject({
      project_alias: "A",
      description: null,
      models: ["gpt-4o"],
      tags: ["t"],
      litellm_budget_table: { max_budget: null, rpm_limit: 5 },
    });
    expect(json.metadata).toEqual({ b: 2 });
    const cleared = await update({ project_alias: null, models: null, tags: null, model_rpm_limit: null });
    expect(cleared.json).toMatchObject({ project_alias: null, models: [], tags: null, model_rpm_limit: {} });
    expect((await info()).json).toEqual(cleared.json);
    expect((await update({ blocked: true })).json.blocked).toBe(true);
    expect((await update({ blocked: false })).json.blocked).toBe(false);
  });

  it("keeps to the team's limits", async () => {
    expect((await update({ max_budget: 101 })).status).toBe(400);
    expect((await update({ models: ["gpt-5"] })).status).toBe(400);
    expect((await update({ max_budget: 100 })).status).toBe(200);
  });

  it("says where there is none, and what is wrong", async () => {
    expect(await ask("/project/update", { body: { project_id: "nowhere" } })).toMatchObject({
      status: 404,
      json: { error: { message: "Project not found, project_id=nowhere", type: "not_found" } },
    });
    expect(await ask("/project/update", { body: {} })).toMatchObject({ status: 422 });
    expect((await update({ team_id: null })).status).toBe(422);
  });

  it("moves it to a team that may have it, by whoever runs both", async () => {
    const poor = await makeTeam({ max_budget: 5 });
    await joinTeam(poor, stranger.id, "admin");
    expect((await update({ team_id: poor })).status).toBe(400); // it has a budget of 10
    expect((await update({ team_id: poor }, stranger.key)).status).toBe(403); // somebody else's project
    expect((await update({ team_id: poor, max_budget: 5 }, lead.key)).status).toBe(403); // somebody else's team
    await joinTeam(poor, lead.id, "admin");
    const moved = await update({ team_id: poor, max_budget: 5 }, lead.key);
    expect(moved).toMatchObject({ status: 200, json: { team_id: poor } });
  });

  it("never changes a budget others share, for a team's admin", async () => {
    const tier = `of-${organization}-${team}`;
    await ask("/budget/new", { body: { budget_id: tier, max_budget: 10 } });
    await create({ budget_id: tier });
    await update({ budget_id: tier });
    const { json } = await update({ max_budget: 90 }, lead.key);
    expect(json.litellm_budget_table.max_budget).toBe(90);
    expect(json.budget_id).not.toBe(tier);
    const [row] = await db.select().from(budgets).where(eq(budgets.budget_id, tier));
    expect(row?.max_budget).toBe(10);
    expect((await update({ budget_id: tier }, lead.key)).status).toBe(403);
    expect((await update({ budget_id: null }, lead.key)).status).toBe(403);
  });

  it("is for the proxy admin, admins of the team and of its organization", async () => {
    for (const { key } of [lead, chief]) expect((await update({ description: "x" }, key)).status).toBe(200);
    for (const { key } of [member, viewer, watcher, stranger, alone])
      expect((await update({ description: "y" }, key)).status).toBe(403);
  });
});

describe("GET /project/info and /project/list", () => {
  const list = async (key?: string) =>
    (await ask("/project/list", { key })).json.map((one: { project_id: string }) => one.project_id);

  it("are for whoever is in the team", async () => {
    for (const { key } of [viewer, lead, member, watcher, chief]) {
      expect((await info(key)).status).toBe(200);
      expect(await list(key)).toContain(id);
    }
    expect(await info(stranger.key)).toMatchObject({
      status: 403,
      json: { error: { message: "You don't have access to this project" } },
    });
    expect(await list(stranger.key)).not.toContain(id);
    expect((await info(alone.key)).status).toBe(403);
    expect((await ask("/project/list", { key: alone.key })).status).toBe(403);
  });

  it("say where there is none", async () => {
    expect(await ask("/project/info?project_id=nowhere")).toMatchObject({ status: 404 });
    expect(await ask("/project/info")).toMatchObject({ status: 422, json: { error: { param: "project_id" } } });
  });
});

describe("DELETE /project/delete", () => {
  it("answers with what it deleted", async () => {
    const { status, json } = await remove([id]);
    expect(status).toBe(200);
    expect(json).toMatchObject([{ project_id: id, team_id: team }]);
    expect((await info()).status).toBe(404);
  });

  it("deletes none that has keys, or where one is not there", async () => {
    expect(await remove([id, "nowhere"])).toMatchObject({ status: 404, json: { error: { param: "project_ids" } } });
    await makeKey({ project_id: id, team_id: team });
    const { status, json } = await remove([id]);
    expect(status).toBe(400);
    expect(json.error.message).toBe(
      `Cannot delete project ${id}. 1 key(s) are associated with it. Please delete or reassign the keys first.`,
    );
    expect((await info()).status).toBe(200);
  });

  it("is for the proxy admin only", async () => {
    for (const { key } of [lead, chief, member, viewer, alone]) expect((await remove([id], key)).status).toBe(403);
  });
});

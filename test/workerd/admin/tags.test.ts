import { eq } from "drizzle-orm";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { dailyTagSpend, models, scopeSpend } from "../../../src/store/schema/index.ts";
import { db, makeKey, makeUser, startApp } from "./fixture.ts";

const { ask, faults, gateway } = startApp();
afterAll(() => expect(faults).toEqual([]));

const viewer = await makeUser("proxy_admin_viewer");
const others = [
  ...(await Promise.all([makeUser("org_admin"), makeUser("internal_user"), makeUser("internal_user_viewer")])),
  await makeKey(),
];

let count = 0;
let name: string;
beforeEach(() => {
  count += 1;
  name = `tag ${count}`;
});

const create = (body: object = {}, key?: string) => ask("/tag/new", { key, body: { name, ...body } });
const update = (body: object, key?: string) => ask("/tag/update", { key, body: { name, ...body } });
const info = async () => (await ask("/tag/info", { body: { names: [name] } })).json[name];

async function seen(tag: string, day: string): Promise<void> {
  const tokens = { promptTokens: 1, completionTokens: 1, totalTokens: 2, cacheReadTokens: 0, cacheCreationTokens: 0 };
  const row = { keyHash: "k", model: "m", modelGroup: "m", provider: "p", endpoint: "chat", spend: 1, ...tokens };
  await db.insert(dailyTagSpend).values({ day, tag, ...row, requests: 1, successful: 1, failed: 0 });
}

describe("POST /tag/new", () => {
  it("answers with the tag", async () => {
    await db.insert(models).values({
      model_id: "model-1",
      model_name: "gpt-4o",
      litellm_params: {},
      model_info: {},
      created_at: "2026",
      updated_at: "2026",
    });
    const { status, json } = await create({ description: "d", models: ["model-1", "claude"], max_budget: 3 });
    expect(status).toBe(200);
    expect(json.message).toBe(`Tag ${name} created successfully`);
    expect(json.tag).toMatchObject({
      name,
      description: "d",
      models: ["model-1", "claude"],
      model_info: { "model-1": "gpt-4o" },
      spend: 0,
      created_by: "default_user_id",
      litellm_budget_table: { max_budget: 3 },
    });
    expect(json.tag).not.toHaveProperty("budget_id"); // Terraform would take it for a change
  });

  it("gives the tag to the deployments it names, and takes it from those it names no more", async () => {
    const made = async (fields: object) => {
      const litellm_params = { model: "openai/gpt-4o", api_key: "sk-canary", ...fields };
      const { json } = await ask("/model/new", { body: { model_name: "tagged", litellm_params } });
      return json.model_id as string; // as LiteLLM answers
    };
    const [one, two] = [await made({}), await made({ tags: ["paid"] })];
    const tagsOf = async (id: string) => {
      const [row] = await db.select().from(models).where(eq(models.model_id, id));
      const served = gateway.router.groups.deployments().find((deployment) => deployment.id === id);
      expect(served?.tags ?? []).toEqual(row?.litellm_params["tags"] ?? []);
      return served?.tags;
    };
    await create({ models: [one, two, "not-there"] });
    expect([await tagsOf(one), await tagsOf(two)]).toEqual([[name], ["paid", name]]);
    await update({ description: "d" });
    expect(await tagsOf(one)).toEqual([name]);
    await update({ models: [two] });
    expect([await tagsOf(one), await tagsOf(two)]).toEqual([[], ["paid", name]]);
    await ask("/tag/delete", { body: { name } });
    expect(await tagsOf(two)).toEqual(["paid"]);
  });

  it("has no budget where no limit is given", async () => {
    expect((await create()).json.tag).toMatchObject({ description: null, models: [], litellm_budget_table: null });
  });

  it("refuses a name that is taken, or none", async () => {
    await create();
    expect(await create({ max_budget: 1 })).toMatchObject({
      status: 400,
      json: { error: { message: `Tag ${name} already exists`, param: "name" } },
    });
    expect(await ask("/tag/new", { body: {} })).toMatchObject({ status: 422, json: { error: { param: "name" } } });
    expect(await ask("/tag/new", { body: { name: "" } })).toMatchObject({ status: 422 });
  });
});

describe("POST /tag/update", () => {
  it("changes what is said, clears what is null, leaves the rest", async () => {
    await create({ description: "d", models: ["a"], max_budget: 3, rpm_limit: 5 });
    const { json } = await update({ max_budget: 4 });
    expect(json.message).toBe(`Tag ${name} updated successfully`);
    expect(json.tag).toMatchObject({
      description: "d",
      models: ["a"],
      litellm_budget_table: { max_budget: 4, rpm_limit: 5 },
    });
    const cleared = await update({ description: null, models: null, rpm_limit: null, budget_duration: "1d" });
    expect(cleared.json.tag).toMatchObject({
      description: null,
      models: [],
      litellm_budget_table: { max_budget: 4, rpm_limit: null, budget_duration: "1d" },
    });
    expect(await info()).toEqual(cleared.json.tag);
  });

  it("links a budget and lets it go", async () => {
    await ask("/budget/new", { body: { budget_id: `tier of ${name}`, max_budget: 8 } });
    await create();
    const linked = await update({ budget_id: `tier of ${name}` });
    expect(linked.json.tag.litellm_budget_table).toMatchObject({ budget_id: `tier of ${name}`, max_budget: 8 });
    await ask("/budget/delete", { body: { id: `tier of ${name}` } });
    expect((await info()).litellm_budget_table).toBeNull();
    expect((await update({ max_budget: 1 })).json.tag.litellm_budget_table).toMatchObject({ max_budget: 1 });
    expect((await update({ budget_id: null })).json.tag.litellm_budget_table).toBeNull();
  });

  it("says where there is none", async () => {
    expect(await update({ description: "x" })).toMatchObject({
      status: 404,
      json: { error: { message: `Tag ${name} not found` } },
    });
  });
});

describe("POST /tag/info", () => {
  it("answers by name, and says which are not there", async () => {
    await create();
    await db
      .insert(scopeSpend)
      .values({ scope: `tag:${name}`, total_nano: 1e9, window_nano: 0, window_start: 0, updated_at: 0 });
    expect(await info()).toMatchObject({ name, spend: 1 });
    expect(await ask("/tag/info", { body: { names: [name, "nope"] } })).toMatchObject({
      status: 404,
      json: { error: { message: "Tags not found: ['nope']" } },
    });
    expect((await ask("/tag/info", { body: { names: [] } })).json).toEqual({});
  });

  it("takes more names than D1 takes parameters", async () => {
    const names = Array.from({ length: 150 }, (_, index) => `none ${index}`);
    expect((await ask("/tag/info", { body: { names } })).status).toBe(404);
  });
});

describe("GET /tag/list", () => {
  const today = new Date().toISOString().slice(0, 10);
  const listed = async (query = "") => (await ask(`/tag/list${query}`)).json as { name: string; models: unknown }[];

  it("lists the tags that were made, and those only seen in requests", async () => {
    await create();
    await seen(name, today); // made and seen: once
    await seen(`seen ${name}`, "2020-01-02");
    await seen(`seen ${name}`, today);
    const tags = await listed();
    expect(tags.filter((tag) => tag.name === name)).toHaveLength(1);
    expect(tags.find((tag) => tag.name === `seen ${name}`)).toMatchObject({ models: null });
  });

  it("leaves out what was seen long ago, unless those days are asked for", async () => {
    await seen(`old ${name}`, "2020-01-02");
    const has = async (query = "") => (await listed(query)).some((tag) => tag.name === `old ${name}`);
    expect(await has()).toBe(false);
    expect(await has("?start_date=2020-01-01&end_date=2020-01-31")).toBe(true);
    expect(await has("?start_date=2020-02-01&end_date=2020-02-28")).toBe(false);
    expect(await ask("/tag/list?start_date=2020-01-01")).toMatchObject({ status: 400 });
    expect(await ask("/tag/list?start_date=2020-01-02&end_date=2020-01-01")).toMatchObject({ status: 400 });
    expect(await ask("/tag/list?start_date=then&end_date=now")).toMatchObject({ status: 422 });
  });
});

describe("POST /tag/delete", () => {
  it("deletes a tag", async () => {
    await create();
    expect(await ask("/tag/delete", { body: { name } })).toEqual({
      status: 200,
      json: { message: `Tag ${name} deleted successfully` },
    });
    expect(await ask("/tag/delete", { body: { name } })).toMatchObject({
      status: 404,
      json: { error: { message: `Tag ${name} not found` } },
    });
  });
});

it("tags are the proxy admin's to change; viewers may look", async () => {
  await create();
  for (const { key } of [viewer, ...others]) {
    expect((await create({ name: "x" }, key)).status).toBe(403);
    expect((await update({ description: "x" }, key)).status).toBe(403);
    expect((await ask("/tag/delete", { key, body: { name } })).status).toBe(403);
  }
  expect((await ask("/tag/list", { key: viewer.key })).status).toBe(200);
  expect((await ask("/tag/info", { key: viewer.key, body: { names: [name] } })).status).toBe(200);
  for (const { key } of others) {
    expect((await ask("/tag/list", { key })).status).toBe(403);
    expect((await ask("/tag/info", { key, body: { names: [name] } })).status).toBe(403);
  }
});

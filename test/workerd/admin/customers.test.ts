import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { scopeSpend } from "../../../src/store/schema/index.ts";
import { db, makeKey, makeUser, startApp } from "./fixture.ts";

const { ask, faults } = startApp({
  model_list: [{ model_name: "gpt-4o", litellm_params: { model: "openai/gpt-4o", api_key: "sk-x" } }],
});
afterAll(() => expect(faults).toEqual([]));

const viewer = await makeUser("proxy_admin_viewer");
const others = [
  ...(await Promise.all([makeUser("org_admin"), makeUser("internal_user"), makeUser("internal_user_viewer")])),
  await makeKey(),
];

let count = 0;
let id: string;
beforeEach(() => {
  count += 1;
  id = `customer-${count}`;
});

const create = (body: object = {}, key?: string) => ask("/customer/new", { key, body: { user_id: id, ...body } });
const update = (body: object, key?: string) => ask("/customer/update", { key, body: { user_id: id, ...body } });
const info = (key?: string) => ask(`/customer/info?end_user_id=${id}`, { key });

describe("POST /customer/new", () => {
  it("makes a customer without a budget where no limit is given", async () => {
    expect(await create({ alias: "Ann", allowed_model_region: "eu", default_model: "gpt-4o" })).toEqual({
      status: 200,
      json: {
        user_id: id,
        alias: "Ann",
        spend: 0,
        blocked: false,
        allowed_model_region: "eu",
        default_model: "gpt-4o",
        budget_id: null,
        litellm_budget_table: null,
        object_permission_id: null,
        object_permission: null,
      },
    });
  });

  it("makes a budget of limits, or shares one", async () => {
    const own = await create({ max_budget: 5, budget_duration: "7d", spend: 1.5 });
    expect(own.json).toMatchObject({ spend: 1.5, litellm_budget_table: { max_budget: 5, budget_duration: "7d" } });
    expect((await info()).json.spend).toBe(1.5);
    await ask("/budget/new", { body: { budget_id: "free-tier", max_budget: 1 } });
    const shared = await create({ user_id: `${id}-b`, budget_id: "free-tier" });
    expect(shared.json).toMatchObject({ budget_id: "free-tier", litellm_budget_table: { max_budget: 1 } });
  });

  it("has LiteLLM's words for a customer that is there", async () => {
    await create();
    expect(await create()).toEqual({
      status: 400,
      json: {
        error: {
          message: `Customer already exists, passed user_id=${id}. Please pass a new user_id.`,
          type: "bad_request",
          param: "user_id",
          code: "400",
        },
      },
    });
  });

  it("refuses a model nobody serves, a region there is not, a budget there is not", async () => {
    expect(await create({ default_model: "no-such" })).toMatchObject({
      status: 422,
      json: { error: { param: "default_model" } },
    });
    expect(await create({ allowed_model_region: "mars" })).toMatchObject({ status: 422 });
    expect(await create({ budget_id: "no-such" })).toMatchObject({ status: 404 });
    expect(await create({ user_id: "x".repeat(513) })).toMatchObject({
      status: 422,
      json: { error: { param: "user_id" } },
    });
    expect((await info()).status).toBe(404);
  });
});

describe("POST /customer/update", () => {
  it("changes what is said, clears what is null, leaves the rest", async () => {
    await create({ alias: "Ann", default_model: "gpt-4o", max_budget: 5, tpm_limit: 9 });
    const { json } = await update({ alias: null, max_budget: 6 });
    expect(json).toMatchObject({
      alias: null,
      default_model: "gpt-4o",
      litellm_budget_table: { max_budget: 6, tpm_limit: 9 },
    });
    expect((await update({ max_budget: null })).json.litellm_budget_table).toMatchObject({ max_budget: null });
    expect((await update({ budget_id: null })).json).toMatchObject({ budget_id: null, litellm_budget_table: null });
    expect((await info()).json).toMatchObject({ budget_id: null, default_model: "gpt-4o" });
  });

  it("makes a budget for one that has none, and unblocks, as LiteLLM does not", async () => {
    await create({ blocked: true });
    expect((await update({ max_budget: 3 })).json).toMatchObject({
      blocked: true,
      litellm_budget_table: { max_budget: 3 },
    });
    expect((await update({ blocked: false })).json.blocked).toBe(false);
  });

  it("merges what it may reach", async () => {
    await create({ object_permission: { mcp_servers: ["a"], vector_stores: ["v"] } });
    const { json } = await update({ object_permission: { mcp_servers: ["b"] } });
    expect(json.object_permission).toMatchObject({ mcp_servers: ["b"], vector_stores: ["v"] });
    expect((await update({ object_permission: null })).json.object_permission).toBeNull();
  });

  it("says where there is none", async () => {
    expect(await update({ alias: "x" })).toMatchObject({
      status: 404,
      json: { error: { message: `End User Id=${id} does not exist in db`, type: "not_found", param: "user_id" } },
    });
  });
});

describe("GET /customer/info and /customer/list", () => {
  it("show one and all, spend as it was written down", async () => {
    await create({ max_budget: 2 });
    await db
      .insert(scopeSpend)
      .values({ scope: `customer:${id}`, total_nano: 25e8, window_nano: 0, window_start: 0, updated_at: 0 });
    const { json } = await ask("/customer/list");
    expect(json.find((one: { user_id: string }) => one.user_id === id)).toMatchObject({
      spend: 2.5,
      litellm_budget_table: { max_budget: 2 },
    });
    expect(await ask("/customer/info?end_user_id=nobody")).toMatchObject({
      status: 404,
      json: { error: { param: "end_user_id" } },
    });
    expect(await ask("/customer/info")).toMatchObject({ status: 422, json: { error: { param: "end_user_id" } } });
  });

  it("are for admins and their viewers", async () => {
    await create();
    for (const path of ["/customer/list", `/customer/info?end_user_id=${id}`]) {
      expect((await ask(path, { key: viewer.key })).status).toBe(200);
      for (const { key } of others) expect((await ask(path, { key })).status).toBe(403);
    }
  });
});

describe("POST /customer/delete", () => {
  it("counts what it deleted, in LiteLLM's words, and forgets what was spent", async () => {
    await create({ spend: 3 });
    await create({ user_id: `${id}-b` });
    expect(await ask("/customer/delete", { body: { user_ids: [id, `${id}-b`] } })).toEqual({
      status: 200,
      json: {
        deleted_customers: 2,
        message: `Successfully deleted customers with ids: ['${id}', '${id}-b']`,
      },
    });
    expect((await create()).json.spend).toBe(0);
  });

  it("deletes none where one is not there", async () => {
    await create();
    expect(await ask("/customer/delete", { body: { user_ids: [id, "nobody"] } })).toMatchObject({
      status: 404,
      json: { error: { message: "End User Id(s)=nobody do not exist in db", type: "not_found", param: "user_ids" } },
    });
    expect((await info()).status).toBe(200);
    expect((await ask("/customer/delete", { body: { user_ids: [] } })).status).toBe(400);
  });
});

describe("POST /customer/block and /customer/unblock", () => {
  it("block also those nobody has made, and keep what others are", async () => {
    await create({ alias: "Ann", max_budget: 4 });
    const { json } = await ask("/customer/block", { body: { user_ids: [id, `${id}-unknown`] } });
    expect(json.blocked_users).toMatchObject([
      { user_id: id, alias: "Ann", blocked: true, litellm_budget_table: { max_budget: 4 } },
      { user_id: `${id}-unknown`, alias: null, blocked: true, object_permission: null },
    ]);
    expect((await info()).json.blocked).toBe(true);
    const back = await ask("/customer/unblock", { body: { user_ids: [id] } });
    expect(back.json.blocked_users).toMatchObject([{ user_id: id, blocked: false }]);
    expect((await info()).json.blocked).toBe(false);
  });
});

describe("/end_user/*", () => {
  it("is the same under its old name", async () => {
    expect((await ask("/end_user/new", { body: { user_id: id } })).status).toBe(200);
    expect((await ask("/end_user/update", { body: { user_id: id, alias: "x" } })).json.alias).toBe("x");
    expect((await ask(`/end_user/info?end_user_id=${id}`)).status).toBe(200);
    expect((await ask("/end_user/list")).status).toBe(200);
    expect((await ask("/end_user/block", { body: { user_ids: [id] } })).status).toBe(200);
    expect((await ask("/end_user/unblock", { body: { user_ids: [id] } })).status).toBe(200);
    expect((await ask("/end_user/delete", { body: { user_ids: [id] } })).status).toBe(200);
  });
});

it("customers are changed by the proxy admin only", async () => {
  await create();
  for (const { key } of [viewer, ...others]) {
    expect((await create({ user_id: "x" }, key)).status).toBe(403);
    expect((await update({ alias: "x" }, key)).status).toBe(403);
    for (const verb of ["delete", "block", "unblock"])
      expect((await ask(`/customer/${verb}`, { key, body: { user_ids: [id] } })).status).toBe(403);
  }
});

/**
 * The gateway as LiteLLM's own Python client for the proxy (`litellm.proxy.client`, 1.106) calls it: its paths, its bodies,
 * and the fields and statuses it reads.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";

type Answer = Record<string, unknown>;

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    model_list: [{ model_name: "of-file", litellm_params: { model: "openai/gpt-4o-mini", api_key: "sk-none" } }],
  });
}, 60_000);

afterAll(() => gateway?.stop());

const unique = (prefix: string) => `${prefix}-${crypto.randomUUID().slice(0, 8)}`;

async function call(method: string, path: string, body?: object, key = MASTER_KEY) {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, json: JSON.parse(text) as Answer };
}

/** `raise_for_status()`, and the body. */
async function ok(...what: Parameters<typeof call>): Promise<Answer> {
  const { status, text, json } = await call(...what);
  expect(status, `${what[0]} ${what[1]}: ${text}`).toBe(200);
  return json;
}

const listOf = (answer: Answer, field: string) => answer[field] as Answer[];

describe("client.keys", () => {
  it("generate, info, update, list, delete", async () => {
    const alias = unique("py");
    const fields = {
      models: ["of-file"],
      aliases: { a: "of-file" },
      duration: "1h",
      key_alias: alias,
      config: { x: 1 },
    };
    const { key, token } = await ok("POST", "/key/generate", fields);
    expect((await ok("GET", `/key/info?key=${key}`))["info"]).toMatchObject({ key_alias: alias, models: ["of-file"] });
    await ok("POST", "/key/update", { key, models: ["other"], key_alias: `${alias}2` });
    const full = "page=1&size=5&return_full_object=true&include_team_keys=true";
    const { keys } = await ok("GET", `/key/list?${full}&key_alias=${alias}2`);
    expect(keys).toMatchObject([{ token, key_alias: `${alias}2`, models: ["other"] }]);
    expect(await ok("GET", `/key/list?key_hash=${token}`)).toMatchObject({ keys: [token], total_count: 1 });
    expect(await ok("POST", "/key/delete", { key_aliases: [`${alias}2`] })).toEqual({ deleted_keys: [`${alias}2`] });
    const another = (await ok("POST", "/key/generate", {}))["key"];
    expect(await ok("POST", "/key/delete", { keys: [another] })).toEqual({ deleted_keys: [another] });
    expect((await call("GET", `/key/info?key=${another}`)).status).toBe(404);
  });
});

describe("client.models and client.model_groups", () => {
  it("new, list, info, get, update, delete", async () => {
    const model_name = unique("py-m");
    const made = await ok("POST", "/model/new", {
      model_name,
      litellm_params: { model: "openai/gpt-4o", api_key: "sk-x" },
      model_info: { description: "d" },
    });
    const id = made["model_id"];
    expect(made["model_info"]).toMatchObject({ id });
    expect(listOf(await ok("GET", "/models"), "data").map((model) => model["id"])).toContain(model_name);
    const groups = listOf(await ok("GET", "/model_group/info"), "data");
    expect(groups.map((group) => group["model_group"])).toContain(model_name);
    const get = async () =>
      listOf(await ok("GET", "/v1/model/info"), "data").find((model) => model["model_name"] === model_name);
    expect(await get()).toMatchObject({ model_info: { id, description: "d" } });

    // models.update() names the model outside of model_info, where LiteLLM does not look for it.
    const litellm_params = { model: "openai/gpt-4o-mini", rpm: 5 };
    await ok("POST", "/model/update", { id, litellm_params, model_info: { description: "e" } });
    expect(await get()).toMatchObject({ litellm_params, model_info: { id, description: "e" } });
    await ok("POST", "/model/update", { id, litellm_params: { rpm: 6 } });
    expect(await get()).toMatchObject({ litellm_params: { rpm: 6 } });

    await ok("POST", "/model/delete", { id });
    expect(await get()).toBeUndefined();
    for (const path of ["/model/delete", "/model/update"])
      expect((await call("POST", path, { id, litellm_params })).text.toLowerCase()).toContain("not found");
  });
});

describe("client.credentials", () => {
  it("create, list, get, delete", async () => {
    const credential_name = unique("py-cred");
    const credential_values = { api_key: "sk-secret-of-python" };
    const credential_info = { custom_llm_provider: "openai" };
    await ok("POST", "/credentials", { credential_name, credential_info, credential_values });
    const all = await ok("GET", "/credentials");
    const read = await ok("GET", `/credentials/by_name/${credential_name}`);
    expect(read).toMatchObject({ credential_name, credential_info });
    expect(all["credentials"]).toContainEqual(read);
    expect(JSON.stringify([all, read])).not.toContain(credential_values.api_key);
    await ok("DELETE", `/credentials/${credential_name}`);
    expect((await call("GET", `/credentials/by_name/${credential_name}`)).text.toLowerCase()).toContain("not found");
  });
});

describe("client.teams and client.users", () => {
  it("list, list_v2, get_available", async () => {
    const team_alias = unique("py-team");
    const { team_id } = await ok("POST", "/team/new", { team_alias });
    expect(await ok("GET", "/team/list")).toContainEqual(expect.objectContaining({ team_id }));
    const query = `page=1&page_size=2&sort_by=created_at&sort_order=desc&team_alias=${team_alias.slice(3)}`;
    expect(await ok("GET", `/v2/team/list?${query}`)).toMatchObject({ teams: [{ team_id }], total: 1, page: 1 });
    expect(await ok("GET", "/team/available")).toEqual([]);
  });

  it("create_user, list_users, get_user, get_user_v2, delete_user", async () => {
    const user = { user_email: `${unique("py")}@example.com`, user_role: "internal_user" };
    const { user_id } = await ok("POST", "/user/new", user);
    const { users } = await ok("GET", "/user/list?page=1&page_size=5");
    expect(users).toContainEqual(expect.objectContaining({ user_id }));
    expect(await ok("GET", `/user/info?user_id=${user_id}`)).toMatchObject({ user_id, user_info: user });
    expect(await ok("GET", `/v2/user/info?user_id=${user_id}`)).toMatchObject({ user_id, ...user });
    await ok("POST", "/user/delete", { user_ids: [user_id] });
    expect((await call("GET", `/user/info?user_id=${user_id}`)).status).toBe(404);
  });
});

it.each(["/key/list", "/models", "/team/list", "/v1/model/info", "/user/list"])(
  "%s with a wrong key is UnauthorizedError: 401",
  async (path) => {
    expect((await call("GET", path, undefined, "sk-wrong")).status).toBe(401);
  },
);

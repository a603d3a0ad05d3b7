/** Models in the database: made, changed, served, and what of them is never shown or sent anywhere else. */
import { eq } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/store/database.ts";
import { models, teams } from "../../../src/store/schema/index.ts";
import {
  type Answer,
  db,
  joinOrganization,
  joinTeam,
  makeKey,
  makeOrganization,
  makeTeam,
  makeUser,
  startApp,
} from "./fixture.ts";

const KEY = "sk-upstream-key-that-nobody-may-see";
const ENVIRONMENT_KEY = "sk-environment-key-that-nobody-may-see";

const config = {
  model_list: [
    { model_name: "of-file", litellm_params: { model: "openai/gpt-4o", api_key: "k" }, model_info: { id: "file-1" } },
    { model_name: "shared", litellm_params: { model: "openai/gpt-4o", litellm_credential_name: "file-credential" } },
  ],
  credential_list: [{ credential_name: "file-credential", credential_values: { api_key: "sk-of-the-file" } }],
  litellm_settings: { store_audit_logs: true },
};
const variables = { OPENAI_API_KEY: ENVIRONMENT_KEY, LITELLM_SALT_KEY: "a salt that stays", OTHER_SECRET: "hush" };
const app = startApp(config, { variables });
const { ask } = app;

let count = 0;
const unique = (prefix: string) => `${prefix}-${++count}-${crypto.randomUUID().slice(0, 8)}`;

async function add(body: Record<string, unknown> = {}): Promise<Answer["json"]> {
  const answer = await ask("/model/new", {
    body: { model_name: unique("m"), litellm_params: { model: "openai/gpt-4o", api_key: KEY }, ...body },
  });
  expect(answer.json).toMatchObject({ model_id: expect.any(String) });
  expect(answer.status).toBe(200);
  return answer.json;
}

const infoOf = async (id: string, from = ask) =>
  (await from(`/model/info?litellm_model_id=${encodeURIComponent(id)}`)).json.data?.[0];
const rowOf = async (id: string) => (await db.select().from(models).where(eq(models.model_id, id)))[0];

describe("POST /model/new", () => {
  it("answers the row, and serves the model at once", async () => {
    const id = crypto.randomUUID();
    const name = unique("terraform");
    const { status, json } = await ask("/model/new", {
      body: {
        model_name: name,
        litellm_params: { model: "openai/gpt-4o", custom_llm_provider: "openai", api_key: KEY, rpm: 5, tpm: null },
        model_info: { id, db_model: true, mode: "chat", access_groups: ["beta"], tier: null },
      },
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      model_id: id,
      model_name: name,
      litellm_params: { model: "openai/gpt-4o", custom_llm_provider: "openai", rpm: 5 },
      model_info: { id, db_model: true, mode: "chat", access_groups: ["beta"] },
      created_at: expect.any(String),
      created_by: "default_user_id",
      updated_at: expect.any(String),
      updated_by: "default_user_id",
    });
    expect(await infoOf(id)).toMatchObject({
      model_name: name,
      litellm_params: { model: "openai/gpt-4o", rpm: 5 },
      model_info: { id, db_model: true, litellm_provider: "openai", created_by: "default_user_id" },
    });
    expect((await ask(`/v2/model/info?modelId=${id}`)).json.total_count).toBe(1);
    expect((await ask("/v1/models")).json.data.map(({ id: one }: { id: string }) => one)).toContain(name);
    expect((await ask(`/v1/models/${name}`)).status).toBe(200);
    expect(app.gateway.router.groups.get(name).deployments[0]?.target.apiKey?.reveal()).toBe(KEY);
  });

  it("keeps secrets as sealed texts only, and shows none", async () => {
    const params = {
      model: "openai/gpt-4o",
      api_key: KEY,
      api_base: "https://user:hidden-1@example.com/v1",
      extra_headers: { "x-tenant": "hidden-2" },
      extra_body: { deep: { auth_token: "hidden-3" }, plain: 1 },
      aws_secret_access_key: "hidden-4",
    };
    const made = await add({ litellm_params: params });
    const row = JSON.stringify(await rowOf(made.model_id));
    const shown = JSON.stringify([made, await infoOf(made.model_id), await ask("/health/latest")]);
    for (const secret of [KEY, "hidden-1", "hidden-2", "hidden-3", "hidden-4"]) {
      expect(row).not.toContain(secret);
      expect(shown).not.toContain(secret);
    }
    const [deployment] = app.gateway.router.groups.get(made.model_name).deployments;
    expect(deployment?.target.headers).toEqual({ "x-tenant": "hidden-2" });
    expect(deployment?.extraBody).toEqual(params.extra_body);
    const { json } = await ask("/model/delete", { body: { id: made.model_id } });
    expect(json).toEqual({ message: `Model: ${made.model_id} deleted successfully` });
    expect(app.gateway.router.groups.serves(made.model_name)).toBe(false);
  });

  it.each([
    ["an unknown provider", { litellm_params: { model: "nobody/x" } }, 400, /LLM Provider NOT provided/],
    ["a wrong type", { litellm_params: { model: "openai/x", rpm: "many" } }, 422, /litellm_params\.rpm/],
    ["a wrong type in model_info", { model_info: { base_model: [] } }, 422, /model_info\.base_model/],
    ["no params", { litellm_params: undefined }, 422, /litellm_params/],
    ["no model", { litellm_params: { api_key: "k" } }, 400, /model is missing/],
    ["no name", { model_name: "" }, 422, /model_name/],
    [
      "an unknown credential",
      { litellm_params: { model: "openai/x", litellm_credential_name: "no" } },
      400,
      /no credential no/,
    ],
    ["an unknown team", { model_info: { team_id: "nobody" } }, 400, /Team id=nobody does not exist in db/],
    ["an id of the file", { model_info: { id: "file-1" } }, 400, /Model with id=file-1 already exists/],
    ["an id that is a model's name", { model_info: { id: "of-file" } }, 400, /already exists/],
    ["an id that is too long", { model_info: { id: "x".repeat(600) } }, 422, /model_info\.id/],
    ["a text that looks sealed", { litellm_params: { model: "openai/x", api_key: "sealed:v1:a:b" } }, 400, /sealed:/],
  ])("refuses %s", async (_, fields, status, message) => {
    const body = { model_name: unique("bad"), litellm_params: { model: "openai/gpt-4o", api_key: KEY }, ...fields };
    const answer = await ask("/model/new", { body });
    expect(answer.json.error.message).toMatch(message);
    expect(answer.status).toBe(status);
  });

  it("takes an id once", async () => {
    const { model_id } = await add();
    const body = { model_name: unique("twin"), litellm_params: { model: "openai/x" }, model_info: { id: model_id } };
    expect(await ask("/model/new", { body })).toMatchObject({ status: 400 });
  });
});

describe("changes", () => {
  it("deletes a param with null, and leaves what is not said (Terraform's plan is empty then)", async () => {
    const { model_id, model_name } = await add({
      litellm_params: { model: "openai/gpt-4o", api_key: KEY, rpm: 5, tpm: 9 },
      model_info: { mode: "chat", tier: "free" },
    });
    const { status, json } = await ask(`/model/${model_id}/update`, {
      method: "PATCH",
      body: { litellm_params: { rpm: null, temperature: 0.5 }, model_info: { tier: null } },
    });
    expect(status).toBe(200);
    expect(json.litellm_params).toEqual({ model: "openai/gpt-4o", tpm: 9, temperature: 0.5 });
    expect(json.model_info).toEqual({ id: model_id, db_model: true, mode: "chat" });
    const info = await infoOf(model_id);
    expect(info.litellm_params).toEqual({ model: "openai/gpt-4o", tpm: 9, temperature: 0.5 });
    expect(app.gateway.router.groups.get(model_name).deployments[0]?.target.apiKey?.reveal()).toBe(KEY);
  });

  it("POST /model/update names the model in model_info.id", async () => {
    const { model_id } = await add();
    const name = unique("renamed");
    const body = { model_name: name, litellm_params: { weight: 3 }, model_info: { id: model_id } };
    expect(await ask("/model/update", { body })).toMatchObject({ status: 200, json: { model_name: name } });
    expect(app.gateway.router.groups.get(name).deployments[0]?.weight).toBe(3);
    expect(await ask("/model/update", { body: { litellm_params: {} } })).toMatchObject({ status: 400 });
  });

  it.each([
    ["PATCH", "/model/none/update", { litellm_params: {} }, 404],
    ["PATCH", "/model/file-1/update", { litellm_params: {} }, 404],
    ["POST", "/model/update", { model_info: { id: "none" } }, 400],
    ["POST", "/model/delete", { id: "none" }, 400],
  ])("%s %s: not found", async (method, path, body, status) => {
    const answer = await ask(path, { method, body });
    expect(answer.status).toBe(status);
    expect(answer.json.error.message).toMatch(/^Model with id=(none|file-1) not found in db: model not found$/);
  });

  it("refuses what could not be served any more, and serves on", async () => {
    const { model_id, model_name } = await add();
    const body = { litellm_params: { model: "nobody/x", api_key: KEY } };
    expect(await ask(`/model/${model_id}/update`, { method: "PATCH", body })).toMatchObject({ status: 400 });
    expect(app.gateway.router.groups.get(model_name).deployments[0]?.target.provider).toBe("openai");
  });
});

describe("secrets stay where they were meant for", () => {
  const model = (litellm_params: Record<string, unknown>) =>
    ask("/model/new", { body: { model_name: unique("evil"), litellm_params } });

  it.each([
    ["as a key", { api_key: "os.environ/OTHER_SECRET" }],
    ["as the master key", { api_key: "os.environ/LITELLM_SALT_KEY" }],
    ["as a header", { api_key: "k", extra_headers: { "x-a": "os.environ/OPENAI_API_KEY" } }],
    ["as a mock answer", { mock_response: "os.environ/OPENAI_API_KEY" }],
    ["as another field", { api_key: "k", organization: "os.environ/OPENAI_API_KEY" }],
    ["deep in the body", { api_key: "k", extra_body: { a: { b: ["os.environ/OTHER_SECRET"] } } }],
    ["as the host", { api_key: "k", api_base: "os.environ/OTHER_SECRET" }],
  ])("a variable of the gateway is not named %s (CVE-2024-6587, CVE-2026-35029)", async (_, params) => {
    const { status, json } = await model({ model: "openai/gpt-4o", ...params });
    expect(json.error.message).toMatch(/only the provider's own variables may be named/);
    expect(status).toBe(400);
  });

  it("the provider's own variable may be named, for the provider's own host (CVE-2024-6587)", async () => {
    const params = { model: "openai/gpt-4o", api_key: "os.environ/OPENAI_API_KEY" };
    const made = await add({ litellm_params: params });
    const key = () => app.gateway.router.groups.get(made.model_name).deployments[0]?.target.apiKey?.reveal();
    expect(key()).toBe(ENVIRONMENT_KEY);
    const { status } = await model({ ...params, api_base: "https://evil.example" });
    expect(status).toBe(400);
  });

  it("a host chosen over the API gets no key of the environment (CVE-2024-6587)", async () => {
    for (const fields of [{}, { extra_headers: { authorization: "x" } }]) {
      const made = await add({
        litellm_params: { model: "openai/gpt-4o", api_base: "https://evil.example", ...fields },
      });
      const [deployment] = app.gateway.router.groups.get(made.model_name).deployments;
      expect(deployment?.target.apiBase).toContain("evil.example");
      expect(deployment?.target.apiKey).toBeUndefined();
    }
  });

  it("a credential of the file does not follow to another host", async () => {
    const params = { model: "openai/gpt-4o", litellm_credential_name: "file-credential" };
    const { status, json } = await model({ ...params, api_base: "https://evil.example" });
    expect(json.error.message).toMatch(/the credential file-credential is for the provider's own host/);
    expect(status).toBe(400);
    const made = await add({ litellm_params: params });
    expect(app.gateway.router.groups.get(made.model_name).deployments[0]?.target.apiKey?.reveal()).toBe(
      "sk-of-the-file",
    );
  });

  it.each([
    ["another host", { api_base: "https://evil.example" }],
    ["another provider", { model: "groq/llama-3" }],
  ])("a stored key does not follow to %s", async (_, litellm_params) => {
    const { model_id } = await add();
    const path = `/model/${model_id}/update`;
    const refused = await ask(path, { method: "PATCH", body: { litellm_params } });
    expect(refused.json.error.message).toMatch(/give it anew/);
    expect(refused.status).toBe(400);
    const given = { ...litellm_params, api_key: "sk-another" };
    expect(await ask(path, { method: "PATCH", body: { litellm_params: given } })).toMatchObject({ status: 200 });
  });

  it("a sealed text opens in its own row and field only (CVE-2026-114612)", async () => {
    const [one, two] = [await add(), await add()];
    const [from, to] = [await rowOf(one.model_id), await rowOf(two.model_id)];
    await db
      .update(models)
      .set({ litellm_params: { ...to?.litellm_params, api_key: from?.litellm_params["api_key"] } })
      .where(eq(models.model_id, two.model_id));
    await app.gateway.models.reload();
    expect(app.gateway.router.groups.serves(two.model_name)).toBe(false);
    expect(app.gateway.router.groups.serves(one.model_name)).toBe(true);
    expect(app.notices.at(-1)).toMatch(/was not encrypted for this place/);
    await ask("/model/delete", { body: { id: two.model_id } });
  });

  it("with another salt key nothing stored is served, the file's is, and a key given anew is", async () => {
    const { model_id, model_name } = await add();
    const other = startApp(config, { variables: { LITELLM_SALT_KEY: "another" } });
    expect((await other.ask("/v1/models")).json.data.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining(["of-file"]),
    );
    expect(other.gateway.router.groups.serves(model_name)).toBe(false);
    expect(other.notices.join()).toMatch(/LITELLM_SALT_KEY .* has changed/);
    const path = `/model/${model_id}/update`;
    const refused = await other.ask(path, { method: "PATCH", body: { litellm_params: { rpm: 1 } } });
    expect(refused.json.error.message).toMatch(/LITELLM_SALT_KEY .* has changed/);
    const body = { litellm_params: { api_key: "sk-anew" } };
    expect(await other.ask(path, { method: "PATCH", body })).toMatchObject({ status: 200 });
    expect(other.gateway.router.groups.get(model_name).deployments[0]?.target.apiKey?.reveal()).toBe("sk-anew");
    await ask("/model/delete", { body: { id: model_id } });
  });
});

describe("models of a team", () => {
  it("are known to the team by their public name, and to nobody else", async () => {
    const team = await makeTeam({ models: ["of-file"] });
    const other = await makeTeam();
    const [mine, theirs] = [await makeKey({ team_id: team }), await makeKey({ team_id: other })];
    const name = unique("team-model");
    const made = await add({ model_name: name, model_info: { team_id: team } });
    expect(made).toMatchObject({ model_name: name, model_info: { team_id: team, team_public_model_name: name } });
    const [row] = await db.select().from(teams).where(eq(teams.team_id, team));
    const internal = String(row?.model_aliases[name]);
    expect(internal).toMatch(new RegExp(`^model_name_${team}_`));
    expect(row?.models).toEqual(["of-file", name]);
    expect((await rowOf(made.model_id))?.model_name).toBe(internal);

    const { groups } = app.gateway.router;
    for (const asked of [name, internal, made.model_id]) {
      expect(groups.find(asked, team)?.name).toBe(name);
      expect(groups.serves(asked, other)).toBe(false);
      expect(groups.serves(asked)).toBe(false);
    }
    const listed = async (key: string) =>
      (await ask("/v1/models", { key })).json.data.map(({ id }: { id: string }) => id);
    expect(await listed(mine.key)).toContain(name);
    expect(await listed(theirs.key)).not.toContain(name);
    const info = (key?: string) => ask(`/model/info?litellm_model_id=${made.model_id}`, key ? { key } : {});
    expect((await info()).json.data[0].model_name).toBe(name);
    expect((await info(mine.key)).status).toBe(200);
    expect((await info(theirs.key)).status).toBe(400);
    expect((await ask(`/model/info?team_id=${team}`)).json.data).toHaveLength(1);
    expect(
      (await ask("/model/info", { key: theirs.key })).json.data.map(
        ({ model_name }: { model_name: string }) => model_name,
      ),
    ).not.toContain(name);

    // a second deployment of the name joins the first; the name goes with the last
    const twin = await add({ model_name: name, model_info: { team_id: team } });
    expect(groups === app.gateway.router.groups).toBe(false);
    expect(app.gateway.router.groups.find(name, team)?.deployments).toHaveLength(2);
    await ask("/model/delete", { body: { id: made.model_id } });
    const aliases = async () => (await db.select().from(teams).where(eq(teams.team_id, team)))[0];
    expect((await aliases())?.model_aliases).toEqual({ [name]: internal });
    await ask("/model/delete", { body: { id: twin.model_id } });
    expect(await aliases()).toMatchObject({ model_aliases: {}, models: ["of-file"] });
  });

  it("keep their name when they are changed, and lose it when they leave", async () => {
    const team = await makeTeam();
    const name = unique("kept");
    const { model_id } = await add({ model_name: name, model_info: { team_id: team } });
    const patch = (body: unknown) => ask(`/model/${model_id}/update`, { method: "PATCH", body });
    const body = { model_name: name, litellm_params: { rpm: 1 }, model_info: { id: model_id, team_id: team } };
    expect((await patch(body)).json.model_name).toBe(name);
    const renamed = await patch({ model_name: `${name}-2` });
    expect(renamed.json.model_info.team_public_model_name).toBe(`${name}-2`);
    const row = async () => (await db.select().from(teams).where(eq(teams.team_id, team)))[0];
    expect(Object.keys((await row())?.model_aliases ?? {})).toEqual([`${name}-2`]);
    expect((await row())?.models).toEqual([]); // an empty list bounds nothing, and stays
    const left = await patch({ model_info: { team_id: null } });
    expect(left.json).toMatchObject({ model_name: `${name}-2`, model_info: { id: model_id, db_model: true } });
    expect((await row())?.model_aliases).toEqual({});
    const { target } = app.gateway.router.groups.get(`${name}-2`).deployments[0] ?? {};
    expect(target?.apiKey?.reveal()).toBe(KEY); // sealed for the team before, and for everybody now
  });
});

describe("other isolates", () => {
  it("see a change within two seconds, beside a request, and calls never wait for it", async () => {
    const other = startApp(config, { variables });
    await other.ask("/v1/models");
    const { model_name, model_id } = await add();
    expect(other.gateway.router.groups.serves(model_name)).toBe(false);
    await new Promise((next) => setTimeout(next, 2050));
    await other.ask("/v1/models"); // this one starts the reading
    await expect.poll(() => other.gateway.router.groups.serves(model_name)).toBe(true);
    const before = other.gateway.router.groups;
    await ask("/model/delete", { body: { id: model_id } });
    expect(before.serves(model_name)).toBe(true); // what a call under way has in hand does not change
  });

  it("a cold one waits for the first reading", async () => {
    const { model_name } = await add();
    const cold = startApp(config, { variables });
    expect((await cold.ask(`/v1/models/${model_name}`)).status).toBe(200);
  });

  it("without a database serve what is in the file, and do not say that the rest is not there", async () => {
    const fails = () => Promise.reject(new Error("D1 is down"));
    const stub = { prepare: () => ({ bind: () => ({ all: fails, raw: fails, run: fails }) }), batch: fails };
    const database = openDatabase(stub as unknown as D1Database); // all that Drizzle asks of it
    const cold = startApp(config, { variables, database });
    expect((await cold.ask("/v1/models")).json.data.map(({ id }: { id: string }) => id)).toContain("of-file");
    expect(cold.faults).toHaveLength(1); // asked once, and not again with every request
    await cold.ask("/v1/models");
    expect(cold.faults).toHaveLength(1);
    const { groups } = cold.gateway.router;
    expect(groups.get("of-file").deployments).toHaveLength(1);
    expect(() => groups.get("perhaps-stored")).toThrow(expect.objectContaining({ status: 503 }));
  });

  it("a row that no longer loads is left out, and the others are not", async () => {
    const good = await add();
    const id = unique("broken");
    const now = new Date().toISOString();
    const row = { model_id: id, model_name: id, litellm_params: { model: "gone/x" }, created_at: now, updated_at: now };
    await db.insert(models).values(row);
    await app.gateway.models.reload();
    expect(app.notices.at(-1)).toMatch(`the model ${id} of the database is left out: `);
    expect(app.gateway.router.groups.serves(good.model_name)).toBe(true);
    expect((await ask("/model/delete", { body: { id } })).status).toBe(200);
  });
});

describe("whoever is no admin", () => {
  const routes: [string, string, unknown][] = [
    ["POST", "/model/new", { model_name: "x", litellm_params: { model: "openai/x" } }],
    ["POST", "/model/update", { model_info: { id: "x" } }],
    ["PATCH", "/model/x/update", {}],
    ["POST", "/model/delete", { id: "x" }],
    ["POST", "/model_group/make_public", { model_groups: [] }],
  ];
  const keys: Record<string, string> = {};
  beforeAll(async () => {
    const [team, organization] = [await makeTeam(), await makeOrganization()];
    for (const role of [
      "proxy_admin_viewer",
      "org_admin",
      "internal_user",
      "internal_user_viewer",
      "customer",
    ] as const)
      keys[role] = (await makeUser(role)).key;
    const teamAdmin = await makeUser("internal_user");
    await joinTeam(team, teamAdmin.id, "admin");
    keys["team admin"] = (await makeKey({ user_id: teamAdmin.id, team_id: team })).key;
    const orgAdmin = await makeUser("org_admin");
    await joinOrganization(organization, orgAdmin.id, "org_admin");
    keys["admin of an organization"] = orgAdmin.key;
    keys["key"] = (await makeKey()).key;
  });

  it.each(routes)("may not %s %s", async (method, path, body) => {
    for (const [role, key] of Object.entries(keys))
      expect({ role, ...(await ask(path, { method, body, key })) }).toMatchObject({ role, status: 403 });
  });

  it("may look at /model/settings only as a viewer", async () => {
    expect((await ask("/model/settings", { key: keys["proxy_admin_viewer"] ?? "" })).status).toBe(200);
    expect((await ask("/model/settings", { key: keys["internal_user"] ?? "" })).status).toBe(403);
  });
});

it("GET /model/settings lists providers with their fields", async () => {
  const { json } = await ask("/model/settings");
  expect(json.find(({ name }: { name: string }) => name === "openai").fields[0]).toEqual({
    field_name: "api_key",
    field_type: "string",
    field_description: expect.any(String),
    field_value: "sk-...",
  });
});

it("POST /model_group/make_public marks groups as public", async () => {
  const body = { model_groups: ["of-file"] };
  expect(await ask("/model_group/make_public", { body })).toEqual({
    status: 200,
    json: {
      message: "Successfully updated public model groups",
      public_model_groups: ["of-file"],
      updated_by: "default_user_id",
    },
  });
  const info = async (name: string) => (await ask(`/model_group/info?model_group=${name}`)).json.data[0];
  expect((await info("of-file")).is_public_model_group).toBe(true);
  expect((await info("shared")).is_public_model_group).toBe(false);
  expect(await ask("/model_group/make_public", { body: { model_groups: ["none"] } })).toMatchObject({ status: 400 });
});

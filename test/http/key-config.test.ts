/** Keys with models and routing of their own (`config`, `router_settings`) at the running gateway. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { json, startUpstream } from "./upstream.ts";

const SECRET = "sk-provider-key-of-this-key-alone";
const OF_GATEWAY = "sk-provider-key-of-the-gateway";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** What the upstream was asked, latest last. */
const asked: { model: unknown; key: string | undefined }[] = [];

beforeAll(async () => {
  upstream = await startUpstream(async ({ body, headers }, response) => {
    asked.push({ model: body["model"], key: headers.authorization });
    if (body["model"] === "broken") json(response, 500, { error: { message: "broken", type: "server_error" } });
    else json(response, 200, whole("openai", `${body["model"]}`));
  });
  const api_base = `${upstream.url}/v1`;
  gateway = await startGateway(
    {
      model_list: [
        { model_name: "chat", litellm_params: { model: "openai/of-gateway", api_key: OF_GATEWAY, api_base } },
        { model_name: "spare", litellm_params: { model: "openai/spare", api_key: OF_GATEWAY, api_base } },
        { model_name: "broken", litellm_params: { model: "openai/broken", api_key: OF_GATEWAY, api_base } },
      ],
      router_settings: { num_retries: 0, disable_cooldowns: true },
    },
    { OPENAI_API_KEY: OF_GATEWAY },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
type Body = any;

async function post(
  path: string,
  body: unknown,
  key = MASTER_KEY,
): Promise<{ status: number; body: Body; headers: Headers }> {
  const response = await gateway.call(path, body, { authorization: `Bearer ${key}` });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const get = async (path: string, key = MASTER_KEY): Promise<Body> =>
  (await gateway.call(path, undefined, { authorization: `Bearer ${key}` })).json();

const chat = (key: string, model: string, fields: object = {}) =>
  post("/v1/chat/completions", { model, messages: [{ role: "user", content: "hi" }], ...fields }, key);

const own = (model_name: string, model: string, more: object = {}) => ({
  model_name,
  litellm_params: { model: `openai/${model}`, api_key: SECRET, api_base: `${upstream.url}/v1`, ...more },
});

async function keyWith(fields: object): Promise<{ key: string; token: string }> {
  const { status, body } = await post("/key/generate", fields);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

describe("a key's own model_list", () => {
  it("stands before the gateway's, for this key alone", async () => {
    const mine = await keyWith({ config: { model_list: [own("chat", "mine"), own("private", "private")] } });
    const theirs = await keyWith({});
    expect((await chat(mine.key, "chat")).status).toBe(200);
    expect(asked.at(-1)).toEqual({ model: "mine", key: `Bearer ${SECRET}` });
    expect((await chat(mine.key, "private")).status).toBe(200);
    expect((await chat(mine.key, "spare")).status).toBe(200); // what it does not name is the gateway's
    expect(asked.at(-1)).toEqual({ model: "spare", key: `Bearer ${OF_GATEWAY}` });
    expect((await chat(theirs.key, "chat")).status).toBe(200);
    expect(asked.at(-1)).toEqual({ model: "of-gateway", key: `Bearer ${OF_GATEWAY}` });
    expect((await chat(theirs.key, "private")).status).toBe(400);
    expect((await chat(MASTER_KEY, "private")).status).toBe(400);
  });

  it("is listed to this key, and counted for it", async () => {
    const { key, token } = await keyWith({
      config: { model_list: [own("priced", "priced", { input_cost_per_token: 0.001, output_cost_per_token: 0.001 })] },
    });
    const names = (list: Body) => list.data.map(({ id }: { id: string }) => id);
    expect(names(await get("/v1/models", key))).toContain("priced");
    expect(names(await get("/v1/models"))).not.toContain("priced");
    const { headers } = await chat(key, "priced");
    const row = await findRow(gateway, token, headers.get("x-litellm-call-id"));
    expect(row.spend).toBeGreaterThan(0);
    expect(headers.get("x-litellm-model-id")).toMatch(new RegExp(`^${token.slice(0, 16)}-`));
  });

  it("keeps to the key's list of models", async () => {
    const { key } = await keyWith({ models: ["spare"], config: { model_list: [own("private", "private")] } });
    const { status, body } = await chat(key, "private");
    expect({ status, type: body.error.type }).toEqual({ status: 403, type: "key_model_access_denied" });
  });

  it("takes wildcards, aliases and settings of its own", async () => {
    const { key } = await keyWith({
      config: {
        model_list: [own("mine/*", "*"), own("down", "broken")],
        router_settings: {
          model_group_alias: { quick: "mine/fast", other: "spare" },
          fallbacks: [{ down: ["spare"] }],
        },
        litellm_settings: { drop_params: true, num_retries: 1 },
      },
    });
    await chat(key, "quick");
    expect(asked.at(-1)?.model).toBe("fast");
    await chat(key, "other");
    expect(asked.at(-1)?.model).toBe("spare");
    const before = asked.length;
    const { status, headers } = await chat(key, "down");
    expect(status).toBe(200);
    expect(asked.slice(before).map(({ model }) => model)).toEqual(["broken", "broken", "spare"]);
    expect(headers.get("x-litellm-attempted-fallbacks")).toBe("1");
  });

  it("follows a change of the key at once, and its new value", async () => {
    const { key } = await keyWith({ config: { model_list: [own("chat", "first")] } });
    await chat(key, "chat");
    expect(asked.at(-1)?.model).toBe("first");
    await post("/key/update", { key, config: { model_list: [own("chat", "second")] } });
    await chat(key, "chat");
    expect(asked.at(-1)?.model).toBe("second");
    const { body } = await post("/key/regenerate", { key });
    await chat(body.key, "chat");
    expect(asked.at(-1)).toEqual({ model: "second", key: `Bearer ${SECRET}` });
    await post("/key/update", { key: body.key, config: {} });
    await chat(body.key, "chat");
    expect(asked.at(-1)?.model).toBe("of-gateway");
  });
});

describe("secrets of a key's config", () => {
  it("are shown by no route", async () => {
    const { key, token } = await keyWith({ config: { model_list: [own("chat", "mine")] } });
    await post("/key/update", { key, key_alias: `alias of ${token}` });
    const shown = await Promise.all([
      get(`/key/info?key=${token}`),
      get("/key/info", key),
      get("/key/list?return_full_object=true&size=100"),
      get("/v1/model/info", key),
      get("/model_group/info", key),
    ]);
    for (const answer of shown) expect(JSON.stringify(answer)).not.toContain(SECRET);
    expect(shown[0].info.config.model_list[0].litellm_params.api_key).toBe("[secret]");
  });

  it("stay where a client sends back what it was shown, and go nowhere else", async () => {
    const { key, token } = await keyWith({ config: { model_list: [own("chat", "mine")] } });
    const { info } = await get(`/key/info?key=${token}`);
    expect((await post("/key/update", { key, config: info.config, tags: ["t"] })).status).toBe(200);
    await chat(key, "chat");
    expect(asked.at(-1)).toEqual({ model: "mine", key: `Bearer ${SECRET}` });
    info.config.model_list[0].litellm_params.api_base = "https://evil.example/v1";
    const moved = await post("/key/update", { key, config: info.config });
    expect({ status: moved.status, param: moved.body.error.param }).toEqual({ status: 400, param: "config" });
  });
});

describe("what no config may be", () => {
  it.each([
    [
      "a host beside a variable of the gateway's",
      {
        model_list: [
          {
            model_name: "x",
            litellm_params: {
              model: "openai/x",
              api_key: "os.environ/OPENAI_API_KEY",
              api_base: "https://evil.example",
            },
          },
        ],
      },
      "config.model_list[0]",
    ],
    [
      "the master key in a header",
      {
        model_list: [
          {
            model_name: "x",
            litellm_params: { model: "openai/x", extra_headers: { a: "os.environ/LITELLM_MASTER_KEY" } },
          },
        ],
      },
      "config.model_list[0]",
    ],
    [
      "a variable in a setting",
      { router_settings: { routing_strategy: "os.environ/LITELLM_MASTER_KEY" } },
      "config.router_settings.routing_strategy",
    ],
    [
      "a provider nobody knows",
      { model_list: [{ model_name: "x", litellm_params: { model: "nobody/x" } }] },
      "config.model_list[0]",
    ],
    [
      "a credential that is not there",
      { model_list: [{ model_name: "x", litellm_params: { model: "openai/x", litellm_credential_name: "none" } }] },
      "config.model_list[0]",
    ],
    ["a model without a name", { model_list: [{ litellm_params: { model: "openai/x" } }] }, "config.model_list[0]"],
    ["no list", { model_list: {} }, "config.model_list"],
    ["a section of the gateway's", { general_settings: { master_key: "sk-mine" } }, "config.general_settings"],
    ["a section misspelt", { model_lists: [] }, "config.model_lists"],
    ["a setting of the gateway's", { litellm_settings: { max_budget: 1e6 } }, "config.litellm_settings.max_budget"],
    ["a wrong value", { router_settings: { num_retries: "many" } }, "config.router_settings.num_retries"],
    [
      "a sealed text",
      { model_list: [{ model_name: "x", litellm_params: { model: "openai/x", api_key: "sealed:v1:a:b" } }] },
      "config",
    ],
  ])("%s", async (_, config, param) => {
    const { status, body } = await post("/key/generate", { config });
    expect({ status, param: body.error?.param }).toEqual({ status: 400, param });
  });

  it("one that is not the proxy admin's to give", async () => {
    const { body: user } = await post("/user/new", { user_role: "internal_user" });
    const config = { model_list: [own("chat", "mine")] };
    const made = await post("/key/generate", { config }, user.key);
    expect({ status: made.status, param: made.body.error.param }).toEqual({ status: 403, param: "config" });
    const changed = await post("/key/update", { key: user.key, config }, user.key);
    expect({ status: changed.status, param: changed.body.error.param }).toEqual({ status: 403, param: "config" });
    await post("/key/update", { key: user.key, config });
    const taken = await post("/key/update", { key: user.key, config: {} }, user.key);
    expect(taken.status).toBe(403);
  });

  it("a host a client chooses itself, whatever its key's config says", async () => {
    const { key } = await keyWith({ config: { model_list: [own("chat", "mine")] } });
    for (const fields of [
      { api_base: "https://evil.example" },
      { user_config: { model_list: [] } },
      { model_list: [] },
    ])
      expect((await chat(key, "chat", fields)).status).toBe(400);
  });
});

describe("router_settings of keys and teams", () => {
  it("hold for the key before its team's, and for both before the gateway's", async () => {
    const { body: team } = await post("/team/new", {
      router_settings: { model_group_alias: { best: "spare", fast: "spare" }, num_retries: 1 },
    });
    const { key } = await keyWith({ team_id: team.team_id, router_settings: { model_group_alias: { best: "chat" } } });
    const { key: plain } = await keyWith({ team_id: team.team_id });
    await chat(key, "best");
    expect(asked.at(-1)?.model).toBe("of-gateway");
    await chat(plain, "best");
    expect(asked.at(-1)?.model).toBe("spare");
    const before = asked.length;
    expect((await chat(key, "broken")).status).toBe(500);
    expect(asked.length - before).toBe(2); // the team's retry
    expect((await chat(MASTER_KEY, "best")).status).toBe(400);
  });

  it("are refused where they cannot be", async () => {
    for (const router_settings of [{ routing_strategy: "best" }, { provider_budget_config: {} }, { timeout: "long" }])
      for (const path of ["/key/generate", "/team/new"]) {
        const { status, body } = await post(path, { router_settings });
        expect({ status, param: body.error?.param }).toEqual({
          status: 400,
          param: `router_settings.${Object.keys(router_settings)[0]}`,
        });
      }
  });
});

/** Fields of keys, teams, customers and projects that bear on calls, each seen to hold at the running gateway. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { json, startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(async ({ body }, response) =>
    json(response, 200, whole("openai", `${body["model"]}`)),
  );
  const deployment = (model_name: string, more: object = {}) => ({
    model_name,
    litellm_params: {
      ...{ model: `openai/${model_name}`, api_key: "sk-upstream", api_base: `${upstream.url}/v1` },
      ...{ input_cost_per_token: 0.001, output_cost_per_token: 0.001, ...more },
    },
  });
  gateway = await startGateway({
    model_list: [
      deployment("chat"),
      deployment("cheap", { input_cost_per_token: 0, output_cost_per_token: 0 }),
      deployment("free", { input_cost_per_token: 0, output_cost_per_token: 0 }),
      deployment("european", { region_name: "eu-west-1" }),
    ],
    router_settings: { num_retries: 0 },
    litellm_settings: { default_team_params: { tpm_limit: 1234, models: ["chat", "cheap", "free"], max_budget: 50 } },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
type Body = any;

async function ask(
  path: string,
  body?: unknown,
  key = MASTER_KEY,
): Promise<{ status: number; headers: Headers; body: Body }> {
  const response = await gateway.call(path, body, { authorization: `Bearer ${key}` });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function made(path: string, fields: object = {}): Promise<Body> {
  const { status, body } = await ask(path, fields);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

const keyWith = (fields: object = {}): Promise<{ key: string; token: string }> => made("/key/generate", fields);

const chat = (key: string, fields: object = {}) =>
  ask(
    "/v1/chat/completions",
    { model: "chat", max_tokens: 5, messages: [{ role: "user", content: "hi" }], ...fields },
    key,
  );

const statuses = async (key: string, ...calls: object[]) => {
  const found: number[] = [];
  for (const fields of calls) found.push((await chat(key, fields)).status);
  return found;
};

const answeredBy = (reply: { body: Body }) => reply.body.choices[0].message.content;

describe("limits and budgets of single models", () => {
  it("model_rpm_limit and model_tpm_limit", async () => {
    const { key } = await keyWith({ model_rpm_limit: { free: 1 }, model_tpm_limit: { cheap: 12 } });
    expect(await statuses(key, { model: "free" }, { model: "free" }, {})).toEqual([200, 429, 200]);
    expect(await statuses(key, { model: "cheap", max_tokens: 500 }, {})).toEqual([429, 200]);
  });

  it("model_max_budget", async () => {
    const { key } = await keyWith({ model_max_budget: { chat: { budget_limit: 0.000001, time_period: "1d" } } });
    expect(await statuses(key, {}, { model: "free" })).toEqual([422, 200]);
  });

  it("budget_limits of several windows, each of which holds", async () => {
    const windows = [
      { budget_duration: "1d", max_budget: 100 },
      { budget_duration: "30d", max_budget: 0.000001 },
    ];
    const { key } = await keyWith({ budget_limits: windows });
    expect(await statuses(key, {}, { model: "free" })).toEqual([422, 200]);
  });

  it("temp_budget_increase until its end", async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const raised = { max_budget: 0.000001, temp_budget_increase: 10 };
    const { key } = await keyWith({ ...raised, temp_budget_expiry: later });
    const { key: over } = await keyWith({ ...raised, temp_budget_expiry: "2020-01-01" });
    expect(await statuses(key, {})).toEqual([200]);
    expect(await statuses(over, {})).toEqual([422]);
  });

  it("budget_fallbacks, to a model the key may use", async () => {
    const spent = { max_budget: 0.000001, budget_fallbacks: { chat: ["free"] } };
    const { key } = await keyWith(spent);
    expect(answeredBy(await chat(key))).toBe("free");
    const { key: narrow } = await keyWith({ ...spent, models: ["chat"] });
    expect((await chat(narrow)).status).toBe(422);
  });
});

describe("what a key may call", () => {
  it("key_type and allowed_routes", async () => {
    const { key: reader } = await keyWith({ key_type: "read_only" });
    expect((await chat(reader)).status).toBe(403);
    expect((await ask("/key/info", undefined, reader)).status).toBe(200);
    const { key: caller } = await keyWith({ key_type: "llm_api" });
    expect((await chat(caller)).status).toBe(200);
    expect((await ask("/key/info", undefined, caller)).status).toBe(403);
    const { key: one } = await keyWith({ allowed_routes: ["/v1/models"] });
    expect((await ask("/v1/models", undefined, one)).status).toBe(200);
    expect((await chat(one)).status).toBe(403);
  });

  it("permissions: get_spend_routes opens everybody's spend, and nothing else", async () => {
    const { key: plain, token } = await keyWith({});
    const { headers } = await chat(plain);
    await findRow(gateway, token, headers.get("x-litellm-call-id"));
    const { key } = await keyWith({ permissions: { get_spend_routes: true } });
    for (const path of ["/global/spend/keys", "/global/spend/models", `/spend/logs?api_key=${token}`]) {
      expect({ path, status: (await ask(path, undefined, plain)).status === 200 }).toEqual({
        path,
        status: path.startsWith("/spend"),
      });
      expect({ path, status: (await ask(path, undefined, key)).status }).toEqual({ path, status: 200 });
    }
    const { body } = await ask(`/spend/logs?api_key=${token}`, undefined, key);
    expect(body.length).toBeGreaterThan(0);
    for (const path of ["/key/list", "/team/list", "/audit"])
      expect((await ask(path, undefined, key)).status).toBe(403);
    expect((await ask("/global/spend/reset", {}, key)).status).toBe(403);
    expect((await ask("/key/generate", {}, key)).status).toBe(403);
    const { key: no } = await keyWith({ permissions: { get_spend_routes: "yes" } });
    expect((await ask("/global/spend/keys", undefined, no)).status).toBe(403);
  });

  it("permissions are the admin's to give", async () => {
    const user = await made("/user/new", { user_role: "internal_user" });
    const { status, body } = await ask("/key/generate", { permissions: { get_spend_routes: true } }, user.key);
    expect({ status, param: body.error.param }).toEqual({ status: 403, param: "permissions" });
  });

  it("allow_client_mock_response", async () => {
    const { key } = await keyWith({ metadata: { allow_client_mock_response: true } });
    const { key: plain } = await keyWith({});
    expect(answeredBy(await chat(key, { mock_response: "mocked" }))).toBe("mocked");
    expect(answeredBy(await chat(plain, { mock_response: "mocked" }))).toBe("chat");
  });
});

describe("what a call inherits", () => {
  it("tags of key, project and team", async () => {
    const team = await made("/team/new", { tags: ["of-team"] });
    const project = await made("/project/new", { team_id: team.team_id, tags: ["of-project"] });
    const { key, token } = await keyWith({ team_id: team.team_id, project_id: project.project_id, tags: ["of-key"] });
    const { headers } = await chat(key, { metadata: { tags: ["of-client"] } });
    const row = await findRow(gateway, token, headers.get("x-litellm-call-id"));
    expect(row).toMatchObject({
      request_tags: expect.arrayContaining(["of-team", "of-project", "of-key", "of-client"]),
    });
  });

  it("default_team_params, where a new team says nothing", async () => {
    const plain = await made("/team/new", {});
    expect(plain).toMatchObject({ tpm_limit: 1234, models: ["chat", "cheap", "free"], max_budget: 50 });
    const own = await made("/team/new", { tpm_limit: 5, models: ["chat"], max_budget: null });
    expect(own).toMatchObject({ tpm_limit: 5, models: ["chat"], max_budget: null });
  });

  it("team_member_key_duration, where a member's key says nothing", async () => {
    const team = await made("/team/new", {
      team_member_key_duration: "1d",
      members_with_roles: [{ user_id: "ada", role: "user" }],
    });
    const days = ({ expires }: Body) => expires && Math.round((Date.parse(expires) - Date.now()) / 86_400_000);
    expect(days(await keyWith({ team_id: team.team_id, user_id: "ada" }))).toBe(1);
    expect(days(await keyWith({ team_id: team.team_id, user_id: "ada", duration: "3d" }))).toBe(3);
    expect(days(await keyWith({ team_id: team.team_id }))).toBe(null);
  });

  it("enforced_file_expires_after of the team, whatever the client says", async () => {
    const wrong = await ask("/team/new", { enforced_file_expires_after: { anchor: "now", seconds: 5 } });
    expect(wrong.status).toBe(422);
    const team = await made("/team/new", { enforced_file_expires_after: { anchor: "created_at", seconds: 7200 } });
    const { key } = await keyWith({ team_id: team.team_id });
    const form = new FormData();
    form.set("purpose", "user_data");
    form.set("expires_after[anchor]", "created_at");
    form.set("expires_after[seconds]", "2592000");
    form.set("file", new File(["hello"], "a.txt"));
    const headers = { authorization: `Bearer ${key}` };
    const response = await fetch(`${gateway.url}/v1/files`, { method: "POST", headers, body: form });
    const file = (await response.json()) as Body;
    expect(file.expires_at - file.created_at, JSON.stringify(file)).toBe(7200);
  });
});

describe("a customer", () => {
  it("is answered in its region only, by its default model where the one it asks for is elsewhere", async () => {
    await made("/customer/new", { user_id: "eve", allowed_model_region: "eu", default_model: "european" });
    await made("/customer/new", { user_id: "bob", allowed_model_region: "eu" });
    const { key } = await keyWith({});
    expect(answeredBy(await chat(key, { user: "eve" }))).toBe("european");
    expect(answeredBy(await chat(key, { user: "bob", model: "european" }))).toBe("european");
    expect((await chat(key, { user: "bob" })).status).toBeGreaterThanOrEqual(400);
    const { key: narrow } = await keyWith({ models: ["chat"] });
    expect((await chat(narrow, { user: "eve" })).status).toBeGreaterThanOrEqual(400);
    expect(answeredBy(await chat(key, { user: "somebody" }))).toBe("chat");
  });
});

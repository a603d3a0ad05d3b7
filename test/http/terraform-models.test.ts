/** The rest of the resources of ncecere/litellm 2.0.1: organizations, budgets, tags, and what is about models. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { type Answer, mapOf, type TerraformClient, terraformClient, textOf } from "./terraform.ts";

let gateway: TestGateway;
let api: TerraformClient;

beforeAll(async () => {
  gateway = await startGateway({
    model_list: [{ model_name: "of-file", litellm_params: { model: "openai/gpt-4o-mini", api_key: "sk-none" } }],
  });
  api = terraformClient(gateway);
}, 60_000);

afterAll(() => gateway?.stop());

const unique = (prefix: string) => `${prefix}-${crypto.randomUUID().slice(0, 8)}`;

const BUDGET = {
  max_budget: 1000,
  soft_budget: 800,
  max_parallel_requests: 20,
  tpm_limit: 100_000,
  rpm_limit: 1000,
  budget_duration: "30d",
  model_max_budget: { "gpt-4o": 500, "gpt-4o-mini": { budget_limit: 0.5, time_period: "1d" } },
};
const NO_BUDGET = Object.fromEntries(
  Object.keys(BUDGET).map((name) => [name, name === "model_max_budget" ? {} : null]),
);

describe("litellm_organization", () => {
  const infoOf = (id: unknown) => api.ok("GET", `/organization/info?organization_id=${id}`);

  it("from create to delete", async () => {
    const fields = {
      organization_alias: unique("org"),
      blocked: false,
      models: ["of-file", "another"],
      tags: ["b", "a"],
      metadata: { environment: "testing", nested: { a: 1 } },
      model_rpm_limit: { "gpt-4o": 1000 },
      model_tpm_limit: { "gpt-4o": 100_000 },
    };
    const ofBudget = { max_budget: 1000, tpm_limit: 200_000, rpm_limit: 2000, budget_duration: "30d" };
    const { organization_id } = await api.ok("POST", "/organization/new", { ...fields, ...ofBudget });
    const read = await infoOf(organization_id);
    expect(read).toMatchObject({ ...fields, litellm_budget_table: ofBudget, created_at: expect.any(String) });
    expect(read["metadata"]).toEqual(fields.metadata);
    expect(await infoOf(organization_id)).toEqual(read);

    const changes = { max_budget: 1100, tags: ["c"], metadata: { environment: "prod" }, blocked: true };
    await api.ok("PATCH", "/organization/update", { organization_id, ...fields, ...ofBudget, ...changes });
    const { max_budget, ...beside } = changes;
    const changed = await infoOf(organization_id);
    expect(changed).toMatchObject({ ...fields, ...beside, litellm_budget_table: { ...ofBudget, max_budget } });
    expect(changed["metadata"]).toEqual(changes.metadata);
    await api.ok("PATCH", "/organization/update", { organization_id, max_budget: null, rpm_limit: null });
    expect(await infoOf(organization_id)).toMatchObject({
      litellm_budget_table: { max_budget: null, rpm_limit: null, tpm_limit: 200_000 },
    });
    await api.list("DELETE", "/organization/delete", { organization_ids: [organization_id] });
    expect(await api.refused("GET", `/organization/info?organization_id=${organization_id}`)).toMatch(
      /404 .*not found/,
    );
  });

  it("with an id of its own, and a budget that is there", async () => {
    const organization_id = unique("own");
    const { budget_id } = await api.ok("POST", "/budget/new", { max_budget: 5 });
    await api.ok("POST", "/organization/new", { organization_id, organization_alias: "a", budget_id });
    const info = await infoOf(organization_id);
    expect(info).toMatchObject({ organization_id, budget_id, models: [], metadata: {} });
    for (const name of ["tags", "model_rpm_limit", "model_tpm_limit"])
      expect([null, undefined, {}, []], name).toContainEqual(info[name]);
  });

  it("_member", async () => {
    const { organization_id } = await api.ok("POST", "/organization/new", { organization_alias: unique("org") });
    const [user_id, user_email] = [unique("m"), `${unique("m")}@example.com`];
    const member = { user_id, user_email, role: "org_admin" };
    await api.ok("POST", "/organization/member_add", { organization_id, member, max_budget_in_organization: 500 });
    const read = { user_id, user_email, user_role: "org_admin" };
    expect(await infoOf(organization_id)).toMatchObject({ members: [read] });
    const changed = { user_id, role: "internal_user" };
    await api.ok("PATCH", "/organization/member_update", { organization_id, member: changed });
    expect(await infoOf(organization_id)).toMatchObject({ members: [{ ...read, user_role: "internal_user" }] });
    await api.ok("DELETE", "/organization/member_delete", { organization_id, user_id });
    expect(await infoOf(organization_id)).toMatchObject({ members: [] });
  });
});

describe("litellm_budget and litellm_tag", () => {
  it("a budget", async () => {
    const budget_id = unique("budget # odd/");
    const infoOf = (id: unknown) => api.list("POST", "/budget/info", { budgets: [id] });
    await api.ok("POST", "/budget/new", { budget_id, ...BUDGET });
    expect(await infoOf(budget_id)).toMatchObject([{ budget_id, ...BUDGET }]);
    await api.ok("POST", "/budget/update", { budget_id, ...BUDGET, max_budget: 1, soft_budget: null });
    expect(await infoOf(budget_id)).toMatchObject([{ ...BUDGET, max_budget: 1, soft_budget: null }]);
    const bare = await api.ok("POST", "/budget/new", {});
    expect(await infoOf(bare["budget_id"])).toMatchObject([NO_BUDGET]);
    await api.ok("POST", "/budget/delete", { id: budget_id });
    expect(await infoOf(budget_id)).toEqual([]); // which the provider takes for "not found"
  });

  it("a tag", async () => {
    const name = unique("tag # odd/");
    const infoOf = async (tag: string) => mapOf(await api.ok("POST", "/tag/info", { names: [tag] }), tag);
    const fields = { name, description: "what for", models: ["gpt-4o", "of-file"] };
    await api.ok("POST", "/tag/new", { ...fields, ...BUDGET });
    expect(await infoOf(name)).toMatchObject({ ...fields, litellm_budget_table: BUDGET });
    await api.ok("POST", "/tag/update", { ...fields, ...BUDGET, description: "else", rpm_limit: 1 });
    expect(await infoOf(name)).toMatchObject({
      description: "else",
      litellm_budget_table: { ...BUDGET, rpm_limit: 1 },
    });

    const { budget_id } = await api.ok("POST", "/budget/new", { max_budget: 5 });
    const bare = unique("bare");
    await api.ok("POST", "/tag/new", { name: bare });
    expect(await infoOf(bare)).toMatchObject({ description: null, models: [] });
    expect((await infoOf(bare))["budget_id"] ?? null).toBeNull();
    await api.ok("POST", "/tag/update", { name: bare, budget_id });
    expect(await infoOf(bare)).toMatchObject({ litellm_budget_table: { budget_id, max_budget: 5 } });
    await api.ok("POST", "/tag/delete", { name });
    expect(await api.refused("POST", "/tag/info", { names: [name] })).toMatch(/404 .*not found/);
  });
});

interface Model {
  model_name?: string;
  litellm_params?: Answer;
  model_info?: Answer;
}

async function newModel({ model_name = unique("model"), litellm_params, model_info }: Model = {}) {
  const id = crypto.randomUUID();
  await api.ok("POST", "/model/new", {
    model_name,
    litellm_params: { custom_llm_provider: "openai", model: "openai/gpt-4o", ...litellm_params },
    model_info: { id, db_model: true, base_model: "gpt-4o", tier: "free", ...model_info },
  });
  return { id, model_name };
}

async function modelOf(id: string) {
  const { data } = await api.ok("GET", `/model/info?litellm_model_id=${id}`);
  const [model] = data as Answer[];
  if (model === undefined) throw new Error(`no model ${id}`);
  return { name: model["model_name"], params: mapOf(model, "litellm_params"), info: mapOf(model, "model_info") };
}

describe("litellm_model", () => {
  it("from create to delete", async () => {
    const shown = {
      tpm: 100_000,
      rpm: 500,
      api_base: "https://api.openai.com/v1",
      api_version: "v1",
      input_cost_per_token: 0.000_002_5,
      output_cost_per_token: 0.000_01,
      input_cost_per_second: 0.001,
      output_cost_per_pixel: 0.002,
      reasoning_effort: "medium",
      merge_reasoning_content_in_choices: true,
      thinking: { type: "enabled", budget_tokens: 2048 },
      // additional_litellm_params: each that was sent must be read
      max_tokens: 4096,
      temperature: 0.7,
      drop_params: true,
      timeout: 30.5,
      tags: ["b", "a"],
      additional_drop_params: ["user"],
      supports_system_message: false,
      cache_control_injection_points: [{ location: "message", role: "system" }],
    };
    const secret = { api_key: "sk-fake-key-for-testing" };
    const info = { tier: "paid", mode: "chat", access_groups: ["b", "a"], base_model: "gpt-4o" };
    const { id, model_name } = await newModel({ litellm_params: { ...shown, ...secret }, model_info: info });
    const read = await modelOf(id);
    expect(read).toMatchObject({ name: model_name, params: shown, info: { id, db_model: true, ...info } });
    expect(read.params).not.toHaveProperty("api_key");

    const patch = (model: Model) => api.ok("PATCH", `/model/${id}/update`, model);
    const params = { custom_llm_provider: "openai", model: "openai/gpt-4.1", ...shown, ...secret, temperature: 0.2 };
    await patch({ model_name: "renamed", litellm_params: params, model_info: { ...info, base_model: "gpt-4.1" } });
    expect(await modelOf(id)).toMatchObject({
      name: "renamed",
      params: { ...shown, temperature: 0.2, model: "openai/gpt-4.1" },
      info: { ...info, base_model: "gpt-4.1", id },
    });

    // LiteLLM cannot take a param away, which makes a plan that never ends.
    await patch({ litellm_params: { temperature: null, tpm: null }, model_info: { tier: null } });
    const less = await modelOf(id);
    for (const name of ["temperature", "tpm"]) expect(less.params).not.toHaveProperty(name);
    expect(less.info).not.toHaveProperty("tier");
    expect(less.params).toMatchObject({ rpm: 500, max_tokens: 4096 });

    await api.ok("POST", "/model/delete", { id });
    expect(await api.refused("GET", `/model/info?litellm_model_id=${id}`)).toMatch(/not found/);
    expect(await api.refused("POST", "/model/delete", { id })).toMatch(/not found/);
  });

  it("is read right after it was made, by each of many made at once", async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => newModel()));
    const read = await Promise.all(made.map(({ id }) => modelOf(id)));
    expect(read.map(({ name }) => name)).toEqual(made.map(({ model_name }) => model_name));
  });

  it("needs no key to be made: calls say that it is missing", async () => {
    const { model_name: model } = await newModel();
    const response = await gateway.call("/v1/chat/completions", { model, messages: [{ role: "user", content: "x" }] });
    expect(await response.text()).toMatch(/no API key/);
    expect(response.status).toBe(401);
  });

  it("of all models of a provider has no mode", async () => {
    const params = { custom_llm_provider: "anthropic", model: "anthropic/*" };
    const wildcard = { model_name: "wild/*", litellm_params: params, model_info: { base_model: "*" } };
    const { id } = await newModel(wildcard);
    const { name, info } = await modelOf(id);
    expect({ name, mode: info["mode"], base: info["base_model"] }).toEqual({ name: "wild/*", mode: null, base: "*" });
    await api.ok("POST", "/model/delete", { id });
  });

  it("of a team keeps the name the team calls it by", async () => {
    const team_id = crypto.randomUUID();
    await api.ok("POST", "/team/new", { team_id, team_alias: "t", models: ["public"] });
    const { id } = await newModel({ model_name: "public", model_info: { team_id, team_public_model_name: "public" } });
    const read = await modelOf(id);
    expect(read.info).toMatchObject({ team_id, team_public_model_name: "public" });
    const patch = {
      model_name: "public",
      model_info: { base_model: "gpt-4o", team_id, team_public_model_name: "public" },
    };
    await api.ok("PATCH", `/model/${id}/update`, patch);
    const { updated_at: _, ...info } = read.info;
    expect(await modelOf(id)).toMatchObject({ ...read, info });
    const { team_info } = await api.ok("GET", `/team/info?team_id=${team_id}`);
    expect(team_info).toMatchObject({ models: ["public"] });
  });
});

describe("litellm_credential", () => {
  it("from create to delete", async () => {
    const credential_name = unique("cred name/with");
    const byName = `/credentials/by_name/${encodeURIComponent(credential_name)}`;
    const values = { api_key: "sk-secret-of-the-credential", api_base: "https://api.openai.com/v1" };
    const body = { credential_name, credential_info: { description: "d" }, credential_values: values };
    await api.ok("POST", "/credentials", { ...body, model_id: "gpt-4o" });
    const read = await api.ok("GET", `${byName}?model_id=gpt-4o`);
    expect(read).toMatchObject({ credential_name, credential_info: { description: "d" } });
    expect(JSON.stringify(read)).not.toContain(values.api_key);
    const path = `/credentials/${encodeURIComponent(credential_name)}`;
    await api.ok("PATCH", path, { ...body, credential_info: { description: "e" }, model_id: "gpt-4o" });
    expect((await api.ok("GET", byName))["credential_info"]).toEqual({ description: "e" });
    await api.ok("DELETE", path);
    expect(await api.refused("GET", byName)).toMatch(/404 .*Credential with name=.* not found/);
  });
});

describe("litellm_access_group and litellm_unified_access_group", () => {
  it("of models", async () => {
    const models = [await newModel({ model_name: unique("a") }), await newModel({ model_name: unique("b") })];
    const [first = "", second = ""] = models.map(({ model_name }) => model_name);
    const access_group = unique("group");
    const infoOf = () => api.ok("GET", `/access_group/${access_group}/info`);
    await api.ok("POST", "/access_group/new", { access_group, model_names: [first, second] });
    expect(await infoOf()).toMatchObject({ access_group, model_names: [first, second] });
    await api.ok("PUT", `/access_group/${access_group}/update`, { model_names: [second] });
    expect(await infoOf()).toMatchObject({ model_names: [second] });
    await api.ok("DELETE", `/access_group/${access_group}/delete`);
    expect(await api.refused("GET", `/access_group/${access_group}/info`)).toMatch(/404 .*not found/);
  });

  it("of models, several at once: none is lost", async () => {
    const { model_name } = await newModel();
    const groups = Array.from({ length: 8 }, () => unique("at-once"));
    const each = (make: (group: string) => Promise<unknown>) => Promise.all(groups.map(make));
    await each((access_group) => api.ok("POST", "/access_group/new", { access_group, model_names: [model_name] }));
    for (const group of groups)
      expect(await api.ok("GET", `/access_group/${group}/info`)).toMatchObject({ model_names: [model_name] });
    await each((group) => api.ok("DELETE", `/access_group/${group}/delete`));
    for (const group of groups) await api.refused("GET", `/access_group/${group}/info`);
  });

  it("of all there is", async () => {
    const team_id = textOf(await api.ok("POST", "/team/new", { team_alias: "t" }), "team_id");
    const fields = {
      access_group_name: unique("uag"),
      description: "d",
      access_model_names: ["of-file", "a/*"],
      access_mcp_server_ids: ["m2", "m1"],
      access_agent_ids: ["a1"],
      assigned_team_ids: [team_id],
    };
    const made = await api.ok("POST", "/v1/access_group", fields);
    const path = `/v1/access_group/${made["access_group_id"]}`;
    expect(made).toMatchObject({ ...fields, assigned_key_ids: [] });
    expect(await api.ok("GET", path)).toEqual(made);
    const changed = { ...fields, description: "e", access_model_names: [], assigned_team_ids: [] };
    expect(await api.ok("PUT", path, changed)).toMatchObject(changed);
    expect(await api.ok("GET", path)).toMatchObject(changed);
    await api.ok("DELETE", path);
    expect(await api.refused("GET", path)).toMatch(/404 .*not found/);
  });
});

describe("litellm_fallback", () => {
  it.each(["general", "context_window", "content_policy"])("%s", async (fallback_type) => {
    const model = (await newModel({ model_name: unique("second #2/x") })).model_name;
    const path = `/fallback/${encodeURIComponent(model)}?fallback_type=${fallback_type}`;
    const { model_name: other } = await newModel();
    await api.ok("POST", "/fallback", { model, fallback_models: ["of-file", other], fallback_type });
    expect(await api.ok("GET", path)).toMatchObject({ model, fallback_models: ["of-file", other], fallback_type });
    await api.ok("POST", "/fallback", { model, fallback_models: [other, "of-file"], fallback_type });
    expect(await api.ok("GET", path)).toMatchObject({ fallback_models: [other, "of-file"] });
    await api.ok("DELETE", path);
    expect(await api.refused("GET", path)).toMatch(/404 .*not found/);
  });
});

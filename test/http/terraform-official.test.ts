/**
 * The lives of resources as BerriAI/litellm 0.4.0 leads them, LiteLLM's own provider. It knows a key by its hash, reads
 * organizations by POST, sends `""`, `{}` and `0` for what its configuration does not say, and takes a deleted model for
 * deleted by few texts only.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { mapOf, type TerraformClient, terraformClient, textOf } from "./terraform.ts";

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

describe("litellm_key", () => {
  const infoOf = async (hash: string) => mapOf(await api.ok("GET", `/key/info?key=${hash}`), "info");

  it("from create to delete, by its hash alone", async () => {
    const team_id = textOf(await api.ok("POST", "/team/new", { team_alias: unique("t") }), "team_id");
    const fields = {
      models: ["of-file"],
      max_budget: 12.5,
      team_id,
      max_parallel_requests: 3,
      metadata: { a: "b" },
      tpm_limit: 100,
      rpm_limit: 10,
      budget_duration: "7d",
      soft_budget: 10,
      key_alias: unique("alias"),
      aliases: { short: "of-file" },
      permissions: { p: "true" },
      model_max_budget: { "of-file": 2.5 },
      model_rpm_limit: { "of-file": 5 },
      model_tpm_limit: { "of-file": 50 },
      guardrails: ["g1"],
      blocked: false,
      tags: ["x"],
    };
    const once = { allowed_cache_controls: ["no-cache"], config: { c: "d" }, duration: "30d" };
    const made = await api.ok("POST", "/key/generate", { ...fields, ...once });
    expect(made).toMatchObject({ ...fields, ...once, key: expect.stringMatching(/^sk-/), metadata: { a: "b" } });
    const hash = textOf(made, "token_id");
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await infoOf(hash)).toMatchObject({ ...fields, metadata: { a: "b" } });
    const changes = { metadata: { c: "d" }, tags: ["y", "x"], tpm_limit: 150 };
    await api.ok("POST", "/key/update", { ...fields, ...changes, key: hash });
    const { allowed_cache_controls, config } = once;
    expect(await infoOf(hash)).toMatchObject({ ...fields, ...changes, allowed_cache_controls, config });
    expect((await gateway.call("/key/info", undefined, { authorization: `Bearer ${made["key"]}` })).status).toBe(200);
    await api.ok("POST", "/key/delete", { keys: [hash] });
    expect(await api.refused("GET", `/key/info?key=${hash}`)).toMatch(/404 .*not found/);
  });

  it("without fields, which every update says by empty ones", async () => {
    const empty = { team_id: "", budget_duration: "", key_alias: "", blocked: false };
    const maps = { aliases: {}, permissions: {}, metadata: {} };
    const limits = { model_max_budget: {}, model_rpm_limit: {}, model_tpm_limit: {} };
    const make = async () => textOf(await api.ok("POST", "/key/generate", { models: [], blocked: false }), "token_id");
    for (const key of [await make(), await make()]) {
      await api.ok("POST", "/key/update", { key, ...empty, ...maps, ...limits, rpm_limit: 5 });
      expect(await infoOf(key)).toMatchObject({ team_id: null, budget_duration: null, key_alias: null, rpm_limit: 5 });
    }
  });
});

describe("litellm_team", () => {
  it("from create to delete, with members", async () => {
    const team_id = crypto.randomUUID();
    const fields = {
      team_alias: unique("t"),
      metadata: { a: "b" },
      tpm_limit: 1000,
      rpm_limit: 100,
      max_budget: 50,
      budget_duration: "7d",
      models: ["of-file"],
      team_member_permissions: ["/key/info", "/key/generate"],
    };
    await api.ok("POST", "/team/new", { team_id, ...fields });
    const infoOf = async () => mapOf(await api.ok("GET", `/team/info?team_id=${team_id}`), "team_info");
    expect(await infoOf()).toMatchObject(fields);
    const permissions = `/team/permissions_list?team_id=${team_id}`;
    expect(await api.ok("GET", permissions)).toMatchObject({
      team_id,
      team_member_permissions: fields.team_member_permissions,
      all_available_permissions: expect.arrayContaining(["/key/generate"]),
    });
    await api.ok("POST", "/team/update", { team_id, ...fields, rpm_limit: 101, blocked: true });
    expect(await infoOf()).toMatchObject({ ...fields, rpm_limit: 101, blocked: true });
    await api.ok("POST", "/team/permissions_update", { team_id, team_member_permissions: null });
    expect(await api.ok("GET", permissions)).toMatchObject({ team_member_permissions: [] });

    const [user_id, user_email] = [unique("m"), `${unique("e")}@example.com`];
    const members = [
      { role: "user", user_id },
      { role: "admin", user_email },
    ];
    await api.ok("POST", "/team/member_add", { team_id, member: members, max_budget_in_team: 5 });
    expect(await infoOf()).toMatchObject({ members_with_roles: members });
    for (const one of [{ user_id }, { user_email }])
      await api.ok("POST", "/team/member_update", { team_id, ...one, role: "user", max_budget_in_team: 6 });
    expect(await infoOf()).toMatchObject({ members_with_roles: [{ role: "user" }, { role: "user" }] });
    for (const one of [{ user_id }, { user_email }]) await api.ok("POST", "/team/member_delete", { team_id, ...one });
    expect(await infoOf()).toMatchObject({ members_with_roles: [] });
    await api.ok("POST", "/team/delete", { team_ids: [team_id] });
    expect(await api.refused("GET", `/team/info?team_id=${team_id}`)).toMatch(/^404 /);
  });
});

describe("litellm_organization", () => {
  it("from create to delete, read by POST, with members", async () => {
    const organization_id = crypto.randomUUID();
    const fields = { organization_alias: unique("o"), metadata: { a: "b" }, models: ["of-file"] };
    const ofBudget = { max_budget: 100.5, budget_duration: "30d", tpm_limit: 100_000, rpm_limit: 1000 };
    const infoOf = () => api.list("POST", "/organization/info", { organizations: [organization_id] });
    await api.ok("POST", "/organization/new", { organization_id, ...fields, ...ofBudget });
    expect(await infoOf()).toMatchObject([{ organization_id, ...fields, litellm_budget_table: ofBudget }]);
    expect((await infoOf())[0]?.["metadata"]).toEqual(fields.metadata);
    await api.ok("PATCH", "/organization/update", { organization_id, ...fields, ...ofBudget, blocked: true });
    expect(await infoOf()).toMatchObject([{ blocked: true }]);

    const [user_id, user_email] = [unique("m"), `${unique("e")}@example.com`];
    const member = [
      { role: "org_admin", user_id, user_email: "" },
      { role: "internal_user", user_email },
    ];
    await api.ok("POST", "/organization/member_add", { organization_id, member });
    await api.ok("PATCH", "/organization/member_update", {
      organization_id,
      role: "internal_user",
      user_id,
      user_email: "",
    });
    const { members } = await api.ok("GET", `/organization/info?organization_id=${organization_id}`);
    expect(members).toMatchObject([{ user_role: "internal_user" }, { user_role: "internal_user" }]);
    await api.ok("DELETE", "/organization/member_delete", { organization_id, user_id, user_email: "" });
    await api.ok("DELETE", "/organization/member_delete", { organization_id, user_email });
    await api.list("DELETE", "/organization/delete", { organization_ids: [organization_id] });
    expect(await infoOf()).toEqual([]);
  });
});

describe("litellm_model and litellm_credential", () => {
  it("from create to delete, and what is deleted is known to be", async () => {
    const id = crypto.randomUUID();
    const credential_name = unique("cred");
    const credential_values = { api_key: "sk-x" };
    await api.ok("POST", "/credentials", { credential_name, credential_info: { a: "b" }, credential_values });
    const params = { custom_llm_provider: "openai", merge_reasoning_content_in_choices: false };
    const model = {
      model_name: unique("m"),
      litellm_params: { ...params, model: "openai/gpt-4o", rpm: 10, litellm_credential_name: credential_name },
      model_info: { id, db_model: true, base_model: "gpt-4o-2024-08-06", tier: "paid", mode: "" },
    };
    await api.ok("POST", "/model/new", { ...model, additional: {} });
    const infoOf = () => api.ok("GET", `/model/info?litellm_model_id=${id}`);
    const { mode: _, ...info } = model.model_info;
    expect(await infoOf()).toMatchObject({ data: [{ ...model, model_info: info }] });
    const changed = { ...model, litellm_params: { ...model.litellm_params, rpm: 11 } };
    await api.ok("POST", "/model/update", changed);
    expect(await infoOf()).toMatchObject({ data: [{ litellm_params: { rpm: 11 } }] });
    await api.ok("PATCH", `/credentials/${credential_name}`, { credential_name, credential_info: { c: "d" } });
    await api.ok("POST", "/model/delete", { id });
    for (const refused of [
      await api.refused("POST", "/model/update", changed),
      await api.refused("POST", "/model/delete", { id }),
      await api.refused("GET", `/model/info?litellm_model_id=${id}`),
    ])
      expect(refused).toMatch(/"message":"[^"]*model not found/);
    await api.ok("DELETE", `/credentials/${credential_name}`);
    expect(await api.refused("GET", `/credentials/by_name/${credential_name}`)).toMatch(/^404 /);
  });
});

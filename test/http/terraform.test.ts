/**
 * The lives of resources as ncecere/litellm 2.0.1 leads them: create, read, plan without a change, update, clear, import,
 * delete. A plan has no change where each field that was sent is read as it was sent, and each that was not is null or
 * empty.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { mapOf, type TerraformClient, terraformClient, textOf } from "./terraform.ts";

/** Marks the end of a resource that is gone, whatever it is. */
const NOT_FOUND = /not found|404|does not exist/;

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

async function newTeam(fields: object = {}): Promise<string> {
  const team_id = crypto.randomUUID();
  await api.ok("POST", "/team/new", { team_id, team_alias: unique("team"), ...fields });
  return team_id;
}

describe("litellm_key", () => {
  const infoOf = async (key: string) => mapOf(await api.ok("GET", `/key/info?key=${encodeURIComponent(key)}`), "info");
  const limits = {
    max_budget: 100,
    soft_budget: 80,
    budget_duration: "30d",
    max_parallel_requests: 10,
    tpm_limit: 50_000,
    rpm_limit: 200,
    model_max_budget: { "of-file": 2.5 },
  };
  /** Kept in metadata; read beside it. */
  const kept = {
    tpm_limit_type: "best_effort_throughput",
    rpm_limit_type: "best_effort_throughput",
    model_rpm_limit: { "of-file": 100 },
    model_tpm_limit: { "of-file": 25_000 },
    guardrails: ["one", "two"],
    prompts: ["p"],
    enforced_params: ["user"],
    allowed_passthrough_routes: ["/x"],
    tags: ["b", "a"],
  };

  it("with every field, its own key full of what URLs mean something by, and its life to the end", async () => {
    const key = `${unique("sk-own#special!chars&?=+%20")}/${crypto.randomUUID()}`;
    const fields = {
      key_alias: unique("alias # of"),
      models: ["of-file", "another"],
      blocked: false,
      allowed_routes: ["llm_api_routes"],
      allowed_cache_controls: ["no-cache"],
      metadata: { environment: "testing", nested: [{ a: 1 }] },
      aliases: { short: "of-file" },
      config: { c: "d" },
      permissions: { p: "true" },
      ...limits,
      ...kept,
    };
    const made = await api.ok("POST", "/key/generate", { key, duration: "90d", ...fields });
    expect(made["key"]).toBe(key);
    const { metadata, ...beside } = fields;
    const asKept = { ...metadata, ...kept };
    expect(await infoOf(key)).toMatchObject({ ...beside, metadata: asKept });
    expect((await infoOf(key))["metadata"]).toEqual(asKept); // and nothing else

    const changes = { max_budget: 120.5, blocked: true, metadata: { owner: "x" }, model_rpm_limit: { "of-file": 101 } };
    await api.ok("POST", "/key/update", { ...fields, ...changes, key });
    const changed = { ...asKept, ...changes.metadata, model_rpm_limit: { "of-file": 101 } };
    const { environment: _, nested: __, ...left } = changed;
    expect(await infoOf(key)).toMatchObject({ ...beside, ...changes, metadata: left });

    await api.ok("POST", "/key/update", { key, blocked: false }); // what is omitted stays what it was
    expect(await infoOf(key)).toMatchObject({ blocked: false, max_budget: 120.5, metadata: left });

    await api.ok("POST", "/key/delete", { keys: [key] });
    expect(await api.refused("GET", `/key/info?key=${encodeURIComponent(key)}`)).toMatch(/404 .*not found/);
    expect(await api.refused("POST", "/key/delete", { keys: [key] })).toMatch(NOT_FOUND);
  });

  it("with no field has none: no user, no duration, no budget is made up", async () => {
    const key = textOf(await api.ok("POST", "/key/generate", {}), "key");
    const info = await infoOf(key);
    const nothing = [...Object.keys(limits), ...Object.keys(kept)].filter((name) => name !== "model_max_budget");
    const ids = ["user_id", "team_id", "organization_id", "project_id", "budget_id", "key_alias", "expires", "blocked"];
    for (const name of [...nothing, ...ids]) expect(info[name], name).toBeNull();
    for (const name of ["models", "allowed_routes", "allowed_cache_controls"]) expect(info[name], name).toEqual([]);
    for (const name of ["metadata", "aliases", "config", "permissions", "model_max_budget"])
      expect(info[name], name).toEqual({});
    await api.ok("POST", "/key/update", { key });
    expect({ ...(await infoOf(key)), updated_at: "" }).toEqual({ ...info, updated_at: "" });
  });

  it("is read by its key, and by its hash, which is nobody's key", async () => {
    const { key, token_id } = await api.ok("POST", "/key/generate", {});
    const ofKey = await api.ok("GET", `/key/info?key=${key}`);
    const ofHash = await api.ok("GET", `/key/info?key=${token_id}`);
    expect(ofKey["key"]).toBe(key);
    expect(ofHash["info"]).toEqual(ofKey["info"]);
    for (const answer of [ofKey["info"], await api.ok("POST", "/key/update", { key, rpm_limit: 5 })])
      expect(JSON.stringify(answer)).not.toContain(token_id);
  });

  it("of a service account, a project, an organization with a budget", async () => {
    const team_id = await newTeam();
    const { organization_id } = await api.ok("POST", "/organization/new", { organization_alias: unique("o") });
    const { project_id } = await api.ok("POST", "/project/new", { team_id });
    const { budget_id } = await api.ok("POST", "/budget/new", { max_budget: 1 });
    const service = await api.ok("POST", "/key/service-account/generate", {
      team_id,
      models: ["all-team-models"],
      metadata: { service_account_id: "ci" },
      key_alias: unique("ci"),
    });
    const of = await api.ok("POST", "/key/generate", { organization_id, budget_id });
    const inProject = await api.ok("POST", "/key/generate", { team_id, project_id, models: ["all-team-models"] });
    expect(await infoOf(textOf(service, "key"))).toMatchObject({ team_id, user_id: null, models: ["all-team-models"] });
    expect(await infoOf(textOf(of, "key"))).toMatchObject({ organization_id, budget_id, max_budget: null });
    expect(await infoOf(textOf(inProject, "key"))).toMatchObject({ team_id, project_id });
  });

  it("_block", async () => {
    const key = textOf(await api.ok("POST", "/key/generate", {}), "key");
    await api.ok("POST", "/key/block", { key });
    expect(await infoOf(key)).toMatchObject({ blocked: true });
    await api.ok("POST", "/key/unblock", { key });
    expect(await infoOf(key)).toMatchObject({ blocked: false });
  });
});

describe("litellm_team", () => {
  const infoOf = async (id: string) => mapOf(await api.ok("GET", `/team/info?team_id=${id}`), "team_info");
  const route = [{ "of-file": ["another"] }];
  const fields = {
    team_alias: unique("full"),
    max_budget: 500,
    budget_duration: "30d",
    tpm_limit: 100_000,
    rpm_limit: 1000,
    tpm_limit_type: "guaranteed_throughput",
    rpm_limit_type: "guaranteed_throughput",
    blocked: false,
    models: ["of-file", "another"],
    tags: ["b", "a"],
    guardrails: ["g"],
    prompts: ["p"],
    team_member_budget: 50,
    team_member_rpm_limit: 100,
    team_member_tpm_limit: 10_000,
    model_aliases: { fast: "of-file" },
    model_rpm_limit: { "of-file": 500 },
    model_tpm_limit: { "of-file": 50_000 },
    router_settings: { fallbacks: route, context_window_fallbacks: route },
  };

  it("with every field, from create to delete", async () => {
    const metadata = { environment: "testing", nested: { a: [1, 2] }, number: "5" };
    const team_id = await newTeam({ ...fields, metadata });
    const read = await infoOf(team_id);
    expect(read).toMatchObject({ ...fields, metadata });
    expect(await infoOf(team_id)).toEqual(read);

    // A limit that leaves the configuration is sent as null; so is an empty list, which in Go is nil.
    const cleared = { max_budget: null, budget_duration: null, tpm_limit: null, rpm_limit: null };
    const ofMembers = { team_member_budget: null, team_member_rpm_limit: null, team_member_tpm_limit: null };
    await api.ok("POST", "/team/update", { team_id, ...fields, ...cleared, ...ofMembers, router_settings: {} });
    expect(await infoOf(team_id)).toMatchObject({ ...fields, ...cleared, ...ofMembers, router_settings: {} });

    const permissionsOf = () => api.ok("GET", `/team/permissions_list?team_id=${team_id}`);
    const permissions = ["/key/generate", "/key/info"];
    await api.ok("POST", "/team/permissions_update", { team_id, team_member_permissions: permissions });
    expect(await permissionsOf()).toMatchObject({ team_id, team_member_permissions: permissions });
    await api.ok("POST", "/team/permissions_update", { team_id, team_member_permissions: null });
    expect(await permissionsOf()).toMatchObject({ team_member_permissions: [] });

    await api.ok("POST", "/team/delete", { team_ids: [team_id] });
    expect(await api.refused("GET", `/team/info?team_id=${team_id}`)).toMatch(/404 .*not found/);
    expect(await api.refused("POST", "/team/delete", { team_ids: [team_id] })).toMatch(NOT_FOUND);
  });

  it("with no field has none, and _block", async () => {
    const team_id = await newTeam();
    const info = await infoOf(team_id);
    const nullable = ["max_budget", "budget_duration", "tpm_limit", "rpm_limit", "organization_id"];
    for (const name of [...nullable, "team_member_budget", "tpm_limit_type", "rpm_limit_type"])
      expect(info[name] ?? null, name).toBeNull();
    expect(info).toMatchObject({ models: [], metadata: {}, members_with_roles: [] });
    await api.ok("POST", "/team/block", { team_id });
    expect(await infoOf(team_id)).toMatchObject({ blocked: true });
    await api.ok("POST", "/team/unblock", { team_id });
    expect(await infoOf(team_id)).toMatchObject({ blocked: false });
  });

  it("_member and _member_add", async () => {
    const team_id = await newTeam();
    const [user_id, user_email] = [unique("m"), `${unique("m")}@example.com`];
    const member = { role: "admin", user_id, user_email };
    await api.ok("POST", "/team/member_add", { team_id, member: [member], max_budget_in_team: 100 });
    expect(await api.refused("POST", "/team/member_add", { team_id, member: [member] })).toMatch(
      /^400 .*team_member_already_in_team/,
    );
    const byEmail = `${unique("e")}@example.com`;
    await api.ok("POST", "/team/member_add", { team_id, member: [{ role: "user", user_email: byEmail }] });
    expect(await infoOf(team_id)).toMatchObject({
      members_with_roles: [member, { role: "user", user_email: byEmail }],
    });
    const cleared = { user_id, user_email, team_id, max_budget_in_team: null };
    expect(await api.ok("POST", "/team/member_update", cleared)).toMatchObject({ max_budget_in_team: null });
    await api.ok("POST", "/team/member_delete", { user_id, user_email, team_id });
    await api.ok("POST", "/team/member_delete", { user_email: byEmail, team_id });
    expect(await infoOf(team_id)).toMatchObject({ members_with_roles: [] });
  });
});

describe("litellm_project", () => {
  it("from create to delete", async () => {
    const team_id = await newTeam();
    const ofBudget = {
      max_budget: 12.5,
      soft_budget: 10,
      budget_duration: "30d",
      tpm_limit: 100,
      rpm_limit: 10,
      max_parallel_requests: 3,
      model_max_budget: { "of-file": 2.5 },
    };
    const fields = {
      team_id,
      project_alias: unique("p"),
      description: "what for",
      models: ["of-file"],
      metadata: { a: "b", c: [1] },
      tags: ["b", "a"],
      model_rpm_limit: { "of-file": 5 },
      model_tpm_limit: { "of-file": 50 },
      blocked: false,
    };
    const { project_id } = await api.ok("POST", "/project/new", { ...fields, ...ofBudget });
    const infoOf = (id: unknown) => api.ok("GET", `/project/info?project_id=${id}`);
    expect(await infoOf(project_id)).toMatchObject({ ...fields, litellm_budget_table: ofBudget });
    expect((await infoOf(project_id))["metadata"]).toEqual(fields.metadata);
    await api.ok("POST", "/project/update", { ...fields, project_id, description: "else", tags: ["c"], blocked: true });
    expect(await infoOf(project_id)).toMatchObject({ ...fields, description: "else", tags: ["c"], blocked: true });

    const bare = await infoOf((await api.ok("POST", "/project/new", { team_id }))["project_id"]);
    expect(bare).toMatchObject({ project_alias: null, description: null, models: [], metadata: {}, blocked: false });
    expect(bare["litellm_budget_table"]).toMatchObject({ max_budget: null, budget_duration: null });
    await api.list("DELETE", "/project/delete", { project_ids: [project_id] });
    expect(await api.refused("GET", `/project/info?project_id=${project_id}`)).toMatch(/404 .*not found/);
  });
});

describe("litellm_user", () => {
  const infoOf = async (id: unknown) => mapOf(await api.ok("GET", `/user/info?user_id=${id}`), "user_info");

  it("from create to delete", async () => {
    const user_id = unique("user");
    const fields = {
      user_id,
      user_alias: "A Person",
      user_email: `${user_id}.Mixed@Example.com`,
      user_role: "internal_user",
      max_budget: 200,
      budget_duration: "30d",
      tpm_limit: 50_000,
      rpm_limit: 500,
      models: ["of-file", "another"],
      metadata: { department: "engineering" },
    };
    const made = await api.ok("POST", "/user/new", { ...fields, auto_create_key: true, teams: [] });
    expect(made).toMatchObject({ user_id, key: expect.stringMatching(/^sk-/) });
    expect(await infoOf(user_id)).toMatchObject(fields);
    const changes = { user_role: "internal_user_viewer", max_budget: 0, metadata: { a: "b" } };
    await api.ok("POST", "/user/update", { ...fields, ...changes, auto_create_key: true });
    expect(await infoOf(user_id)).toMatchObject({ ...fields, ...changes });
    await api.ok("POST", "/user/update", { user_id, max_budget: null, budget_duration: null, tpm_limit: null });
    expect(await infoOf(user_id)).toMatchObject({ max_budget: null, budget_duration: null, tpm_limit: null });
    await api.ok("POST", "/user/delete", { user_ids: [user_id] });
    expect(await api.refused("GET", `/user/info?user_id=${user_id}`)).toMatch(/404 .*not found/);
  });

  it("with a team, and with no key and no field", async () => {
    const team_id = await newTeam();
    const { user_id } = await api.ok("POST", "/user/new", { auto_create_key: false, teams: [team_id] });
    const info = await infoOf(user_id);
    expect(info).toMatchObject({ teams: [team_id], models: [], metadata: {} });
    for (const name of ["user_alias", "user_email", "max_budget", "budget_duration", "tpm_limit", "rpm_limit"])
      expect(info[name], name).toBeNull();
  });
});

/** What comes over the API, where the file's deployments and the environment's keys stand beside it. */
import { describe, expect, it } from "vitest";
import { type Credential, destinationOf, endpointsOf } from "../../src/router/bound.ts";
import { loadDeployments, loadStored } from "../../src/router/load.ts";
import { registeredProviders } from "../../src/router/lookup.ts";

const environment = {
  OPENAI_API_KEY: "key-of-the-environment",
  OPENAI_API_BASE: "https://env.example/v1",
  SECRET: "hush",
};

function stored(params: Record<string, unknown>, credentials: Record<string, Credential> = {}) {
  const context = { environment, providers: registeredProviders, credentials: new Map(Object.entries(credentials)) };
  return loadStored({ id: "id", modelName: "m", params: { model: "openai/x", ...params }, info: {} }, context);
}

function target(params: Record<string, unknown>, credentials?: Record<string, Credential>) {
  const deployment = stored(params, credentials);
  return typeof deployment === "string" ? deployment : deployment.target;
}

const key = (found: ReturnType<typeof target>) => (typeof found === "string" ? found : found.apiKey?.reveal());

describe("a model of the database", () => {
  it("is asked at the provider's own host with the environment's key", () => {
    expect(target({})).toMatchObject({ apiBase: "https://env.example/v1" });
    expect(key(target({}))).toBe("key-of-the-environment");
    expect(key(target({ api_key: "os.environ/OPENAI_API_KEY", api_base: "os.environ/OPENAI_API_BASE" }))).toBe(
      "key-of-the-environment",
    );
  });

  it.each([
    ["api_base", "https://evil.example"],
    ["base_url", "https://evil.example"],
    ["aws_bedrock_runtime_endpoint", "https://evil.example"],
    ["azure_endpoint", "https://evil.example"],
  ])("is asked at %s without any", (name, value) => {
    expect(key(target({ [name]: value }))).toBeUndefined();
    expect(key(target({ [name]: value, api_key: "own" }))).toBe("own");
  });

  it.each<[string, Record<string, unknown>, Credential]>([
    ["a host", { api_base: "https://evil.example" }, { values: { api_key: "k" } }],
    ["another host", { base_url: "https://evil.example" }, { values: { api_key: "k", api_base: "https://a.example" } }],
    ["a variable of the credential's", {}, { values: { api_key: "os.environ/SECRET" }, isStored: true }],
    ["a key", { api_key: "own" }, { values: { api_base: "https://a.example" }, isStored: true }],
  ])("cannot have a credential beside %s", (_, params, credential) => {
    expect(stored({ ...params, litellm_credential_name: "c" }, { c: credential })).toEqual(
      expect.stringMatching(/^m: /),
    );
  });

  it("names no variable in its name or in model_info", () => {
    const context = { environment, providers: registeredProviders, credentials: new Map() };
    const model = { id: "id", modelName: "os.environ/SECRET", params: { model: "openai/x" }, info: {} };
    expect(loadStored(model, context)).toMatch(/model_name is missing/);
    const named = loadStored({ ...model, modelName: "m", info: { note: "os.environ/SECRET" } }, context);
    expect(JSON.stringify(named)).not.toContain("hush");
  });

  it("of a team has the team's name for it, wildcards too", () => {
    const context = { environment, providers: registeredProviders, credentials: new Map() };
    const info = { team_id: "t", team_public_model_name: "mine/*" };
    const deployment = loadStored(
      { id: "id", modelName: "model_name_t_1", params: { model: "openai/*" }, info },
      context,
    );
    expect(deployment).toMatchObject({ modelName: "mine/*", team: { id: "t", internalName: "model_name_t_1" } });
    expect(typeof deployment === "string" ? undefined : deployment.bind?.("mine/gpt-5")?.target.model).toBe("gpt-5");
  });
});

describe("a deployment of the file with a credential of the database", () => {
  const load = (params: Record<string, unknown>, values: Record<string, unknown>) => {
    const litellm_params = { model: "openai/x", litellm_credential_name: "c", ...params };
    const compiled = { model_list: [{ model_name: "m", litellm_params }] };
    return loadDeployments(compiled, environment, registeredProviders, new Map([["c", { values, isStored: true }]]));
  };

  it("has its key, also at a host of the file's", () => {
    const { deployments } = load({ api_base: "https://file.example" }, { api_key: "stored" });
    expect(deployments[0]?.target).toMatchObject({ apiBase: "https://file.example" });
    expect(deployments[0]?.target.apiKey?.reveal()).toBe("stored");
  });

  it.each([
    ["the environment's key", {}, undefined],
    ["its own key", { api_key: "os.environ/OPENAI_API_KEY" }, /a key of its own/],
  ])("does not send %s to its host", (_, params, notice) => {
    const { deployments, notices } = load(params, { api_base: "https://evil.example" });
    expect(deployments[0]?.target.apiKey).toBeUndefined();
    if (notice) expect(notices).toEqual([expect.stringMatching(notice)]);
  });

  it("gives it no variable", () => {
    expect(load({}, { api_key: "os.environ/SECRET" }).notices).toEqual([
      expect.stringMatching(/names the variable SECRET/),
    ]);
  });
});

it("where params lead", () => {
  expect(
    endpointsOf({ api_base: "https://a.example/v1?x=1", or_site_url: "https://me.example", base_model: "x" }),
  ).toEqual(["https://a.example"]);
  const at = (params: Record<string, unknown>) => destinationOf(params, registeredProviders);
  expect(at({ model: "openai/x" })).toBe(at({ model: "openai/y", rpm: 1 }));
  expect(at({ model: "openai/x" })).not.toBe(at({ model: "groq/x" }));
  expect(at({ model: "openai/x" })).not.toBe(at({ model: "openai/x", api_base: "https://a.example" }));
});

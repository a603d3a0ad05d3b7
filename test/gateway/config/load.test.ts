import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/gateway/config/diagnostics.ts";
import { loadConfig } from "../../../src/gateway/config/load.ts";
import type { Deployment } from "../../../src/router/deployment.ts";
import { NEWEST } from "../../../src/tenancy/compatibility.ts";
import { everyProvider, parse } from "./lookup.ts";

type Variables = Record<string, string | undefined>;

function load(yaml: string, env: Variables = {}) {
  return loadConfig(parse(yaml).compiled, env, everyProvider);
}

/** The one deployment with these params. */
function deployment(
  params: Record<string, unknown>,
  env: Variables = {},
  rest: Record<string, unknown> = {},
): Deployment {
  const compiled = {
    model_list: [{ model_name: "m", litellm_params: { model: "openai/gpt-4o", ...params } }],
    ...rest,
  };
  const { deployments, notices } = loadConfig(compiled, env, everyProvider);
  expect(notices).toEqual([]);
  return deployments[0]!;
}

const realistic = readFileSync(join(import.meta.dirname, "realistic.yaml"), "utf8").replace(/^include:\n.*\n/m, "");
const environment = {
  LITELLM_MASTER_KEY: "sk-master-of-the-file",
  OPENAI_API_KEY: "key-openai",
  ANTHROPIC_API_KEY: "key-anthropic",
  AZURE_API_KEY_EU: "key-azure",
  VERTEX_CREDENTIALS: '{"private_key":"key-vertex"}',
  AWS_SECRET_ACCESS_KEY: "key-aws",
  REDIS_PASSWORD: "key-redis",
  REDIS_PORT: "6380",
  PRESIDIO_KEY: "key-presidio",
  LITELLM_ENVIRONMENT: "production",
  SLACK_WEBHOOK_URL: "https://hooks.slack.com/services/T0/B0/key-slack",
};

describe("a realistic file", () => {
  const config = load(realistic, environment);
  const named = (name: string) => config.deployments.filter(({ modelName }) => modelName === name);

  test("its settings, with their types", () => {
    expect(config.settings.calls).toEqual({
      timeout: 30,
      watch: {},
      streamTimeout: 15.5,
      dropParams: true,
      modifyParams: false,
      alwaysIncludeStreamUsage: false,
      storePrompts: false,
      timezone: "UTC",
      compatibility: NEWEST,
    });
    expect(config.settings.maxRequestBytes).toBe(5 * 1024 * 1024);
    expect(config.settings.jsonLogs).toBe(true);
    expect(config.settings.litellm.num_retries).toBe(3);
    expect(config.settings.router.redis_host).toBe("redis.internal"); // of environment_variables
    expect(config.masterKey?.reveal()).toBe("sk-master-of-the-file");
    expect([...config.aliases]).toEqual([
      ["gpt-4", { model: "gpt-4o", hidden: false }],
      ["gpt-4-hidden", { model: "gpt-4o", hidden: true }],
    ]);
    expect(Object.keys(config.settings.other)).toContain("guardrails");
    expect(config.variable("REDIS_HOST")).toBe("redis.internal");
  });

  test("its deployments", () => {
    const [azure, openai] = named("gpt-4o");
    expect(azure).toMatchObject({
      id: "gpt-4o-eu",
      litellmModel: "azure/gpt-4o-eu",
      timeout: 120,
      streamTimeout: 30,
      rpm: 1000,
      tpm: 100_000,
      order: 1,
      tags: ["eu", "paid"],
      baseModel: "azure/gpt-4o",
      info: { supports_vision: true, cost_center: "42" },
      target: {
        provider: "azure",
        model: "gpt-4o-eu",
        apiBase: "https://example-eu.openai.azure.com",
        apiVersion: "2024-10-21",
      },
    });
    expect(azure?.target.apiKey?.reveal()).toBe("key-azure");
    expect(openai).toMatchObject({
      weight: 2,
      maxRetries: 0,
      policy: { additionalDropParams: ["logit_bias"], allowedOpenaiParams: ["reasoning_effort"] },
      defaults: { temperature: 0.2 },
      extraBody: { prompt_cache_key: "shared" },
      target: { provider: "openai", model: "gpt-4o", organization: "org-1", headers: { "x-team": "research" } },
    });
    const [claude] = named("claude");
    expect(claude?.defaults).toEqual({ thinking: { type: "enabled", budget_tokens: 1024 }, top_k: 40 });
    expect(claude?.info).toEqual({
      mode: "chat",
      max_input_tokens: 200_000,
      input_cost_per_token: 0.000003,
      output_cost_per_token: 0.000015,
    });
    // the catalogue's figures, and the deployment's own over them
    expect(claude?.target.info).toMatchObject({ ...claude?.info, supports_vision: true, max_output_tokens: 64_000 });
    const [gemini] = named("gemini");
    expect(gemini?.target.params).toMatchObject({ vertex_project: "my-project", vertex_location: "global" });
    expect(gemini?.defaults).toEqual({});
  });

  test("is left out where the environment is not its own", () => {
    expect(named("fake")).toEqual([]);
    expect(config.notices).toEqual(["model_list[9] is left out: fake: it is not for the environment production"]);
    expect(load(realistic, { ...environment, LITELLM_ENVIRONMENT: "development" }).notices).toEqual([]);
  });

  test("prints no secret", () => {
    const printed = JSON.stringify(config);
    expect(printed).not.toMatch(/key-\w+/);
    expect(printed).toContain("[secret]");
    expect(named("gpt-4o")[0]?.raw.params["api_key"]?.toString()).toBe("[secret]");
  });
});

describe("where key and base URL come from", () => {
  test.each([
    [{ api_key: "own" }, { OPENAI_API_KEY: "env" }, "own", undefined],
    [{}, { OPENAI_API_KEY: "env" }, "env", undefined],
    [{ api_key: "os.environ/NONE" }, { OPENAI_API_KEY: "env" }, "env", undefined],
    [{ api_key: "os.environ/MINE" }, { OPENAI_API_KEY: "env", MINE: "mine" }, "mine", undefined],
    [{}, { OPENAI_API_KEY: "" }, undefined, undefined],
    [{}, { OPENAI_BASE_URL: "https://a/v1/", OPENAI_API_BASE: "https://b" }, undefined, "https://a/v1"],
    [{ api_base: "https://own/" }, { OPENAI_BASE_URL: "https://a" }, undefined, "https://own"],
    [{ api_base: "https://own", base_url: "https://wins" }, {}, undefined, "https://wins"],
  ])("%j with %j", (params, env, key, base) => {
    const { target } = deployment(params, env);
    expect(target.apiKey?.reveal()).toBe(key);
    expect(target.apiBase).toBe(base);
  });

  test("a credential gives what the deployment does not set", () => {
    const credential_list = [
      { credential_name: "c", credential_values: { api_key: "os.environ/K", api_base: "https://c" } },
    ];
    const { target } = deployment(
      { litellm_credential_name: "c", api_base: "https://own" },
      { K: "key" },
      { credential_list },
    );
    expect(target.apiKey?.reveal()).toBe("key");
    expect(target.apiBase).toBe("https://own");
  });

  test("connection params by the deployment, else by the provider's variables; secrets wrapped", () => {
    const env = { CLOUDFLARE_ACCOUNT_ID: "from-env" };
    expect(deployment({ model: "cloudflare/x" }, env).target.params).toEqual({ account_id: "from-env" });
    expect(deployment({ model: "cloudflare/x", account_id: "own" }, env).target.params).toEqual({ account_id: "own" });
    const { target, defaults } = deployment({
      model: "bedrock/x",
      aws_secret_access_key: "hush",
      aws_new_token: "hush",
      aws_new_thing: 1,
      vertex_credentials: { private_key: "hush" },
    });
    expect(defaults).toEqual({});
    expect(target.params?.["aws_new_thing"]).toBe(1);
    expect(JSON.stringify(target)).not.toContain("hush");
  });
});

describe("values", () => {
  test("texts of the environment become what is wanted", () => {
    const { timeout, rpm, target, policy } = deployment(
      { timeout: "os.environ/T", rpm: "os.environ/R", drop_params: "os.environ/D", modify_params: "True" },
      { T: "2.5", R: "10", D: "false" },
    );
    expect([timeout, rpm, target.dropParams, policy.dropParams, target.modifyParams]).toEqual([
      2.5,
      10,
      false,
      false,
      true,
    ]);
  });

  test("headers: extra_headers win, names in lower case, values text", () => {
    expect(deployment({ headers: { A: "1", B: 2 }, extra_headers: { a: "3" } }).target.headers).toEqual({
      a: "3",
      b: "2",
    });
  });

  test("0 seconds is not set", () => {
    expect(deployment({ timeout: 0, stream_timeout: 0 })).not.toHaveProperty("timeout");
    expect(load("router_settings: {timeout: 0}\nlitellm_settings: {request_timeout: 7}\n").settings.calls.timeout).toBe(
      7,
    );
  });

  test("defaults of an empty file", () => {
    const config = load("model_list: []\n");
    expect(config.settings.calls).toMatchObject({ timeout: 6000, dropParams: false, modifyParams: false });
    expect(config.settings.maxRequestBytes).toBe(25 * 1024 * 1024);
    expect(config.masterKey).toBeUndefined();
    expect(load("model_list: []\n", { LITELLM_MASTER_KEY: "sk-of-the-environment" }).masterKey?.reveal()).toBe(
      "sk-of-the-environment",
    );
  });

  test("prices of litellm_params win over those of model_info", () => {
    const compiled = {
      model_list: [
        {
          model_name: "m",
          litellm_params: { model: "openai/x", input_cost_per_token: "1e-6" },
          model_info: { input_cost_per_token: 5, output_cost_per_token: "2e-6", id: 7 },
        },
      ],
    };
    const [first] = loadConfig(compiled, {}, everyProvider).deployments;
    expect(first?.id).toBe("7");
    expect(first?.info).toEqual({ input_cost_per_token: 0.000001, output_cost_per_token: 0.000002 });
  });
});

describe("ids", () => {
  test("depend on name and params as written, not on their order or the environment", () => {
    const id = deployment({ api_key: "os.environ/K", temperature: 1 }, { K: "a" }).id;
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(deployment({ temperature: 1, api_key: "os.environ/K" }, { K: "b" }).id).toBe(id);
    expect(deployment({ temperature: 2, api_key: "os.environ/K" }).id).not.toBe(id);
    expect(deployment({ temperature: 1, api_key: "os.environ/OTHER" }).id).not.toBe(id);
  });

  test("do not change with a key that is written in the file", () => {
    expect(deployment({ api_key: "one" }).id).toBe(deployment({ api_key: "two" }).id);
  });

  test("are different for items that are the same", () => {
    const item = "  - model_name: 'a/*'\n    litellm_params: {model: openai/*}\n";
    const [one, two] = load(`model_list:\n${item}${item}`).deployments;
    expect(two?.id).toBe(`${one?.id}-2`);
    expect(two?.bind?.("a/x")?.id).toBe(two?.id);
  });
});

describe("wildcards", () => {
  const wildcard = (name: string, model: string, params: Record<string, unknown> = {}) => {
    const compiled = { model_list: [{ model_name: name, litellm_params: { model, ...params } }] };
    return loadConfig(compiled, { OPENAI_API_KEY: "o", ANTHROPIC_API_KEY: "a" }, everyProvider).deployments[0]!;
  };
  test.each([
    ["openai/*", "openai/*", "openai/gpt-5", "openai", "gpt-5", "o"],
    ["*", "openai/*", "gpt-4o", "openai", "gpt-4o", "o"],
    ["*", "*", "anthropic/claude-x", "anthropic", "claude-x", "a"],
    ["*", "*", "gpt-4o", "openai", "gpt-4o", "o"],
    ["claude-*", "anthropic/claude-*", "claude-x", "anthropic", "claude-x", "a"],
    ["fast-*", "openai/gpt-5-mini", "fast-x", "openai", "gpt-5-mini", "o"],
    ["hf/*", "huggingface/together/*", "hf/meta/llama", "huggingface", "together/meta/llama", undefined],
  ])("%s → %s: %s", (name, model, requested, provider, asked, key) => {
    const bound = wildcard(name, model).bind?.(requested);
    expect(bound?.target).toMatchObject({ provider, model: asked });
    expect(bound?.target.apiKey?.reveal()).toBe(key);
    expect(bound?.modelName).toBe(requested);
    expect(bound?.bind).toBeUndefined();
  });

  test("what is known before a name is asked for", () => {
    expect(wildcard("openai/*", "openai/*").target).toMatchObject({ provider: "openai", model: "*" });
    expect(wildcard("*", "*").target).toEqual({ provider: "", model: "*" });
    expect(wildcard("*", "*", { custom_llm_provider: "openai" }).target).toMatchObject({
      provider: "openai",
      model: "*",
    });
    expect(wildcard("openai/*", "openai/*").bind?.("azure/x")).toBeUndefined();
    expect(() => wildcard("*", "*").bind?.("nobody/x")).toThrow(/NOT provided/);
  });
});

describe("a master key that everybody knows or that can be guessed", () => {
  const weak = { LITELLM_MASTER_KEY: "sk-1234" };

  test.each(["sk-1234", "sk-12345678", "sk-short", "sk-aaaaaaaaaaaaaaaa", "SK-1234".toLowerCase(), "sk-"])(
    "%s is refused",
    (key) => {
      expect(() => load("model_list: []\n", { LITELLM_MASTER_KEY: key })).toThrow(/openssl rand -hex 24/);
      expect(() => load(`general_settings: {master_key: ${JSON.stringify(key)}}\n`)).toThrow(ConfigError);
    },
  );

  test.each<[string, string, Variables]>([
    ["the setting", "general_settings: {dangerously_permit_weak_or_unset_master_key: true}\n", weak],
    ["the version", 'general_settings: {litellm_compatibility: "1.83"}\n', weak],
    ["the version as a number", "general_settings: {litellm_compatibility: 1.83}\n", weak],
    ["the variable", "{}\n", { ...weak, LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: "True" }],
  ])("is permitted by %s, and told", (_, yaml, env) => {
    const config = load(yaml, env);
    expect(config.masterKey?.reveal()).toBe("sk-1234");
    expect(config.notices).toEqual([expect.stringMatching(/the master key is one that everybody knows/)]);
  });
});

describe("litellm_compatibility", () => {
  test("the newest version's statuses, 1.83's, and the operator's own", () => {
    expect(load("{}\n").compatibility).toMatchObject({ budgetStatus: 422, modelAccessStatus: 403 });
    const old = load('general_settings: {litellm_compatibility: "1.83"}\n').compatibility;
    expect(old).toMatchObject({ budgetStatus: 400, modelAccessStatus: 401, userBudgetOnTeamKeys: false });
    expect(load("litellm_settings: {budget_exceeded_status_code: 429}\n").compatibility.budgetStatus).toBe(429);
  });

  test("no other version", () => {
    expect(() => load("general_settings: {litellm_compatibility: 1.99}\n")).toThrow(/must be one of 1\.83/);
  });
});

describe("what cannot be", () => {
  test.each([
    [
      "general_settings: {master_key: os.environ/KEY}\n",
      {},
      "general_settings.master_key: the environment variable KEY is not set",
    ],
    [
      "general_settings: {master_key: os.environ/KEY}\n",
      { KEY: "" },
      "general_settings.master_key: the environment variable KEY is not set",
    ],
    [
      "general_settings: {master_key: os.environ/KEY}\n",
      { KEY: "hush" },
      'general_settings.master_key must begin with "sk-"',
    ],
    ["model_list: []\n", { LITELLM_MASTER_KEY: "hush" }, 'LITELLM_MASTER_KEY must begin with "sk-"'],
    [
      "router_settings: {timeout: os.environ/T}\n",
      { T: "soon" },
      'router_settings.timeout must be a number of seconds, not "soon"',
    ],
    [
      "router_settings: {model_group_alias: {a: [b]}}\n",
      {},
      "router_settings.model_group_alias.a must name a model group",
    ],
  ])("%j with %j", (yaml, env, message) => {
    expect(() => load(yaml, env)).toThrow(new ConfigError(message));
  });

  test("not a map at all", () => {
    expect(() => loadConfig([], {}, everyProvider)).toThrow(ConfigError);
  });

  test("a deployment that cannot be served does not take the others with it", () => {
    const item = (params: string) => `  - model_name: m\n    litellm_params: {${params}}\n`;
    const { deployments, notices } = load(
      `model_list:\n${item("model: nobody/x")}${item("model: openai/x, api_base: os.environ/B")}${item("model: openai/x, litellm_credential_name: c")}${item("model: openai/good")}`,
      { B: "not a url" },
    );
    expect(deployments.map(({ target }) => target.model)).toEqual(["good"]);
    expect(notices).toEqual([
      "model_list[0] is left out: m: LLM Provider NOT provided. You passed model=nobody/x",
      'model_list[1] is left out: api_base must be a URL that begins with http:// or https://, not "not a url"',
      "model_list[2] is left out: there is no credential c",
    ]);
  });

  test("a wrong type in a setting not in force does no harm", () => {
    expect(load("router_settings: {client_ttl: many}\n").settings.router.client_ttl).toBeUndefined();
  });
});

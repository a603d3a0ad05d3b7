import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../../src/gateway/config/diagnostics.ts";
import { checkEnvironment } from "../../../src/gateway/config/parse.ts";
import { everyProvider, notes, parse } from "./lookup.ts";

const realistic = readFileSync(join(import.meta.dirname, "realistic.yaml"), "utf8");
const more = "model_list:\n  - model_name: included\n    litellm_params: {model: openai/gpt-4o-mini}\n";

/** A file around one thing, whose line is 4 where it is a setting of a model. */
function model(params: string, rest = ""): string {
  return `model_list:\n  - model_name: m\n    litellm_params:\n      ${params}\n${rest}`;
}

describe("a realistic file", () => {
  const parsed = parse({ "config.yaml": realistic, "more_models.yaml": more });

  test("passes: what is told is only the section that is no one's", () => {
    expect(notes(parsed)).toEqual(["2:1 warning x-defaults: is no setting of LiteLLM's, and does nothing"]);
  });

  test("is compiled without resolving anything", () => {
    const text = JSON.stringify(parsed.compiled);
    expect(JSON.parse(text)).toEqual(parsed.compiled);
    expect(parsed.compiled["include"]).toBeUndefined();
    expect(text).toContain("os.environ/LITELLM_MASTER_KEY");
    const models = parsed.compiled["model_list"] as { model_name: string }[];
    expect(models.map(({ model_name }) => model_name).at(-1)).toBe("included");
  });

  test("each setting has its state and lines", () => {
    const state = (name: string) => parsed.settings.find((setting) => setting.name === name);
    const lines = (name: string) =>
      state(name)?.positions.map(({ file, line }) => (file === "config.yaml" ? line : `${file}:${line}`));
    expect(state("litellm_settings.drop_params")?.state).toBe("in force");
    expect(state("litellm_settings.num_retries")?.state).toBe("in force");
    expect(state("litellm_settings.cache_params.ttl")?.state).toBe("in force");
    expect(state("router_settings.routing_strategy")?.state).toBe("in force");
    expect(state("model_list[].litellm_params.top_k")?.state).toBe("in force");
    expect(state("model_list[].model_info.cost_center")?.state).toBe("in force");
    expect(state("x-defaults")?.state).toBe("unknown");
    expect(lines("general_settings.master_key")).toEqual([146]);
    expect(lines("model_list[].model_info.id")).toEqual([22]);
    expect(lines("model_list[].litellm_params.timeout")).toEqual([3]); // where the anchor has it
    expect(lines("model_list[].model_name")?.slice(-2)).toEqual([80, "more_models.yaml:2"]);
  });

  test("knows which variables it reads", () => {
    const names = new Set(parsed.references.map(({ name }) => name));
    expect(names).toContain("AZURE_API_KEY_EU");
    expect(names).toContain("REDIS_PORT");
    expect(names).toContain("COHERE_API_KEY"); // in a header of a pass-through endpoint, after other words
  });
});

describe("mistakes are errors, with their line", () => {
  test.each([
    ["model_list:\n  - litellm_params:\n      model: openai/x\n", "2:5 error model_list[0]: model_name is missing"],
    ["model_list:\n  - model_name: m\n", "2:5 error model_list[0]: litellm_params is missing"],
    [model("api_key: k"), "3:5 error model_list[0].litellm_params: model is missing"],
    [
      model("model: opnai/gpt-4o"),
      "4:7 error model_list[0].litellm_params.model: there is no provider opnai; did you mean openai?",
    ],
    [
      model("model: mystery"),
      "4:7 error model_list[0].litellm_params.model: LLM Provider NOT provided. You passed model=mystery",
    ],
    ["model_list:\n  - gpt-4\n", "2:5 error model_list[0]: must be a map with model_name and litellm_params"],
    ["model_list: gpt-4\n", '1:1 error model_list: must be a list, not "gpt-4"'],
    ["router_settings: []\n", "1:1 error router_settings: must be a map, not a list"],
    [
      "router_settings:\n  timeout: soon\n",
      '2:3 error router_settings.timeout: must be a number of seconds, not "soon"',
    ],
    [
      "litellm_settings:\n  drop_params: maybe\n",
      '2:3 error litellm_settings.drop_params: must be true or false, not "maybe"',
    ],
    [
      model("model: openai/x\n      headers:\n        a: b\n        c: [d]"),
      "7:9 error model_list[0].litellm_params.headers.c: must be a map of header names to strings, this one is not",
    ],
    [
      model("model: openai/x\n      api_base: localhost:11434"),
      '5:7 error model_list[0].litellm_params.api_base: must be a URL that begins with http:// or https://, not "localhost:11434"',
    ],
    [
      model("model: openai/x\n      api_base: http://localhost:99999"),
      '5:7 error model_list[0].litellm_params.api_base: must be a URL that begins with http:// or https://, not "http://localhost:99999"',
    ],
    [
      model("model: openai/x\n      api_key: [hush]"),
      "5:7 error model_list[0].litellm_params.api_key: must be a string, not a list",
    ],
    [
      model(
        "model: openai/x\n      litellm_credential_name: prd",
        "credential_list:\n  - credential_name: prod\n    credential_values: {}\n",
      ),
      "5:7 error model_list[0].litellm_params.litellm_credential_name: there is no credential prd; did you mean prod?",
    ],
    [
      model("model: openai/x", "router_settings:\n  model_group_alias:\n    a: m\n    b: gone\n"),
      "8:5 error router_settings.model_group_alias.b: there is no model group gone",
    ],
    [
      model("model: openai/x", "router_settings:\n  model_group_alias: {a: [m]}\n"),
      "6:23 error router_settings.model_group_alias.a: must be a model group's name, or a map with model and hidden",
    ],
    [
      "model_list:\n  - model_name: a\n    litellm_params: {model: openai/x}\n    model_info: {id: 1}\n  - model_name: b\n    litellm_params: {model: openai/x}\n    model_info: {id: '1'}\n",
      '7:18 error model_list[1].model_info.id: "1" is the id of model_list[0] already',
    ],
    [
      "general_settings:\n  master_key: my-key\n",
      '2:3 error general_settings.master_key: must begin with "sk-": clients\' keys are told by it, and LiteLLM refuses others',
    ],
    [
      "router_settings:\n  redis_port: 70000\n",
      "2:3 error router_settings.redis_port: must be a port, 1 to 65535, not 70000",
    ],
    ["model_list: [\n", "2:1 error : this is not YAML"],
    ["model_list:\n  - model_name: *\n", "2:17 error : this is not YAML"],
    [
      "model_list:\n  - model_name: *-mini\n",
      "2:17 error model_list[0].model_name: there is no anchor -mini; a text that begins with a star needs quotes",
    ],
    ["", "1:1 error : the file is empty"],
    ["- a\n", "1:1 error : the file must hold a map"],
    ["include: other.yaml\n", "1:1 error include: must be a list of files"],
    ["include:\n  - other.yaml\n", "2:5 error include[0]: there is no file other.yaml"],
  ])("%j", (text, expected) => {
    expect(notes(parse(text)).map((note) => note.slice(0, expected.length))).toContain(expected);
  });

  test("a file that is not there", () => {
    expect(notes(parse({}))).toEqual(["1:1 error : there is no such file"]);
  });
});

describe("what LiteLLM ignores, or does without, is a warning", () => {
  const unknown = "is no setting of LiteLLM's, and does nothing";
  test.each([
    ["routr_settings: {}\n", `1:1 warning routr_settings: ${unknown}; did you mean router_settings?`],
    [
      "router_settings:\n  num_retry: 3\n",
      `2:3 warning router_settings.num_retry: ${unknown}; did you mean num_retries?`,
    ],
    [
      "litellm_settings:\n  master_key: sk-1\n",
      `2:3 warning litellm_settings.master_key: ${unknown}; did you mean general_settings.master_key?`,
    ],
    ["drop_params: true\n", `1:1 warning drop_params: ${unknown}; did you mean litellm_settings.drop_params?`],
    [
      "model_list:\n  - model_name: m\n    api_key: k\n    litellm_params: {model: openai/x}\n",
      `3:5 warning model_list[0].api_key: ${unknown}; did you mean model_list[].litellm_params.api_key?`,
    ],
    [
      "litellm_settings:\n  cache_params:\n    tll: 5\n",
      `3:5 warning litellm_settings.cache_params.tll: ${unknown}; did you mean ttl?`,
    ],
    ["general_settings:\n  zzz: 1\n", `2:3 warning general_settings.zzz: ${unknown}`],
    [
      model("model: openai/x\n      api_bse: http://x"),
      "5:7 warning model_list[0].litellm_params.api_bse: is sent to the provider as it is; did you mean api_base?",
    ],
    [
      "router_settings:\n  client_ttl: many\n",
      '2:3 warning router_settings.client_ttl: must be a whole number, not "many"',
    ],
    [
      "litellm_settings:\n  fallbacks:\n    - gone: ['*']\n",
      "3:7 warning litellm_settings.fallbacks[0].gone: there is no model group gone",
    ],
    [
      model("model: openai/x", "router_settings:\n  fallbacks: [{m: [m, gone]}]\n"),
      "6:23 warning router_settings.fallbacks[0].m[1]: there is no model group gone",
    ],
    [
      model("model: openai/x", "litellm_settings:\n  default_fallbacks: [gone]\n"),
      "6:23 warning litellm_settings.default_fallbacks[0]: there is no model group gone",
    ],
    [
      model("model: openai/*"),
      "4:7 warning model_list[0].litellm_params.model: has a wildcard that nothing fills: model_name has none",
    ],
    [
      "general_settings:\n  master_key: sk-1234\n",
      "2:3 warning general_settings.master_key: is known to everybody or can be guessed",
    ],
    [
      "litellm_settings: {}\nlitellm_settings: {}\n",
      "2:1 warning litellm_settings: stands on line 1 too; the last one counts",
    ],
    [
      model(
        "model: openai/x",
        "general_settings: {store_model_in_db: true}\nrouter_settings:\n  model_group_alias: {b: in-db}\n",
      ),
      "7:23 warning router_settings.model_group_alias.b: there is no model group in-db",
    ],
    [
      model("model: opnai/x", "router_settings: {ignore_invalid_deployments: true}\n"),
      "4:7 warning model_list[0].litellm_params.model: there is no provider opnai; did you mean openai?; the deployment is left out",
    ],
  ])("%j", (text, expected) => {
    const found = notes(parse(text));
    expect(found.map((note) => note.slice(0, expected.length))).toEqual([expected]);
  });

  test("a provider LiteLLM knows and Sluice does not", () => {
    const fewer = {
      ...everyProvider,
      find: (slug: string) => (slug === "bedrock" ? undefined : everyProvider.find(slug)),
    };
    expect(notes(parse(model("model: bedrock/anthropic.claude"), fewer))).toEqual([
      "4:7 warning model_list[0].litellm_params.model: Sluice does not speak bedrock yet; the deployment is left out",
    ]);
  });
});

test.each([
  "model_list:\n",
  "litellm_settings:\nrouter_settings:\ngeneral_settings:\n",
  model("model: openai/x\n      timeout: os.environ/T\n      drop_params: os.environ/D\n      headers: os.environ/H"),
  model("model: os.environ/MODEL"),
  model("model: openai/x\n      top_k: 1\n      temperature: 0\n      safety_settings: []\n      my_own: 1"),
  model("model: openai/x\n      rpm:\n      api_key: null"),
  model("model: x\n      custom_llm_provider: openai"),
  'model_list:\n  - model_name: "*"\n    litellm_params: {model: "*"}\nrouter_settings:\n  model_group_alias: {a: anything}\n',
])("nothing to say of %j", (text) => {
  expect(notes(parse(text))).toEqual([]);
});

describe("include", () => {
  test("lists are appended, sections laid over; lines are those of the files", () => {
    const parsed = parse({
      "config.yaml":
        "include: [a.yaml]\nlitellm_settings:\n  drop_params: true\n  max_tokens: 1\nmodel_list:\n  - model_name: one\n    litellm_params: {model: openai/1}\n",
      "a.yaml":
        "include:\n- b.yaml\nmodel_list:\n  - model_name: two\n    litellm_params: {model: openai/2}\nlitellm_settings:\n  max_tokens: x\n",
      "b.yaml": "model_list:\n  - model_name: three\nrouter_settings:\n  tiemout: 1\n",
    });
    expect(notes(parsed)).toEqual([
      "a.yaml:6:1 warning litellm_settings: stands in the including file too; both are merged, where LiteLLM keeps this one only",
      'a.yaml:7:3 warning litellm_settings.max_tokens: must be a whole number, not "x"',
      "b.yaml:2:5 error model_list[2]: litellm_params is missing",
      "b.yaml:4:3 warning router_settings.tiemout: is no setting of LiteLLM's, and does nothing; did you mean timeout?",
    ]);
    expect(parsed.compiled["litellm_settings"]).toEqual({ drop_params: true, max_tokens: "x" });
    expect((parsed.compiled["model_list"] as unknown[]).length).toBe(3);
  });

  test("a circle is an error, a file named twice counts once", () => {
    expect(notes(parse({ "config.yaml": "include:\n - a.yaml\n", "a.yaml": "include:\n  - config.yaml\n" }))).toEqual([
      "a.yaml:2:5 error include[0]: config.yaml includes itself, by way of this file",
    ]);
    const twice = parse({ "config.yaml": "include:\n - a.yaml\n - a.yaml\n", "a.yaml": "prompts: [1]\n" });
    expect(notes(twice)).toEqual(["3:4 warning include[1]: a.yaml is included already; it counts once"]);
    expect(twice.compiled["prompts"]).toEqual([1]);
  });
});

test("the environment: a warning for each variable, an error for the master key", () => {
  const parsed = parse(
    `${model("model: openai/x\n      api_key: os.environ/A")}  - model_name: n\n    litellm_params: {model: openai/x, api_key: os.environ/A, organization: os.environ/B}\ngeneral_settings:\n  master_key: os.environ/KEY\nenvironment_variables: {B: b}\n`,
  );
  const lines = (environment: Record<string, string>) => checkEnvironment(parsed, environment).map(formatDiagnostic);
  expect(lines({})).toEqual([
    "config.yaml:5:7: warning: model_list[0].litellm_params.api_key: the environment variable A is not set",
    "config.yaml:9:3: error: general_settings.master_key: the environment variable KEY is not set; without a master key nobody can use the gateway",
  ]);
  expect(lines({ A: "a", KEY: "sk-x" })).toEqual([]);
});

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withTables } from "../../../scripts/build-config-docs.ts";
import { report } from "../../../scripts/check-config.ts";
import { compileConfig } from "../../../scripts/compile-config.ts";
import { readConfig } from "../../../scripts/read-config.ts";
import { ConfigError } from "../../../src/gateway/config/diagnostics.ts";
import { loadConfig } from "../../../src/gateway/config/load.ts";

const root = join(import.meta.dirname, "../../..");

function folder(files: Record<string, string>): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), "sluice-config-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return (name) => join(path, name);
}

test("docs/config.md has the tables of the settings (node scripts/build-config-docs.ts)", () => {
  const document = readFileSync(join(root, "docs/config.md"), "utf8");
  expect(withTables(document)).toBe(document);
});

describe("the example config", () => {
  const file = join(root, "config.example.yaml");

  test("has nothing wrong, and nothing that is not in force", () => {
    const { diagnostics, settings } = readConfig(file);
    expect(diagnostics).toEqual([]);
    expect(settings.filter(({ state }) => state !== "in force")).toEqual([]);
  });

  test("serves a model before any key is set", () => {
    const { deployments, masterKey } = loadConfig(readConfig(file).compiled, {});
    expect(masterKey).toBeUndefined();
    expect(deployments[0]).toMatchObject({ modelName: "demo", mockResponse: expect.stringContaining("Sluice") });
    expect(deployments.filter(({ bind }) => bind).map(({ modelName }) => modelName)).toEqual([
      "openai/*",
      "anthropic/*",
      "gemini/*",
    ]);
  });
});

describe("compileConfig", () => {
  const path = folder({
    "config.yaml": "include: [models.yaml]\ngeneral_settings: {master_key: os.environ/KEY}\n",
    "models.yaml":
      "model_list:\n  - model_name: m\n    litellm_params: {model: openai/gpt-4o, api_key: os.environ/MINE}\n",
    "bad.yaml": "model_list:\n  - model_name: m\n    litellm_params: {model: opnai/x}\n",
  });

  test("writes the configuration with its includes, and no variable's value", () => {
    const out = path("out/config.json");
    const compiled = compileConfig({ file: path("config.yaml"), out, env: { KEY: "sk-hush-hush", MINE: "hush" } });
    expect(compiled).toMatchObject({ models: 1, firstModel: "m", masterKey: "sk-hush-hush", warnings: [] });
    expect(compiled.variables).toEqual(expect.arrayContaining(["KEY", "LITELLM_MASTER_KEY", "MINE", "OPENAI_API_KEY"]));
    expect(JSON.parse(readFileSync(out, "utf8"))).toEqual({
      general_settings: { master_key: "os.environ/KEY" },
      model_list: [{ model_name: "m", litellm_params: { model: "openai/gpt-4o", api_key: "os.environ/MINE" } }],
    });
  });

  test("without an environment asks nothing of it; with one, the master key", () => {
    const options = { file: path("config.yaml"), out: path("c.json") };
    expect(compileConfig(options).masterKey).toBeUndefined();
    expect(() => compileConfig({ ...options, env: {} })).toThrow(
      /config\.yaml:2:20: error: general_settings\.master_key: the environment variable KEY is not set/,
    );
  });

  test("refuses a file with errors, by line", () => {
    expect(() => compileConfig({ file: path("bad.yaml"), out: path("c.json") })).toThrow(ConfigError);
    expect(() => compileConfig({ file: path("bad.yaml"), out: path("c.json") })).toThrow(
      /bad\.yaml:3:22: error: .*did you mean openai\?/,
    );
  });
});

test("check-config: settings in columns, then what is wrong", () => {
  const path = folder({
    "config.yaml":
      "model_list:\n  - model_name: m\n    litellm_params: {model: openai/gpt-4o, api_key: os.environ/A}\nrouter_settings:\n  client_ttl: 2\n  tiemout: 3\n",
  });
  const file = path("config.yaml");
  expect(
    report(file, readConfig(file), { A: "a" }, (_, text) => text),
  ).toBe(`setting                              state                            lines
model_list                           in force                         1
model_list[].model_name              in force                         2
model_list[].litellm_params          in force                         3
model_list[].litellm_params.model    in force                         3
model_list[].litellm_params.api_key  in force                         3
router_settings                      in force                         4
router_settings.client_ttl           accepted, not yet in force       5
router_settings.tiemout              unknown (did you mean timeout?)  6

Environment variables it reads:
  A  set here

${file}:6:3: warning: router_settings.tiemout: is no setting of LiteLLM's, and does nothing; did you mean timeout?

8 settings: 6 in force; 1 accepted, not yet in force; 1 unknown
0 errors, 1 warning`);
});

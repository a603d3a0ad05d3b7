import { expect, it } from "vitest";
import { loadConfig } from "../../../src/gateway/config/load.ts";
import { registeredProviders } from "../../../src/router/lookup.ts";
import { notes, parse } from "./lookup.ts";

const item = (params: string, rest = "") => `  - {model_name: m, litellm_params: {${params}}${rest}}\n`;
const AZURE = "model: azure/our-17, api_base: https://x.openai.azure.com, api_key: k";

it.each([
  ["model: openai/my-own", "", "nobody knows its price"],
  [AZURE, "", "its name tells no model"],
  [`${AZURE}, base_model: azure/nothing`, "", "there is no price of its base_model azure/nothing"],
  [AZURE, ", model_info: {mode: image_generation}", "nobody knows its price"],
  ["model: openai/my-own, litellm_credential_name: c", "", "nobody knows its price"],
])("warns of %s%s", (params, rest, expected) => {
  const credentials = "credential_list: [{credential_name: c, credential_values: {api_key: k}}]\n";
  const found = notes(parse(`model_list:\n${item(params, rest)}${credentials}`, registeredProviders));
  expect(found).toEqual([expect.stringContaining(`warning model_list[0].litellm_params.model: ${expected}`)]);
});

it.each([
  ["model: openai/gpt-4o", ""],
  [AZURE, ", model_info: {base_model: azure/gpt-4o}"],
  [AZURE, ", model_info: {base_model: os.environ/BASE}"],
  ["model: openai/my-own, input_cost_per_token: os.environ/PRICE", ""],
  ["model: os.environ/MODEL", ""],
  ["model: hosted_vllm/qwen, api_base: http://localhost:1", ""],
])("says nothing of %s%s", (params, rest) => {
  expect(notes(parse(`model_list:\n${item(params, rest)}`, registeredProviders))).toEqual([]);
});

it("the start names twenty at most, and what stands in variables", () => {
  const models = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      model_name: `m${index}`,
      litellm_params: { model: "os.environ/MODEL", api_key: "k" },
    }));
  const noticesOf = (count: number) =>
    loadConfig({ model_list: models(count) }, { MODEL: "openai/my-own" }, registeredProviders).notices;
  expect(noticesOf(2)).toEqual([
    expect.stringMatching(/^m0 \(openai\/my-own\): nobody knows its price/),
    expect.stringMatching(/^m1 /),
  ]);
  expect(noticesOf(25)).toHaveLength(21);
  expect(noticesOf(25).at(-1)).toMatch(/^5 deployments more/);
});

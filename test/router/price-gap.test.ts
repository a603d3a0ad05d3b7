import { describe, expect, it } from "vitest";
import { loadDeployments } from "../../src/router/load.ts";
import { registeredProviders } from "../../src/router/lookup.ts";
import { priceGap } from "../../src/router/price-gap.ts";

function gapOf(litellm_params: object, model_info: object = {}, model_name = "m"): string | undefined {
  const config = { model_list: [{ model_name, litellm_params, model_info }] };
  const { deployments, notices } = loadDeployments(config, {}, registeredProviders);
  expect(notices).toEqual([]);
  const [deployment] = deployments;
  if (deployment === undefined) throw new Error("it was not loaded");
  return priceGap(deployment);
}

const AZURE = { api_base: "https://x.openai.azure.com", api_key: "k" };

describe("a deployment of a price that nobody knows", () => {
  it.each([
    [{ model: "openai/my-own" }, {}],
    [{ model: "openai/my-own", api_base: "http://10.0.0.1/v1" }, { max_tokens: 100 }],
    [{ model: "azure/our-voice", ...AZURE }, { mode: "audio_speech" }],
    [{ model: "azure/our-pictures", ...AZURE }, { mode: "image_generation" }],
    [{ model: "azure/our-sessions", ...AZURE }, { mode: "realtime" }],
  ])("%j %j", (params, info) => {
    expect(gapOf(params, info)).toMatch(/^nobody knows its price.* set model_info\.base_model .*prices/);
  });

  it("says so of a base_model that is not there", () => {
    expect(gapOf({ model: "azure/our-17", ...AZURE }, { base_model: "azure/gpt-4oo" })).toMatch(
      /^there is no price of its base_model azure\/gpt-4oo, and its name tells no model/,
    );
  });

  it.each([{}, { mode: "chat" }, { mode: "batch" }, { mode: "embedding", max_input_tokens: 8191 }])(
    "is told by answers: %j",
    (info) => {
      expect(gapOf({ model: "azure/our-17", ...AZURE }, info)).toMatch(/no budget reserves for the first of them/);
    },
  );
});

it.each([
  [{ model: "openai/gpt-4o" }, {}],
  [{ model: "openai/my-own", input_cost_per_token: 0 }, {}],
  [{ model: "openai/my-own" }, { output_cost_per_image: "0.04" }],
  [{ model: "azure/our-17", ...AZURE }, { base_model: "azure/gpt-4o" }],
  [{ model: "azure/gpt-4o", ...AZURE }, {}],
  [
    { model: "azure/our-voice", ...AZURE },
    { mode: "audio_speech", base_model: "azure/tts-1" },
  ],
  [{ model: "hosted_vllm/qwen", api_base: "http://localhost:8000" }, {}],
  [{ model: "lm_studio/qwen", api_base: "http://localhost:1234/v1" }, {}],
  [{ model: "openai/my-own", mock_response: "Hi" }, {}],
])("nothing is missing of %j %j", (params, info) => {
  expect(gapOf(params, info)).toBeUndefined();
});

it("wildcards stand for many models", () => {
  expect(gapOf({ model: "azure/*", ...AZURE }, {}, "azure/*")).toBeUndefined();
});

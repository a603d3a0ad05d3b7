/** What the file says for deployments that say nothing themselves. */
import { describe, expect, it } from "vitest";
import { loadDeployments, loadSettings, loadStored } from "../../src/router/load.ts";
import { registeredProviders } from "../../src/router/lookup.ts";

const environment = { OPENAI_API_KEY: "sk-env", ANTHROPIC_API_KEY: "sk-env", TEMPERATURE: "0.5" };

function load(compiled: Record<string, unknown>, ...models: Record<string, unknown>[]) {
  const model_list = models.map((litellm_params, index) => ({ model_name: `m${index}`, litellm_params }));
  return loadDeployments({ ...compiled, model_list }, environment, registeredProviders).deployments;
}

describe("default_litellm_params", () => {
  const router_settings = {
    default_litellm_params: {
      temperature: "os.environ/TEMPERATURE",
      max_tokens: 5,
      api_base: "https://evil.example",
      api_key: "sk-x",
    },
  };

  it("are parameters of requests where the deployment has none, and nothing else", () => {
    const [plain, own] = load({ router_settings }, { model: "openai/x" }, { model: "openai/x", max_tokens: 9 });
    expect(plain?.defaults).toEqual({ temperature: "0.5", max_tokens: 5 });
    expect(own?.defaults).toEqual({ temperature: "0.5", max_tokens: 9 });
    expect(plain?.target.apiBase).toBeUndefined();
    expect(plain?.target.apiKey?.reveal()).toBe("sk-env");
  });

  it("hold for models of the database and wildcards too", () => {
    const settings = loadSettings({ router_settings }, environment);
    const context = { environment, providers: registeredProviders, credentials: new Map(), ...settings };
    const stored = loadStored({ id: "id", modelName: "m/*", params: { model: "openai/*" }, info: {} }, context);
    expect(stored).toMatchObject({ defaults: { max_tokens: 5 } });
    expect(typeof stored === "string" ? undefined : stored.bind?.("m/x")?.defaults).toMatchObject({ max_tokens: 5 });
  });
});

describe("route_all_chat_openai_to_responses", () => {
  const litellm_settings = { route_all_chat_openai_to_responses: true };
  const apis = (compiled: Record<string, unknown>) =>
    load(
      compiled,
      { model: "openai/gpt-4o" },
      { model: "openai/gpt-4o", use_chat_completions_api: true },
      { model: "openai/text-embedding-3-small" },
      { model: "anthropic/claude-sonnet-4-5" },
    ).map(({ target }) => target.api);

  it("sends chat at OpenAI by responses, unless the deployment says otherwise", () => {
    expect(apis({ litellm_settings })).toEqual(["responses", "chat", undefined, undefined]);
    expect(apis({})).toEqual([undefined, "chat", undefined, undefined]);
  });
});

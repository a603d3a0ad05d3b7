import { expect, test } from "vitest";
import { loadConfig } from "../../../src/gateway/config/load.ts";

const config = (litellm_settings: object) =>
  loadConfig(
    {
      model_list: [
        { model_name: "a", litellm_params: { model: "azure/d", api_base: "https://r.openai.azure.com" } },
        {
          model_name: "b",
          litellm_params: { model: "azure/d", api_base: "https://r.openai.azure.com", api_key: "own" },
        },
        {
          model_name: "c",
          litellm_params: {
            model: "azure/d",
            api_base: "https://r.openai.azure.com",
            tenant_id: "t",
            client_id: "c",
            client_secret: "s",
          },
        },
      ],
      litellm_settings,
    },
    { AZURE_API_KEY: "of the environment", NAMED: "named", AZURE_CLIENT_ID: "of another account" },
  );

const keys = (settings: object) => config(settings).deployments.map(({ target }) => target.apiKey?.reveal());

test("azure_key is every deployment's that has no credentials of its own", () => {
  expect(keys({})).toEqual(["of the environment", "own", undefined]);
  expect(keys({ azure_key: "of the file" })).toEqual(["of the file", "own", undefined]);
  expect(keys({ azure_key: "os.environ/NAMED" })).toEqual(["named", "own", undefined]);
  expect(JSON.stringify(config({ azure_key: "of the file" }))).not.toContain("of the file");
});

test("AZURE_DEFAULT_API_VERSION reaches the deployments", () => {
  const [deployment] = config({ AZURE_DEFAULT_API_VERSION: "2024-10-21" }).deployments;
  expect(deployment?.target.params).toMatchObject({ default_api_version: "2024-10-21" });
});

test("credentials of a deployment are not mixed with those of the environment", () => {
  expect(config({}).deployments[2]?.target.params).toMatchObject({ client_id: "c" });
});

import { expect, it } from "vitest";
import type { Gateway } from "../../../../src/gateway/gateway.ts";
import { vertexDeployment } from "../../../../src/gateway/llm/pass-through/vertex.ts";
import { ModelGroups } from "../../../../src/router/groups.ts";
import { loadDeployments } from "../../../../src/router/load.ts";
import { registeredProviders } from "../../../../src/router/lookup.ts";

function gatewayOf(variables: Record<string, string>, projects: readonly string[] = []): Gateway {
  const model_list = projects.map((vertex_project) => ({
    model_name: vertex_project,
    litellm_params: {
      model: "vertex_ai/gemini-2.5-pro",
      vertex_project,
      vertex_credentials: "{}",
      use_in_pass_through: true,
    },
  }));
  const { deployments } = loadDeployments({ model_list }, {}, registeredProviders);
  return {
    config: { settings: { other: {} }, variable: (name: string) => variables[name] },
    router: { groups: new ModelGroups(deployments) },
  } as unknown as Gateway; // the parts that are looked at
}

it("LiteLLM's variables for pass-through routes name project, location and credentials", () => {
  const gateway = gatewayOf({
    DEFAULT_VERTEXAI_PROJECT: "acme",
    DEFAULT_VERTEXAI_LOCATION: "europe-west4",
    DEFAULT_GOOGLE_APPLICATION_CREDENTIALS: "{}",
    VERTEXAI_PROJECT: "another",
  });
  const found = vertexDeployment(gateway, "vertex_ai", "/v1/publishers/google/models/m:generateContent");
  expect(found?.target.params).toMatchObject({ vertex_project: "acme", vertex_location: "europe-west4" });
  expect(vertexDeployment(gatewayOf({}), "vertex_ai", "/v1/x")).toBeUndefined();
});

it.each(["/v1/projects/b/locations/global/x", "/discovery/v1/projects/b/locations/global/collections"])(
  "%s is asked by the deployment of its project",
  (path) => {
    const found = vertexDeployment(gatewayOf({}, ["a", "b"]), "vertex_ai", path);
    expect(found?.target.params?.["vertex_project"]).toBe("b");
  },
);

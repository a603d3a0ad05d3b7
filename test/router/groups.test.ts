import { describe, expect, it } from "vitest";
import { ModelGroups } from "../../src/router/groups.ts";
import { loadDeployments } from "../../src/router/load.ts";
import { registeredProviders } from "../../src/router/lookup.ts";

const { deployments } = loadDeployments(
  {
    model_list: [
      { model_name: "fast", litellm_params: { model: "openai/gpt-4o-mini" }, model_info: { id: "one" } },
      { model_name: "fast", litellm_params: { model: "groq/llama-3.3-70b-versatile" }, model_info: { id: "two" } },
      { model_name: "smart", litellm_params: { model: "anthropic/claude-sonnet-4-5" }, model_info: { id: "three" } },
      { model_name: "any/*", litellm_params: { model: "openai/*" }, model_info: { id: "four" } },
      { model_name: "any/claude-*", litellm_params: { model: "anthropic/claude-*" }, model_info: { id: "five" } },
    ],
  },
  {},
  registeredProviders,
);
const groups = new ModelGroups(
  deployments,
  new Map([
    ["default", { model: "fast", hidden: false }],
    ["smart", { model: "fast", hidden: true }],
    ["far", { model: "any/gpt-5", hidden: false }],
  ]),
);

describe("ModelGroups.find()", () => {
  it.each([
    ["a group", "fast", "fast", ["one", "two"]],
    ["a deployment's id", "two", "fast", ["two"]],
    ["an alias", "default", "fast", ["one", "two"]],
    ["an alias before a group of its name", "smart", "fast", ["one", "two"]],
    ["an alias of what a wildcard serves", "far", "any/gpt-5", ["four"]],
    ["the more particular wildcard", "any/claude-opus-4-1", "any/claude-opus-4-1", ["five"]],
    ["the model its provider knows", "groq/llama-3.3-70b-versatile", "fast", ["one", "two"]],
  ])("%s", (_, model, name, ids) => {
    const group = groups.find(model);
    expect(group?.name).toBe(name);
    expect(group?.deployments.map(({ id }) => id)).toEqual(ids);
  });

  it("nothing", () => {
    expect(groups.find("nobody")).toBeUndefined();
    expect(() => groups.get("nobody")).toThrow(/Invalid model name passed in model=nobody/);
  });

  it("lists the names that show", () => {
    expect(groups.names().map(({ name }) => name)).toEqual([
      "fast",
      "smart",
      "any/*",
      "any/claude-*",
      "default",
      "far",
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { ServiceUnavailableError } from "../../src/formats/errors.ts";
import { ModelGroups } from "../../src/router/groups.ts";
import { loadDeployments, loadStored } from "../../src/router/load.ts";
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

describe("models of a team", () => {
  const context = { environment: {}, providers: registeredProviders, credentials: new Map() };
  const ofTeam = (id: string, team: string, name: string, model: string) => {
    const info = { team_id: team, team_public_model_name: name };
    const deployment = loadStored({ id, modelName: `internal-${name}-${team}`, params: { model }, info }, context);
    if (typeof deployment === "string") throw new Error(deployment);
    return deployment;
  };
  const mixed = new ModelGroups([
    ...deployments,
    ofTeam("t1", "red", "fast", "openai/red"),
    ofTeam("t2", "red", "own/*", "openai/*"),
    ofTeam("t3", "blue", "blue-only", "openai/gpt-4o-mini"),
  ]);

  it.each([
    ["its own before everybody's", "fast", "red", ["t1"]],
    ["by the stored name", "internal-fast-red", "red", ["t1"]],
    ["by id", "t1", "red", ["t1"]],
    ["by its wildcard", "own/gpt-5", "red", ["t2"]],
    ["everybody's beside them", "smart", "red", ["three"]],
    ["everybody's, for others", "fast", "blue", ["one", "two"]],
    ["by the model its provider knows", "openai/gpt-4o-mini", "blue", ["t3"]],
    ["everybody's, for nobody's key", "fast", undefined, ["one", "two"]],
  ])("%s", (_, model, team, ids) => {
    expect(mixed.find(model, team)?.deployments.map(({ id }) => id)).toEqual(ids);
  });

  it.each([undefined, "blue", "nobody"])("are not there for %s", (team) => {
    for (const name of ["t1", "internal-fast-red", "own/gpt-5"]) {
      expect(mixed.serves(name, team)).toBe(false);
      expect(mixed.isNamed(name, team)).toBe(false);
    }
    expect(mixed.names(team).map(({ name }) => name)).not.toContain("own/*");
  });

  it("are listed by the team's name", () => {
    expect(mixed.names("blue").map(({ name }) => name)).toContain("blue-only");
    expect(mixed.names("blue").map(({ name }) => name)).not.toContain("internal-blue-only-blue");
  });
});

it("what is not there is told in the way that was handed in", () => {
  const loading = new ModelGroups(deployments, undefined, (model) => new ServiceUnavailableError(`${model}: not yet`));
  expect(() => loading.get("nobody")).toThrow("nobody: not yet");
});

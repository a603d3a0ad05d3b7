import { describe, expect, it } from "vitest";
import type { KeyIdentity } from "../../src/store/identity.ts";
import { refuseAlias, refuseModel } from "../../src/tenancy/model-access.ts";

/** Rows with nothing but their lists: the rest is not looked at. */
function identity(lists: { key?: string[]; team?: string[]; user?: string[]; org?: string[]; aliases?: string[] }) {
  const { key = [], team, user, org, aliases = [] } = lists;
  return {
    key: { models: key },
    team: team && { models: team, model_aliases: Object.fromEntries(aliases.map((name) => [name, "x"])) },
    user: user && { models: user },
    organization: org && { models: org },
    keyGroupModels: [],
    teamGroupModels: [],
  } as unknown as KeyIdentity; // only these fields are read
}

const names = { groupsOf: (model: string) => (model === "gpt-5" ? ["beta-models"] : []) };

describe("which models a key may call", () => {
  it.each([
    [{}, "gpt-5", undefined],
    [{ key: ["gpt-5"] }, "gpt-5", undefined],
    [{ key: ["gpt-5"] }, "gpt-4o", "key"],
    [{ key: ["openai/*"] }, "openai/gpt-5", undefined],
    [{ key: ["openai/*"] }, "anthropic/claude", "key"],
    [{ key: ["beta-models"] }, "gpt-5", undefined],
    [{ key: ["beta-models"] }, "gpt-4o", "key"],
    [{ key: ["all-proxy-models"] }, "gpt-5", undefined],
    [{ key: ["no-default-models"] }, "gpt-5", "key"],
    [{ key: ["all-team-models"], team: ["gpt-5"] }, "gpt-5", undefined],
    [{ key: ["all-team-models"], team: ["gpt-5"] }, "gpt-4o", "team"],
    [{ key: ["all-team-models"] }, "gpt-5", "key"],
    [{ key: ["gpt-4o"], team: ["gpt-5"] }, "gpt-4o", "team"],
    [{ team: [] }, "gpt-5", undefined],
    [{ user: ["gpt-5"] }, "gpt-4o", "user"],
    [{ user: ["gpt-5"], team: ["gpt-4o"] }, "gpt-4o", undefined],
    [{ org: ["gpt-5"] }, "gpt-4o", "org"],
  ])("%j, %s: refused by %s", (lists, model, by) => {
    expect(refuseModel(identity(lists), model, names)?.by).toBe(by);
  });

  it("an alias of the key leads nowhere its team may not go", () => {
    const own = identity({ key: ["fast"], team: ["gpt-4o", "fast"] });
    expect(refuseAlias(own, { name: "fast", target: "gpt-4o", madeBy: "key" }, names)).toBeUndefined();
    expect(refuseAlias(own, { name: "fast", target: "gpt-5", madeBy: "key" }, names)?.by).toBe("team");
  });

  it("an alias of the team lets its keys in by the alias's name", () => {
    const own = identity({ key: ["fast"], team: ["gpt-4o"], aliases: ["fast"] });
    expect(refuseAlias(own, { name: "fast", target: "gpt-5", madeBy: "team" }, names)).toBeUndefined();
    expect(refuseAlias(own, { name: "other", target: "gpt-5", madeBy: "team" }, names)?.by).toBe("key");
  });
});

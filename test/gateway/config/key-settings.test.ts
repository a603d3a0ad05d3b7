import { describe, expect, it } from "vitest";
import { keyDefaults, keyGeneration, keyUpperBounds } from "../../../src/gateway/config/key-settings.ts";

describe("settings of keys", () => {
  it("take what LiteLLM's documentation shows", () => {
    const bounds = { max_budget: 100, budget_duration: "10d", duration: "30d", tpm_limit: 1000, rpm_limit: 1000 };
    expect(keyUpperBounds.schema.parse(bounds)).toEqual(bounds);
    const defaults = {
      max_budget: 1.5,
      models: ["azure-gpt-3.5"],
      metadata: { setting: "default" },
      team_id: "core-infra",
    };
    expect(keyDefaults.schema.parse(defaults)).toEqual(defaults);
    const generation = { team_key_generation: { allowed_team_member_roles: ["admin"], required_params: ["tags"] } };
    expect(keyGeneration.schema.parse(generation)).toEqual(generation);
  });

  it("are refused where they would bound nothing", () => {
    for (const wrong of [{ duration: "soon" }, { budget_duration: "1y" }, { max_budget: "much" }, { rpm_limit: -1 }])
      expect(keyUpperBounds.schema.safeParse(wrong).success).toBe(false);
  });
});

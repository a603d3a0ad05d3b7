import { describe, expect, it } from "vitest";
import { hostOf, keeperOf } from "../../../../src/gateway/llm/objects/keeper.ts";

const row = (host: string | undefined) => ({
  ...{ id: "file-slc1", kind: "file", owner: "key:1", created_by: null, deployment_id: "gone", provider: "openai" },
  ...{ provider_id: "file-1", model: null, body: null, created_at: 0, expires_at: null },
  state: host === undefined ? null : { host },
});

/** A gateway with this environment and no deployments. */
const gateway = (variables: Record<string, string>) =>
  ({
    config: { settings: { other: {} }, variable: (name: string) => variables[name] },
    router: { groups: { deployments: () => [] } },
  }) as never; // what is asked of it

const there = { OPENAI_API_KEY: "sk-new", OPENAI_BASE_URL: "https://eu.api.openai.com/v1" };

describe("who keeps an object whose deployment is gone", () => {
  it("is whoever has other credentials for the same place", () => {
    const keeper = keeperOf(gateway(there), row("https://eu.api.openai.com/v1"));
    expect(keeper.target.apiKey?.reveal()).toBe("sk-new");
    expect(keeperOf(gateway(there), row(undefined)).target.provider).toBe("openai");
  });

  it("is nobody at another host: it is not told of the object", () => {
    expect(() => keeperOf(gateway(there), row("https://elsewhere.test/v1"))).toThrow(/another host or organization/);
    expect(() => keeperOf(gateway({}), row("https://elsewhere.test/v1"))).toThrow(/no credentials for openai/);
  });

  it("is told apart without anything that is secret", () => {
    const target = { apiBase: "https://user:secret@host.test/v1/?key=secret", organization: "org-1" } as never; // what is read
    expect(hostOf({ target })).toBe("https://host.test/v1 org-1");
  });
});

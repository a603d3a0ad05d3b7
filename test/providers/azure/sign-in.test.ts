import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { azure } from "../../../src/providers/azure/index.ts";
import type { Target } from "../../../src/providers/provider.ts";

function setup() {
  const asked: string[] = [];
  const fetch = (async (url: string, { body }: RequestInit) => {
    asked.push(`${url} ${new URLSearchParams(String(body)).get("scope")}`);
    return Response.json({ access_token: "entra-token", expires_in: 3600 });
  }) as typeof globalThis.fetch; // the only way it is called here
  const authorize = (params: Record<string, unknown>, headers: Record<string, string> = {}) => {
    const target: Target = { provider: "azure", model: "m", params };
    return azure.authorize!({ method: "POST", url: "https://r.openai.azure.com", headers }, target, {
      fetch,
      now: () => 1,
    });
  };
  return { asked, authorize };
}

const application = (tenant_id: string) => ({ tenant_id, client_id: "c", client_secret: new Secret("s") });

describe("who asks", () => {
  it.each(["api-key", "authorization", "x-api-key"])("nothing is added where there is a header %s", async (name) => {
    const { asked, authorize } = setup();
    expect(await authorize(application("t1"), { [name]: "x" })).toEqual({});
    expect(asked).toEqual([]);
  });

  it("a token that is given", async () => {
    const { asked, authorize } = setup();
    const given = { ...application("t2"), azure_ad_token: new Secret("given") };
    expect(await authorize(given)).toEqual({ authorization: "Bearer given" });
    expect(asked).toEqual([]);
  });

  it("an application, for the scope that is said, by the operator's Entra", async () => {
    const { asked, authorize } = setup();
    expect(await authorize(application("t3"))).toEqual({ authorization: "Bearer entra-token" });
    await authorize({
      ...application("t3"),
      azure_scope: "https://ai.azure.com/.default",
      authority_host: "entra.test",
    });
    expect(asked).toEqual([
      "https://login.microsoftonline.com/t3/oauth2/v2.0/token https://cognitiveservices.azure.com/.default",
      "https://entra.test/t3/oauth2/v2.0/token https://ai.azure.com/.default",
    ]);
  });

  it("another issuer's token", async () => {
    const { asked, authorize } = setup();
    const params = { tenant_id: "t4", client_id: "c", azure_ad_token: new Secret("oidc/a.b.c") };
    expect(await authorize(params)).toEqual({ authorization: "Bearer entra-token" });
    expect(asked).toHaveLength(1);
  });

  it("a gateway before Azure that signs in by itself", async () => {
    const { authorize } = setup();
    expect(await authorize({}, { "ocp-apim-subscription-key": "x" })).toEqual({});
    expect(await authorize(application("t5"), { "ocp-apim-subscription-key": "x" })).toEqual({
      authorization: "Bearer entra-token",
    });
  });

  it("nobody: what to set is said", async () => {
    const { authorize } = setup();
    await expect(authorize({})).rejects.toThrow(/AuthenticationError.*set api_key, azure_ad_token, or tenant_id/);
    // A token for Entra, and no application it is of.
    await expect(authorize({ azure_ad_token: new Secret("oidc/a.b.c") })).rejects.toThrow(/AuthenticationError/);
  });
});

it("says whether there is all it takes", () => {
  const has = (more: Partial<Target>) => azure.hasCredentials!({ provider: "azure", model: "m", ...more });
  expect(has({})).toBe(false);
  expect(has({ apiKey: new Secret("k") })).toBe(true);
  expect(has({ params: application("t") })).toBe(true);
  expect(has({ params: { tenant_id: "t", client_id: "c" } })).toBe(false);
  expect(has({ params: { azure_ad_token: "t" } })).toBe(true);
  expect(has({ params: { azure_ad_token: "oidc/t" } })).toBe(false);
});

import { describe, expect, test } from "vitest";
import { canSignIn, type EntraSettings, entraToken } from "../../src/credentials/entra.ts";
import { Secret } from "../../src/credentials/secret.ts";
import { APIConnectionError, AuthenticationError, ServiceUnavailableError } from "../../src/formats/errors.ts";

interface Asked {
  url: string;
  form: Record<string, string>;
}

/** Entra, as it answers. */
function entra(answer: () => Response | Promise<Response>, clock = { now: 1_000_000 }) {
  const asked: Asked[] = [];
  const fetch = (async (url: string, init: RequestInit) => {
    asked.push({ url, form: Object.fromEntries(new URLSearchParams(String(init.body))) });
    return answer();
  }) as typeof globalThis.fetch; // the only way it is called here
  return { asked, clock, ports: { fetch, now: () => clock.now } };
}

const issued =
  (token: string, seconds = 3599) =>
  () =>
    Response.json({ token_type: "Bearer", expires_in: seconds, ext_expires_in: seconds, access_token: token });

const scope = "https://cognitiveservices.azure.com/.default";
let tenants = 0;
/** A tenant of its own: tokens are remembered by what they were got with. */
function application(more: Partial<EntraSettings> = {}): EntraSettings {
  tenants++;
  return { tenantId: `tenant-${tenants}`, clientId: "app", clientSecret: new Secret("s3cret-of-app"), scope, ...more };
}

describe("what Entra is asked for", () => {
  test("an application with a secret", async () => {
    const { asked, ports } = entra(issued("token-1"));
    const settings = application();
    expect((await entraToken(settings, ports)).reveal()).toBe("token-1");
    expect(asked).toEqual([
      {
        url: `https://login.microsoftonline.com/${settings.tenantId}/oauth2/v2.0/token`,
        form: { grant_type: "client_credentials", client_id: "app", client_secret: "s3cret-of-app", scope },
      },
    ]);
  });

  test("an application by another issuer's token", async () => {
    const { asked, ports } = entra(issued("token-2"));
    await entraToken(application({ clientSecret: undefined, assertion: new Secret("a.b.c") }), ports);
    expect(asked[0]?.form).toEqual({
      grant_type: "client_credentials",
      client_id: "app",
      scope,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: "a.b.c",
    });
  });

  test("a user, of whichever tenant", async () => {
    const { asked, ports } = entra(issued("token-3"));
    await entraToken({ clientId: "app", username: "me@example.com", password: new Secret("pass word&"), scope }, ports);
    expect(asked[0]).toEqual({
      url: "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
      form: { grant_type: "password", client_id: "app", scope, username: "me@example.com", password: "pass word&" },
    });
  });

  test.each([
    ["https://login.microsoftonline.us/", "https://login.microsoftonline.us"],
    ["login.partner.microsoftonline.cn", "https://login.partner.microsoftonline.cn"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ])("at %s", async (authorityHost, origin) => {
    const { asked, ports } = entra(issued("token-4"));
    const settings = application({ authorityHost });
    await entraToken(settings, ports);
    expect(asked[0]?.url).toBe(`${origin}/${settings.tenantId}/oauth2/v2.0/token`);
  });
});

describe("tokens are remembered", () => {
  test("until shortly before they end", async () => {
    const { asked, clock, ports } = entra(issued("token"));
    const settings = application();
    await entraToken(settings, ports);
    await entraToken({ ...settings }, ports);
    expect(asked).toHaveLength(1);
    clock.now += 3_500_000;
    await entraToken(settings, ports);
    expect(asked).toHaveLength(1);
    clock.now += 60_000;
    await entraToken(settings, ports);
    expect(asked).toHaveLength(2);
  });

  test("for one scope and one secret", async () => {
    const { asked, ports } = entra(issued("token"));
    const settings = application();
    await entraToken(settings, ports);
    await entraToken({ ...settings, scope: "https://vault.azure.net/.default" }, ports);
    await entraToken({ ...settings, clientSecret: new Secret("another") }, ports);
    expect(asked).toHaveLength(3);
  });

  test("a refusal is not", async () => {
    let down = true;
    const { asked, ports } = entra(() => (down ? new Response("", { status: 503 }) : issued("token")()));
    const settings = application();
    await expect(entraToken(settings, ports)).rejects.toThrow(ServiceUnavailableError);
    down = false;
    await entraToken(settings, ports);
    expect(asked).toHaveLength(2);
  });
});

describe("what goes wrong", () => {
  test("Entra's own words, without what is secret", async () => {
    const { ports } = entra(() =>
      Response.json(
        {
          error: "invalid_client",
          error_description:
            "AADSTS7000215: Invalid client secret s3cret-of-app provided.\r\nTrace ID: 1\r\nCorrelation ID: 2",
        },
        { status: 401 },
      ),
    );
    const failure = await entraToken(application(), ports).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AuthenticationError);
    expect(String(failure)).toBe(
      "AuthenticationError: litellm.AuthenticationError: Microsoft Entra ID: AADSTS7000215: Invalid client secret [secret] provided.",
    );
    expect(failure).toMatchObject({ status: 401 });
  });

  test.each([
    ["a page", () => new Response("<html>", { status: 400 }), AuthenticationError, /HTTP 400/],
    ["too many", () => new Response("{}", { status: 429 }), ServiceUnavailableError, /HTTP 429/],
    ["no token", () => Response.json({}), Error, /without an access_token/],
    [
      "nobody there",
      () => Promise.reject(new TypeError("no route")),
      APIConnectionError,
      /cannot be reached: no route/,
    ],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "/" } }), AuthenticationError, /302/],
  ])("%s", async (_, answer, Class, message) => {
    const { ports } = entra(answer);
    const failure = entraToken(application(), ports);
    await expect(failure).rejects.toThrow(Class);
    await expect(failure).rejects.toThrow(message);
  });

  test.each([
    ["nothing", { scope }],
    ["no client", { tenantId: "t", clientSecret: new Secret("secret"), scope }],
    ["no secret", { tenantId: "t", clientId: "c", scope }],
    ["a user without a password", { clientId: "c", username: "u", scope }],
  ])("%s is not enough, and nobody is asked", async (_, settings: EntraSettings) => {
    const { asked, ports } = entra(issued("token"));
    expect(canSignIn(settings)).toBe(false);
    await expect(entraToken(settings, ports)).rejects.toThrow(AuthenticationError);
    expect(asked).toEqual([]);
  });

  test.each(["../other", "a/b", "t?x=1", ".."])("a tenant %s would be another address", async (tenantId) => {
    const { asked, ports } = entra(issued("token"));
    await expect(entraToken(application({ tenantId }), ports)).rejects.toThrow(/is no tenant_id/);
    expect(asked).toEqual([]);
  });
});

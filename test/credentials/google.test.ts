import { decodeJwt, decodeProtectedHeader, exportPKCS8, generateKeyPair } from "jose";
import { beforeAll, expect, test } from "vitest";
import { googleProject, googleToken } from "../../src/credentials/google.ts";

const NOW = 1_750_000_000_000;
const TOKEN_URI = "https://oauth2.googleapis.com/token";

interface Asked {
  url: string;
  method: string;
  headers: Headers;
  body: string;
}

/** Answers in turn, and keeps what it was asked. */
function server(...answers: (Response | Error)[]) {
  const asked: Asked[] = [];
  const fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    asked.push({
      url: String(url),
      method: init.method ?? "GET",
      headers: new Headers(init.headers),
      body: String(init.body ?? ""),
    });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer ?? new Response("nothing more", { status: 500 });
  };
  return { asked, ports: { fetch, now: () => NOW } };
}

let privateKey: string;
let account = 0;

beforeAll(async () => {
  const { privateKey: key } = await generateKeyPair("RS256", { extractable: true });
  privateKey = await exportPKCS8(key);
});

/** Another each time: tokens are remembered. */
function serviceAccount(more: object = {}) {
  account += 1;
  return {
    type: "service_account",
    project_id: "acme",
    client_email: `robot-${account}@acme.iam.gserviceaccount.com`,
    private_key_id: "key-1",
    private_key: privateKey,
    token_uri: TOKEN_URI,
    ...more,
  };
}

const granted = (token = "ya29.token", expires_in = 3600) => Response.json({ access_token: token, expires_in });

test("a service account signs who it is, and what it wants", async () => {
  const { asked, ports } = server(granted());
  const account = serviceAccount();
  expect(await googleToken(JSON.stringify(account), { scopes: ["one", "two"] }, ports)).toBe("ya29.token");
  const [{ url, method, body }] = asked as [Asked];
  expect([method, url]).toEqual(["POST", TOKEN_URI]);
  const form = new URLSearchParams(body);
  expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
  const assertion = form.get("assertion") ?? "";
  expect(decodeProtectedHeader(assertion)).toEqual({ alg: "RS256", typ: "JWT", kid: "key-1" });
  const issued = NOW / 1000;
  expect(decodeJwt(assertion)).toEqual({
    iss: account.client_email,
    aud: TOKEN_URI,
    scope: "one two",
    iat: issued,
    exp: issued + 3600,
  });
});

test("line breaks of a key may be escaped", async () => {
  const { ports } = server(granted());
  const account = serviceAccount({ private_key: privateKey.replaceAll("\n", "\\n") });
  expect(await googleToken(JSON.stringify(account), {}, ports)).toBe("ya29.token");
});

test("a token is asked for once, until shortly before its end", async () => {
  const { asked, ports } = server(granted("first", 600), granted("second"));
  const json = JSON.stringify(serviceAccount());
  expect(await googleToken(json, {}, ports)).toBe("first");
  expect(await googleToken(json, {}, { ...ports, now: () => NOW + 500_000 })).toBe("first");
  expect(asked).toHaveLength(1);
  expect(await googleToken(json, {}, { ...ports, now: () => NOW + 550_000 })).toBe("second");
});

test("a user's refresh token", async () => {
  const { asked, ports } = server(granted());
  const user = { type: "authorized_user", client_id: "id", client_secret: "a-secret", refresh_token: "1//refresh" };
  expect(await googleToken(JSON.stringify(user), {}, ports)).toBe("ya29.token");
  expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
    grant_type: "refresh_token",
    client_id: "id",
    client_secret: "a-secret",
    refresh_token: "1//refresh",
  });
});

const IDP = "https://idp.example.com";
const IMPERSONATION =
  "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@acme.iam.gserviceaccount.com:generateAccessToken";
const external = (more: object = {}) => ({
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/idp",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: {
    url: `${IDP}/token?aud=1`,
    headers: { metadata: "true" },
    format: { type: "json", subject_token_field_name: "id_token" },
  },
  ...more,
});

test("a workload known elsewhere exchanges its token, and stands in for a service account", async () => {
  const expireTime = new Date(NOW + 3_600_000).toISOString();
  const { asked, ports } = server(
    Response.json({ id_token: "subject" }),
    granted("federated"),
    Response.json({ accessToken: "impersonated", expireTime }),
  );
  const json = JSON.stringify(external({ service_account_impersonation_url: IMPERSONATION }));
  expect(await googleToken(json, { scopes: ["one"], origins: [IDP] }, ports)).toBe("impersonated");
  expect(asked.map(({ method, url }) => [method, url])).toEqual([
    ["GET", `${IDP}/token?aud=1`],
    ["POST", "https://sts.googleapis.com/v1/token"],
    ["POST", IMPERSONATION],
  ]);
  expect(asked[0]?.headers.get("metadata")).toBe("true");
  const form = new URLSearchParams(asked[1]?.body);
  expect(form.get("subject_token")).toBe("subject");
  expect(form.get("scope")).toBe("https://www.googleapis.com/auth/cloud-platform");
  expect(asked[2]?.headers.get("authorization")).toBe("Bearer federated");
  expect(JSON.parse(asked[2]?.body ?? "")).toEqual({ scope: ["one"], lifetime: "3600s" });
});

test("its token may be a text, from the address or in the credentials", async () => {
  const { asked, ports } = server(new Response("raw-token\n"), granted("a"), granted("b"));
  const { credential_source: _, ...rest } = external();
  const fromUrl = { ...rest, credential_source: { url: `${IDP}/raw` } };
  expect(await googleToken(JSON.stringify(fromUrl), { origins: [IDP] }, ports)).toBe("a");
  const given = { ...rest, credential_source: { subject_token: "given" } };
  expect(await googleToken(JSON.stringify(given), {}, ports)).toBe("b");
  const subjects = asked.slice(1).map(({ body }) => new URLSearchParams(body).get("subject_token"));
  expect(subjects).toEqual(["raw-token", "given"]);
});

test.each([
  ["http://169.254.169.254/token"],
  ["http://oauth2.googleapis.com/token"],
  ["https://oauth2.googleapis.com.evil.example/token"],
  ["https://evil.example/?oauth2.googleapis.com"],
  ["https://oauth2.googleapis.com:8443/token"],
  ["https://user@evil.example/token"],
  ["file:///etc/passwd"],
  ["nonsense"],
])("no address but Google's is asked unless it is named: %s", async (token_uri) => {
  const { asked, ports } = server();
  const given = googleToken(JSON.stringify(serviceAccount({ token_uri })), {}, ports);
  await expect(given).rejects.toMatchObject({ name: "AuthenticationError", status: 401 });
  const source = external({ credential_source: { url: token_uri } });
  await expect(googleToken(JSON.stringify(source), {}, ports)).rejects.toThrow(/which is not Google's/);
  expect(asked).toEqual([]);
});

test("Google's words, and nothing secret", async () => {
  const user = {
    type: "authorized_user",
    client_id: "id",
    client_secret: "client-secret",
    refresh_token: "1//refresh",
  };
  const said = { error: "invalid_grant", error_description: "Bad token 1//refresh of client-secret." };
  const { ports } = server(Response.json(said, { status: 400 }));
  const error = await googleToken(JSON.stringify(user), {}, ports).catch((error: Error) => error);
  expect(error).toMatchObject({
    name: "AuthenticationError",
    message: "litellm.AuthenticationError: Google sign-in - invalid_grant: Bad token [secret] of [secret].",
  });
});

test("a refusal is not remembered, nor is what is no token", async () => {
  const { ports } = server(
    Response.json({ error: "unauthorized_client" }, { status: 401 }),
    Response.json({ id_token: "no access" }),
    new Response("<html>"),
    granted(),
  );
  const json = JSON.stringify(serviceAccount());
  await expect(googleToken(json, {}, ports)).rejects.toThrow("unauthorized_client");
  await expect(googleToken(json, {}, ports)).rejects.toThrow("no access token");
  await expect(googleToken(json, {}, ports)).rejects.toThrow("no access token");
  expect(await googleToken(json, {}, ports)).toBe("ya29.token");
});

test("Google that is down is another matter than a refusal", async () => {
  const { ports } = server(new TypeError("reset"), new Response("busy", { status: 503 }), Response.redirect(IDP, 302));
  const json = JSON.stringify(serviceAccount());
  await expect(googleToken(json, {}, ports)).rejects.toMatchObject({ name: "APIConnectionError" });
  await expect(googleToken(json, {}, ports)).rejects.toMatchObject({ name: "ServiceUnavailableError", status: 503 });
  await expect(googleToken(json, {}, ports)).rejects.toMatchObject({ message: expect.stringContaining("HTTP 302") });
});

test.each([
  ["/var/secrets/key.json", /no JSON/],
  ["{}", /type/],
  ["[]", /cannot be read/],
  [JSON.stringify({ type: "service_account", client_email: "a" }), /private_key/],
  [JSON.stringify({ type: "service_account", client_email: "a", private_key: "geheim-und-kein-key" }), /PKCS #8/],
  [JSON.stringify({ ...external(), credential_source: { file: "/token" } }), /credential_source.url/],
  [JSON.stringify({ ...external(), credential_source: { environment_id: "aws1" } }), /credential_source.url/],
])("what are no credentials: %s", async (json, message) => {
  const { asked, ports } = server();
  const error: Error = await googleToken(json, {}, ports).then(
    () => new Error("a token"),
    (error: Error) => error,
  );
  expect(error.name).toBe("AuthenticationError");
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("geheim");
  expect(asked).toEqual([]);
});

test("the project of the credentials", () => {
  expect(googleProject(JSON.stringify(serviceAccount()))).toBe("acme");
  expect(googleProject(JSON.stringify({ type: "authorized_user", quota_project_id: "paying" }))).toBe("paying");
  expect(googleProject("{}")).toBeUndefined();
  expect(googleProject("/a/path.json")).toBeUndefined();
});

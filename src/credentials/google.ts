/**
 * Access tokens of Google's, from the JSON that its tools keep credentials in: a service account's key, a user's refresh
 * token, a workload's identity elsewhere, or any of them standing in for a service account.
 * Sources: Google, "Using OAuth 2.0 for server to server applications", AIP-4110 to AIP-4117, RFC 7523, RFC 8693.
 */
import { importPKCS8, SignJWT } from "jose";
import { z } from "zod";
import { AuthenticationError } from "../formats/errors.ts";
import { asRecord, parsedJson } from "../formats/json.ts";
import type { SignInPorts } from "./authorize.ts";
import { askGoogle, type TokenServerPorts } from "./google-token-server.ts";
import { Secret } from "./secret.ts";
import { type Token, TokenMemory } from "./token-memory.ts";

/** What all of Google Cloud is reached with. */
export const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";

const TOKEN_URI = "https://oauth2.googleapis.com/token";

const text = z.string().min(1);

const serviceAccount = z.looseObject({
  type: z.literal("service_account"),
  client_email: text,
  private_key: text,
  private_key_id: z.string().optional(),
  token_uri: z.string().default(TOKEN_URI),
});

const authorizedUser = z.looseObject({
  type: z.literal("authorized_user"),
  client_id: text,
  client_secret: text,
  refresh_token: text,
  token_uri: z.string().default(TOKEN_URI),
});

const externalAccount = z.looseObject({
  type: z.literal("external_account"),
  audience: text,
  subject_token_type: text,
  token_url: z.string().default("https://sts.googleapis.com/v1/token"),
  service_account_impersonation_url: z.string().optional(),
  workforce_pool_user_project: z.string().optional(),
  credential_source: z.looseObject({
    url: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    format: z.looseObject({ type: z.string().optional(), subject_token_field_name: z.string().optional() }).optional(),
    subject_token: z.string().optional(),
    file: z.string().optional(),
    environment_id: z.string().optional(),
  }),
});

const impersonated = z.looseObject({
  type: z.literal("impersonated_service_account"),
  service_account_impersonation_url: text,
  delegates: z.array(z.string()).optional(),
  source_credentials: z.discriminatedUnion("type", [serviceAccount, authorizedUser]),
});

const credentialsSchema = z.discriminatedUnion("type", [serviceAccount, authorizedUser, externalAccount, impersonated]);

type Credentials = z.infer<typeof credentialsSchema>;
type Direct = z.infer<typeof serviceAccount> | z.infer<typeof authorizedUser>;
type External = z.infer<typeof externalAccount>;

export interface GoogleOptions {
  /** What the token is for; all of Google Cloud, unless said. */
  scopes?: readonly string[];
  /**
   * Origins (`https://idp.example.com`) that may be asked beside Google's own: the addresses in credentials come with
   * them, perhaps from whoever may store some, and must not lead the gateway wherever they like.
   */
  origins?: readonly string[];
}

const memory = new TokenMemory<string>();

/**
 * An access token, remembered until shortly before it ends.
 * @param json the credentials as text
 * @throws AuthenticationError where they are none, or Google refuses them, in Google's words;
 *   APIConnectionError and ServiceUnavailableError where Google could not say
 */
export function googleToken(
  json: string,
  { scopes = [CLOUD_PLATFORM], origins = [] }: GoogleOptions,
  ports: SignInPorts,
): Promise<string> {
  return memory.get(["google", json, scopes, origins], ports.now, async () => {
    const credentials = readCredentials(json);
    return issue(credentials, scopes, { ...ports, origins, hidden: secretsOf(credentials) });
  });
}

/** The project that the credentials are of, where they say so. */
export function googleProject(json: string): string | undefined {
  const { project_id, quota_project_id } = asRecord(parsedJson(json));
  return [project_id, quota_project_id].filter((name) => typeof name === "string").find(Boolean);
}

/** @throws AuthenticationError */
function readCredentials(json: string): Credentials {
  const known = parsedJson(json);
  if (known === undefined)
    throw refused(
      "the credentials are no JSON. A path to a file is read where the gateway is started or compiled, not where it runs",
    );
  const credentials = credentialsSchema.safeParse(known);
  if (credentials.success) return credentials.data;
  const [issue] = credentials.error.issues; // which tells the place and what is wanted, never what stands there
  throw refused(`the credentials cannot be read: ${issue?.path.join(".") || "type"}: ${issue?.message ?? "not known"}`);
}

function refused(what: string): AuthenticationError {
  return new AuthenticationError(`litellm.AuthenticationError: Google sign-in - ${what}`);
}

function secretsOf(credentials: Credentials): Secret[] {
  const direct = credentials.type === "impersonated_service_account" ? credentials.source_credentials : credentials;
  const values = [direct["private_key"], direct["client_secret"], direct["refresh_token"]];
  return values.filter((value) => typeof value === "string").map((value) => new Secret(value));
}

function issue(credentials: Credentials, scopes: readonly string[], ports: TokenServerPorts): Promise<Token<string>> {
  switch (credentials.type) {
    case "service_account":
    case "authorized_user":
      return directly(credentials, scopes, ports);
    case "external_account":
      return byExchange(credentials, scopes, ports);
    case "impersonated_service_account": {
      const { source_credentials: source, service_account_impersonation_url: url, delegates } = credentials;
      return impersonate(url, () => directly(source, [CLOUD_PLATFORM], ports), { scopes, delegates }, ports);
    }
  }
}

async function directly(
  credentials: Direct,
  scopes: readonly string[],
  ports: TokenServerPorts,
): Promise<Token<string>> {
  const form: Record<string, string> =
    credentials.type === "service_account"
      ? {
          grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
          assertion: await assertion(credentials, scopes, ports),
        }
      : {
          grant_type: "refresh_token",
          client_id: credentials.client_id,
          client_secret: credentials.client_secret,
          refresh_token: credentials.refresh_token,
        };
  return tokenOf(await askGoogle(credentials.token_uri, { form }, ports), ports);
}

/** Seconds; the longest that Google takes. */
const LIFETIME = 3600;

async function assertion(
  { client_email, private_key, private_key_id, token_uri }: z.infer<typeof serviceAccount>,
  scopes: readonly string[],
  { now }: TokenServerPorts,
): Promise<string> {
  const issued = Math.floor(now() / 1000);
  // A key that went through an environment variable often has its line breaks escaped.
  const key = await importPKCS8(private_key.replaceAll("\\n", "\n"), "RS256").catch(() => {
    throw refused("the private_key of the service account is no key in PKCS #8");
  });
  return new SignJWT({ scope: scopes.join(" ") })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(private_key_id !== undefined && { kid: private_key_id }) })
    .setIssuer(client_email)
    .setAudience(token_uri)
    .setIssuedAt(issued)
    .setExpirationTime(issued + LIFETIME)
    .sign(key);
}

async function byExchange(
  credentials: External,
  scopes: readonly string[],
  ports: TokenServerPorts,
): Promise<Token<string>> {
  const { service_account_impersonation_url: url } = credentials;
  return url === undefined
    ? exchange(credentials, scopes, ports)
    : impersonate(url, () => exchange(credentials, [CLOUD_PLATFORM], ports), { scopes }, ports);
}

async function exchange(
  credentials: External,
  scopes: readonly string[],
  ports: TokenServerPorts,
): Promise<Token<string>> {
  const { audience, subject_token_type, token_url, workforce_pool_user_project: userProject } = credentials;
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    audience,
    scope: scopes.join(" "),
    subject_token: await subjectToken(credentials, ports),
    subject_token_type,
    ...(userProject !== undefined && { options: JSON.stringify({ userProject }) }),
  };
  return tokenOf(await askGoogle(token_url, { form }, ports), ports);
}

/** The token by which the workload is known where it runs. */
async function subjectToken({ credential_source: source }: External, ports: TokenServerPorts): Promise<string> {
  if (source.subject_token !== undefined) return source.subject_token;
  if (source.url === undefined)
    throw refused(
      "of external accounts, those with credential_source.url (or a subject_token) can be used here: there are no files, and no AWS instance",
    );
  const answer = await askGoogle(source.url, { headers: source.headers ?? {} }, ports);
  if (source.format?.type !== "json") return typeof answer === "string" ? answer : JSON.stringify(answer);
  const field = source.format.subject_token_field_name ?? "access_token";
  const token = typeof answer === "object" ? answer[field] : undefined;
  if (typeof token === "string" && token !== "") return token;
  throw refused(`the answer of credential_source.url has no ${field}`);
}

async function impersonate(
  url: string,
  source: () => Promise<Token<string>>,
  { scopes, delegates }: { scopes: readonly string[]; delegates?: string[] | undefined },
  ports: TokenServerPorts,
): Promise<Token<string>> {
  const { value } = await source();
  const answer = await askGoogle(
    url,
    {
      json: { scope: scopes, lifetime: `${LIFETIME}s`, ...(delegates !== undefined && { delegates }) },
      headers: { authorization: `Bearer ${value}` },
    },
    { ...ports, hidden: [...ports.hidden, new Secret(value)] },
  );
  const { accessToken, expireTime } = typeof answer === "object" ? answer : {};
  const expiresAt = typeof expireTime === "string" ? Date.parse(expireTime) : Number.NaN;
  if (typeof accessToken !== "string" || Number.isNaN(expiresAt)) throw refused("the answer has no access token");
  return { value: accessToken, expiresAt };
}

function tokenOf(answer: string | Record<string, unknown>, { now }: TokenServerPorts): Token<string> {
  const { access_token, expires_in } = typeof answer === "object" ? answer : {};
  if (typeof access_token !== "string" || access_token === "") throw refused("the answer has no access token");
  const seconds = Number(expires_in);
  return { value: access_token, expiresAt: now() + (seconds > 0 ? seconds : LIFETIME) * 1000 };
}

/**
 * Tokens of Microsoft Entra ID (once Azure Active Directory), by which an application signs in to Azure's services.
 * Source: Microsoft identity platform, "OAuth 2.0 client credentials flow" (shared secret, federated credential) and
 * "Resource Owner Password Credentials".
 */
import {
  APIConnectionError,
  APIResponseValidationError,
  AuthenticationError,
  ServiceUnavailableError,
  type SluiceError,
} from "../formats/errors.ts";
import { asRecord, parsedJson } from "../formats/json.ts";
import type { SignInPorts } from "./authorize.ts";
import { Secret } from "./secret.ts";
import { type Token, TokenMemory } from "./token-memory.ts";

/** Who signs in, by what, and for what. The first complete one counts: secret, assertion, password. */
export interface EntraSettings {
  tenantId?: string | undefined;
  clientId?: string | undefined;
  clientSecret?: Secret | undefined;
  /** A token of another issuer's that Entra was told to trust (workload identity federation). */
  assertion?: Secret | undefined;
  username?: string | undefined;
  password?: Secret | undefined;
  /** `https://vault.azure.net/.default` */
  scope: string;
  /** Where Entra is, in a cloud of its own (`login.microsoftonline.us`). The operator's to say, never a client's. */
  authorityHost?: string | undefined;
}

const PUBLIC_CLOUD = "https://login.microsoftonline.com";

/** Who signs in by a password belongs to a tenant by the name's domain. */
const ANY_TENANT = "organizations";

const tokens = new TokenMemory<Secret>();

/** Is all there that it takes to sign in? */
export function canSignIn(settings: EntraSettings): boolean {
  return grantOf(settings) !== undefined;
}

/**
 * A token for the scope, remembered until shortly before it ends.
 * @throws AuthenticationError with Entra's words where it refuses, or where the settings are not complete;
 * ServiceUnavailableError or APIConnectionError where it cannot be asked
 */
export async function entraToken(settings: EntraSettings, ports: SignInPorts): Promise<Secret> {
  const grant = grantOf(settings);
  if (grant === undefined)
    throw new AuthenticationError(
      "litellm.AuthenticationError: Microsoft Entra ID needs tenant_id and client_id, and client_secret or a federated token; or client_id, azure_username and azure_password",
    );
  const url = tokenUrl(settings);
  return tokens.get([url, grant], ports.now, () => issue(url, grant, ports));
}

type Grant = Readonly<Record<string, string>>;

/** The form that asks for the token; `undefined` where the settings are for none. */
function grantOf(settings: EntraSettings): Grant | undefined {
  const { tenantId, clientId, clientSecret, assertion, username, password, scope } = settings;
  if (!clientId) return undefined;
  const application = { client_id: clientId, scope, grant_type: "client_credentials" };
  if (tenantId && clientSecret) return { ...application, client_secret: clientSecret.reveal() };
  if (tenantId && assertion)
    return {
      ...application,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion.reveal(),
    };
  if (username && password)
    return { client_id: clientId, scope, grant_type: "password", username, password: password.reveal() };
  return undefined;
}

function tokenUrl({ tenantId = ANY_TENANT, authorityHost = PUBLIC_CLOUD }: EntraSettings): string {
  if (!/^\w[\w.-]*$/.test(tenantId))
    throw new AuthenticationError(
      `litellm.AuthenticationError: ${JSON.stringify(tenantId.slice(0, 100))} is no tenant_id of Microsoft Entra ID`,
    );
  const host = /^https?:\/\//i.test(authorityHost) ? authorityHost : `https://${authorityHost}`;
  return `${host.replace(/\/+$/, "")}/${tenantId}/oauth2/v2.0/token`;
}

async function issue(url: string, grant: Grant, { fetch, now, signal }: SignInPorts): Promise<Token<Secret>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams(grant).toString(),
    redirect: "manual", // credentials are bound to their host
    ...(signal && { signal }),
  }).catch(unreachable);
  const text = await response.text().catch(unreachable);
  const answer = asRecord(parsedJson(text));
  if (!response.ok) throw refusal(response.status, answer, grant);
  const { access_token: token, expires_in: seconds } = answer;
  if (typeof token !== "string" || token === "")
    throw new APIResponseValidationError(
      "litellm.APIResponseValidationError: Microsoft Entra ID answered without an access_token",
    );
  return { value: new Secret(token), expiresAt: now() + 1000 * (Number(seconds) || 0) };
}

function unreachable(cause: unknown): never {
  const said = cause instanceof Error ? cause.message : String(cause);
  throw new APIConnectionError(`litellm.APIConnectionError: Microsoft Entra ID cannot be reached: ${said}`, { cause });
}

function refusal(status: number, answer: Record<string, unknown>, grant: Grant): SluiceError {
  const { error, error_description: description } = answer;
  // After the first line: ids of the request, and the time.
  const [said = ""] = String(description ?? error ?? `HTTP ${status}`).split(/\r?\n/);
  const message = `Microsoft Entra ID: ${withoutSecrets(said.slice(0, 1000), grant)}`;
  return status === 429 || status >= 500
    ? new ServiceUnavailableError(`litellm.ServiceUnavailableError: ${message}`)
    : new AuthenticationError(`litellm.AuthenticationError: ${message}`);
}

/** What is sent may be repeated in what is answered. */
function withoutSecrets(text: string, grant: Grant): string {
  const secrets = [grant["client_secret"], grant["client_assertion"], grant["password"]];
  return secrets.reduce<string>((hidden, secret) => (secret ? new Secret(secret).hideIn(hidden) : hidden), text);
}

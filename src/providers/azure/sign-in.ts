/** Who asks Azure: a key of the resource, or a token of Microsoft Entra ID. */
import type { SignInPorts, UnsignedRequest } from "../../credentials/authorize.ts";
import { canSignIn, type EntraSettings, entraToken } from "../../credentials/entra.ts";
import { Secret } from "../../credentials/secret.ts";
import { AuthenticationError } from "../../formats/errors.ts";
import type { Authorize, Provider, Target } from "../provider.ts";

const USUAL_SCOPE = "https://cognitiveservices.azure.com/.default";

/** Where the settings come from that a deployment does not have. The authority is the operator's alone to say. */
export const SIGN_IN_VARIABLES = {
  azure_ad_token: ["AZURE_AD_TOKEN"],
  tenant_id: ["AZURE_TENANT_ID"],
  client_id: ["AZURE_CLIENT_ID"],
  client_secret: ["AZURE_CLIENT_SECRET"],
  azure_username: ["AZURE_USERNAME"],
  azure_password: ["AZURE_PASSWORD"],
  azure_scope: ["AZURE_SCOPE"],
  authority_host: ["AZURE_AUTHORITY_HOST"],
} as const;

const APPLICATION = ["azure_ad_token", "tenant_id", "client_id", "client_secret", "azure_username", "azure_password"];

export const signIn: Pick<Provider, "authorize" | "hasCredentials" | "signInParams"> = {
  signInParams: [APPLICATION],
  authorize,
  hasCredentials: (target) =>
    target.apiKey !== undefined || givenToken(target) !== undefined || canSignIn(entra(target)),
};

/** Headers by which an admin may sign in himself, and a key is among them where there is one. */
const PROOFS = ["api-key", "authorization", "x-api-key"];
/** Of a gateway before Azure (API Management), which may sign in by itself. */
const SUBSCRIPTION = "ocp-apim-subscription-key";

async function authorize({ headers }: UnsignedRequest, target: Target, ports: SignInPorts) {
  if (PROOFS.some((name) => headers[name] !== undefined)) return {};
  const given = givenToken(target);
  if (given !== undefined) return bearer(given);
  const settings = entra(target);
  if (canSignIn(settings)) return bearer(await entraToken(settings, ports));
  if (headers[SUBSCRIPTION] !== undefined) return {};
  throw new AuthenticationError(
    "litellm.AuthenticationError: AzureException - no credentials: set api_key, azure_ad_token, or tenant_id, client_id and client_secret",
    { provider: target.provider, model: target.model, param: "api_key" },
  );
}

function bearer(token: Secret): Awaited<ReturnType<Authorize>> {
  return { authorization: `Bearer ${token.reveal()}` };
}

/** Marks a token of another issuer's, for which Entra gives one of its own. */
const FEDERATED = "oidc/";

/** A token that needs nobody's consent. */
function givenToken({ params }: Target): Secret | undefined {
  const token = secretOf(params?.["azure_ad_token"]);
  return token?.reveal().startsWith(FEDERATED) ? undefined : token;
}

function entra({ params = {} }: Target): EntraSettings {
  const token = secretOf(params["azure_ad_token"])?.reveal();
  return {
    tenantId: textOf(params["tenant_id"]),
    clientId: textOf(params["client_id"]),
    clientSecret: secretOf(params["client_secret"]),
    assertion: token?.startsWith(FEDERATED) ? new Secret(token.slice(FEDERATED.length)) : undefined,
    username: textOf(params["azure_username"]),
    password: secretOf(params["azure_password"]),
    scope: textOf(params["azure_scope"]) ?? USUAL_SCOPE,
    authorityHost: textOf(params["authority_host"]),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function secretOf(value: unknown): Secret | undefined {
  if (value instanceof Secret) return value;
  const text = textOf(value);
  return text === undefined ? undefined : new Secret(text);
}

/** Who asks: a token of Google's for the deployment's credentials, or an API key. */
import { googleProject, googleToken } from "../../credentials/google.ts";
import { Secret } from "../../credentials/secret.ts";
import { AuthenticationError } from "../../formats/errors.ts";
import type { Authorize, Target } from "../provider.ts";
import { LABEL } from "./errors.ts";

/** `Target.params` by their names in LiteLLM, the shorter one first. */
export function paramOf({ params = {} }: Pick<Target, "params">, name: string): string | undefined {
  const given = [params[`vertex_${name}`], params[`vertex_ai_${name}`]].find(Boolean);
  if (given instanceof Secret) return given.reveal();
  return typeof given === "string" ? given : undefined;
}

export function credentialsOf(target: Pick<Target, "params">): string | undefined {
  return paramOf(target, "credentials");
}

/** The project that is named, or that the credentials are of. */
export function projectOf(target: Pick<Target, "params">): string | undefined {
  return paramOf(target, "project") ?? googleProject(credentialsOf(target) ?? "");
}

/** Own headers, which say who asks in some other way: of a proxy that has the credentials. */
function isSignedIn({ headers = {} }: Target): boolean {
  return headers["authorization"] !== undefined || headers["x-goog-api-key"] !== undefined;
}

export function hasCredentials(target: Target): boolean {
  return credentialsOf(target) !== undefined || target.apiKey !== undefined || isSignedIn(target);
}

/** Variable of the operator's: origins that credentials may name beside Google's own. */
export const TOKEN_ORIGINS = "SLUICE_GOOGLE_TOKEN_ORIGINS";

export const authorize: Authorize = async (_, target, ports): Promise<Record<string, string>> => {
  if (isSignedIn(target)) return {};
  const credentials = credentialsOf(target);
  if (credentials !== undefined) {
    const origins = String(target.params?.["google_token_origins"] ?? "").split(/[\s,]+/);
    const token = await googleToken(credentials, { origins: origins.filter(Boolean) }, ports);
    return { authorization: `Bearer ${token}` };
  }
  const key = target.apiKey?.reveal();
  if (key) return { "x-goog-api-key": key };
  throw new AuthenticationError(
    `litellm.AuthenticationError: ${LABEL}Exception - no credentials: set vertex_credentials, VERTEXAI_CREDENTIALS or GOOGLE_APPLICATION_CREDENTIALS to the JSON of a service account`,
    { provider: target.provider, model: target.model },
  );
};

/**
 * Who is calling. For now the master key is the only key.
 * Texts and types of the refusals: LiteLLM's.
 */
import { AuthenticationError } from "../formats/errors.ts";
import type { Secret } from "../providers/secret.ts";

export interface Principal {
  role: "proxy_admin";
}

/** Headers that may carry the key, first that has one. Clients of all dialects come by. */
const KEY_HEADERS = ["x-litellm-api-key", "authorization", "x-api-key", "api-key", "x-goog-api-key"] as const;

/** The key a request carries, without `Bearer`. */
export function keyOf(headers: Headers): string | undefined {
  for (const name of KEY_HEADERS) {
    const value = headers.get(name)?.trim();
    if (value) return value.replace(/^Bearer\s+/i, "").trim();
  }
  return undefined;
}

/**
 * @throws AuthenticationError always, unless the key is right: there is no principal without one
 */
export async function authenticate(headers: Headers, masterKey: Secret | undefined): Promise<Principal> {
  const key = keyOf(headers);
  if (!key)
    throw new AuthenticationError("Authentication Error, No api key passed in.", { type: "auth_error", param: "key" });
  if (masterKey === undefined)
    throw new AuthenticationError(
      "Authentication Error, this gateway has no master key: nobody can be let in. Set LITELLM_MASTER_KEY.",
      { type: "auth_error", param: "key" },
    );
  if (await matches(key, masterKey)) return { role: "proxy_admin" };
  if (!key.startsWith("sk-"))
    throw new AuthenticationError(
      `Authentication Error, LiteLLM Virtual Key expected. Received=${mask(key)}, expected to start with 'sk-'.`,
      { type: "auth_error", param: "key" },
    );
  throw new AuthenticationError(
    `Authentication Error, Invalid proxy server token passed. Received API Key = ${mask(key)}. Unable to find token.`,
    { type: "token_not_found_in_db", param: "key" },
  );
}

/** Digests of secrets compared before. */
const digests = new WeakMap<Secret, Uint8Array>();

/** Compares digests, so that neither length nor content shows in the time it takes. */
async function matches(key: string, secret: Secret): Promise<boolean> {
  const x = await digest(key);
  const y = digests.get(secret) ?? (await digest(secret.reveal()));
  digests.set(secret, y);
  let difference = 0;
  for (let i = 0; i < x.length; i++) difference |= (x[i] ?? 0) ^ (y[i] ?? 0);
  return difference === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Enough for a person to know which key it was, and for nobody to use it. */
function mask(key: string): string {
  return key.length < 12 ? "****" : `${key.slice(0, 3)}...${key.slice(-4)}`.replace(/[^\x20-\x7e]/g, "?");
}

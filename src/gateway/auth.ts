/**
 * Who is calling: the master key, or a virtual key in the database. What each route demands of the caller stands with
 * the route (`route.ts`); both are decided here, before anything of the request is read.
 * Texts and types of the refusals: LiteLLM's.
 */

import type { Secret } from "../credentials/secret.ts";
import { AuthenticationError, PermissionDeniedError, type SluiceError } from "../formats/errors.ts";
import type { KeyIdentity } from "../store/identity.ts";
import { isRouteAllowed } from "../tenancy/allowed-routes.ts";
import { digestOf } from "../tenancy/digest.ts";
import { ADMIN_USER_ID, type Principal } from "../tenancy/principal.ts";
import { refuseKey, routeRefused } from "../tenancy/refusals.ts";
import { ACCESS, type AccessName, isAdmin, roleOf } from "../tenancy/roles.ts";

/** Headers that may carry the key, first that has one. Clients of all dialects come by. */
const KEY_HEADERS = [
  "x-litellm-api-key",
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "ocp-apim-subscription-key",
] as const;

/** Longer keys are none of ours, and are not looked up. */
const MAX_KEY_LENGTH = 512;

/** The key a request carries, without `Bearer`. */
export function keyOf(headers: Headers, ownHeader?: string): string | undefined {
  for (const name of ownHeader === undefined ? KEY_HEADERS : [ownHeader, ...KEY_HEADERS]) {
    const value = headers.get(name)?.trim();
    if (value) return value.replace(/^Bearer\s+/i, "").trim();
  }
  return undefined;
}

export interface AuthPorts {
  masterKey: Secret | undefined;
  /** `general_settings.litellm_key_header_name`. */
  keyHeader: string | undefined;
  /** Looks a key up by its digest; absent where there is no database. */
  findKey: ((token: string) => Promise<KeyIdentity | undefined>) | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * @throws AuthenticationError and its like always, unless the key is right: there is no principal without one
 */
export async function authenticate(headers: Headers, ports: AuthPorts): Promise<Principal> {
  const { masterKey, findKey } = ports;
  const key = keyOf(headers, ports.keyHeader);
  if (!key) throw refused("No api key passed in.");
  if (masterKey === undefined && findKey === undefined)
    throw refused("this gateway has no master key: nobody can be let in. Set LITELLM_MASTER_KEY.");
  if (key.length > MAX_KEY_LENGTH) throw refused("the key is too long to be one.");
  const token = await knownDigestOf(key);
  const isMaster = masterKey !== undefined && (await isSame(token, masterKey));
  if (!isMaster && !key.startsWith("sk-"))
    throw refused(`LiteLLM Virtual Key expected. Received=${mask(key)}, expected to start with 'sk-'.`);
  const principal = await principalOf(token, ports);
  if (principal !== undefined) return principal;
  throw refused(
    `Invalid proxy server token passed. Received API Key = ${mask(key)}, Key Hash (Token) = ${token}. Unable to find token.`,
    "token_not_found_in_db",
  );
}

/**
 * Who has the key with this digest; `undefined` where nobody has.
 * @throws SluiceError where the key may not be used now
 */
export async function principalOf(
  token: string,
  { masterKey, findKey, now }: Omit<AuthPorts, "keyHeader">,
): Promise<Principal | undefined> {
  if (masterKey !== undefined && (await isSame(token, masterKey)))
    return { role: "proxy_admin", token, userId: ADMIN_USER_ID, identity: undefined };
  const identity = await findKey?.(token);
  if (identity === undefined) return undefined;
  const refusal = refuseKey(identity, now);
  if (refusal !== undefined) throw refusal;
  const { user } = identity;
  const role = user === undefined ? "key" : roleOf(user.user_role);
  return { role, token: identity.key.token, userId: identity.key.user_id ?? undefined, identity };
}

/**
 * The caller as the route sees it: with the permission `get_spend_routes` a key sees spend as a viewer of everything does,
 * and nothing else.
 */
export function asSeenBy(principal: Principal, access: AccessName): Principal {
  const sees = principal.identity?.key.permissions["get_spend_routes"] === true;
  const isSpend = ACCESS[access].group === "spend_tracking_routes";
  return sees && isSpend && !isAdmin(principal.role) ? { ...principal, role: "proxy_admin_viewer" } : principal;
}

/** May this caller use a route of this class? Whose things it touches is for the route to ask. */
export function refuseRoute({ role, identity }: Principal, access: AccessName, path: string): SluiceError | undefined {
  const { roles, group } = ACCESS[access];
  if (!(roles as readonly string[]).includes(role))
    return new PermissionDeniedError(
      `Only proxy admin can be used to generate, delete, update info for new keys/users/teams. Route=${path}. Your role=${role}.`,
      { type: "auth_error" },
    );
  const allowed = identity?.key.allowed_routes ?? [];
  return isRouteAllowed(allowed, group, path) ? undefined : routeRefused(path, allowed);
}

function refused(message: string, type = "auth_error"): AuthenticationError {
  return new AuthenticationError(`Authentication Error, ${message}`, { type, param: "key" });
}

/** Digests of the keys seen last: making one takes longer than the rest of the check. */
const knownDigests = new Map<string, string>();
const MOST_DIGESTS = 1000;

async function knownDigestOf(key: string): Promise<string> {
  const known = knownDigests.get(key);
  if (known !== undefined) return known;
  const token = await digestOf(key);
  if (knownDigests.size >= MOST_DIGESTS) knownDigests.clear();
  knownDigests.set(key, token);
  return token;
}

/** Digests of secrets compared before. */
const digests = new WeakMap<Secret, string>();

/** Compares digests, so that neither length nor content shows in the time it takes. */
async function isSame(token: string, secret: Secret): Promise<boolean> {
  const own = digests.get(secret) ?? (await digestOf(secret.reveal()));
  digests.set(secret, own);
  let difference = 0;
  for (let i = 0; i < token.length; i++) difference |= token.charCodeAt(i) ^ own.charCodeAt(i);
  return difference === 0;
}

/** Enough for a person to know which key it was, and for nobody to use it. */
function mask(key: string): string {
  return key.length < 12 ? "****" : `${key.slice(0, 3)}...${key.slice(-4)}`.replace(/[^\x20-\x7e]/g, "?");
}

/** Which pass-through routes a caller may use, and for whom its calls are. */
import { BadRequestError, PermissionDeniedError, type SluiceError } from "../../../formats/errors.ts";
import { stringsIn } from "../../../formats/json.ts";
import { hasPrice } from "../../../models/known-price.ts";
import { plainPath } from "../../../providers/http.ts";
import { findProvider } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { isUsuallyFree } from "../../../router/price-gap.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { routeRefused } from "../../../tenancy/refusals.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { callerOf } from "../../caller.ts";
import type { RouteCall } from "../../route.ts";

export interface AskedOf {
  provider: string;
  /** Absent: the call names none. */
  model: string | undefined;
  /** What the gateway calls it, where it has a deployment of it. */
  servedAs?: string | undefined;
  /** It is one of the gateway's operations, and is limited and paid for as one. */
  isKnown: boolean;
}

/**
 * Why the caller may not make a call to a provider's own API; `undefined` where it may. A key for some models may make
 * calls that name one of them. Whatever else the provider's account has (files, batches, caches of everybody) is for
 * admins, and for keys and teams whose `allowed_passthrough_routes` say so.
 */
export function refuse(call: RouteCall, { provider, model, servedAs, isKnown }: AskedOf): SluiceError | undefined {
  const { context, gateway, principal } = call;
  const allowed = allowedRoutes(principal);
  const refused = refusePath(call);
  if (refused !== undefined) return refused;
  const isOpen = isKnown || isAdmin(principal.role) || gateway.config.compatibility.openPassThrough;
  const { hasNoModels = false } = findProvider(provider) ?? {};
  const isPublic = !hasNoModels && isListOfModels(call);
  if (!isOpen && allowed === undefined && !isPublic) return accountRefused(context.req.path, provider);
  if (hasNoModels) return undefined; // which models a key may name says nothing of it
  const facts = { customerId: undefined, sessionId: undefined, requesterIp: undefined, metadata: undefined, now: 0 };
  const caller = callerOf(gateway, principal, gateway.subjects(context), facts);
  const named = model === undefined ? [`${provider}/*`] : [model, `${provider}/${model}`];
  const names = servedAs === undefined ? named : [...named, servedAs];
  const refusals = names.map((name) => caller.refuseModel(name));
  return refusals.includes(undefined) ? undefined : refusals[0];
}

/**
 * Whoever may name any model could name one that nobody has a price for.
 * @throws BadRequestError
 */
export function refuseUnpriced({ principal }: RouteCall, { target }: Deployment): void {
  const { provider, model, info } = target;
  if (hasPrice(info) || isAdmin(principal.role) || isUsuallyFree(findProvider(provider))) return;
  throw new BadRequestError(
    `litellm.BadRequestError: the price of ${provider}/${model.slice(0, 200)} is not known here. An admin may configure a deployment of it with its price.`,
    { provider, param: "model" },
  );
}

/** Which models there are is no secret. */
function isListOfModels({ context }: RouteCall): boolean {
  return (
    context.req.method === "GET" &&
    /\/(?:(?:foundation-)?models|inference-profiles)(?:\/[^/]+)?$/.test(plainPath(context.req.path))
  );
}

function accountRefused(path: string, provider: string): PermissionDeniedError {
  return new PermissionDeniedError(
    `Route ${path.slice(0, 200)} reaches what all share at ${provider}. It is for admins, and for keys and teams with allowed_passthrough_routes. The gateway's own routes (/v1/files, /v1/batches, ...) keep each tenant's things apart.`,
    { type: "auth_error" },
  );
}

/** Why the caller may not use this path: its key, else its team, may be for some only. */
export function refusePath({ context, principal }: RouteCall): SluiceError | undefined {
  const { path } = context.req;
  const allowed = allowedRoutes(principal);
  if (allowed === undefined || allowed.some((one) => isUnder(path, one))) return undefined;
  return routeRefused(path, allowed);
}

/** `allowed_passthrough_routes` of the key, else of its team; `undefined`: none are named. */
function allowedRoutes({ identity }: Principal): string[] | undefined {
  for (const owner of [identity?.key, identity?.team]) {
    const allowed = stringsIn(owner?.metadata["allowed_passthrough_routes"]);
    if (allowed.length > 0) return allowed;
  }
  return undefined;
}

function isUnder(path: string, allowed: string): boolean {
  const root = allowed.replace(/\/?\*?$/, "");
  return path === root || path.startsWith(`${root}/`);
}

/** What the body says of whom the call is for. */
export function factsOf({ user, metadata }: Record<string, unknown>): Record<string, unknown> {
  return { ...(user !== undefined && { user }), ...(metadata !== undefined && { metadata }) };
}

/** Which pass-through routes a caller may use, and for whom its calls are. */
import type { SluiceError } from "../../../formats/errors.ts";
import { stringsIn } from "../../../formats/json.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { routeRefused } from "../../../tenancy/refusals.ts";
import { callerOf } from "../../caller.ts";
import type { RouteCall } from "../../route.ts";

/**
 * Why the caller may not make a call to a provider's own API; `undefined` where it may. A key for some models may make
 * calls that name one of them, and none that name no model.
 */
export function refuse(call: RouteCall, provider: string, model: string | undefined): SluiceError | undefined {
  const { context, gateway, principal } = call;
  const refused = refusePath(call);
  if (refused !== undefined) return refused;
  const facts = { customerId: undefined, sessionId: undefined, requesterIp: undefined, metadata: undefined, now: 0 };
  const caller = callerOf(gateway, principal, gateway.subjects(context), facts);
  const names = model === undefined ? [`${provider}/*`] : [model, `${provider}/${model}`];
  const refusals = names.map((name) => caller.refuseModel(name));
  return refusals.includes(undefined) ? undefined : refusals[0];
}

/** Why the caller may not use this path: its key, else its team, may be for some only. */
export function refusePath({ context, principal }: RouteCall): SluiceError | undefined {
  const { path } = context.req;
  const allowed = allowedRoutes(principal);
  if (allowed === undefined || allowed.some((one) => isUnder(path, one))) return undefined;
  return routeRefused(path, allowed);
}

/** `allowed_passthrough_routes` of the key, else of its team; `undefined`: all. */
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

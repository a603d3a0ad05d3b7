/**
 * What the config says of routes beside roles: from which addresses they may be called, which there are at all, and which
 * are the proxy admin's. All of it narrows; `public_routes` alone opens, and only what was written to be open.
 */
import { PermissionDeniedError, type SluiceError } from "../formats/errors.ts";
import { isWithin, parseIp } from "../formats/ip-address.ts";
import { isRecord } from "../formats/json.ts";
import { isRouteAllowed } from "../tenancy/allowed-routes.ts";
import type { Principal } from "../tenancy/principal.ts";
import { ACCESS, isAdmin } from "../tenancy/roles.ts";
import type { GatewayConfig } from "./config/load.ts";
import type { GuardedRoute, Route } from "./route.ts";

type General = Pick<
  GatewayConfig["settings"]["general"],
  "admin_only_routes" | "allowed_routes" | "public_routes" | "use_x_forwarded_for"
>;

/** A request as a Worker gets it. */
export interface Received extends Pick<Request, "headers"> {
  cf?: unknown;
}

/**
 * The address a request comes from, as far as no client can make it up. `x-forwarded-for` counts only where the config says that
 * a proxy stands in front: its own word is the last one. `cf-connecting-ip` counts only where Cloudflare has taken the request, which
 * tells its data centre then. On a machine of one's own workerd tells the other end of the connection, with its port.
 */
export function clientAddress(
  { headers, cf }: Received,
  { use_x_forwarded_for }: Pick<General, "use_x_forwarded_for">,
): string | undefined {
  if (use_x_forwarded_for) return headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() || undefined;
  if (!isRecord(cf)) return undefined;
  if (typeof cf["colo"] === "string") return headers.get("cf-connecting-ip")?.trim() || undefined;
  const [, six, four] = /^(?:\[(.+)\]|([^:]+)):\d+$/.exec(String(cf["clientIp"])) ?? [];
  return six ?? four;
}

/** @param allowed addresses and networks; where there are none, all are */
export function refuseAddress(
  request: Received,
  allowed: readonly string[],
  general: Pick<General, "use_x_forwarded_for">,
): SluiceError | undefined {
  if (allowed.length === 0) return undefined;
  const address = parseIp(clientAddress(request, general) ?? "");
  if (address !== undefined && allowed.some((range) => isWithin(address, range))) return undefined;
  return new PermissionDeniedError("Access forbidden: IP address not allowed.", { type: "auth_error" });
}

/** May a caller of this role use the route, as far as the config says? */
export function refuseByRules(
  { role }: Pick<Principal, "role">,
  route: GuardedRoute,
  path: string,
  { admin_only_routes: adminOnly = [], allowed_routes: allowed }: General,
): SluiceError | undefined {
  const { group } = ACCESS[route.access];
  const isNamed = (list: readonly string[], of: string) =>
    list.length > 0 && isRouteAllowed(list.map(plain), group, of);
  if (allowed !== undefined && allowed.length > 0 && !isNamed(allowed, path))
    return new PermissionDeniedError(`Route ${path} not allowed`, { type: "auth_error" });
  // Whichever of its names it is called by: it does the same.
  if (!isAdmin(role) && [path, ...route.paths].some((one) => isNamed(adminOnly, one)))
    return new PermissionDeniedError(
      `user not allowed to access this route. Route=${path} is an admin only route. Your role=${role}.`,
      { type: "auth_error" },
    );
  return undefined;
}

/** Is the route open to everybody, by the config? */
export function isOpened(route: Route, path: string, { public_routes = [] }: General): boolean {
  if (route.access === "public" || route.mayBePublic !== true) return false;
  return public_routes.some((entry) => entry === path);
}

/** LiteLLM names groups of routes as members of a class of its own. */
function plain(entry: string): string {
  return entry.replace(/^LiteLLMRoutes\./, "");
}

/** Which pass-through routes a caller may use, and for whom its calls are. */
import { stringsIn } from "../../../formats/json.ts";
import type { Principal } from "../../../tenancy/principal.ts";

/** `allowed_passthrough_routes` of the key, else of its team; `undefined`: all. */
export function allowedRoutes({ identity }: Principal): string[] | undefined {
  for (const owner of [identity?.key, identity?.team]) {
    const allowed = stringsIn(owner?.metadata["allowed_passthrough_routes"]);
    if (allowed.length > 0) return allowed;
  }
  return undefined;
}

export function isUnder(path: string, allowed: string): boolean {
  const root = allowed.replace(/\/?\*?$/, "");
  return path === root || path.startsWith(`${root}/`);
}

/** What the body says of whom the call is for. */
export function factsOf({ user, metadata }: Record<string, unknown>): Record<string, unknown> {
  return { ...(user !== undefined && { user }), ...(metadata !== undefined && { metadata }) };
}

/** Whose the things are that a caller makes: files, batches, responses. Whoever is not the owner finds nothing. */
import type { Principal } from "./principal.ts";
import { isAdmin } from "./roles.ts";
import { scopeOf } from "./scopes.ts";

/** The key's team, else its user, else the key itself. */
export function ownerOf({ identity, userId, token }: Principal): string {
  const team = identity?.key.team_id;
  if (team) return scopeOf.team(team);
  if (userId !== undefined) return scopeOf.user(userId);
  return scopeOf.key(identity?.key.scope_id ?? token); // which stays when the key gets a new value
}

/** Whose things it may see: its own; `undefined`: everybody's, as only an admin may. */
export function ownersSeenBy(principal: Principal): string | undefined {
  return isAdmin(principal.role) ? undefined : ownerOf(principal);
}

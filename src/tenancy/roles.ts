/** Roles, and what each class of route demands of them: the one table that auth and its tests go by. */

/** LiteLLM's roles. `key` is a key without a user: it may call models and look at itself. */
export const ROLES = [
  "proxy_admin",
  "proxy_admin_viewer",
  "org_admin",
  "internal_user",
  "internal_user_viewer",
  "team",
  "customer",
  "key",
] as const;
export type Role = (typeof ROLES)[number];

/** Names a key's `allowed_routes` may have for whole groups of routes. */
export type RouteGroup = "llm_api_routes" | "info_routes" | "management_routes" | "spend_tracking_routes";

export interface AccessClass {
  roles: readonly Role[];
  group: RouteGroup;
}

/** Whoever may do a thing at all; whose things it may do it to is asked of the thing itself, by the handler. */
const ANYBODY = ROLES;
const ADMIN = ["proxy_admin"] as const;
const ADMIN_VIEW = ["proxy_admin", "proxy_admin_viewer"] as const;
const MANAGERS = ["proxy_admin", "org_admin", "internal_user", "team"] as const;
const VIEWERS = [
  "proxy_admin",
  "proxy_admin_viewer",
  "org_admin",
  "internal_user",
  "internal_user_viewer",
  "team",
] as const;

/** There is no default: each route names one of these, or `public`. */
export const ACCESS = {
  /** Calls to models. */
  llm: { roles: ANYBODY, group: "llm_api_routes" },
  /** What a key may know of itself and of the models it may use; handlers show no more than the caller's own. */
  info: { roles: ANYBODY, group: "info_routes" },
  /** Changes to one's own: keys of the user, teams it is an admin of, organizations it runs. Handlers check whose. */
  manage: { roles: MANAGERS, group: "management_routes" },
  /** Lists and details of one's own teams, users, organizations. Handlers filter. */
  view: { roles: VIEWERS, group: "info_routes" },
  /** Spend, filtered to one's own. */
  spend: { roles: VIEWERS, group: "spend_tracking_routes" },
  /** Spend that a key without a user may see too: its own. */
  spend_own: { roles: ANYBODY, group: "spend_tracking_routes" },
  /** Spend of everybody. */
  spend_all: { roles: ADMIN_VIEW, group: "spend_tracking_routes" },
  /** Whatever only the admin may see. */
  admin_view: { roles: ADMIN_VIEW, group: "info_routes" },
  /** Whatever only the admin may do. */
  admin: { roles: ADMIN, group: "management_routes" },
} as const satisfies Record<string, AccessClass>;

export type AccessName = keyof typeof ACCESS;

/** A role as it is stored: what is not known has the rights of a plain user, none the rights of an admin. */
export function roleOf(stored: string | null | undefined): Role {
  switch (stored) {
    case "proxy_admin":
    case "proxy_admin_viewer":
    case "org_admin":
    case "internal_user":
    case "internal_user_viewer":
    case "team":
    case "customer":
      return stored;
    case null:
    case undefined:
      return "internal_user";
    default:
      return "internal_user_viewer";
  }
}

export function isAdmin(role: Role): boolean {
  return role === "proxy_admin";
}

/** May it see what belongs to anybody? */
export function seesAll(role: Role): boolean {
  return role === "proxy_admin" || role === "proxy_admin_viewer";
}

/** Who is calling. There is no value for "nobody": a failed check ends the request. */
import type { KeyIdentity } from "../store/identity.ts";
import type { Role } from "./roles.ts";

export interface Principal {
  role: Role;
  /** SHA-256 of the key in hex; of the master key too, which is in no table. */
  token: string;
  /** What the ledger and the audit log call it: the user, or the admin's name. */
  userId: string | undefined;
  /** Absent for the master key. */
  identity: KeyIdentity | undefined;
}

/** LiteLLM's name for whoever holds the master key (`litellm_proxy_admin_name`). */
export const ADMIN_USER_ID = "default_user_id";

/**
 * Whoever calls a route that an admin opened to everybody (`general_settings.public_routes`). Handlers of such routes show
 * what is nobody's; no other route ever sees this caller.
 */
export const ANYBODY: Principal = { role: "customer", token: "anybody", userId: undefined, identity: undefined };

/** What `config.yaml` gives to new users: `default_internal_user_params` and the limits of internal users. */
import { z } from "zod";
import type { UserRow } from "../../../store/schema/index.ts";
import { isAdmin, seesAll } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";
import { dollars, duration, NO_LIMITS, texts } from "../fields.ts";

export const USER_ROLES = ["proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer"] as const;
export type UserRole = (typeof USER_ROLES)[number];

export const TeamOfUser = z.object({
  team_id: z.string().max(512),
  max_budget_in_team: dollars,
  user_role: z.enum(["user", "admin"]).default("user"),
});
export type TeamOfUser = z.infer<typeof TeamOfUser>;
/** Ids, or teams with what the user is in them. */
export const TeamsOfUser = z.array(z.string().max(512)).or(z.array(TeamOfUser)).nullish();

export function teamsOfUser(given: z.infer<typeof TeamsOfUser>): TeamOfUser[] {
  return (given ?? []).map((team) => (typeof team === "string" ? { team_id: team, user_role: "user" } : team));
}

/** What is wrong in the setting is not used; the rest is. */
const DefaultParams = z.object({
  user_role: z.enum(USER_ROLES).nullish().catch(undefined),
  max_budget: dollars.catch(undefined),
  budget_duration: duration.catch(undefined),
  models: texts.catch(undefined),
  teams: TeamsOfUser.catch(undefined),
  available_teams: texts.catch(undefined),
});

export function defaultParams({ gateway }: AdminCall): z.infer<typeof DefaultParams> {
  return DefaultParams.parse(gateway.config.settings.litellm.default_internal_user_params ?? {});
}

/** Teams anybody may join. */
export function availableTeams(call: AdminCall): readonly string[] {
  return defaultParams(call).available_teams ?? [];
}

interface Defaults {
  user_role: UserRole | null;
  max_budget: number | null;
  budget_duration: string | null;
  models: string[];
}

/** Fields of a new user, with the defaults where they were not given. A user made admin has none of them. */
export function withDefaults(call: AdminCall, given: { [Name in keyof Defaults]?: Defaults[Name] | null }): Defaults {
  const own = given.user_role ?? undefined;
  const defaults = own === "proxy_admin" ? {} : defaultParams(call);
  const user_role = own ?? roleFor(call, defaults.user_role) ?? null;
  const { litellm } = call.gateway.config.settings;
  const internalBudget = litellm.max_internal_user_budget ?? litellm.default_max_internal_user_budget ?? null;
  const internalPeriod = duration.catch(null).parse(litellm.internal_user_budget_duration) ?? null;
  const isInternal = user_role === null || user_role === "internal_user"; // none has the rights of one
  return {
    user_role,
    models: given.models?.length ? given.models : (defaults.models ?? []),
    max_budget: given.max_budget ?? defaults.max_budget ?? (isInternal ? internalBudget : null),
    budget_duration: given.budget_duration ?? defaults.budget_duration ?? (isInternal ? internalPeriod : null),
  };
}

/** Only the proxy admin's own act makes an admin, whatever the setting says. */
function roleFor({ principal }: AdminCall, role: UserRole | null | undefined): UserRole | null | undefined {
  return role != null && seesAll(role) && !isAdmin(principal.role) ? "internal_user" : role;
}

/** The row of a user nobody described further: somebody added to a team. */
export function newUser(call: AdminCall, user_id: string, user_email: string | null): UserRow {
  return userRow(call, { ...withDefaults(call, {}), user_id, user_email });
}

export function userRow({ nowText }: AdminCall, fields: Partial<UserRow> & Pick<UserRow, "user_id">): UserRow {
  return {
    user_alias: null,
    user_email: null,
    user_role: null,
    sso_user_id: null,
    models: [],
    metadata: {},
    ...NO_LIMITS,
    budget_anchor: nowText,
    allowed_cache_controls: [],
    policies: [],
    object_permission: null,
    created_at: nowText,
    updated_at: nowText,
    ...fields,
  };
}

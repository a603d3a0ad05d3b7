/**
 * What a key may be at most that is not made by an admin: never more than the key it was made with. A policy and nothing
 * else; `docs/keys.md` has it in words. CVE-2026-47101, CVE-2025-0628 and CVE-2026-47102 of LiteLLM were holes in it.
 */
import { isRecord, isSame } from "../../../formats/json.ts";
import { parseDuration } from "../../../limits/window.ts";
import type { KeyIdentity } from "../../../store/identity.ts";
import type { Owners } from "../../../store/key-owners.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { isWithinRoutes } from "../../../tenancy/allowed-routes.ts";
import { isListed, type ModelNames, modelLists } from "../../../tenancy/model-access.ts";
import { roleOf, seesAll } from "../../../tenancy/roles.ts";
import { excessOfMetadata, metadataOf } from "./ceiling-metadata.ts";
import { excessOfObjects } from "./ceiling-objects.ts";
import { type Excess, earlierOf } from "./excess.ts";

/** What of a key can be too much. */
export type Grants = Pick<
  KeyRow,
  | "models"
  | "aliases"
  | "config"
  | "router_settings"
  | "permissions"
  | "metadata"
  | "max_budget"
  | "budget_duration"
  | "model_max_budget"
  | "max_parallel_requests"
  | "tpm_limit"
  | "rpm_limit"
  | "expires"
  | "allowed_routes"
  | "allowed_cache_controls"
  | "access_group_ids"
  | "object_permission"
  | "budget_id"
  | "agent_id"
  | "user_id"
  | "team_id"
  | "project_id"
  | "organization_id"
>;

const LIMITS = ["max_budget", "tpm_limit", "rpm_limit", "max_parallel_requests"] as const;
/** What only an admin gives; a key may hand on its own. */
const ADMINS = ["budget_id", "agent_id", "config", "router_settings"] as const;

/** The key as it was asked for, with its maker's bounds where nothing was said. */
export function withinMaker<Key extends Grants>(key: Key, maker: KeyIdentity): Key {
  const { key: own } = maker;
  const isInTeam = key.team_id === own.team_id;
  const namesModels = key.models.length + key.access_group_ids.length > 0;
  const isInherited = key.max_budget === null && boundOf(maker, "max_budget") !== null;
  const orOwn = (list: string[], owns: string[]) => (list.length > 0 ? list : owns);
  const placed = { ...key, project_id: key.project_id ?? (isInTeam ? own.project_id : null) };
  return {
    ...placed,
    ...Object.fromEntries(LIMITS.map((limit) => [limit, key[limit] ?? boundOf(maker, limit)])),
    budget_duration: key.budget_duration ?? (isInherited ? periodOf(maker) : null),
    model_max_budget: { ...own.model_max_budget, ...key.model_max_budget },
    models: namesModels ? key.models : inheritedModels(placed, maker),
    access_group_ids: namesModels ? key.access_group_ids : own.access_group_ids,
    allowed_routes: orOwn(key.allowed_routes, own.allowed_routes),
    allowed_cache_controls: orOwn(key.allowed_cache_controls, own.allowed_cache_controls),
    expires: key.expires ?? endOf(maker),
    object_permission: key.object_permission ?? own.object_permission,
    metadata: metadataOf(key.metadata, own.metadata),
  };
}

function inheritedModels(key: Grants, maker: KeyIdentity): string[] {
  const { models, access_group_ids } = maker.key;
  const isNamed = models.length > 0 && (key.team_id === maker.key.team_id || !models.includes("all-team-models"));
  if (isNamed || access_group_ids.length > 0) return models;
  return [...(unsharedLists(key, maker)[0]?.models ?? [])];
}

/** What of the key goes beyond its maker, by the names of the fields. */
export function excessOf(key: Grants, maker: KeyIdentity, owners: Owners, names: ModelNames): Excess[] {
  const { key: own } = maker;
  const permissions = Object.entries(key.permissions).filter(
    ([name, value]) => value !== false && value !== null && !isSame(value, own.permissions[name]),
  );
  const isNarrow = own.models.length + own.access_group_ids.length > 0;
  const groups = isNarrow ? own.access_group_ids : (owners.team?.access_group_ids ?? []);
  return [
    ...LIMITS.flatMap((limit) => excessOfLimit(limit, key, maker)),
    ...excessOfPeriod(key, maker),
    ...excessOfModelBudgets(key, own),
    ...excessOfModels(key, maker, owners, names),
    ...excessOfEnd(key, endOf(maker)),
    ...(isWithinRoutes(key.allowed_routes, own.allowed_routes)
      ? []
      : [{ field: "allowed_routes", most: own.allowed_routes }]),
    ...(own.allowed_cache_controls.length === 0 || isSubset(key.allowed_cache_controls, own.allowed_cache_controls)
      ? []
      : [{ field: "allowed_cache_controls", most: own.allowed_cache_controls }]),
    ...(key.access_group_ids.every((id) => groups.includes(id)) ? [] : [{ field: "access_group_ids", most: groups }]),
    ...permissions.map(([name]) => ({ field: "permissions", most: { [name]: own.permissions[name] ?? null } })),
    ...ADMINS.flatMap((field) =>
      isEmpty(key[field]) || isSame(key[field], own[field]) ? [] : [{ field, most: own[field] }],
    ),
    ...(own.project_id === null || key.project_id === own.project_id || key.team_id !== own.team_id
      ? []
      : [{ field: "project_id", most: own.project_id }]),
    ...excessOfObjects(key.object_permission, maker, owners),
    ...excessOfMetadata(key.metadata, own.metadata),
  ];
}

/**
 * An admin's key may be for some routes only. What it makes may then be for others too, but not with an admin's role:
 * that would be more than it is itself.
 */
export function excessOfAdmin(key: Grants, maker: KeyIdentity, { user }: Owners): Excess[] {
  if (user === undefined || !seesAll(roleOf(user.user_role))) return [];
  const { allowed_routes } = maker.key;
  return isWithinRoutes(key.allowed_routes, allowed_routes) ? [] : [{ field: "allowed_routes", most: allowed_routes }];
}

/** The key's own limit, else its tier's. */
function boundOf({ key, keyBudget }: KeyIdentity, limit: (typeof LIMITS)[number]): number | null {
  return key[limit] ?? keyBudget?.[limit] ?? null;
}

function periodOf({ key, keyBudget }: KeyIdentity): string | null {
  return key.budget_duration ?? keyBudget?.budget_duration ?? null;
}

function excessOfLimit(limit: (typeof LIMITS)[number], key: Grants, maker: KeyIdentity): Excess[] {
  const bound = boundOf(maker, limit);
  if (bound !== null && (key[limit] ?? Number.POSITIVE_INFINITY) > bound) return [{ field: limit, most: bound }];
  const { user } = maker;
  const ofUser = user !== undefined && user.user_id === key.user_id ? user[limit] : null;
  return ofUser !== null && (key[limit] ?? 0) > ofUser ? [{ field: limit, most: ofUser }] : [];
}

/** The same money for a shorter time is more. */
function excessOfPeriod(key: Grants, maker: KeyIdentity): Excess[] {
  if (boundOf(maker, "max_budget") === null || key.budget_duration === null) return [];
  const most = periodOf(maker);
  if (most !== null && parseDuration(key.budget_duration) >= parseDuration(most)) return [];
  return [{ field: "budget_duration", most }];
}

function excessOfModelBudgets(key: Grants, own: KeyRow): Excess[] {
  const kept = Object.entries(own.model_max_budget).every(([model, budget]) =>
    isSame(key.model_max_budget[model], budget),
  );
  return kept ? [] : [{ field: "model_max_budget", most: own.model_max_budget }];
}

function excessOfEnd({ expires }: Grants, end: string | null): Excess[] {
  if (end === null || (expires !== null && Date.parse(expires) <= Date.parse(end))) return [];
  return [{ field: "duration", most: end }];
}

/** A key that was replaced makes none that works longer than itself. */
function endOf({ key, revokeAt }: KeyIdentity): string | null {
  return earlierOf(key.expires, revokeAt ?? null);
}

/**
 * The lists that bound the maker and not the key: those of a team, user, organization or project they share bound both on
 * every call.
 */
function unsharedLists(key: Grants, maker: KeyIdentity): { models: readonly string[] }[] {
  const { key: own } = maker;
  const isInTeam = key.team_id === own.team_id;
  const isShared = {
    key: false,
    team: isInTeam,
    user: key.team_id !== null || key.user_id === own.user_id,
    org: isInTeam && key.organization_id === own.organization_id,
    project: key.project_id === own.project_id,
  };
  return modelLists(maker).filter(({ by }) => !isShared[by]);
}

/** Models it names, and models its aliases and fallbacks stand for. */
function excessOfModels(key: Grants, maker: KeyIdentity, owners: Owners, names: ModelNames): Excess[] {
  const teams = owners.team?.models.length ? owners.team.models : ["*"];
  const meant = key.models.flatMap((model) => (model === "all-team-models" ? teams : [model]));
  const isOpen = key.models.length + key.access_group_ids.length === 0;
  return unsharedLists(key, maker).flatMap(({ models }) => {
    const isWithin = (model: unknown) =>
      typeof model === "string" && (model === "no-default-models" || isListed(models, model, names));
    const within = {
      models: !isOpen && meant.every(isWithin),
      aliases: Object.values(key.aliases).every(isWithin),
      "metadata.budget_fallbacks": targets(key.metadata["budget_fallbacks"]).every(isWithin),
    };
    return Object.entries(within).flatMap(([field, fits]) => (fits ? [] : [{ field, most: models }]));
  });
}

function targets(fallbacks: unknown): unknown[] {
  return isRecord(fallbacks) ? Object.values(fallbacks).flat() : [];
}

function isSubset(wanted: readonly string[], held: readonly string[]): boolean {
  return wanted.length > 0 && wanted.every((item) => held.includes(item));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (isRecord(value) && Object.keys(value).length === 0);
}

/** From a body to the columns of a key. */
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { defined, isSame } from "../../../formats/json.ts";
import { parseDuration } from "../../../limits/window.ts";
import type { Owners } from "../../../store/key-owners.ts";
import type { KeyChanges } from "../../../store/keys.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { KEY_TYPES } from "../../../tenancy/allowed-routes.ts";
import { newKey } from "../../../tenancy/digest.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";
import { limitsOf, NO_LIMITS, orEmpty } from "../fields.ts";
import { foldMetadata } from "../metadata.ts";
import { changedPermission } from "../object-permissions.ts";
import { checkRouterSettings } from "../own-settings.ts";
import { excessOf, excessOfAdmin, type Grants } from "./ceiling.ts";
import { changedConfig } from "./config.ts";
import type { KeyFields } from "./fields.ts";
import { METADATA_NAMES } from "./metadata.ts";
import { modelNames } from "./model-names.ts";

/** What a key is before anything is said of it. */
export const EMPTY_KEY = {
  key_alias: null,
  expires: null,
  models: [],
  aliases: {},
  config: {},
  router_settings: null,
  user_id: null,
  team_id: null,
  agent_id: null,
  project_id: null,
  organization_id: null,
  permissions: {},
  metadata: {},
  blocked: null,
  ...NO_LIMITS,
  budget_anchor: null,
  allowed_cache_controls: [],
  allowed_routes: [],
  policies: [],
  access_group_ids: [],
  budget_id: null,
  object_permission: null,
  auto_rotate: false,
  rotation_interval: null,
  key_rotation_at: null,
} satisfies KeyChanges;

/** What of a key a body can say. */
export type KeyColumns = Pick<KeyRow, keyof typeof EMPTY_KEY>;

/**
 * The columns a body sets; what it does not say is not in them.
 * @param before the key as it is, or an empty one
 * @throws BadRequestError where fields do not go together
 */
export function columnsOf(call: AdminCall, fields: KeyFields, before: KeyColumns): Partial<KeyColumns> {
  const { now, nowText } = call;
  checkRouterSettings(fields.router_settings, before.router_settings);
  const { duration, key_type, object_permission, auto_rotate, rotation_interval } = fields;
  const metadata = foldMetadata(METADATA_NAMES, fields, before.metadata);
  const isNewPeriod = fields.budget_duration !== undefined && fields.budget_duration !== before.budget_duration;
  const columns = defined({
    key_alias: fields.key_alias,
    models: orEmpty(fields.models, []),
    aliases: orEmpty(fields.aliases, {}),
    config: changedConfig(call, fields.config, before.config),
    router_settings: fields.router_settings,
    user_id: fields.user_id,
    team_id: fields.team_id,
    agent_id: fields.agent_id,
    project_id: fields.project_id,
    organization_id: fields.organization_id,
    budget_id: fields.budget_id,
    permissions: orEmpty(fields.permissions, {}),
    metadata: isSame(metadata, before.metadata) ? undefined : metadata,
    blocked: fields.blocked,
    ...limitsOf(fields),
    budget_anchor: isNewPeriod ? nowText : undefined,
    allowed_cache_controls: orEmpty(fields.allowed_cache_controls, []),
    allowed_routes: orEmpty(routesOf(key_type) ?? fields.allowed_routes, []),
    access_group_ids: orEmpty(fields.access_group_ids, []),
    object_permission: changedPermission(before.object_permission, object_permission),
    expires: duration === undefined ? undefined : duration === null || duration === "-1" ? null : after(now, duration),
    auto_rotate: orEmpty(auto_rotate, false),
    rotation_interval,
  });
  return { ...columns, ...rotationOf(now, columns, before) };
}

/** A type that is no more than "default" says nothing of routes. */
function routesOf(type: KeyFields["key_type"]): string[] | undefined {
  return type == null || type === "default" ? undefined : [...KEY_TYPES[type]];
}

/** @throws BadRequestError where it shall rotate and nobody says how often */
function rotationOf(now: number, changes: Partial<KeyColumns>, before: KeyColumns): Partial<KeyColumns> {
  if (changes.auto_rotate === undefined && changes.rotation_interval === undefined) return {};
  const { auto_rotate, rotation_interval } = { ...before, ...changes };
  if (!auto_rotate) return { key_rotation_at: null };
  if (rotation_interval === null)
    throw new BadRequestError("rotation_interval is required when auto_rotate is true", {
      type: "bad_request_error",
      param: "rotation_interval",
    });
  return { key_rotation_at: after(now, rotation_interval) };
}

/** When so much time has passed, as ISO 8601. */
export function after(now: number, duration: string): string {
  return new Date(now + parseDuration(duration) * 1000).toISOString();
}

/**
 * Is the key no more than who makes it, in the fields that matter?
 * @param matters of which fields; all, where absent
 * @throws PermissionDeniedError
 */
export function requireWithinMaker(
  call: AdminCall,
  key: Grants,
  owners: Owners,
  matters: (field: string) => boolean = () => true,
): void {
  const { role, identity } = call.principal;
  if (identity === undefined) return; // the master key is bounded by nothing
  const excess = isAdmin(role)
    ? excessOfAdmin(key, identity, owners)
    : excessOf(key, identity, owners, modelNames(call));
  const first = excess.find(({ field }) => matters(field));
  if (first === undefined) return;
  throw new PermissionDeniedError(
    `The key's ${first.field} would be more than the key it is made with has: at most ${JSON.stringify(first.most)}`,
    { type: "auth_error", param: first.field },
  );
}

/** Shorter ones could be guessed. */
const MIN_KEY = 20;
/** Longer ones are not looked up (`auth.ts`). */
const MAX_KEY = 512;

/**
 * The new key's value: the caller's own, or one by chance.
 * @throws BadRequestError where it cannot be one
 */
export function keyValue({ gateway }: AdminCall, chosen: string | null | undefined, param: string): string {
  if (chosen == null) return newKey();
  const refused = (message: string) => new BadRequestError(message, { type: "bad_request_error", param });
  if (!chosen.startsWith("sk-"))
    throw refused(
      param === "new_key"
        ? "New key must start with 'sk-'. This is to distinguish a key hash (used by litellm for logging / internal logic) from the actual key."
        : "Invalid key format. LiteLLM Virtual Key must start with 'sk-'.",
    );
  if (chosen.length < MIN_KEY || chosen.length > MAX_KEY)
    throw refused(
      `Invalid key format. A key of your own has ${MIN_KEY} to ${MAX_KEY} characters: shorter ones can be guessed.`,
    );
  if (!/^[\x21-\x7e]+$/.test(chosen))
    throw refused("Invalid key format. A key has visible ASCII characters only: headers carry no others.");
  if (gateway.config.masterKey?.reveal() === chosen) throw refused("Invalid key format. This key is taken.");
  return chosen;
}

/** Whose spend it is, is the admin's to say. */
export function requireAdminForSpend({ principal }: AdminCall, { spend }: Pick<KeyFields, "spend">): void {
  if (spend == null || isAdmin(principal.role)) return;
  throw new PermissionDeniedError("Only a proxy admin may set spend", { type: "auth_error", param: "spend" });
}

export function aliasTaken(alias: string | null | undefined): BadRequestError {
  return new BadRequestError(
    `Key with alias '${alias}' already exists. Unique key aliases across all keys are required.`,
    { type: "bad_request_error", param: "key_alias" },
  );
}

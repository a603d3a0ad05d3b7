/**
 * Organizations, teams, projects, users, keys, customers, budgets and tags. Columns have the names of LiteLLM's API,
 * so that a row is what a route answers. What is spent is not here: the scopes' objects count it (docs/storage.md).
 */
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { authorship, flag, json, limits, list, map, objectPermission } from "./columns.ts";

/** A tier that keys, customers, members, organizations, projects and tags may share. */
export const budgets = sqliteTable("budgets", {
  budget_id: text("budget_id").primaryKey(),
  ...limits(),
  ...authorship(),
});

export const organizations = sqliteTable(
  "organizations",
  {
    organization_id: text("organization_id").primaryKey(),
    organization_alias: text("organization_alias").notNull(),
    budget_id: text("budget_id").notNull(),
    metadata: map("metadata"),
    models: list("models"),
    blocked: flag("blocked").notNull().default(false),
    object_permission: objectPermission(),
    ...authorship(),
  },
  (table) => [index("organizations_alias").on(table.organization_alias)],
);

const teamColumns = () => ({
  team_alias: text("team_alias"),
  organization_id: text("organization_id"),
  metadata: map("metadata"),
  models: list("models"),
  ...limits(),
  /** Public names of models and what they stand for within the team. */
  model_aliases: map("model_aliases"),
  blocked: flag("blocked").notNull().default(false),
  router_settings: json<Record<string, unknown>>("router_settings"),
  team_member_permissions: list("team_member_permissions"),
  access_group_ids: list("access_group_ids"),
  policies: list("policies"),
  object_permission: objectPermission(),
  /** Tier of every member that has none of its own. */
  team_member_budget_id: text("team_member_budget_id"),
  ...authorship(),
});

export const teams = sqliteTable("teams", { team_id: text("team_id").primaryKey(), ...teamColumns() }, (table) => [
  index("teams_organization").on(table.organization_id),
  index("teams_alias").on(table.team_alias),
]);

export const teamMembers = sqliteTable(
  "team_members",
  {
    team_id: text("team_id").notNull(),
    user_id: text("user_id").notNull(),
    user_email: text("user_email"),
    role: text("role").$type<"admin" | "user">().notNull(),
    budget_id: text("budget_id"),
    created_at: text("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.team_id, table.user_id] }), index("team_members_user").on(table.user_id)],
);

export const organizationMembers = sqliteTable(
  "organization_members",
  {
    organization_id: text("organization_id").notNull(),
    user_id: text("user_id").notNull(),
    user_role: text("user_role"),
    budget_id: text("budget_id"),
    created_at: text("created_at").notNull(),
    updated_at: text("updated_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organization_id, table.user_id] }),
    index("organization_members_user").on(table.user_id),
  ],
);

export const projects = sqliteTable(
  "projects",
  {
    project_id: text("project_id").primaryKey(),
    project_alias: text("project_alias"),
    description: text("description"),
    team_id: text("team_id"),
    budget_id: text("budget_id"),
    metadata: map("metadata"),
    models: list("models"),
    model_rpm_limit: map("model_rpm_limit"),
    model_tpm_limit: map("model_tpm_limit"),
    blocked: flag("blocked").notNull().default(false),
    object_permission: objectPermission(),
    ...authorship(),
  },
  (table) => [index("projects_team").on(table.team_id)],
);

export const users = sqliteTable(
  "users",
  {
    user_id: text("user_id").primaryKey(),
    user_alias: text("user_alias"),
    user_email: text("user_email"),
    user_role: text("user_role"),
    sso_user_id: text("sso_user_id"),
    models: list("models"),
    metadata: map("metadata"),
    ...limits(),
    allowed_cache_controls: list("allowed_cache_controls"),
    policies: list("policies"),
    object_permission: objectPermission(),
    created_at: text("created_at").notNull(),
    updated_at: text("updated_at").notNull(),
  },
  (table) => [uniqueIndex("users_sso").on(table.sso_user_id), index("users_email").on(table.user_email)],
);

const keyColumns = () => ({
  /** The key's first token: what its scope is named by, so that its spend stays when the key is regenerated. */
  scope_id: text("scope_id").notNull(),
  key_name: text("key_name"),
  key_alias: text("key_alias"),
  expires: text("expires"),
  models: list("models"),
  aliases: map("aliases"),
  config: map("config"),
  router_settings: json<Record<string, unknown>>("router_settings"),
  user_id: text("user_id"),
  team_id: text("team_id"),
  agent_id: text("agent_id"),
  project_id: text("project_id"),
  organization_id: text("organization_id"),
  permissions: map("permissions"),
  metadata: map("metadata"),
  blocked: flag("blocked"),
  ...limits(),
  allowed_cache_controls: list("allowed_cache_controls"),
  allowed_routes: list("allowed_routes"),
  policies: list("policies"),
  access_group_ids: list("access_group_ids"),
  budget_id: text("budget_id"),
  object_permission: objectPermission(),
  rotation_count: integer("rotation_count").notNull().default(0),
  auto_rotate: flag("auto_rotate").notNull().default(false),
  rotation_interval: text("rotation_interval"),
  last_rotation_at: text("last_rotation_at"),
  key_rotation_at: text("key_rotation_at"),
  ...authorship(),
});

/** Virtual keys. The key itself is nowhere: `token` is its SHA-256. */
export const keys = sqliteTable("keys", { token: text("token").primaryKey(), ...keyColumns() }, (table) => [
  uniqueIndex("keys_alias").on(table.key_alias),
  uniqueIndex("keys_scope").on(table.scope_id),
  index("keys_user").on(table.user_id),
  index("keys_team").on(table.team_id),
  index("keys_rotation").on(table.key_rotation_at),
]);

/** Keys that were replaced, and work until they are revoked. */
export const deprecatedKeys = sqliteTable("deprecated_keys", {
  token: text("token").primaryKey(),
  active_token: text("active_token").notNull(),
  revoke_at: text("revoke_at").notNull(),
  created_at: text("created_at").notNull(),
});

/** Keys that a rotation has made and nobody has taken yet: one at most for each key. */
export const keySuccessors = sqliteTable(
  "key_successors",
  {
    /** The key that works now: the old one, or from `retire_at` on the successor itself. */
    token: text("token").primaryKey(),
    scope_id: text("scope_id").notNull(),
    successor_token: text("successor_token").notNull(),
    key_name: text("key_name").notNull(),
    /** The successor, sealed for this scope and token. */
    sealed: text("sealed").notNull(),
    made_at: text("made_at").notNull(),
    /** When the old key stops though nobody has come; null: never. */
    retire_at: text("retire_at"),
  },
  (table) => [index("key_successors_retire").on(table.retire_at)],
);

/** What is kept of a deleted row for audit. */
const deletion = () => ({
  id: text("id").primaryKey(),
  /** Spent until then, in nano-dollars. */
  spend_nano: integer("spend_nano").notNull().default(0),
  deleted_at: text("deleted_at").notNull(),
  deleted_by: text("deleted_by"),
  deleted_by_api_key: text("deleted_by_api_key"),
  litellm_changed_by: text("litellm_changed_by"),
});

export const deletedKeys = sqliteTable(
  "deleted_keys",
  { ...deletion(), token: text("token").notNull(), ...keyColumns() },
  (table) => [index("deleted_keys_token").on(table.token), index("deleted_keys_at").on(table.deleted_at)],
);

export const deletedTeams = sqliteTable(
  "deleted_teams",
  {
    ...deletion(),
    team_id: text("team_id").notNull(),
    members_with_roles: json<unknown[]>("members_with_roles").notNull().default([]),
    ...teamColumns(),
  },
  (table) => [index("deleted_teams_team").on(table.team_id), index("deleted_teams_at").on(table.deleted_at)],
);

/** End users of an app: the `user` of a request. */
export const customers = sqliteTable("customers", {
  user_id: text("user_id").primaryKey(),
  alias: text("alias"),
  blocked: flag("blocked").notNull().default(false),
  allowed_model_region: text("allowed_model_region"),
  default_model: text("default_model"),
  budget_id: text("budget_id"),
  object_permission: objectPermission(),
  created_at: text("created_at").notNull(),
});

export const tags = sqliteTable("tags", {
  tag_name: text("tag_name").primaryKey(),
  description: text("description"),
  models: list("models"),
  model_info: json<Record<string, unknown>>("model_info"),
  budget_id: text("budget_id"),
  ...authorship(),
});

/** Groups of models, MCP servers and agents that keys and teams are let into. */
export const accessGroups = sqliteTable(
  "access_groups",
  {
    access_group_id: text("access_group_id").primaryKey(),
    access_group_name: text("access_group_name").notNull(),
    description: text("description"),
    access_model_names: list("access_model_names"),
    access_mcp_server_ids: list("access_mcp_server_ids"),
    access_agent_ids: list("access_agent_ids"),
    assigned_team_ids: list("assigned_team_ids"),
    assigned_key_ids: list("assigned_key_ids"),
    ...authorship(),
  },
  (table) => [uniqueIndex("access_groups_name").on(table.access_group_name)],
);

/** Who changed what. Values are what routes may show: no secret is in them. */
export const auditLog = sqliteTable(
  "audit_log",
  {
    id: text("id").primaryKey(),
    updated_at: text("updated_at").notNull(),
    changed_by: text("changed_by").notNull(),
    changed_by_api_key: text("changed_by_api_key").notNull(),
    action: text("action").notNull(),
    table_name: text("table_name").notNull(),
    object_id: text("object_id").notNull(),
    before_value: json<unknown>("before_value"),
    updated_values: json<unknown>("updated_values"),
  },
  (table) => [index("audit_log_at").on(table.updated_at), index("audit_log_object").on(table.object_id)],
);

/** What a scope has spent, as its object said a while ago: for lists, which cannot ask every object. */
export const scopeSpend = sqliteTable("scope_spend", {
  scope: text("scope").primaryKey(),
  /** Nano-dollars since ever. */
  total_nano: integer("total_nano").notNull(),
  /** Nano-dollars in the window that begins at `window_start` (milliseconds since the epoch); 0: no window. */
  window_nano: integer("window_nano").notNull(),
  window_start: integer("window_start").notNull(),
  updated_at: integer("updated_at").notNull(),
});

export type KeyRow = typeof keys.$inferSelect;
export type KeySuccessorRow = typeof keySuccessors.$inferSelect;
export type TeamRow = typeof teams.$inferSelect;
export type TeamMemberRow = typeof teamMembers.$inferSelect;
export type UserRow = typeof users.$inferSelect;
export type OrganizationRow = typeof organizations.$inferSelect;
export type OrganizationMemberRow = typeof organizationMembers.$inferSelect;
export type ProjectRow = typeof projects.$inferSelect;
export type CustomerRow = typeof customers.$inferSelect;
export type BudgetRow = typeof budgets.$inferSelect;
export type TagRow = typeof tags.$inferSelect;
export type AccessGroupRow = typeof accessGroups.$inferSelect;

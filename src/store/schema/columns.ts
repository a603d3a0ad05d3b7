/** Columns that many tables have, each said once. */
import { integer, real, text } from "drizzle-orm/sqlite-core";

/** A JSON object or array, as it was given. */
export const json = <T>(name: string) => text(name, { mode: "json" }).$type<T>();

/** A list; empty where none was given. */
export const list = (name: string) => json<string[]>(name).notNull().default([]);

/** An object; empty where none was given. */
export const map = (name: string) => json<Record<string, unknown>>(name).notNull().default({});

export const flag = (name: string) => integer(name, { mode: "boolean" });

/** Who made and changed a row, and when: ISO 8601 in UTC. */
export const authorship = () => ({
  created_at: text("created_at").notNull(),
  created_by: text("created_by"),
  updated_at: text("updated_at").notNull(),
  updated_by: text("updated_by"),
});

/** Limits as they were set: US dollars, tokens and requests a minute. `null` limits nothing. */
export const limits = () => ({
  max_budget: real("max_budget"),
  soft_budget: real("soft_budget"),
  budget_duration: text("budget_duration"),
  /** When the budget was set: what windows of so many days are counted from. */
  budget_anchor: text("budget_anchor"),
  max_parallel_requests: integer("max_parallel_requests"),
  tpm_limit: integer("tpm_limit"),
  rpm_limit: integer("rpm_limit"),
  model_max_budget: map("model_max_budget"),
});

/** What a principal may reach beside models. */
export interface ObjectPermission {
  object_permission_id?: string;
  mcp_servers?: string[] | null;
  mcp_access_groups?: string[] | null;
  mcp_tool_permissions?: Record<string, string[]> | null;
  vector_stores?: string[] | null;
  agents?: string[] | null;
  agent_access_groups?: string[] | null;
  models?: string[] | null;
  blocked_tools?: string[] | null;
}

export const objectPermission = () => json<ObjectPermission>("object_permission");

/** `object_permission`: what a row may reach beside models. */
import { z } from "zod";
import { defined } from "../../formats/json.ts";
import type { ObjectPermission } from "../../store/schema/columns.ts";
import { texts } from "./fields.ts";

export const objectPermission = z
  .object({
    mcp_servers: texts,
    mcp_access_groups: texts,
    mcp_tool_permissions: z.record(z.string(), z.array(z.string())).nullish(),
    vector_stores: texts,
    agents: texts,
    agent_access_groups: texts,
    models: texts,
    blocked_tools: texts,
  })
  .nullish();

export type GivenPermission = z.infer<typeof objectPermission>;

/** What a row may reach after a change: as LiteLLM has it, lists that are not said stay. `undefined`: nothing was said. */
export function changedPermission(
  before: ObjectPermission | null,
  given: GivenPermission,
): ObjectPermission | null | undefined {
  if (given === undefined || given === null) return given;
  const said = defined(given);
  if (Object.keys(said).length === 0) return before;
  return { ...before, ...said, object_permission_id: before?.object_permission_id ?? crypto.randomUUID() };
}

/** Naming one of these gives it. */
const GIVING = ["mcp_servers", "mcp_access_groups", "agents", "agent_access_groups"] as const;
/** Where there is no such list, all is allowed. */
const NARROWING = ["vector_stores", "models"] as const;

/** The fields in which somebody would give more than the holder has. */
export function beyond(holder: ObjectPermission | null, wanted: ObjectPermission | null): string[] {
  const servers = Object.keys(wanted?.mcp_tool_permissions ?? {});
  return [
    ...GIVING.filter((name) => !isWithin(wanted?.[name] ?? [], holder?.[name] ?? [])),
    ...NARROWING.filter((name) => holder?.[name] != null && !isWithin(wanted?.[name] ?? [], holder[name])),
    ...(isWithin(servers, holder?.mcp_servers ?? []) ? [] : ["mcp_tool_permissions"]),
  ];
}

function isWithin(wanted: readonly string[], held: readonly string[]): boolean {
  return wanted.every((one) => held.includes(one));
}

export function permissionView(permission: ObjectPermission | null) {
  return {
    object_permission_id: permission?.object_permission_id ?? null,
    object_permission: permission && {
      object_permission_id: permission.object_permission_id ?? null,
      mcp_servers: permission.mcp_servers ?? [],
      mcp_access_groups: permission.mcp_access_groups ?? [],
      mcp_tool_permissions: permission.mcp_tool_permissions ?? null,
      vector_stores: permission.vector_stores ?? [],
      agents: permission.agents ?? [],
      agent_access_groups: permission.agent_access_groups ?? [],
      models: permission.models ?? [],
      blocked_tools: permission.blocked_tools ?? [],
    },
  };
}

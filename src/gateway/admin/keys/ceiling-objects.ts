/** The part of the ceiling that is `object_permission`: MCP servers, agents, vector stores. */

import { isSame } from "../../../formats/json.ts";
import type { KeyIdentity } from "../../../store/identity.ts";
import type { Owners } from "../../../store/key-owners.ts";
import type { ObjectPermission } from "../../../store/schema/columns.ts";
import type { Excess } from "./excess.ts";

/** Naming one of these gives it. */
const GIVING = ["mcp_servers", "mcp_access_groups", "agents", "agent_access_groups"] as const;
/** Where there is no such list, all is allowed. */
const NARROWING = ["vector_stores", "models"] as const;

export function excessOfObjects(wanted: ObjectPermission | null, maker: KeyIdentity, owners: Owners): Excess[] {
  const own = maker.key.object_permission;
  // Where the maker's key says nothing it has what its team, user or organization has.
  const above = [owners.team, maker.user, maker.organization].map((row) => row?.object_permission);
  const held = <Name extends keyof ObjectPermission>(name: Name): ObjectPermission[Name] =>
    [own, ...above].map((permission) => permission?.[name]).find((value) => value != null);
  const names: (keyof ObjectPermission)[] = [
    ...GIVING.filter((name) => !isWithin(wanted?.[name] ?? [], held(name) ?? [])),
    ...NARROWING.filter((name) => {
      const [list, most] = [wanted?.[name], own?.[name] ?? (wanted?.[name] == null ? null : held(name))];
      return most != null && (list == null || !isWithin(list, most));
    }),
    ...(isWithin(own?.blocked_tools ?? [], wanted?.blocked_tools ?? []) ? [] : (["blocked_tools"] as const)),
    ...(areToolsWithin(wanted?.mcp_tool_permissions, held("mcp_tool_permissions"), held("mcp_servers") ?? [])
      ? []
      : (["mcp_tool_permissions"] as const)),
  ];
  return names.map((name) => ({ field: `object_permission.${name}`, most: held(name) ?? [] }));
}

/** Tools of servers: those of a server whose tools the maker's own list narrows stay narrowed. */
function areToolsWithin(
  wanted: Record<string, string[]> | null | undefined,
  held: Record<string, string[]> | null | undefined,
  servers: readonly string[],
): boolean {
  if (isSame(wanted, held)) return true;
  const narrowed = Object.entries(held ?? {}).every(
    ([server, tools]) => wanted?.[server] !== undefined && isWithin(wanted[server], tools),
  );
  return (
    narrowed && Object.keys(wanted ?? {}).every((server) => held?.[server] !== undefined || servers.includes(server))
  );
}

function isWithin(wanted: readonly string[], held: readonly string[]): boolean {
  return wanted.every((item) => held.includes(item));
}

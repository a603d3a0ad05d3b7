/** `/v1/access_group`: groups of models, MCP servers and agents that teams and keys are let into. */

import { z } from "zod";
import { ConflictError, NotFoundError } from "../../../formats/errors.ts";
import { defined } from "../../../formats/json.ts";
import {
  type AccessGroupFields,
  deleteGroup,
  findGroup,
  insertGroup,
  listGroups,
  updateGroup,
} from "../../../store/access-groups.ts";
import { isDuplicate } from "../../../store/database.ts";
import type { AccessGroupRow } from "../../../store/schema/index.ts";
import { tokenOf } from "../../../tenancy/digest.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { orEmpty, text, texts } from "../fields.ts";

const TABLE = "LiteLLM_AccessGroupTable";

const name = z.string().trim().min(1).max(512);
const FIELDS = {
  description: text,
  access_model_names: texts,
  access_mcp_server_ids: texts,
  access_agent_ids: texts,
  assigned_team_ids: texts,
  assigned_key_ids: texts,
};
const NewGroup = z.object({ access_group_name: name, ...FIELDS });
const GroupPatch = z.object({ access_group_name: name.optional(), ...FIELDS });

const PATHS = ["/v1/access_group", "/v1/unified_access_group"];
const ONE = PATHS.map((path) => `${path}/:access_group_id`);

export const unifiedAccessGroupRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: PATHS,
    access: "admin",
    summary: "Make an access group",
    tag: "access groups",
    body: NewGroup,
    async handle(call) {
      const { access_group_name, ...fields } = await bodyOf(call, NewGroup);
      const { actor, nowText } = call;
      const row: AccessGroupRow = {
        access_group_id: crypto.randomUUID(),
        access_group_name,
        description: null,
        access_model_names: [],
        access_mcp_server_ids: [],
        access_agent_ids: [],
        assigned_team_ids: [],
        assigned_key_ids: [],
        ...(await columns(fields)),
        created_at: nowText,
        created_by: actor,
        updated_at: nowText,
        updated_by: actor,
      };
      await unlessTaken(access_group_name, insertGroup(call.db, row));
      await changed(call, { table: TABLE, id: row.access_group_id, action: "created", after: row });
      return groupView(row);
    },
  }),
  adminRoute({
    method: "GET",
    paths: PATHS,
    access: "admin_view",
    summary: "All access groups",
    tag: "access groups",
    handle: async (call) => (await listGroups(call.db)).map(groupView),
  }),
  adminRoute({
    method: "GET",
    paths: ONE,
    access: "admin_view",
    summary: "One access group",
    tag: "access groups",
    handle: async (call) => groupView(await find(call)),
  }),
  adminRoute({
    method: "PUT",
    paths: ONE,
    access: "admin",
    summary: "Change an access group; what is not given stays",
    tag: "access groups",
    body: GroupPatch,
    async handle(call) {
      const { access_group_name, ...fields } = await bodyOf(call, GroupPatch);
      const before = await find(call);
      const row: AccessGroupRow = {
        ...before,
        ...(access_group_name !== undefined && { access_group_name }),
        ...(await columns(fields)),
        updated_at: call.nowText,
        updated_by: call.actor,
      };
      await unlessTaken(row.access_group_name, updateGroup(call.db, before, row));
      await changed(call, { table: TABLE, id: row.access_group_id, action: "updated", before, after: row });
      return groupView(row);
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ONE,
    access: "admin",
    summary: "Delete an access group; whoever was let in by it is not any more",
    tag: "access groups",
    async handle(call) {
      const before = await find(call);
      await deleteGroup(call.db, before);
      await changed(call, { table: TABLE, id: before.access_group_id, action: "deleted", before });
      return { message: `Access group '${before.access_group_id}' deleted successfully` };
    },
  }),
];

/** What was given as columns: lists that are `null` are empty, keys are their digests. */
async function columns({ description, ...lists }: Omit<z.infer<typeof GroupPatch>, "access_group_name">) {
  const keys = lists.assigned_key_ids;
  const assigned_key_ids = keys && (await Promise.all(keys.map(tokenOf)));
  const set = Object.entries(defined({ ...lists, ...(keys && { assigned_key_ids }) })).map(([field, value]) => {
    return [field, [...new Set(orEmpty(value, []))]];
  });
  const fields: Partial<AccessGroupFields> = Object.fromEntries(set);
  return { ...fields, ...(description !== undefined && { description }) };
}

async function unlessTaken(access_group_name: string, write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new ConflictError(`Access group '${access_group_name}' already exists`, { param: "access_group_name" });
  }
}

async function find({ db, context }: AdminCall): Promise<AccessGroupRow> {
  const id = context.req.param("access_group_id") ?? "";
  const row = await findGroup(db, id);
  if (row !== undefined) return row;
  throw new NotFoundError(`Access group '${id}' not found`, { param: "access_group_id" });
}

function groupView(row: AccessGroupRow) {
  return {
    access_group_id: row.access_group_id,
    access_group_name: row.access_group_name,
    description: row.description,
    access_model_names: row.access_model_names,
    access_mcp_server_ids: row.access_mcp_server_ids,
    access_agent_ids: row.access_agent_ids,
    assigned_team_ids: row.assigned_team_ids,
    assigned_key_ids: row.assigned_key_ids,
    created_at: row.created_at,
    created_by: row.created_by,
    updated_at: row.updated_at,
    updated_by: row.updated_by,
  };
}

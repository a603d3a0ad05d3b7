/** `/access_group/*`: LiteLLM's older groups, which are nothing but names in `model_info.access_groups` of models in the database. */
import { z } from "zod";
import { BadRequestError, ConflictError, NotFoundError } from "../../../formats/errors.ts";
import { listModelRows, setAccessGroup } from "../../../store/models.ts";
import type { ModelRow } from "../../../store/schema/index.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, type AuditAction, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { texts } from "../fields.ts";
import { teamNameOf } from "../models/view.ts";

const Members = z.object({ model_names: texts, model_ids: texts });
const NewGroup = Members.extend({ access_group: z.string().trim().min(1).max(512) });

export const modelAccessGroupRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/access_group/new"],
    access: "admin",
    summary: "Give models of the database an access group",
    tag: "access groups",
    body: NewGroup,
    async handle(call) {
      const { access_group, ...members } = await bodyOf(call, NewGroup);
      const rows = await listModelRows(call.db);
      if (rows.some((row) => groupsOf(row).includes(access_group)))
        throw new ConflictError(
          `Access group '${access_group}' already exists. Use PUT /access_group/${access_group}/update to modify it.`,
          { param: "access_group" },
        );
      return setMembers(call, rows, access_group, members, "created");
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/access_group/list"],
    access: "admin_view",
    summary: "The access groups of models in the database",
    tag: "access groups",
    async handle(call) {
      const rows = await listModelRows(call.db);
      const names = [...new Set(rows.flatMap(groupsOf))].sort();
      return { access_groups: names.map((name) => groupView(name, rows)) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/access_group/:access_group{.+}/info"],
    access: "admin_view",
    summary: "One access group",
    tag: "access groups",
    async handle(call) {
      const rows = await listModelRows(call.db);
      return groupView(existing(call, rows), rows);
    },
  }),
  adminRoute({
    method: "PUT",
    paths: ["/access_group/:access_group{.+}/update"],
    access: "admin",
    summary: "Say anew which models have an access group",
    tag: "access groups",
    body: Members,
    async handle(call) {
      const members = await bodyOf(call, Members);
      const rows = await listModelRows(call.db);
      return setMembers(call, rows, existing(call, rows), members, "updated");
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ["/access_group/:access_group{.+}/delete"],
    access: "admin",
    summary: "Take an access group away from all models that have it",
    tag: "access groups",
    async handle(call) {
      const rows = await listModelRows(call.db);
      const access_group = existing(call, rows);
      const models_updated = await write(call, rows, access_group, new Set(), "deleted");
      const message = `Access group '${access_group}' deleted successfully`;
      return { access_group, models_updated, message };
    },
  }),
];

async function setMembers(
  call: AdminCall,
  rows: readonly ModelRow[],
  access_group: string,
  { model_names, model_ids }: z.infer<typeof Members>,
  action: AuditAction,
) {
  const members = membersOf(rows, model_names ?? [], model_ids ?? []);
  await write(call, rows, access_group, members, action);
  return {
    access_group,
    model_names: model_names ?? null,
    model_ids: model_ids ?? null,
    models_updated: members.size,
  };
}

/** Ids of the models meant; ids win over names. @throws BadRequestError for what is not in the database */
function membersOf(rows: readonly ModelRow[], names: readonly string[], ids: readonly string[]): Set<string> {
  const known = ids.length > 0 ? rows.map(({ model_id }) => model_id) : rows.map(publicName);
  const wanted = ids.length > 0 ? ids : names;
  if (wanted.length === 0)
    throw new BadRequestError("model_names or model_ids is required and cannot be empty", { param: "model_names" });
  const unknown = wanted.filter((one) => !known.includes(one));
  if (unknown.length > 0)
    throw new BadRequestError(`Model(s) not found in db: ${unknown.join(", ")}`, {
      param: ids.length > 0 ? "model_ids" : "model_names",
    });
  return new Set(rows.filter((_, index) => wanted.includes(known[index] ?? "")).map(({ model_id }) => model_id));
}

/** @returns how many models were changed */
async function write(
  call: AdminCall,
  rows: readonly ModelRow[],
  group: string,
  members: ReadonlySet<string>,
  action: AuditAction,
): Promise<number> {
  const changing = rows.filter((row) => groupsOf(row).includes(group) !== members.has(row.model_id));
  const ids = (isMember: boolean) =>
    changing.map(({ model_id }) => model_id).filter((id) => members.has(id) === isMember);
  const updated = { updated_at: call.nowText, updated_by: call.actor };
  await setAccessGroup(call.db, group, { joined: ids(true), left: ids(false) }, updated);
  await call.gateway.models.reload();
  const before = rows.filter((row) => groupsOf(row).includes(group)).map(({ model_id }) => model_id);
  await changed(call, { table: "LiteLLM_ProxyModelTable", id: group, action, before, after: [...members] });
  return changing.length;
}

function existing({ context }: AdminCall, rows: readonly ModelRow[]): string {
  const group = context.req.param("access_group") ?? "";
  if (rows.some((row) => groupsOf(row).includes(group))) return group;
  throw new NotFoundError(`Access group '${group}' not found`, { param: "access_group" });
}

function groupView(access_group: string, rows: readonly ModelRow[]) {
  const members = rows.filter((row) => groupsOf(row).includes(access_group));
  const model_names = [...new Set(members.map(publicName))].sort();
  return { access_group, model_names, deployment_count: members.length };
}

function publicName(row: ModelRow): string {
  return teamNameOf(row)?.publicName ?? row.model_name;
}

function groupsOf({ model_info }: ModelRow): string[] {
  const groups = model_info["access_groups"];
  return Array.isArray(groups) ? groups.filter((one) => typeof one === "string") : [];
}

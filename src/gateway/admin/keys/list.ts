/** `/key/list` and `/key/aliases`: keys by the page, each caller its own part of them. */
import { z } from "zod";
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import {
  type KeyFilter,
  listAliases,
  listableTeams,
  listDeletedKeys,
  listKeys,
  SORTS,
  type Visibility,
} from "../../../store/key-list.ts";
import type { KeyRow, UserRow } from "../../../store/schema/index.ts";
import { membershipsOf, organizationsRunBy } from "../../../store/teams.ts";
import { findUsers, organizationsOf } from "../../../store/users.ts";
import { tokenOf } from "../../../tenancy/digest.ts";
import { seesAll } from "../../../tenancy/roles.ts";
import { type AdminCall, queryOf } from "../admin-call.ts";
import { deletedKeyView, listedKeyViews } from "./view.ts";

const paging = (size: number) => ({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  size: z.coerce.number().int().min(1).max(100).default(size),
});

const queryFlag = z
  .enum(["true", "false", "True", "False", "1", "0"])
  .default("false")
  .transform((word) => word.toLowerCase() === "true" || word === "1");

const name = z.string().max(4096).optional();

const ListQuery = z.object({
  ...paging(10),
  user_id: name,
  team_id: name,
  organization_id: name,
  project_id: name,
  access_group_id: name,
  key_hash: name,
  key_alias: name,
  return_full_object: queryFlag,
  include_team_keys: queryFlag,
  include_created_by_keys: queryFlag,
  sort_by: z.string().default("created_at"),
  sort_order: z.string().default("desc"),
  status: name,
});
type ListQuery = z.infer<typeof ListQuery>;

export async function keyList(call: AdminCall) {
  const query = queryOf(call, ListQuery);
  const { page, size, status } = query;
  if (status !== undefined && status !== "deleted")
    throw bad("Invalid status value. Currently only 'deleted' is supported.", "status");
  const withUser = (call.context.req.queries("expand") ?? []).includes("user");
  const isFull = query.return_full_object || withUser;
  const filter = await filterOf(call, query);
  const pages = (total: number) => ({ total_count: total, current_page: page, total_pages: Math.ceil(total / size) });
  if (status === "deleted") {
    const { rows, total } = await listDeletedKeys(call.db, filter, orderOf(query));
    return { keys: rows.map((row) => (isFull ? deletedKeyView(row, call) : row.token)), ...pages(total) };
  }
  const { rows, total } = await listKeys(call.db, filter, orderOf(query));
  if (!isFull) return { keys: rows.map(({ token }) => token), ...pages(total) };
  return { keys: await fullKeys(call, rows, withUser), ...pages(total) };
}

/** Keys with their spend as lists have it. */
export async function fullKeys(call: AdminCall, rows: readonly KeyRow[], withUser = false) {
  const ids = withUser ? [...new Set(rows.flatMap(({ user_id }) => user_id ?? []))] : [];
  const users = new Map((await findUsers(call.db, ids)).map((user) => [user.user_id, user]));
  return (await listedKeyViews(call, rows)).map(({ key, view }) => {
    const user = users.get(key.user_id ?? "");
    const full = { token: key.token, ...view };
    return user === undefined ? full : { ...full, user: userView(user) };
  });
}

function userView({ user_id, user_email, user_alias, user_role }: UserRow) {
  return { user_id, user_email, user_alias, user_role };
}

export async function keyAliases(call: AdminCall) {
  const { page, size, search } = queryOf(call, z.object({ ...paging(50), search: name }));
  const visible = seesAll(call.principal.role) ? undefined : await ownAndTeams(call, false);
  const filter = { ...(search && { alias: search }), ...(visible && { visible }) };
  const { aliases, total } = await listAliases(call.db, filter, { page, size });
  return { aliases, total_count: total, current_page: page, total_pages: Math.ceil(total / size), size };
}

async function filterOf(call: AdminCall, query: ListQuery): Promise<KeyFilter> {
  const { user_id, team_id, organization_id, project_id, access_group_id, key_hash, key_alias } = query;
  return {
    ...(user_id && { userId: user_id }),
    ...(team_id && { teamId: team_id }),
    ...(organization_id && { organizationId: organization_id }),
    ...(project_id && { projectId: project_id }),
    ...(access_group_id && { accessGroupId: access_group_id }),
    ...(key_hash && { token: await tokenOf(key_hash) }),
    ...(key_alias && { alias: key_alias }),
    ...(!seesAll(call.principal.role) && { visible: await visibility(call, query) }),
  };
}

/** @throws PermissionDeniedError where others' keys are asked for by name, as LiteLLM */
async function visibility(call: AdminCall, query: ListQuery): Promise<Visibility> {
  const { team_id, organization_id, user_id, include_team_keys, include_created_by_keys, key_hash } = query;
  const all = await ownAndTeams(call, include_created_by_keys);
  const [teams, organizations] = await Promise.all([
    membershipsOf(call.db, [all.userId]),
    organizationsOf(call.db, [all.userId]),
  ]);
  const isListable = team_id !== undefined && all.teamIds.includes(team_id);
  if (user_id && user_id !== all.userId && !isListable)
    throw refused("You are not authorized to check another user's keys", "user_id");
  if (team_id && !isListable && !teams.some((team) => team.team_id === team_id))
    throw refused("You are not authorized to check this team's keys", "team_id");
  if (organization_id && !organizations.some((one) => one.organization_id === organization_id))
    throw refused("You are not authorized to check this organization's keys", "organization_id");
  const named = include_team_keys || team_id || organization_id || key_hash;
  return named ? all : { ...all, teamIds: [], organizationIds: [] };
}

/** Whatever the caller may list at all. */
async function ownAndTeams({ db, principal }: AdminCall, created: boolean): Promise<Visibility> {
  const { userId } = principal;
  if (userId === undefined)
    throw refused(
      "You are not authorized to access this endpoint. No 'user_id' is associated with your API key.",
      "user_id",
    );
  const [teamIds, run] = await Promise.all([listableTeams(db, userId), organizationsRunBy(db, userId)]);
  return { userId, teamIds, organizationIds: run.map(({ organization_id }) => organization_id), created };
}

function orderOf({ page, size, sort_by, sort_order }: ListQuery) {
  const sortBy = SORTS.find((column) => column === sort_by);
  if (sortBy === undefined) throw bad(`Invalid sort column. Must be one of: ${SORTS.join(", ")}`, "sort_by");
  const order = sort_order.toLowerCase();
  if (order !== "asc" && order !== "desc") throw bad("Invalid sort order. Must be 'asc' or 'desc'", "sort_order");
  return { page, size, sortBy, descending: order === "desc" };
}

function bad(message: string, param: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", param });
}

function refused(message: string, param: string): PermissionDeniedError {
  return new PermissionDeniedError(message, { type: "bad_request_error", param });
}

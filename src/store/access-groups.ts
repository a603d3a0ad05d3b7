/** Access groups, and the teams and keys that are let into them: both sides change together. */
import { asc, eq, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { type AccessGroupRow, accessGroups, keys, teams } from "./schema/index.ts";

/** The lists of a group. */
export type AccessGroupFields = Pick<
  AccessGroupRow,
  "access_model_names" | "access_mcp_server_ids" | "access_agent_ids" | "assigned_team_ids" | "assigned_key_ids"
>;

/** Rows of a list at most. */
const MOST_ROWS = 10_000;

export function listGroups(db: Database): Promise<AccessGroupRow[]> {
  return db.select().from(accessGroups).orderBy(asc(accessGroups.created_at)).limit(MOST_ROWS);
}

export async function findGroup(db: Database, id: string): Promise<AccessGroupRow | undefined> {
  const [row] = await db.select().from(accessGroups).where(eq(accessGroups.access_group_id, id));
  return row;
}

export async function insertGroup(db: Database, row: AccessGroupRow): Promise<void> {
  await db.batch([db.insert(accessGroups).values(row), ...assign(db, undefined, row)]);
}

export async function updateGroup(db: Database, before: AccessGroupRow, row: AccessGroupRow): Promise<void> {
  const { access_group_id, ...fields } = row;
  await db.batch([
    db.update(accessGroups).set(fields).where(eq(accessGroups.access_group_id, access_group_id)),
    ...assign(db, before, row),
  ]);
}

export async function deleteGroup(db: Database, before: AccessGroupRow): Promise<void> {
  await db.batch([
    db.delete(accessGroups).where(eq(accessGroups.access_group_id, before.access_group_id)),
    ...assign(db, before, undefined),
  ]);
}

/** Writes the group into the lists of those that come to it, and out of those that leave. */
function assign(db: Database, before: AccessGroupRow | undefined, after: AccessGroupRow | undefined) {
  const id = after?.access_group_id ?? before?.access_group_id ?? "";
  const [newTeams, oldTeams] = differences(before?.assigned_team_ids, after?.assigned_team_ids);
  const [newKeys, oldKeys] = differences(before?.assigned_key_ids, after?.assigned_key_ids);
  return [
    ...(newTeams.length === 0
      ? []
      : [db.update(teams).set(withGroup(teams, id)).where(isOneOf(teams.team_id, newTeams))]),
    ...(oldTeams.length === 0
      ? []
      : [db.update(teams).set(withoutGroup(teams, id)).where(isOneOf(teams.team_id, oldTeams))]),
    ...(newKeys.length === 0 ? [] : [db.update(keys).set(withGroup(keys, id)).where(isOneOf(keys.token, newKeys))]),
    ...(oldKeys.length === 0 ? [] : [db.update(keys).set(withoutGroup(keys, id)).where(isOneOf(keys.token, oldKeys))]),
  ];
}

/** What came, and what left. */
function differences(before: readonly string[] = [], after: readonly string[] = []): [string[], string[]] {
  return [after.filter((one) => !before.includes(one)), before.filter((one) => !after.includes(one))];
}

/** One parameter, however many there are: D1 takes no more than a hundred. */
function isOneOf(column: typeof teams.team_id | typeof keys.token, values: readonly string[]) {
  return sql`${column} in (select value from json_each(${JSON.stringify(values)}))`;
}

function withGroup({ access_group_ids: list }: typeof teams | typeof keys, id: string) {
  const isIn = sql`exists (select 1 from json_each(${list}) where value = ${id})`;
  return { access_group_ids: sql`case when ${isIn} then ${list} else json_insert(${list}, '$[#]', ${id}) end` };
}

function withoutGroup({ access_group_ids: list }: typeof teams | typeof keys, id: string) {
  return { access_group_ids: sql`(select json_group_array(value) from json_each(${list}) where value <> ${id})` };
}

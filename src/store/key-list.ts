/** Pages of keys, and whose teams' keys a user may list. */
import { and, asc, count, desc, eq, getTableColumns, inArray, isNotNull, or, type SQL, sql } from "drizzle-orm";
import { among, contains } from "./among.ts";
import type { Database } from "./database.ts";
import { deletedKeys, keys, scopeSpend, teamMembers, teams } from "./schema/index.ts";
import { organizationsRunBy } from "./teams.ts";

/** Which keys; what is absent leaves none out. */
export interface KeyFilter {
  userId?: string;
  teamId?: string;
  organizationId?: string;
  projectId?: string;
  accessGroupId?: string;
  token?: string;
  /** A part of the alias, in any case. */
  alias?: string;
  /** The caller's part of them; absent: all. */
  visible?: Visibility;
}

/** Keys of a user, and others it may see. */
export interface Visibility {
  userId: string;
  teamIds: readonly string[];
  organizationIds: readonly string[];
  /** Also those the user made for others. */
  created: boolean;
}

export const SORTS = [
  "spend",
  "max_budget",
  "created_at",
  "updated_at",
  "token",
  "key_alias",
  "user_id",
  "team_id",
  "expires",
] as const;

export interface KeyPage {
  page: number;
  size: number;
  sortBy: (typeof SORTS)[number];
  descending: boolean;
}

const scope = sql`'key:' || ${keys.scope_id}`;
/** Windows that are over count too until they are asked for: it is an order, and no amount. */
const spent = sql`case when ${keys.budget_duration} is null then ${scopeSpend.total_nano} else ${scopeSpend.window_nano} end`;

export async function listKeys(db: Database, filter: KeyFilter, { page, size, sortBy, descending }: KeyPage) {
  const order = descending ? desc : asc;
  const meant = conditionsOf(keys, filter);
  const [rows, [total]] = await db.batch([
    db
      .select(getTableColumns(keys))
      .from(keys)
      .leftJoin(scopeSpend, eq(scopeSpend.scope, scope))
      .where(meant)
      .orderBy(order(sortBy === "spend" ? spent : keys[sortBy]), desc(keys.token))
      .limit(size)
      .offset((page - 1) * size),
    db.select({ count: count() }).from(keys).where(meant),
  ]);
  return { rows, total: total?.count ?? 0 };
}

export async function listDeletedKeys(db: Database, filter: KeyFilter, { page, size, sortBy, descending }: KeyPage) {
  const order = descending ? desc : asc;
  const meant = conditionsOf(deletedKeys, filter);
  const [rows, [total]] = await db.batch([
    db
      .select()
      .from(deletedKeys)
      .where(meant)
      .orderBy(order(sortBy === "spend" ? deletedKeys.spend_nano : deletedKeys[sortBy]), desc(deletedKeys.id))
      .limit(size)
      .offset((page - 1) * size),
    db.select({ count: count() }).from(deletedKeys).where(meant),
  ]);
  return { rows, total: total?.count ?? 0 };
}

export async function listAliases(db: Database, filter: KeyFilter, { page, size }: Pick<KeyPage, "page" | "size">) {
  const meant = and(conditionsOf(keys, filter), isNotNull(keys.key_alias));
  const [rows, [total]] = await db.batch([
    db
      .select({ alias: keys.key_alias })
      .from(keys)
      .where(meant)
      .orderBy(asc(keys.key_alias))
      .limit(size)
      .offset((page - 1) * size),
    db.select({ count: count() }).from(keys).where(meant),
  ]);
  return { aliases: rows.flatMap(({ alias }) => alias ?? []), total: total?.count ?? 0 };
}

/** Teams whose keys the user may list: those it is an admin of, or whose members may; those of organizations it runs. */
export async function listableTeams(db: Database, userId: string): Promise<string[]> {
  const isIn = and(eq(teamMembers.team_id, teams.team_id), eq(teamMembers.user_id, userId));
  const mayList = sql`exists (select 1 from json_each(${teams.team_member_permissions}) where value = '/key/list')`;
  const rows = await db
    .select({ id: teams.team_id })
    .from(teams)
    .leftJoin(teamMembers, isIn)
    .where(
      or(
        eq(teamMembers.role, "admin"),
        and(isNotNull(teamMembers.user_id), mayList),
        inArray(teams.organization_id, organizationsRunBy(db, userId)),
      ),
    )
    .limit(MOST_TEAMS);
  return rows.map(({ id }) => id);
}

const MOST_TEAMS = 10_000;

function conditionsOf(table: typeof keys | typeof deletedKeys, filter: KeyFilter): SQL | undefined {
  const { userId, teamId, organizationId, projectId, accessGroupId, token, alias, visible } = filter;
  return and(
    userId === undefined ? undefined : eq(table.user_id, userId),
    teamId === undefined ? undefined : eq(table.team_id, teamId),
    organizationId === undefined ? undefined : eq(table.organization_id, organizationId),
    projectId === undefined ? undefined : eq(table.project_id, projectId),
    token === undefined ? undefined : eq(table.token, token),
    accessGroupId === undefined
      ? undefined
      : sql`exists (select 1 from json_each(${table.access_group_ids}) where value = ${accessGroupId})`,
    alias === undefined ? undefined : contains(table.key_alias, alias),
    visible && visibleTo(table, visible),
  );
}

function visibleTo(table: typeof keys | typeof deletedKeys, visible: Visibility): SQL | undefined {
  const { userId, teamIds, organizationIds, created } = visible;
  return or(
    eq(table.user_id, userId),
    created ? eq(table.created_by, userId) : undefined,
    teamIds.length === 0 ? undefined : among(table.team_id, teamIds),
    organizationIds.length === 0 ? undefined : among(table.organization_id, organizationIds),
  );
}

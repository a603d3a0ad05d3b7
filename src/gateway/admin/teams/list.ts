/** Lists of teams: those the caller may see, and of these the ones asked for. */
import { and, asc, count, desc, eq, isNull, type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { AuthenticationError, BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { contains } from "../../../store/among.ts";
import { deletedTeams, keys, teamMembers, teams } from "../../../store/schema/index.ts";
import { findTeams, hasMember, membersOf, organizationsRunBy } from "../../../store/teams.ts";
import { findUser } from "../../../store/users.ts";
import { isAdmin, seesAll } from "../../../tenancy/roles.ts";
import { type AdminCall, adminRoute, queryOf } from "../admin-call.ts";
import { keyViewsWhere } from "../keys-of.ts";
import { offsetOf, pageFields, pageView } from "../paging.ts";
import { availableTeams } from "../users/defaults.ts";
import { visibleTeams } from "./access.ts";
import { deletedTeamView, listedTeamViews, membershipViews, teamView } from "./view.ts";

/** LiteLLM's list has no pages, so it ends somewhere. */
const MOST_TEAMS = 1000;

const id = z.string().max(512).optional();
const ListQuery = z.object({ user_id: id, organization_id: id });
const PagedQuery = z.object({
  ...pageFields({ size: 10 }),
  user_id: id,
  organization_id: id,
  team_id: id,
  team_alias: id,
  sort_by: z.enum(["team_id", "team_alias", "created_at"]).optional().catch(undefined),
  sort_order: z.string().default("asc"),
  status: z.string().optional(),
});
const FilterQuery = z.object({ ...pageFields({ size: 50 }), team_id: id, team_alias: id });

export const listRoutes = [
  adminRoute({
    method: "GET",
    paths: ["/team/list"],
    access: "view",
    summary: "Teams, with their members and keys",
    tag: "teams",
    async handle(call) {
      const { user_id, organization_id } = queryOf(call, ListQuery);
      await checkMayAskFor(call, user_id);
      const rows = await call.db
        .select()
        .from(teams)
        .where(
          and(
            visibleTeams(call),
            user_id ? hasMember(call.db, user_id) : undefined,
            organization_id === "default_organization" ? isNull(teams.organization_id) : equals(organization_id),
          ),
        )
        .orderBy(asc(teams.created_at))
        .limit(MOST_TEAMS);
      const ids = rows.map(({ team_id }) => team_id);
      const members = await membersOf(call.db, ids);
      const [views, memberships, ofTeams] = await Promise.all([
        listedTeamViews(call, rows, members),
        membershipViews(call, members, rows),
        ids.length === 0
          ? []
          : keyViewsWhere(call, sql`${keys.team_id} in (select value from json_each(${JSON.stringify(ids)}))`),
      ]);
      const keysByTeam = Map.groupBy(ofTeams, ({ view }) => view.team_id);
      const membershipsByTeam = Map.groupBy(memberships, ({ team_id }) => team_id);
      return views.map((view) => ({
        ...view,
        team_memberships: membershipsByTeam.get(view.team_id) ?? [],
        keys: (keysByTeam.get(view.team_id) ?? []).map((key) => key.view),
      }));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/v2/team/list"],
    access: "view",
    summary: "Teams, a page at a time",
    tag: "teams",
    async handle(call) {
      const query = queryOf(call, PagedQuery);
      if (query.status !== undefined && query.status !== "deleted")
        throw new BadRequestError(`Invalid status value: '${query.status}'. Currently only 'deleted' is supported.`, {
          param: "status",
        });
      await checkMayAskFor(call, query.user_id);
      return query.status === "deleted" ? deletedPage(call, query) : page(call, query);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/team/filter/ui"],
    access: "view",
    summary: "Teams by a part of their id or alias",
    tag: "teams",
    async handle(call) {
      const { team_id, team_alias, ...paging } = queryOf(call, FilterQuery);
      const rows = await call.db
        .select()
        .from(teams)
        .where(
          and(
            visibleTeams(call),
            team_id ? contains(teams.team_id, team_id) : undefined,
            team_alias ? contains(teams.team_alias, team_alias) : undefined,
          ),
        )
        .orderBy(desc(teams.created_at))
        .limit(paging.page_size)
        .offset(offsetOf(paging));
      return listedTeamViews(
        call,
        rows,
        await membersOf(
          call.db,
          rows.map((row) => row.team_id),
        ),
      );
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/team/available"],
    access: "view",
    summary: "Teams the caller may join",
    tag: "teams",
    async handle(call) {
      const { userId, role } = call.principal;
      const user = userId === undefined ? undefined : await findUser(call.db, userId);
      if (user === undefined && !isAdmin(role)) throw new NotFoundError("User not found", { param: "user_id" });
      const open = await findTeams(call.db, availableTeams(call));
      const joined = await call.db
        .select({ team_id: teamMembers.team_id })
        .from(teamMembers)
        .where(eq(teamMembers.user_id, userId ?? ""));
      const left = open.filter(({ team_id }) => !joined.some((own) => own.team_id === team_id));
      // Who is in a team and what its admins noted is not for those who are not in it.
      return left.map((team) => teamView({ ...team, metadata: {}, router_settings: null }, [], 0, call));
    },
  }),
];

/** Others' teams are for those who see everything, and for whoever runs organizations: of theirs. */
async function checkMayAskFor({ db, principal }: AdminCall, user_id: string | undefined): Promise<void> {
  const { role, userId } = principal;
  if (user_id === undefined || seesAll(role) || user_id === userId) return;
  if (userId !== undefined && (await organizationsRunBy(db, userId)).length > 0) return;
  throw new AuthenticationError(`Only admin users can query all teams/other teams. Your user role=${role}`, {
    type: "auth_error",
    param: "user_id",
  });
}

async function page(call: AdminCall, query: z.infer<typeof PagedQuery>) {
  const { db, principal } = call;
  const { user_id, team_id, team_alias, organization_id, ...paging } = query;
  if (user_id && user_id !== principal.userId && (await findUser(db, user_id)) === undefined)
    throw new NotFoundError(`User not found, passed user_id=${user_id}`, { param: "user_id" });
  const where = and(
    visibleTeams(call),
    user_id ? hasMember(db, user_id) : undefined,
    team_id ? eq(teams.team_id, team_id) : undefined,
    team_alias ? contains(teams.team_alias, team_alias) : undefined,
    equals(organization_id),
  );
  const [rows, [total]] = await db.batch([
    db
      .select()
      .from(teams)
      .where(where)
      .orderBy(...order(teams, paging))
      .limit(paging.page_size)
      .offset(offsetOf(paging)),
    db.select({ count: count() }).from(teams).where(where),
  ]);
  const members = await membersOf(
    db,
    rows.map((row) => row.team_id),
  );
  const views = await listedTeamViews(call, rows, members);
  return {
    teams: views.map((view) => ({ ...view, members_count: view.members_with_roles.length })),
    ...pageView(paging, total?.count ?? 0),
  };
}

/** Nobody is a member of a deleted team: it is for those who see everything, and who runs its organization. */
async function deletedPage(call: AdminCall, query: z.infer<typeof PagedQuery>) {
  const { db, principal } = call;
  const { team_id, team_alias, organization_id, ...paging } = query;
  const run = principal.userId === undefined ? [] : await organizationsRunBy(db, principal.userId);
  const runs = JSON.stringify(run.map((row) => row.organization_id));
  const where = and(
    seesAll(principal.role)
      ? undefined
      : sql`${deletedTeams.organization_id} in (select value from json_each(${runs}))`,
    team_id ? eq(deletedTeams.team_id, team_id) : undefined,
    team_alias ? contains(deletedTeams.team_alias, team_alias) : undefined,
    organization_id ? eq(deletedTeams.organization_id, organization_id) : undefined,
  );
  const [rows, [total]] = await db.batch([
    db
      .select()
      .from(deletedTeams)
      .where(where)
      .orderBy(...(paging.sort_by === undefined ? [desc(deletedTeams.deleted_at)] : order(deletedTeams, paging)))
      .limit(paging.page_size)
      .offset(offsetOf(paging)),
    db.select({ count: count() }).from(deletedTeams).where(where),
  ]);
  return { teams: rows.map((row) => deletedTeamView(row, call)), ...pageView(paging, total?.count ?? 0) };
}

function equals(organizationId: string | undefined): SQL | undefined {
  return organizationId ? eq(teams.organization_id, organizationId) : undefined;
}

/** The newest first, where nobody says otherwise; ids last, so that pages do not overlap. */
function order(
  table: typeof teams | typeof deletedTeams,
  { sort_by, sort_order }: Pick<z.infer<typeof PagedQuery>, "sort_by" | "sort_order">,
): SQL[] {
  const direction = sort_order.toLowerCase() === "desc" || sort_by === undefined ? desc : asc;
  return [direction(table[sort_by ?? "created_at"]), asc(table.team_id)];
}

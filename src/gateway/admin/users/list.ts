/** Lists of users: those the caller may see, and of these the ones asked for. */
import { and, asc, count, desc, eq, inArray, isNotNull, or, type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { PermissionDeniedError } from "../../../formats/errors.ts";
import { among, contains } from "../../../store/among.ts";
import { organizationMembers, scopeSpend, teamMembers, teams, users } from "../../../store/schema/index.ts";
import { organizationsRunBy } from "../../../store/teams.ts";
import { keyCounts, organizationsOf } from "../../../store/users.ts";
import { seesAll } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, adminRoute, queryOf } from "../admin-call.ts";
import { offsetOf, pageFields, pageView } from "../paging.ts";
import { teamFor } from "../teams/access.ts";
import { inOrganizationsRunBy, inTeamsRunBy } from "./access.ts";
import { listedUserViews, organizationMembershipView } from "./view.ts";

const part = z.string().max(512).optional();
/** Ids with commas between them. */
const list = z
  .string()
  .max(65_536)
  .optional()
  .transform((ids) =>
    ids
      ?.split(",")
      .map((id) => id.trim())
      .filter((id) => id !== ""),
  );
const SORTED_BY = ["user_id", "user_email", "user_alias", "user_role", "created_at", "max_budget", "spend"] as const;

const ListQuery = z.object({
  ...pageFields({ size: 25 }),
  role: part,
  user_role: part,
  user_ids: list,
  sso_user_ids: list,
  organization_ids: list,
  user_email: part,
  user_alias: part,
  team: part,
  sort_by: z.enum(SORTED_BY).optional().catch(undefined),
  sort_order: z.enum(["asc", "desc"]).catch("asc"),
});
const FilterQuery = z.object({ ...pageFields({ size: 50 }), user_id: part, user_email: part, team_id: part });

export const listRoutes = [
  adminRoute({
    method: "GET",
    paths: ["/user/list"],
    access: "view",
    summary: "Users, a page at a time",
    tag: "users",
    async handle(call) {
      const query = queryOf(call, ListQuery);
      const { db } = call;
      const where = and(await whoseAreListed(call), ...filters(call, query));
      const [rows, [total]] = await db.batch([
        db
          .select()
          .from(users)
          .where(where)
          .orderBy(...order(query))
          .limit(query.page_size)
          .offset(offsetOf(query)),
        db.select({ count: count() }).from(users).where(where),
      ]);
      const ids = rows.map(({ user_id }) => user_id);
      const [views, counts, memberships] = await Promise.all([
        listedUserViews(call, rows),
        keyCounts(db, ids),
        organizationsOf(db, ids),
      ]);
      const byUser = Map.groupBy(memberships, ({ user_id }) => user_id);
      return {
        users: views.map((view) => ({
          ...view,
          organization_memberships: (byUser.get(view.user_id) ?? []).map(organizationMembershipView),
          key_count: counts.get(view.user_id) ?? 0,
        })),
        ...pageView(query, total?.count ?? 0),
      };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/user/filter/ui"],
    access: "view",
    summary: "Users by a part of their id or email",
    tag: "users",
    async handle(call) {
      const { user_id, user_email, team_id, ...paging } = queryOf(call, FilterQuery);
      const where = and(
        await whoMayBeFound(call, team_id),
        user_id ? contains(users.user_id, user_id) : undefined,
        user_email ? contains(users.user_email, user_email) : undefined,
      );
      return call.db
        .select({ user_id: users.user_id, user_email: users.user_email })
        .from(users)
        .where(where)
        .orderBy(desc(users.created_at), asc(users.user_id))
        .limit(paging.page_size)
        .offset(offsetOf(paging));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/user/available_users"],
    access: "admin_view",
    summary: "How many users and teams there are; nothing bounds them",
    tag: "users",
    async handle({ db }) {
      const [[userCount], [teamCount]] = await db.batch([
        db.select({ count: count() }).from(users),
        db.select({ count: count() }).from(teams),
      ]);
      return {
        total_users: null,
        total_teams: null,
        total_users_used: userCount?.count ?? 0,
        total_teams_used: teamCount?.count ?? 0,
        total_users_remaining: null,
        total_teams_remaining: null,
      };
    },
  }),
];

/** Everybody for those who see everything; whoever runs organizations sees who is in them. */
async function whoseAreListed(call: AdminCall): Promise<SQL | undefined> {
  const { role, userId } = call.principal;
  if (seesAll(role)) return undefined;
  if (userId !== undefined && (await organizationsRunBy(call.db, userId)).length > 0)
    return inOrganizationsRunBy(call, userId);
  throw new PermissionDeniedError(`Only proxy admins and organization admins can list users. Your role=${role}`, {
    type: "auth_error",
  });
}

/** Whom an admin of a team may look for to add: members of its organization, else those of teams it runs already. */
async function whoMayBeFound(call: AdminCall, teamId: string | undefined): Promise<SQL | undefined> {
  const { role, userId = "" } = call.principal;
  if (seesAll(role)) return undefined;
  if (teamId === undefined) return whoseAreListed(call);
  const { team } = await teamFor(call, teamId, "team_admin");
  const inTeams = inTeamsRunBy(call, userId);
  return team.organization_id === null ? inTeams : or(inTeams, inOrganizations(call, [team.organization_id]));
}

function filters(call: AdminCall, query: z.infer<typeof ListQuery>): (SQL | undefined)[] {
  const { user_ids, sso_user_ids, organization_ids, user_email, user_alias, team } = query;
  const role = query.role || query.user_role; // Terraform's provider says `user_role`
  return [
    role ? eq(users.user_role, role) : undefined,
    user_ids?.length === 1 ? contains(users.user_id, user_ids[0] ?? "") : undefined, // as in LiteLLM: one may be a part
    user_ids && user_ids.length > 1 ? among(users.user_id, user_ids) : undefined,
    sso_user_ids?.length ? and(isNotNull(users.sso_user_id), among(users.sso_user_id, sso_user_ids)) : undefined,
    organization_ids?.length ? inOrganizations(call, organization_ids) : undefined,
    user_email ? contains(users.user_email, user_email) : undefined,
    user_alias ? contains(users.user_alias, user_alias) : undefined,
    team ? inTeam(call, team) : undefined,
  ];
}

function inTeam({ db }: AdminCall, id: string): SQL {
  return inArray(
    users.user_id,
    db.select({ user_id: teamMembers.user_id }).from(teamMembers).where(eq(teamMembers.team_id, id)),
  );
}

function inOrganizations({ db }: AdminCall, ids: readonly string[]): SQL {
  return inArray(
    users.user_id,
    db
      .select({ user_id: organizationMembers.user_id })
      .from(organizationMembers)
      .where(among(organizationMembers.organization_id, ids)),
  );
}

/** The newest first, where nobody says otherwise; ids last, so that pages do not overlap. */
function order({ sort_by, sort_order }: z.infer<typeof ListQuery>): SQL[] {
  if (sort_by === undefined) return [desc(users.created_at), asc(users.user_id)];
  const direction = sort_order === "desc" ? desc : asc;
  const total = sql`(select ${scopeSpend.total_nano} from ${scopeSpend}
    where ${scopeSpend.scope} = ${scopeOf.user("")} || ${users.user_id})`;
  return [sort_by === "spend" ? direction(sql`coalesce(${total}, 0)`) : direction(users[sort_by]), asc(users.user_id)];
}

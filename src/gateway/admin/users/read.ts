/** One user: what it is, its keys and teams. */
import { and, asc, eq, inArray, or, type SQL } from "drizzle-orm";
import { z } from "zod";
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { among } from "../../../store/among.ts";
import { keys, teams, type UserRow, users } from "../../../store/schema/index.ts";
import { hasMember, isRunBy, membersOf, organizationsRunBy } from "../../../store/teams.ts";
import { findUser, organizationsOf } from "../../../store/users.ts";
import { seesAll } from "../../../tenancy/roles.ts";
import { type AdminCall, adminRoute, queryOf } from "../admin-call.ts";
import { keyViewsWhere } from "../keys-of.ts";
import { listedTeamViews } from "../teams/view.ts";
import { relationTo, userNotFound, visibleUsers } from "./access.ts";
import { USER_ROLES } from "./defaults.ts";
import { freshUserView, organizationMembershipView } from "./view.ts";

const UserQuery = z.object({ user_id: z.string().max(512).optional() });

export const readRoutes = [
  adminRoute({
    method: "GET",
    paths: ["/user/info"],
    access: "info",
    summary: "A user with its keys and teams; without a user, an admin's view of all",
    tag: "users",
    async handle(call) {
      const { role, userId } = call.principal;
      const asked = askedUser(call);
      if (asked === undefined && seesAll(role)) return everything(call);
      const id = asked ?? userId;
      if (id === undefined) throw userNotFound("None");
      const user = await findUser(call.db, id);
      const mayLook = id === userId || seesAll(role);
      const isTheirs = !mayLook && user !== undefined && (await relationTo(call, user)) === "org_admin";
      if (!mayLook && !isTheirs)
        throw new PermissionDeniedError(
          `key not allowed to access this user's info. user_id=${id}, key's user_id=${userId ?? "None"}`,
          { type: "auth_error", param: "user_id" },
        );
      if (user === undefined) throw userNotFound(id);
      return { user_id: id, user_info: await userInfo(call, user), ...(await belongings(call, id, isTheirs)) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/v2/user/info"],
    access: "info",
    summary: "A user, without its keys",
    tag: "users",
    async handle(call) {
      const id = askedUser(call) ?? call.principal.userId;
      if (id === undefined)
        throw new BadRequestError(
          "user_id is required. Either pass it as a query parameter or authenticate with a user-bound key.",
          { param: "user_id" },
        );
      const [user] = await call.db
        .select()
        .from(users)
        .where(and(eq(users.user_id, id), visibleUsers(call)));
      if (user === undefined) throw userNotFound(id);
      return freshUserView(call, user);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/user/available_roles"],
    access: "view",
    summary: "Roles a user may have",
    tag: "users",
    handle: async () => Object.fromEntries(USER_ROLES.map((role) => [role, ROLE_TEXTS[role]])),
  }),
];

const ROLE_TEXTS = {
  proxy_admin: { description: "Sees and changes everything", ui_label: "Admin (All Permissions)" },
  proxy_admin_viewer: { description: "Sees everything, changes nothing", ui_label: "Admin (View Only)" },
  internal_user: {
    description: "Makes, sees and deletes keys of its own, and sees what they spent",
    ui_label: "Internal User (Create/Delete/View)",
  },
  internal_user_viewer: {
    description: "Sees its own keys and what they spent",
    ui_label: "Internal User (View Only)",
  },
} as const;

/** The query's user. Emails with a `+` are ids too: one that nobody encoded is meant as it stands. */
function askedUser(call: AdminCall): string | undefined {
  const { user_id } = queryOf(call, UserQuery);
  if (!user_id?.includes(" ")) return user_id || undefined;
  const [, raw] = /[?&]user_id=([^&#]*)/.exec(call.context.req.url) ?? [];
  try {
    return raw === undefined ? user_id : decodeURIComponent(raw);
  } catch {
    return user_id; // not encoded as URLs are
  }
}

async function userInfo(call: AdminCall, user: UserRow) {
  const [view, memberships] = await Promise.all([freshUserView(call, user), organizationsOf(call.db, [user.user_id])]);
  return { ...view, organization_memberships: memberships.map(organizationMembershipView) };
}

/** All keys and teams there are, as far as one answer goes. */
async function everything(call: AdminCall) {
  const { userId } = call.principal;
  const user = userId === undefined ? undefined : await findUser(call.db, userId);
  return {
    user_id: userId ?? null,
    user_info: user === undefined ? null : await userInfo(call, user),
    ...(await keysAndTeams(call, undefined, undefined)),
  };
}

/** @param onlyRun only what is in organizations the caller runs */
async function belongings(call: AdminCall, id: string, onlyRun: boolean) {
  const { db, principal } = call;
  const isOwn = eq(keys.user_id, id);
  if (!onlyRun) return keysAndTeams(call, isOwn, hasMember(db, id));
  const run = await organizationsRunBy(db, principal.userId ?? "");
  const organizations = run.map(({ organization_id }) => organization_id);
  const ofTeams = db.select({ team_id: teams.team_id }).from(teams).where(among(teams.organization_id, organizations));
  const inThem = or(among(keys.organization_id, organizations), inArray(keys.team_id, ofTeams));
  return keysAndTeams(call, and(isOwn, inThem), and(hasMember(db, id), isRunBy(db, principal.userId ?? "")));
}

/** LiteLLM's answer has no pages, so it ends somewhere. */
const MOST_TEAMS = 1000;

async function keysAndTeams(call: AdminCall, whichKeys: SQL | undefined, whichTeams: SQL | undefined) {
  const { db } = call;
  const rows = await db.select().from(teams).where(whichTeams).orderBy(asc(teams.team_alias)).limit(MOST_TEAMS);
  const members = await membersOf(
    db,
    rows.map(({ team_id }) => team_id),
  );
  const [views, found] = await Promise.all([listedTeamViews(call, rows, members), keyViewsWhere(call, whichKeys)]);
  const aliases = new Map(rows.map(({ team_id, team_alias }) => [team_id, team_alias]));
  return {
    keys: found.map(({ token, view }) => ({ token, ...view, team_alias: aliases.get(view.team_id ?? "") ?? null })),
    teams: views,
  };
}

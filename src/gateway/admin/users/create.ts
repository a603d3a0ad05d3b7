/** `POST /user/new`: a user, a key for it, and its teams and organizations. */
import { eq } from "drizzle-orm";
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { atOnce } from "../../../store/among.ts";
import { isDuplicate } from "../../../store/database.ts";
import { findOrganization } from "../../../store/organizations.ts";
import { organizationMembers, type TeamRow, teamMembers, type UserRow, users } from "../../../store/schema/index.ts";
import { findTeam } from "../../../store/teams.ts";
import { findUser, insertUser } from "../../../store/users.ts";
import { isAdmin, roleOf, seesAll } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { createKey } from "../keys/create.ts";
import { withSealed } from "../metadata-credentials.ts";
import { pythonList } from "../python-list.ts";
import { runsOrganization, teamFor } from "../teams/access.ts";
import { addMembers } from "../teams/membership.ts";
import { outside } from "../teams/organization-bounds.ts";
import { NewUserBody, type NewUserFields } from "./body.ts";
import { checkEmail, columnsOf } from "./columns.ts";
import { defaultParams, type TeamOfUser, teamsOfUser, userRow, withDefaults } from "./defaults.ts";
import { emailTaken } from "./named.ts";
import { freshUserView } from "./view.ts";

export const newUser = adminRoute({
  method: "POST",
  paths: ["/user/new"],
  access: "manage",
  summary: "Make a user, and a key for it",
  tag: "users",
  body: NewUserBody,
  async handle(call) {
    const fields = await bodyOf(call, NewUserBody);
    const columns = columnsOf(fields, undefined);
    const row = userRow(call, {
      ...columns,
      ...withDefaults(call, fields),
      user_id: fields.user_id ?? crypto.randomUUID(),
      sso_user_id: fields.sso_user_id ?? null,
    });
    await checkMayMake(call, row, fields);
    await checkIsNew(call, row);
    const teams = await teamsToJoin(call, fields);
    for (const id of fields.organizations ?? [])
      if ((await findOrganization(call.db, id)) === undefined)
        throw new BadRequestError(`Organization not found for organization_id=${id}`, { param: "organizations" });
    const user = await insert(call, row);
    const key = await join(call, user, teams, fields).catch(async (error: unknown) => {
      await unmake(call, user.user_id); // without its key it was not made
      throw error;
    });
    const view = await freshUserView(call, user);
    await changed(call, { table: "LiteLLM_UserTable", id: user.user_id, action: "created", after: view });
    return { expires: null, token_id: null, key_name: null, ...key, ...view, key: key?.key ?? "" };
  },
});

/** Users are made by the proxy admin, and for organizations by whoever runs them: none that has more than its maker. */
async function checkMayMake(call: AdminCall, user: UserRow, { organizations }: NewUserFields): Promise<void> {
  const { role, identity } = call.principal;
  if (isAdmin(role)) return;
  const runs = await Promise.all((organizations ?? []).map((id) => runsOrganization(call, id)));
  if (runs.length === 0 || runs.includes(false))
    throw refused(
      `Only proxy admin can be used to generate, delete, update info for new keys/users/teams. Route=${call.context.req.path}. Your role=${role}.`,
    );
  if (user.sso_user_id !== null) throw refused("Only proxy admins can set sso_user_id."); // whoever signs in as it is it
  if (seesAll(roleOf(user.user_role)))
    throw refused(
      `Only proxy admins can create administrative users (proxy_admin, proxy_admin_viewer). Attempted to create user with role: ${user.user_role}. Your role: ${role}`,
    );
  if (user.object_permission !== null) throw refused("Only proxy admins can set object_permission of a user.");
  if (identity === undefined) return;
  const { key, user: maker } = identity;
  for (const name of ["max_budget", "tpm_limit", "rpm_limit", "max_parallel_requests"] as const) {
    const most = Math.min(...[key[name], maker?.[name]].filter((limit) => limit != null));
    if (most < (user[name] ?? Number.POSITIVE_INFINITY))
      throw new BadRequestError(`${name} higher than user max. User ${name}=${most}. User role=${role}`, {
        param: name,
      });
  }
  const wanted = user.models.length === 0 ? ["all-proxy-models"] : user.models;
  for (const models of [key.models, maker?.models ?? []])
    if (outside(call, models, wanted).length > 0)
      throw new BadRequestError(
        `Model not in allowed user models. User allowed models=${pythonList(models)}. User id=${maker?.user_id}`,
        { param: "models" },
      );
}

async function checkIsNew(call: AdminCall, { user_id, user_email }: UserRow): Promise<void> {
  if ((await findUser(call.db, user_id)) !== undefined) throw taken(user_id);
  await checkEmail(call, user_email);
}

async function insert(call: AdminCall, row: UserRow): Promise<UserRow> {
  const { db } = call;
  const sealed = await withSealed(call, scopeOf.user(row.user_id), row);
  try {
    const user = await insertUser(db, sealed);
    if (user === undefined) throw emailTaken(row.user_email);
    return user;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    if (await findUser(db, row.user_id)) throw taken(row.user_id);
    throw new BadRequestError(`User with sso_user_id ${row.sso_user_id} already exists`, { param: "sso_user_id" });
  }
}

async function unmake({ db }: AdminCall, id: string): Promise<void> {
  await atOnce(db, [
    db.delete(organizationMembers).where(eq(organizationMembers.user_id, id)),
    db.delete(teamMembers).where(eq(teamMembers.user_id, id)),
    db.delete(users).where(eq(users.user_id, id)),
  ]);
}

function taken(id: string): BadRequestError {
  return new BadRequestError(`User with id ${id} already exists`, { param: "user_id" });
}

interface Place {
  team: TeamRow;
  as: TeamOfUser;
}

/**
 * The teams the user goes into: those the caller names, which it must be an admin of; else those of the config, of which
 * one that is not there is passed over.
 */
async function teamsToJoin(call: AdminCall, { teams, team_id }: NewUserFields): Promise<Place[]> {
  const named = teamsOfUser(team_id == null ? teams : [...teamsOfUser(teams), { team_id, user_role: "user" }]);
  const places: Place[] = [];
  for (const as of named) {
    const { team } = await teamFor(call, as.team_id, "team_admin");
    if (!places.some((place) => place.as.team_id === as.team_id)) places.push({ team, as });
  }
  if (named.length > 0) return places;
  for (const as of teamsOfUser(defaultParams(call).teams)) {
    const team = await findTeam(call.db, as.team_id);
    if (team !== undefined) places.push({ team, as });
  }
  return places;
}

async function join(call: AdminCall, user: UserRow, places: readonly Place[], fields: NewUserFields) {
  const { user_id, user_email } = user;
  const { db, nowText } = call;
  for (const organization_id of new Set(fields.organizations ?? []))
    await db
      .insert(organizationMembers)
      .values({ organization_id, user_id, user_role: "internal_user", created_at: nowText, updated_at: nowText });
  for (const { team, as } of places)
    await addMembers(call, team, { user_id, user_email, role: as.user_role }, as.max_budget_in_team);
  if (!fields.auto_create_key) return undefined;
  const { key_alias, duration, team_id, models, aliases, config, permissions, blocked } = fields;
  return createKey(call, { user_id, key_alias, duration, team_id, models, aliases, config, permissions, blocked });
}

function refused(message: string): PermissionDeniedError {
  return new PermissionDeniedError(message, { type: "auth_error" });
}

/** `POST /team/new` */
import { eq } from "drizzle-orm";
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { defined } from "../../../formats/json.ts";
import { isDuplicate } from "../../../store/database.ts";
import { type TeamRow, teams } from "../../../store/schema/index.ts";
import { findTeam } from "../../../store/teams.ts";
import { ADMIN_USER_ID } from "../../../tenancy/principal.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { NO_LIMITS } from "../fields.ts";
import { withSealed } from "../metadata-credentials.ts";
import { runsOrganization } from "./access.ts";
import { checkWithinGrant, checkWithinMaker } from "./admin-bounds.ts";
import { type MemberFields, NewTeamBody, type TeamFields } from "./body.ts";
import { columnsOf } from "./columns.ts";
import { addMembers } from "./membership.ts";
import { checkPromises, checkWithinOrganization, organizationOf } from "./organization-bounds.ts";
import { dropTier, setTier, sharedTierLimits } from "./tiers.ts";
import { freshTeamView } from "./view.ts";

export const newTeam = adminRoute({
  method: "POST",
  paths: ["/team/new"],
  access: "manage",
  summary: "Make a team",
  tag: "teams",
  body: NewTeamBody,
  async handle(call) {
    const { team_id, members_with_roles, ...given } = await bodyOf(call, NewTeamBody);
    const fields = withDefaults(call, given);
    await checkMayMake(call, fields.organization_id || null);
    const row = newRow(call, team_id ?? crypto.randomUUID(), fields);
    if (await findTeam(call.db, row.team_id)) throw taken(row.team_id);
    checkWithinMaker(call, row);
    if (row.organization_id !== null) {
      const organization = await organizationOf(call, row.organization_id);
      checkWithinOrganization(call, organization, row);
      if (!isAdmin(call.principal.role)) checkWithinGrant(organization.organization, undefined, row);
      await checkPromises(call, organization, row);
    }
    const team = await insert(call, {
      ...row,
      team_member_budget_id: await setTier(call, null, sharedTierLimits(fields)),
    });
    const members = withMaker(call, members_with_roles ?? []);
    if (members.length > 0)
      await addMembers(call, team, members).catch(async (error: unknown) => {
        await unmake(call, team); // without its members it was not made
        throw error;
      });
    const view = await freshTeamView(call, team);
    await changed(call, { table: "LiteLLM_TeamTable", id: team.team_id, action: "created", after: view });
    return view;
  },
});

/** With `litellm_settings.default_team_params` where nothing is said. */
function withDefaults({ gateway }: AdminCall, fields: TeamFields): TeamFields {
  const defaults = gateway.config.settings.litellm.default_team_params ?? {};
  return { ...defaults, ...defined(fields), ...(fields.models?.length === 0 && { models: defaults.models ?? [] }) };
}

/** Teams are made by the proxy admin, and within an organization by whoever runs it. */
async function checkMayMake(call: AdminCall, organizationId: string | null): Promise<void> {
  if (isAdmin(call.principal.role)) return;
  if (organizationId !== null && (await runsOrganization(call, organizationId))) return;
  throw new PermissionDeniedError(
    `Only proxy admin can be used to generate, delete, update info for new keys/users/teams. Route=${call.context.req.path}. Your role=${call.principal.role}.`,
    { type: "auth_error" },
  );
}

function newRow({ actor, nowText }: AdminCall, team_id: string, fields: TeamFields): TeamRow {
  return {
    team_alias: null,
    organization_id: null,
    metadata: {},
    models: [],
    ...NO_LIMITS,
    budget_anchor: nowText,
    model_aliases: {},
    blocked: false,
    router_settings: null,
    team_member_permissions: [],
    access_group_ids: [],
    policies: [],
    object_permission: null,
    team_member_budget_id: null,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
    ...columnsOf(fields, undefined),
    team_id,
  };
}

async function insert(call: AdminCall, row: TeamRow): Promise<TeamRow> {
  const sealed = await withSealed(call, scopeOf.team(row.team_id), row);
  try {
    const [team] = await call.db.insert(teams).values(sealed).returning();
    if (team === undefined) throw new Error("D1 returned no row of an insert");
    return team;
  } catch (error) {
    throw isDuplicate(error) ? taken(row.team_id) : error;
  }
}

async function unmake(call: AdminCall, { team_id, team_member_budget_id }: TeamRow): Promise<void> {
  await call.db.delete(teams).where(eq(teams.team_id, team_id));
  if (team_member_budget_id !== null) await dropTier(call, team_member_budget_id);
}

function taken(id: string): BadRequestError {
  return new BadRequestError(`Team id = ${id} already exists. Please use a different team id.`, { param: "team_id" });
}

/**
 * The members of a new team: those listed, and its maker as its admin. The proxy admin is added only where
 * `disable_auto_add_proxy_admin_to_teams` is false, and never by the master key, which is no user.
 */
function withMaker({ principal, gateway }: AdminCall, members: readonly MemberFields[]): MemberFields[] {
  const { role, userId } = principal;
  const staysOut = isAdmin(role) && gateway.config.settings.general.disable_auto_add_proxy_admin_to_teams !== false;
  if (userId === undefined || userId === ADMIN_USER_ID || staysOut) return [...members];
  if (members.some(({ user_id }) => user_id === userId)) return [...members];
  return [...members, { user_id: userId, role: "admin" }];
}

/** `POST /user/delete`: users go, and with them their keys and memberships. */
import { eq, inArray, or } from "drizzle-orm";
import { NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { atOnce } from "../../../store/among.ts";
import { budgets, keys, organizationMembers, teamMembers, type UserRow, users } from "../../../store/schema/index.ts";
import { membershipsOf } from "../../../store/teams.ts";
import { findUsers, organizationsOf } from "../../../store/users.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { removeKeysWhere } from "../keys-of.ts";
import { relationTo } from "./access.ts";
import { DeleteUsersBody } from "./body.ts";
import { storedView } from "./view.ts";

export const deleteUsers = adminRoute({
  method: "POST",
  paths: ["/user/delete"],
  access: "manage",
  summary: "Delete users, with their keys and memberships; answers how many",
  tag: "users",
  body: DeleteUsersBody,
  async handle(call) {
    const { user_ids } = await bodyOf(call, DeleteUsersBody);
    const ids = [...new Set(user_ids)];
    const rows = await findUsers(call.db, ids);
    const missing = ids.find((id) => !rows.some(({ user_id }) => user_id === id));
    if (missing !== undefined)
      throw new NotFoundError(`User not found, passed user_id=${missing}`, { param: "user_ids" });
    for (const user of rows) await checkMayDelete(call, user); // all or none
    for (const user of rows) await deleteUser(call, user);
    return rows.length;
  },
});

async function checkMayDelete(call: AdminCall, user: UserRow): Promise<void> {
  const relation = await relationTo(call, user);
  if (relation === "proxy_admin" || relation === "org_admin") return;
  throw new PermissionDeniedError(
    `User does not have permission to delete this user. user_id=${user.user_id} is in organizations you do not run.`,
    { type: "auth_error", param: "user_ids" },
  );
}

async function deleteUser(call: AdminCall, user: UserRow): Promise<void> {
  const { db, gateway } = call;
  const { user_id } = user;
  const [memberships, organizations] = await Promise.all([
    membershipsOf(db, [user_id]),
    organizationsOf(db, [user_id]),
  ]);
  await removeKeysWhere(call, eq(keys.user_id, user_id));
  const inTeams = db
    .select({ budget_id: teamMembers.budget_id })
    .from(teamMembers)
    .where(eq(teamMembers.user_id, user_id));
  const inOrganizations = db
    .select({ budget_id: organizationMembers.budget_id })
    .from(organizationMembers)
    .where(eq(organizationMembers.user_id, user_id));
  await atOnce(db, [
    db.delete(budgets).where(or(inArray(budgets.budget_id, inTeams), inArray(budgets.budget_id, inOrganizations))),
    db.delete(teamMembers).where(eq(teamMembers.user_id, user_id)),
    db.delete(organizationMembers).where(eq(organizationMembers.user_id, user_id)),
    db.delete(users).where(eq(users.user_id, user_id)),
  ]);
  await Promise.all([
    gateway.accounts.forget(scopeOf.user(user_id)),
    ...memberships.map(({ team_id }) => gateway.accounts.forget(scopeOf.teamMember(team_id, user_id))),
    ...organizations.map(({ organization_id }) =>
      gateway.accounts.forget(scopeOf.organizationMember(organization_id, user_id)),
    ),
  ]);
  await changed(call, {
    table: "LiteLLM_UserTable",
    id: user_id,
    action: "deleted",
    before: storedView(user, call),
  });
}

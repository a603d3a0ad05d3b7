/** `POST /user/update` and `/user/bulk_update`. Each caller may write its own fields; roles are the proxy admin's. */
import { and, asc, eq } from "drizzle-orm";
import { BadRequestError, NotFoundError, PermissionDeniedError, SluiceError } from "../../../formats/errors.ts";
import { isSame } from "../../../formats/json.ts";
import { type UserRow, users } from "../../../store/schema/index.ts";
import { findUser, findUserByEmail, insertUser, isEmailFree } from "../../../store/users.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "../admin-call.ts";
import { changedReserved } from "../metadata.ts";
import { withSealed } from "../metadata-credentials.ts";
import { resetSpend } from "../spend.ts";
import { relationTo } from "./access.ts";
import { BulkUpdateBody, MOST_UPDATES, type UpdateFields, UpdateUserBody } from "./body.ts";
import { checkEmail, columnsOf } from "./columns.ts";
import { userRow, withDefaults } from "./defaults.ts";
import { emailTaken } from "./named.ts";
import { freshUserView, storedView } from "./view.ts";

export const updateRoutes = [
  adminRoute({
    method: "POST",
    paths: ["/user/update"],
    access: "manage",
    summary: "Change a user",
    tag: "users",
    body: UpdateUserBody,
    async handle(call) {
      const { user_id, ...fields } = await bodyOf(call, UpdateUserBody);
      const user = await updateUser(call, user_id ?? undefined, fields);
      return { user_id: user.user_id, data: await freshUserView(call, user) };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/user/bulk_update"],
    access: "manage",
    summary: "Change many users",
    tag: "users",
    body: BulkUpdateBody,
    async handle(call) {
      const wanted = await wantedUpdates(call);
      const results = [];
      for (const { user_id, ...fields } of wanted) results.push(await resultOf(call, user_id ?? undefined, fields));
      const successful_updates = results.filter(({ success }) => success).length;
      return {
        results,
        total_requested: wanted.length,
        successful_updates,
        failed_updates: wanted.length - successful_updates,
      };
    },
  }),
];

type Update = { user_id?: string | null | undefined } & UpdateFields;

async function wantedUpdates(call: AdminCall): Promise<Update[]> {
  const { users: named, all_users, user_updates } = await bodyOf(call, BulkUpdateBody);
  if (!all_users) {
    if (!named?.length)
      throw new BadRequestError(
        "Must specify either 'users' for individual updates or 'all_users=True' with 'user_updates' for bulk updates",
        { param: "users" },
      );
    if (named.length > MOST_UPDATES)
      throw new BadRequestError(`Maximum ${MOST_UPDATES} users can be updated at once`, { param: "users" });
    return named;
  }
  if (user_updates == null)
    throw new BadRequestError("user_updates is required when all_users is true", { param: "user_updates" });
  if (!isAdmin(call.principal.role)) throw refused("Only proxy admins can update all users at once", "all_users");
  const rows = await call.db
    .select({ user_id: users.user_id })
    .from(users)
    .orderBy(asc(users.user_id))
    .limit(MOST_UPDATES + 1);
  if (rows.length > MOST_UPDATES)
    throw new BadRequestError(`Maximum ${MOST_UPDATES} users can be updated at once; there are more`, {
      param: "all_users",
    });
  return rows.map(({ user_id }) => ({ user_id, ...user_updates }));
}

async function resultOf(call: AdminCall, id: string | undefined, fields: UpdateFields) {
  const about = { user_id: id ?? null, user_email: fields.user_email ?? null };
  try {
    const user = await updateUser(call, id, fields);
    return {
      ...about,
      user_id: user.user_id,
      success: true,
      error: null,
      updated_user: await freshUserView(call, user),
    };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.status >= 500) throw error;
    return { ...about, success: false, error: error.message, updated_user: null };
  }
}

/** @param id absent: the user with that email, which the proxy admin's update makes where there is none */
async function updateUser(call: AdminCall, id: string | undefined, fields: UpdateFields): Promise<UserRow> {
  const { db, principal } = call;
  const { user_email } = fields;
  if (id === undefined && !user_email)
    throw new BadRequestError("Either user_id or user_email must be provided", { param: "user_id" });
  if (fields.user_role !== undefined && !isAdmin(principal.role))
    throw refused("Only proxy admins can modify user roles.", "user_role");
  const before = id === undefined ? await findUserByEmail(db, user_email ?? "") : await findUser(db, id);
  if (before === undefined) {
    if (!isAdmin(principal.role))
      throw new NotFoundError(
        "User not found. Only PROXY_ADMIN can create users via /user/update; use /user/new instead.",
        { param: "user_id" },
      );
    return createBy(call, id, fields);
  }
  const { spend, ...rest } = fields;
  const changes = columnsOf(rest, before);
  await checkMayChange(call, before, changes, spend);
  await checkEmail(call, changes.user_email, before.user_id);
  const user = await save(call, before, changes);
  if (spend != null) await resetSpend(call, scopeOf.user(user.user_id), user, spend);
  return user;
}

/** LiteLLM makes a user that is not there, by id or by email. */
async function createBy(call: AdminCall, id: string | undefined, { spend, ...fields }: UpdateFields): Promise<UserRow> {
  const columns = columnsOf(fields, undefined);
  await checkEmail(call, columns.user_email);
  const row = userRow(call, { ...columns, ...withDefaults(call, fields), user_id: id ?? crypto.randomUUID() });
  const user = await insertUser(call.db, await withSealed(call, scopeOf.user(row.user_id), row));
  if (user === undefined) throw emailTaken(row.user_email);
  if (spend != null) await resetSpend(call, scopeOf.user(user.user_id), user, spend);
  const after = storedView(user, call);
  await changed(call, { table: "LiteLLM_UserTable", id: user.user_id, action: "created", after });
  return user;
}

/** What a user may write of itself. */
const OWN: readonly string[] = ["user_alias", "user_email", "metadata"];

async function checkMayChange(
  call: AdminCall,
  before: UserRow,
  changes: Partial<UserRow>,
  spend: number | null | undefined,
): Promise<void> {
  const relation = await relationTo(call, before);
  if (relation === "proxy_admin") return;
  if (relation !== "self")
    throw refused("User does not have permission to update this user. Only PROXY_ADMIN can update other users.");
  const named = Object.entries(changes).find(
    ([name, value]) => !OWN.includes(name) && !isSame(value, before[name as keyof UserRow]), // a column's name
  );
  const field =
    spend != null ? "spend" : (named?.[0] ?? changedReserved(before.metadata, changes.metadata ?? before.metadata));
  if (field !== undefined)
    throw refused(`Non-admin users cannot modify '${field}' on their own record. Contact your proxy admin.`, field);
}

/** A budget whose period changes begins anew; who is made an internal user gets the limits of one. */
async function save(call: AdminCall, before: UserRow, changes: Partial<UserRow>): Promise<UserRow> {
  const { db, nowText } = call;
  const isMadeInternal = changes.user_role === "internal_user" && before.user_role !== "internal_user";
  const { max_budget, budget_duration } = withDefaults(call, { ...before, ...changes, user_role: "internal_user" });
  const wanted = await withSealed(call, scopeOf.user(before.user_id), {
    ...(isMadeInternal && before.max_budget === null && { max_budget }),
    ...(isMadeInternal && before.budget_duration === null && { budget_duration }),
    ...changes,
  });
  const isNewPeriod = wanted.budget_duration !== undefined && wanted.budget_duration !== before.budget_duration;
  const [user] = await db
    .update(users)
    .set({ ...wanted, ...(isNewPeriod && { budget_anchor: nowText }), updated_at: nowText })
    .where(
      and(
        eq(users.user_id, before.user_id),
        wanted.user_email ? isEmailFree(wanted.user_email, before.user_id) : undefined,
      ),
    )
    .returning();
  if (user === undefined && wanted.user_email) await checkEmail(call, wanted.user_email, before.user_id);
  if (user === undefined) throw new NotFoundError(`User not found: ${before.user_id}`, { param: "user_id" });
  await changed(call, {
    table: "LiteLLM_UserTable",
    id: user.user_id,
    action: "updated",
    before: storedView(before, call),
    after: storedView(user, call),
  });
  return user;
}

function refused(message: string, param?: string): PermissionDeniedError {
  return new PermissionDeniedError(message, { type: "auth_error", ...(param !== undefined && { param }) });
}

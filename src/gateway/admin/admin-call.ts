/** What every management route starts with: the database, the body checked, and who is asking. */
import type { z } from "zod";
import { BadRequestError, UnprocessableEntityError } from "../../formats/errors.ts";
import { formatPath } from "../../formats/path.ts";
import { type Database, unavailable } from "../../store/database.ts";
import { auditLog } from "../../store/schema/index.ts";
import type { Principal } from "../../tenancy/principal.ts";
import { seesAll } from "../../tenancy/roles.ts";
import { scopeOf } from "../../tenancy/scopes.ts";
import { readJson } from "../body.ts";
import type { GuardedRoute, RouteCall } from "../route.ts";
import { tellOfChange } from "./change-alerts.ts";
import type { Clock } from "./windows.ts";

export interface AdminCall extends RouteCall, Clock {
  db: Database;
  principal: Principal;
  /** Who is named as the author of changes: `litellm-changed-by` where an admin acts for somebody, else the caller. */
  actor: string;
  /** When the call came (`now`), as the text that is stored. */
  nowText: string;
}

type AdminRoute = Omit<GuardedRoute, "handle"> & {
  /** What it returns is the answer's JSON; a `Response` is sent as it is. */
  handle(call: AdminCall): Promise<unknown>;
};

/** A management route: needs the database, answers JSON, and always with 200, as Terraform's providers expect. */
export function adminRoute(route: AdminRoute): GuardedRoute {
  return {
    ...route,
    async handle(call) {
      const { database } = call.gateway;
      if (database === undefined) throw new BadRequestError("No connected db.", { type: "no_db_connection" });
      const now = Date.now();
      const changedBy = call.context.req.header("litellm-changed-by");
      const { principal } = call;
      const actor = (seesAll(principal.role) ? changedBy : undefined) ?? principal.userId ?? principal.token;
      const { timezone } = call.gateway.config.settings.calls;
      const nowText = new Date(now).toISOString();
      const answer = await route.handle({ ...call, db: database, actor, now, nowText, timezone });
      return answer instanceof Response ? answer : call.context.json(answer ?? null);
    },
  };
}

/**
 * The body, checked. Fields the schema does not name are left out; those it was not given stay absent, so that an
 * update can tell "not said" from `null`.
 * @throws UnprocessableEntityError, as LiteLLM, naming the first field that is wrong
 */
export async function bodyOf<Schema extends z.ZodObject>(
  { context, gateway }: RouteCall,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const { json } = await readJson(context.req.raw, gateway.config.settings.maxRequestBytes);
  return checked(schema, json);
}

/** The query, checked; a parameter given twice counts as given last. */
export function queryOf<Schema extends z.ZodObject>({ context }: RouteCall, schema: Schema): z.infer<Schema> {
  return checked(schema, context.req.query());
}

function checked<Schema extends z.ZodObject>(schema: Schema, given: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const [issue] = error.issues;
  const path = issue === undefined ? "" : formatPath(issue.path);
  throw new UnprocessableEntityError(`Invalid value for '${path}': ${issue?.message ?? "not valid"}`, {
    type: "validation_error",
    param: path,
  });
}

/** Rows that a key's leases know of: whoever holds one hears of the change. */
const SCOPES: Readonly<Record<string, (id: string) => string>> = {
  LiteLLM_VerificationToken: scopeOf.key,
  LiteLLM_TeamTable: scopeOf.team,
  LiteLLM_UserTable: scopeOf.user,
  LiteLLM_OrganizationTable: scopeOf.organization,
  LiteLLM_ProjectTable: scopeOf.project,
  LiteLLM_EndUserTable: scopeOf.customer,
  LiteLLM_TagTable: scopeOf.tag,
};

export type AuditAction = "created" | "updated" | "deleted" | "blocked" | "unblocked" | "rotated";

export interface Change {
  table: string;
  id: string;
  /** Under which its leases are, where that is not by its id: keys that were regenerated. */
  scope?: string;
  action: AuditAction;
  before?: unknown;
  after?: unknown;
}

/**
 * Writes down a change, where `litellm_settings.store_audit_logs` asks for it, tells of it, and makes this isolate forget its copies.
 * Values are rows as routes show them: no secret is in one.
 */
export async function changed(call: AdminCall, change: Change): Promise<void> {
  const { gateway, now } = call;
  gateway.forgetTenancy();
  const scope = change.scope ?? SCOPES[change.table]?.(change.id);
  // Isolates that cannot be told forget their copies by their age.
  if (scope !== undefined)
    gateway.waitUntil(
      call.context,
      gateway.accounts.setVersion(scope, now).catch(() => {}),
    );
  tellOfChange(call, change, scope);
  if (!gateway.config.settings.litellm.store_audit_logs) return;
  await call.db
    .insert(auditLog)
    .values({
      id: crypto.randomUUID(),
      updated_at: call.nowText,
      changed_by: call.actor,
      changed_by_api_key: call.principal.token,
      action: change.action,
      table_name: change.table,
      object_id: change.id,
      before_value: change.before ?? null,
      updated_values: change.after ?? null,
    })
    .catch((cause: unknown) => {
      throw unavailable(cause);
    });
}

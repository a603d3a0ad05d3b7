/** `/audit`: who changed what, where `litellm_settings.store_audit_logs` had it written down. */
import { and, asc, count, desc, eq, gte, lte, or, type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { BadRequestError, NotFoundError } from "../../formats/errors.ts";
import { auditLog } from "../../store/schema/index.ts";
import type { Route } from "../route.ts";
import { adminRoute, queryOf } from "./admin-call.ts";
import { offsetOf, pageFields, pageView } from "./paging.ts";

const name = z.string().max(4096).optional();
/** ISO 8601; a date is its first moment. */
const instant = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "not a date such as 2026-11-22")
  .transform((text) => new Date(text).toISOString())
  .optional();

const SORTS = ["updated_at", "changed_by", "action", "table_name", "object_id"] as const;

const AuditQuery = z.object({
  ...pageFields({ size: 10 }),
  changed_by: name,
  changed_by_api_key: name,
  action: name,
  table_name: name,
  object_id: name,
  start_date: instant,
  end_date: instant,
  object_team_id: name,
  object_key_hash: name,
  sort_by: z.string().default("updated_at"),
  sort_order: z.string().default("desc"),
});

export const auditRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/audit"],
    access: "admin_view",
    summary: "Changes by the page, the latest first",
    tag: "audit",
    async handle(call) {
      const query = queryOf(call, AuditQuery);
      const meant = conditionsOf(query);
      const [rows, [total]] = await call.db.batch([
        call.db
          .select()
          .from(auditLog)
          .where(meant)
          .orderBy(orderOf(query), desc(auditLog.id))
          .limit(query.page_size)
          .offset(offsetOf(query)),
        call.db.select({ count: count() }).from(auditLog).where(meant),
      ]);
      return { audit_logs: rows.map(auditView), ...pageView(query, total?.count ?? 0) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/audit/:id"],
    access: "admin_view",
    summary: "One change",
    tag: "audit",
    async handle(call) {
      const id = call.context.req.param("id") ?? "";
      const [row] = await call.db.select().from(auditLog).where(eq(auditLog.id, id));
      if (row === undefined) throw new NotFoundError(`Audit log with ID ${id} not found`, { param: "id" });
      return auditView(row);
    },
  }),
];

function conditionsOf(query: z.infer<typeof AuditQuery>): SQL | undefined {
  const { object_team_id, object_key_hash } = query;
  const equal = (["changed_by", "changed_by_api_key", "action", "table_name", "object_id"] as const).map((column) =>
    query[column] ? eq(auditLog[column], query[column]) : undefined,
  );
  return and(
    ...equal,
    query.start_date ? gte(auditLog.updated_at, query.start_date) : undefined,
    query.end_date ? lte(auditLog.updated_at, query.end_date) : undefined,
    object_team_id ? says("team_id", object_team_id) : undefined,
    object_key_hash ? or(eq(auditLog.object_id, object_key_hash), says("token", object_key_hash)) : undefined,
  );
}

/** Does the row say so before or after the change? */
function says(field: string, value: string): SQL | undefined {
  const path = `$.${field}`;
  return or(
    sql`json_extract(${auditLog.before_value}, ${path}) = ${value}`,
    sql`json_extract(${auditLog.updated_values}, ${path}) = ${value}`,
  );
}

function orderOf({ sort_by, sort_order }: z.infer<typeof AuditQuery>): SQL {
  const column = SORTS.find((sort) => sort === sort_by);
  if (column === undefined) throw bad(`Invalid sort column. Must be one of: ${SORTS.join(", ")}`, "sort_by");
  const order = sort_order.toLowerCase();
  if (order !== "asc" && order !== "desc") throw bad("Invalid sort order. Must be 'asc' or 'desc'", "sort_order");
  return order === "asc" ? asc(auditLog[column]) : desc(auditLog[column]);
}

function auditView(row: typeof auditLog.$inferSelect) {
  return {
    id: row.id,
    updated_at: row.updated_at,
    changed_by: row.changed_by,
    changed_by_api_key: row.changed_by_api_key,
    action: row.action,
    table_name: row.table_name,
    object_id: row.object_id,
    before_value: row.before_value,
    updated_values: row.updated_values,
  };
}

function bad(message: string, param: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", param });
}

/** `/budget/*`: tiers that keys, customers, members, organizations, projects and tags share. */

import { desc, eq } from "drizzle-orm";
import { z } from "zod";
import { BadRequestError, NotFoundError } from "../../formats/errors.ts";
import { defined } from "../../formats/json.ts";
import { among } from "../../store/among.ts";
import { isDuplicate } from "../../store/database.ts";
import { type BudgetRow, budgets } from "../../store/schema/index.ts";
import type { Route } from "../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed, queryOf } from "./admin-call.ts";
import { identifier, LIMIT_FIELDS, missing, orEmpty } from "./fields.ts";
import { type Clock, resetAt } from "./windows.ts";

export const BudgetBody = z.object({ budget_id: identifier, ...LIMIT_FIELDS });

export const budgetRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/budget/new"],
    access: "admin",
    summary: "Make a budget that others may share",
    tag: "budgets",
    body: BudgetBody,
    async handle(call) {
      const { budget_id, ...fields } = await bodyOf(call, BudgetBody);
      const budget = await createBudget(call, fields, budget_id ?? crypto.randomUUID());
      return budgetView(budget, call);
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/budget/update"],
    access: "admin",
    summary: "Change a budget",
    tag: "budgets",
    body: BudgetBody,
    async handle(call) {
      const { budget_id, ...fields } = await bodyOf(call, BudgetBody);
      if (!budget_id) throw missing("budget_id");
      return budgetView(await updateBudget(call, budget_id, fields), call);
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/budget/info"],
    access: "admin_view",
    summary: "Budgets by their ids",
    tag: "budgets",
    body: z.object({ budgets: z.array(z.string()).max(1000) }),
    async handle(call) {
      const { budgets: ids } = await bodyOf(call, z.object({ budgets: z.array(z.string()).max(1000) }));
      if (ids.length === 0)
        throw new BadRequestError("Specify list of budget id's to query. Passed in=[]", { param: "budgets" });
      const rows = await call.db.select().from(budgets).where(among(budgets.budget_id, ids));
      return rows.map((row) => budgetView(row, call));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/budget/list"],
    access: "admin_view",
    summary: "All budgets",
    tag: "budgets",
    async handle(call) {
      const rows = await call.db.select().from(budgets).orderBy(desc(budgets.created_at));
      return rows.map((row) => budgetView(row, call));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/budget/settings"],
    access: "admin_view",
    summary: "The fields of a budget, with their values",
    tag: "budgets",
    async handle(call) {
      const { budget_id } = queryOf(call, z.object({ budget_id: z.string() }));
      const budget = await findBudget(call, budget_id);
      return SETTINGS.map(({ name, type, description }) => ({
        field_name: name,
        field_type: type,
        field_description: description,
        field_value: budget[name],
        stored_in_db: budget[name] !== null,
        field_default_value: null,
      }));
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/budget/delete"],
    access: "admin",
    summary: "Delete a budget; whoever shared it has none then",
    tag: "budgets",
    body: z.object({ id: z.string() }),
    async handle(call) {
      const { id } = await bodyOf(call, z.object({ id: z.string() }));
      const budget = await findBudget(call, id);
      await call.db.delete(budgets).where(eq(budgets.budget_id, id));
      await changed(call, { table: "LiteLLM_BudgetTable", id, action: "deleted", before: budget });
      return budgetView(budget, call);
    },
  }),
];

const SETTINGS = [
  { name: "max_budget", type: "Float", description: "Requests are refused once this much is spent, in US dollars." },
  { name: "soft_budget", type: "Float", description: "Above it alerts are sent; nothing is refused." },
  { name: "max_parallel_requests", type: "Integer", description: "Requests under way at a time." },
  { name: "tpm_limit", type: "Integer", description: "Tokens a minute." },
  { name: "rpm_limit", type: "Integer", description: "Requests a minute." },
  { name: "budget_duration", type: "String", description: "The period a budget is for, such as 1d or 30d." },
  { name: "model_max_budget", type: "Object", description: "Budgets of single models." },
] as const;

export type BudgetFields = Omit<z.infer<typeof BudgetBody>, "budget_id">;

/**
 * Makes a tier: for `/budget/new`, and for organizations, customers, members, projects and tags given limits.
 * @throws BadRequestError where the id is taken
 */
export async function createBudget(call: AdminCall, fields: BudgetFields, id: string): Promise<BudgetRow> {
  const { actor, nowText } = call;
  const { model_max_budget, ...limits } = defined(fields);
  const row = {
    ...limits,
    model_max_budget: model_max_budget ?? {},
    budget_id: id,
    budget_anchor: nowText,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  };
  try {
    const [budget] = await call.db.insert(budgets).values(row).returning();
    if (budget === undefined) throw new Error("D1 returned no row of an insert");
    await changed(call, { table: "LiteLLM_BudgetTable", id, action: "created", after: budget });
    return budget;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new BadRequestError(`Budget with id '${id}' already exists.`, { param: "budget_id" });
  }
}

/** @throws NotFoundError */
export async function updateBudget(call: AdminCall, id: string, fields: BudgetFields): Promise<BudgetRow> {
  const before = await findBudget(call, id);
  const { model_max_budget, ...limits } = defined(fields);
  const models = orEmpty(model_max_budget, {});
  const isNewPeriod = limits.budget_duration !== undefined && limits.budget_duration !== before.budget_duration;
  const [budget] = await call.db
    .update(budgets)
    .set({
      ...limits,
      ...(models !== undefined && { model_max_budget: models }),
      ...(isNewPeriod && { budget_anchor: call.nowText }),
      updated_at: call.nowText,
      updated_by: call.actor,
    })
    .where(eq(budgets.budget_id, id))
    .returning();
  if (budget === undefined) throw notFound(id);
  await changed(call, { table: "LiteLLM_BudgetTable", id, action: "updated", before, after: budget });
  return budget;
}

export async function findBudget({ db }: AdminCall, id: string): Promise<BudgetRow> {
  const [budget] = await db.select().from(budgets).where(eq(budgets.budget_id, id));
  if (budget === undefined) throw notFound(id);
  return budget;
}

function notFound(id: string): NotFoundError {
  return new NotFoundError(`Budget not found, passed budget_id=${id}`, { param: "budget_id", type: "not_found_error" });
}

/** A tier as routes show it. */
export function budgetView({ budget_anchor, ...row }: BudgetRow, clock: Clock) {
  return { ...row, budget_reset_at: resetAt({ ...row, budget_anchor }, clock) };
}

/** Customers and tags as calls meet them: by name, each with the budget it shares. */
import { and, eq, inArray, isNotNull, or } from "drizzle-orm";
import type { Database } from "./database.ts";
import { type BudgetRow, budgets, type CustomerRow, customers, type TagRow, tags } from "./schema/index.ts";

export interface Customer {
  id: string;
  /** Absent for a customer nobody has made: then only the default budget holds. */
  row: CustomerRow | undefined;
  budget: BudgetRow | undefined;
}

export interface Tag {
  row: TagRow;
  budget: BudgetRow | undefined;
}

/** @param defaultBudget id of the tier of customers that have none */
export async function loadCustomer(db: Database, id: string, defaultBudget: string | undefined): Promise<Customer> {
  const own = db.select({ id: customers.budget_id }).from(customers).where(eq(customers.user_id, id));
  const [[row], tiers] = await db.batch([
    db.select().from(customers).where(eq(customers.user_id, id)),
    db
      .select()
      .from(budgets)
      .where(or(inArray(budgets.budget_id, own), eq(budgets.budget_id, defaultBudget ?? ""))),
  ]);
  const wanted = row?.budget_id ?? defaultBudget;
  return { id, row, budget: tiers.find(({ budget_id }) => budget_id === wanted) };
}

/** The tags that limit anything, by name: few, so an isolate keeps them all. */
export async function loadTags(db: Database): Promise<Map<string, Tag>> {
  const rows = await db
    .select()
    .from(tags)
    .leftJoin(budgets, and(eq(budgets.budget_id, tags.budget_id), isNotNull(tags.budget_id)))
    .limit(MOST_TAGS);
  return new Map(rows.map((row) => [row.tags.tag_name, { row: row.tags, budget: row.budgets ?? undefined }]));
}

const MOST_TAGS = 10_000;

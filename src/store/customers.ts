/** Customers as the admin plane sees them: made, changed, blocked and deleted. Calls read them by `subjects.ts`. */
import { asc, eq, sql } from "drizzle-orm";
import { among } from "./among.ts";
import type { Database } from "./database.ts";
import { type CustomerRow, customers } from "./schema/index.ts";

export async function findCustomer(db: Database, id: string): Promise<CustomerRow | undefined> {
  const [row] = await db.select().from(customers).where(eq(customers.user_id, id));
  return row;
}

export async function findCustomers(db: Database, ids: readonly string[]): Promise<CustomerRow[]> {
  return db.select().from(customers).where(among(customers.user_id, ids));
}

export async function listCustomers(db: Database, most: number): Promise<CustomerRow[]> {
  return db.select().from(customers).orderBy(asc(customers.user_id)).limit(most);
}

/** Blocks customers, also those nobody has made yet. */
export async function blockCustomers(db: Database, ids: readonly string[], now: string): Promise<CustomerRow[]> {
  // Column by column in the table's order: an insert from a select goes by position.
  const rows = sql`select value, null, 1, null, null, null, null, ${now} from json_each(${JSON.stringify(ids)}) where true`;
  return db
    .insert(customers)
    .select(rows)
    .onConflictDoUpdate({ target: customers.user_id, set: { blocked: true } })
    .returning();
}

export async function unblockCustomers(db: Database, ids: readonly string[]): Promise<CustomerRow[]> {
  return db.update(customers).set({ blocked: false }).where(among(customers.user_id, ids)).returning();
}

export async function deleteCustomers(db: Database, ids: readonly string[]): Promise<CustomerRow[]> {
  return db.delete(customers).where(among(customers.user_id, ids)).returning();
}

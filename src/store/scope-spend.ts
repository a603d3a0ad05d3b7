/** Copies of what scopes have spent: their objects write them, lists read them. */
import { eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import { scopeSpend } from "./schema/index.ts";

export type ScopeSpendRow = typeof scopeSpend.$inferInsert;

/** There is one writer for each scope, its object, so the newest is the last. */
export async function writeScopeSpend(db: Database, row: ScopeSpendRow): Promise<void> {
  await db.insert(scopeSpend).values(row).onConflictDoUpdate({ target: scopeSpend.scope, set: row });
}

export async function forgetScopeSpend(db: Database, scope: string): Promise<void> {
  await db.delete(scopeSpend).where(eq(scopeSpend.scope, scope));
}

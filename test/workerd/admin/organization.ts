/** An organization with limits, and somebody who runs it. */
import { eq } from "drizzle-orm";
import { budgets, organizations } from "../../../src/store/schema/index.ts";
import { db, joinOrganization, makeOrganization, makeUser } from "./fixture.ts";

export async function organizationWithAdmin(
  limits: Partial<typeof budgets.$inferInsert> = {},
  row: Partial<typeof organizations.$inferInsert> = {},
) {
  const id = await makeOrganization();
  const now = "2026-01-01T00:00:00.000Z";
  await db.insert(budgets).values({ budget_id: `budget of ${id}`, created_at: now, updated_at: now, ...limits });
  await db
    .update(organizations)
    .set({ updated_at: now, ...row })
    .where(eq(organizations.organization_id, id));
  const admin = await makeUser("internal_user");
  await joinOrganization(id, admin.id, "org_admin");
  return { id, admin };
}

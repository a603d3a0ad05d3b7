/** Users, looked up. */
import { and, asc, eq, not, type SQL, sql } from "drizzle-orm";
import { among, equalsInAnyCase } from "./among.ts";
import type { Database } from "./database.ts";
import { keys, type OrganizationMemberRow, organizationMembers, type UserRow, users } from "./schema/index.ts";

export async function findUser(db: Database, id: string): Promise<UserRow | undefined> {
  const [user] = await db.select().from(users).where(eq(users.user_id, id));
  return user;
}

export async function findUsers(db: Database, ids: readonly string[]): Promise<UserRow[]> {
  return ids.length === 0 ? [] : db.select().from(users).where(among(users.user_id, ids));
}

/**
 * Stores a user unless its email is another's. In one transaction: of two at the same time with one email, the second is
 * not made.
 * @returns `undefined` where the email is taken
 * @throws where the id or the SSO id is (`isDuplicate`)
 */
export async function insertUser(db: Database, row: UserRow): Promise<UserRow | undefined> {
  const [[user], [refused]] = await db.batch([
    db.insert(users).values(row).returning(),
    db
      .delete(users)
      .where(and(eq(users.user_id, row.user_id), not(isEmailFree(row.user_email, row.user_id))))
      .returning({ user_id: users.user_id }),
  ]);
  return refused === undefined ? user : undefined;
}

/** Whether nobody but this user has the email, as a condition. */
export function isEmailFree(email: string | null, id: string): SQL {
  return sql`not exists (select 1 from ${users} as other
    where lower(other.user_email) = lower(${email}) and other.user_id <> ${id})`;
}

/** Emails are the same in any case. */
export async function findUserByEmail(db: Database, email: string): Promise<UserRow | undefined> {
  const [user] = await db
    .select()
    .from(users)
    .where(equalsInAnyCase(users.user_email, email))
    .orderBy(asc(users.created_at))
    .limit(1);
  return user;
}

export async function findUsersByEmails(db: Database, emails: readonly string[]): Promise<UserRow[]> {
  if (emails.length === 0) return [];
  const lower = emails.map((email) => email.toLowerCase());
  return db
    .select()
    .from(users)
    .where(among(sql`lower(${users.user_email})`, lower))
    .limit(2 * emails.length);
}

export async function organizationsOf(db: Database, userIds: readonly string[]): Promise<OrganizationMemberRow[]> {
  if (userIds.length === 0) return [];
  return db
    .select()
    .from(organizationMembers)
    .where(among(organizationMembers.user_id, userIds))
    .orderBy(asc(organizationMembers.created_at))
    .limit(MOST_MEMBERSHIPS);
}

const MOST_MEMBERSHIPS = 20_000;

/** How many keys each has. */
export async function keyCounts(db: Database, userIds: readonly string[]): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map();
  const rows = await db
    .select({ user_id: keys.user_id, count: sql<number>`count(*)` })
    .from(keys)
    .where(among(keys.user_id, userIds))
    .groupBy(keys.user_id);
  return new Map(rows.flatMap(({ user_id, count }) => (user_id === null ? [] : [[user_id, count]])));
}

/** What the ids in sums are called, for answers that people read. Whatever was deleted is found as far as it was kept. */
import { asc, inArray, type SQL, sql } from "drizzle-orm";
import type { Database } from "../database.ts";
import { customers, deletedKeys, deletedTeams, keys, organizations, teams } from "../schema/index.ts";

export interface KeyName {
  key_alias: string | null;
  key_name: string | null;
  team_id: string | null;
}

/** @param tokens SHA-256 of keys, in hexadecimal */
export async function keyNames(db: Database, tokens: readonly string[]): Promise<Map<string, KeyName>> {
  const live = { id: keys.token, key_alias: keys.key_alias, key_name: keys.key_name, team_id: keys.team_id };
  const gone = {
    id: deletedKeys.token,
    key_alias: deletedKeys.key_alias,
    key_name: deletedKeys.key_name,
    team_id: deletedKeys.team_id,
  };
  return named(tokens, async (ids) => [
    ...(await db
      .select(gone)
      .from(deletedKeys)
      .where(inArray(deletedKeys.token, ids))
      .orderBy(asc(deletedKeys.deleted_at))),
    ...(await db.select(live).from(keys).where(inArray(keys.token, ids))),
  ]);
}

export async function teamNames(
  db: Database,
  ids: readonly string[],
): Promise<Map<string, { team_alias: string | null }>> {
  return named(ids, async (some) => [
    ...(await db
      .select({ id: deletedTeams.team_id, team_alias: deletedTeams.team_alias })
      .from(deletedTeams)
      .where(inArray(deletedTeams.team_id, some))
      .orderBy(asc(deletedTeams.deleted_at))),
    ...(await db
      .select({ id: teams.team_id, team_alias: teams.team_alias })
      .from(teams)
      .where(inArray(teams.team_id, some))),
  ]);
}

export async function organizationNames(
  db: Database,
  ids: readonly string[],
): Promise<Map<string, { organization_alias: string }>> {
  return named(ids, (some) =>
    db
      .select({ id: organizations.organization_id, organization_alias: organizations.organization_alias })
      .from(organizations)
      .where(inArray(organizations.organization_id, some)),
  );
}

export async function customerNames(
  db: Database,
  ids: readonly string[],
): Promise<Map<string, { alias: string | null }>> {
  return named(ids, (some) =>
    db
      .select({ id: customers.user_id, alias: customers.alias })
      .from(customers)
      .where(inArray(customers.user_id, some)),
  );
}

/** A parameter of D1 is at most 2 MB. */
const MOST_IDS = 2000;

/** Of rows with the same id the last counts. */
async function named<Name extends object>(
  ids: readonly string[],
  read: (ids: SQL) => Promise<(Name & { id: string })[]>,
): Promise<Map<string, Name>> {
  const wanted = [...new Set(ids)].filter((id) => id !== "");
  const names = new Map<string, Name>();
  for (let start = 0; start < wanted.length; start += MOST_IDS) {
    const some = wanted.slice(start, start + MOST_IDS);
    for (const { id, ...name } of await read(sql`(SELECT value FROM json_each(${JSON.stringify(some)}))`))
      names.set(id, name as unknown as Name); // what is left of the intersection without `id`
  }
  return names;
}

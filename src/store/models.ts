/** Models in the database, and all that is routed by, as isolates read it. Every change makes the version grow. */
import { and, asc, eq, ne, not, type SQL, sql } from "drizzle-orm";
import { among } from "./among.ts";
import type { Database } from "./database.ts";
import { type CredentialRow, credentials, type ModelRow, models, teams } from "./schema/index.ts";
import { fallbackOf, type StoredFallback, selectAllowedIps, selectFallbacks, selectPublicGroups } from "./settings.ts";
import { grow, selectVersion } from "./versions.ts";

/** What a gateway routes by beside its file. */
export interface Catalogue {
  version: number;
  models: ModelRow[];
  credentials: CredentialRow[];
  fallbacks: StoredFallback[];
  publicGroups: string[];
  /** Absent where no route has set them: those of the file hold. */
  allowedIps: string[] | undefined;
}

/** Rows an isolate reads at most, of each table. */
const MOST_ROWS = 10_000;

/** All of one moment. */
export async function loadCatalogue(db: Database): Promise<Catalogue> {
  const [[version], modelRows, credentialRows, fallbackRows, [publicGroups], [allowedIps]] = await db.batch([
    selectVersion(db, "models"),
    db.select().from(models).orderBy(asc(models.created_at), asc(models.model_id)).limit(MOST_ROWS),
    db.select().from(credentials).orderBy(asc(credentials.credential_name)).limit(MOST_ROWS),
    selectFallbacks(db).limit(MOST_ROWS),
    selectPublicGroups(db),
    selectAllowedIps(db),
  ]);
  const groups = publicGroups?.param_value;
  const addresses = allowedIps?.param_value;
  return {
    version: version?.version ?? 0,
    models: modelRows,
    credentials: credentialRows,
    fallbacks: fallbackRows.flatMap((row) => fallbackOf(row) ?? []),
    publicGroups: Array.isArray(groups) ? groups.map(String) : [],
    allowedIps: Array.isArray(addresses) ? addresses.map(String) : undefined,
  };
}

export async function findModelRow(db: Database, id: string): Promise<ModelRow | undefined> {
  const [row] = await db.select().from(models).where(eq(models.model_id, id));
  return row;
}

export function listModelRows(db: Database): Promise<ModelRow[]> {
  return db.select().from(models).orderBy(asc(models.created_at), asc(models.model_id)).limit(MOST_ROWS);
}

/** A name a team calls a model by, and the one it is stored under. */
export interface TeamName {
  team: string;
  publicName: string;
  internalName: string;
}

/** A change of the names a team knows, written with the model's own. */
export interface TeamChange {
  added?: TeamName | undefined;
  removed?: TeamName | undefined;
}

export async function insertModel(db: Database, row: ModelRow, { added }: TeamChange): Promise<void> {
  await db.batch([
    db.insert(models).values(row),
    ...(added === undefined ? [] : addName(db, added)),
    grow(db, "models"),
  ]);
}

/** @returns whether the row was still as `before` says: somebody else may have changed it meanwhile */
export async function updateModel(
  db: Database,
  before: ModelRow,
  row: ModelRow,
  { added, removed }: TeamChange,
): Promise<boolean> {
  const { model_id, ...fields } = row;
  const isAsBefore = and(eq(models.model_id, model_id), eq(models.updated_at, before.updated_at));
  const [changed] = await db.batch([
    db.update(models).set(fields).where(isAsBefore).returning({ id: models.model_id }),
    ...(removed === undefined ? [] : removeName(db, removed)),
    ...(added === undefined ? [] : addName(db, added)),
    grow(db, "models"),
  ]);
  return changed.length > 0;
}

/** @returns whether there was one */
export async function deleteModel(db: Database, id: string, { removed }: TeamChange): Promise<boolean> {
  const [deleted] = await db.batch([
    db.delete(models).where(eq(models.model_id, id)).returning({ id: models.model_id }),
    ...(removed === undefined ? [] : removeName(db, removed)),
    grow(db, "models"),
  ]);
  return deleted.length > 0;
}

/**
 * Gives some models an access group, and takes it from others. One statement for each: another group of the same model
 * may be set at the same moment, as Terraform does.
 */
export async function setAccessGroup(
  db: Database,
  group: string,
  { joined, left }: { joined: readonly string[]; left: readonly string[] },
  updated: { updated_at: string; updated_by: string },
): Promise<void> {
  const groups = sql`json_each(${models.model_info}, '$.access_groups')`;
  const others = sql`(select json_group_array(value) from ${groups} where value <> ${group})`;
  const change = (ids: readonly string[], list: SQL) =>
    db
      .update(models)
      .set({ model_info: sql`json_set(${models.model_info}, '$.access_groups', json(${list}))`, ...updated })
      .where(among(models.model_id, ids));
  await db.batch([
    change(joined, sql`json_insert(${others}, '$[#]', ${group})`),
    change(left, others),
    grow(db, "models"),
  ]);
}

/** Gives some models a tag that calls are routed by, and takes it from others; ids that are not stored are passed over. */
export async function tagModels(
  db: Database,
  tag: string,
  { tagged, untagged }: { tagged: readonly string[]; untagged: readonly string[] },
  updated: { updated_at: string; updated_by: string },
): Promise<void> {
  const tags = sql`json_each(${models.litellm_params}, '$.tags')`;
  const left = sql`(select json_group_array(value) from ${tags} where value <> ${tag})`;
  const set = (list: SQL) => ({
    litellm_params: sql`json_set(${models.litellm_params}, '$.tags', json(${list}))`,
    ...updated,
  });
  const hasTag = sql`exists (select 1 from ${tags} where value = ${tag})`;
  await db.batch([
    db
      .update(models)
      .set(set(sql`json_insert(${left}, '$[#]', ${tag})`))
      .where(and(among(models.model_id, tagged), not(hasTag))),
    db
      .update(models)
      .set(set(left))
      .where(and(among(models.model_id, untagged), hasTag)),
    grow(db, "models"),
  ]);
}

/**
 * The team's alias for the model, and its name in the team's list, as LiteLLM keeps them. An empty list bounds nothing,
 * and stays empty: with one name in it, it would shut the team out of all else.
 */
function addName(db: Database, { team, publicName, internalName }: TeamName) {
  const isListed = sql`exists (select 1 from json_each(${teams.models}) where value = ${publicName})`;
  return [
    db
      .update(teams)
      .set({
        model_aliases: sql`json_patch(${teams.model_aliases}, ${JSON.stringify({ [publicName]: internalName })})`,
        models: sql`case when ${teams.models} = '[]' or ${isListed} then ${teams.models}
          else json_insert(${teams.models}, '$[#]', ${publicName}) end`,
      })
      .where(eq(teams.team_id, team)),
  ] as const;
}

/** Undoes `addName`, where no other model of the team has the name. To come after the model's own change. */
function removeName(db: Database, { team, publicName, internalName }: TeamName) {
  const isUsed = sql`exists (select 1 from ${models} where ${models.model_name} = ${internalName})`;
  const left = sql`(select json_group_array(value) from json_each(${teams.models}) where value <> ${publicName})`;
  return [
    db
      .update(teams)
      .set({
        model_aliases: sql`json_patch(${teams.model_aliases}, ${JSON.stringify({ [publicName]: null })})`,
        // The last name of a list stays: without it the team could use everything.
        models: sql`case when ${left} = '[]' then ${teams.models} else ${left} end`,
      })
      .where(and(eq(teams.team_id, team), sql`not ${isUsed}`)),
  ] as const;
}

/** Models of a team by the name it calls them. */
export async function findTeamName(db: Database, team: string, publicName: string): Promise<string | undefined> {
  const [row] = await db
    .select({ name: models.model_name })
    .from(models)
    .where(
      and(
        sql`${models.model_info} ->> 'team_id' = ${team}`,
        sql`${models.model_info} ->> 'team_public_model_name' = ${publicName}`,
        ne(models.model_name, publicName),
      ),
    )
    .limit(1);
  return row?.name;
}

export async function teamExists(db: Database, team: string): Promise<boolean> {
  const found = await db.select({ id: teams.team_id }).from(teams).where(eq(teams.team_id, team));
  return found.length > 0;
}

/** Settings made by routes: a row each, so that two who change different ones do not undo each other. */
import { and, eq, gte, lt } from "drizzle-orm";
import type { Database } from "./database.ts";
import { settings } from "./schema/index.ts";
import { grow } from "./versions.ts";

export const FALLBACK_TYPES = ["general", "context_window", "content_policy"] as const;
export type FallbackType = (typeof FALLBACK_TYPES)[number];

/** One row of `/fallback`: what a model falls back to. `null` takes away what the file says. */
export interface StoredFallback {
  type: FallbackType;
  model: string;
  fallbacks: string[] | null;
}

const FALLBACK = "fallback:";
/** The first text after all that begin with `fallback:`. */
const AFTER_FALLBACKS = "fallback;";
const PUBLIC_GROUPS = "public_model_groups";
const ALLOWED_IPS = "allowed_ips";

export async function putFallback(
  db: Database,
  { type, model, fallbacks }: StoredFallback,
  updated_at: string,
): Promise<void> {
  await put(db, `${FALLBACK}${type}:${model}`, fallbacks, updated_at);
}

/** Names of the model groups that are shown to everybody. */
export async function putPublicGroups(db: Database, groups: string[], updated_at: string): Promise<void> {
  await put(db, PUBLIC_GROUPS, groups, updated_at);
}

/** Addresses that may call, in place of the file's; an empty list lets all. */
export async function putAllowedIps(db: Database, addresses: string[], updated_at: string): Promise<void> {
  await put(db, ALLOWED_IPS, addresses, updated_at);
}

async function put(db: Database, param_name: string, param_value: unknown, updated_at: string): Promise<void> {
  await db.batch([
    db
      .insert(settings)
      .values({ param_name, param_value, updated_at })
      .onConflictDoUpdate({ target: settings.param_name, set: { param_value, updated_at } }),
    grow(db, "models"),
  ]);
}

export function selectFallbacks(db: Database) {
  return db
    .select()
    .from(settings)
    .where(and(gte(settings.param_name, FALLBACK), lt(settings.param_name, AFTER_FALLBACKS)));
}

export function selectPublicGroups(db: Database) {
  return db.select().from(settings).where(eq(settings.param_name, PUBLIC_GROUPS));
}

export function selectAllowedIps(db: Database) {
  return db.select().from(settings).where(eq(settings.param_name, ALLOWED_IPS));
}

export function fallbackOf({ param_name, param_value }: typeof settings.$inferSelect): StoredFallback | undefined {
  const [, type, model] = /^fallback:(\w+):(.+)$/s.exec(param_name) ?? [];
  const known = FALLBACK_TYPES.find((one) => one === type);
  if (known === undefined || model === undefined) return undefined;
  return { type: known, model, fallbacks: Array.isArray(param_value) ? param_value.map(String) : null };
}

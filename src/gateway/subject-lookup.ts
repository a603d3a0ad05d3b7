/** Customers and tags, as copies of bounded age: a call waits for the database only where it has never met them. */
import { type Database, unavailable } from "../store/database.ts";
import { type Customer, loadCustomer, loadTags, type Tag } from "../store/subjects.ts";
import { RecentCache } from "../tenancy/recent-cache.ts";
import { scopeOf } from "../tenancy/scopes.ts";
import type { Subject } from "../tenancy/subjects.ts";
import type { SubjectLookup } from "./caller.ts";
import type { GatewayConfig } from "./config/load.ts";

export interface SubjectDirectory {
  /** What may be looked up within a request. */
  within(waitUntil: (promise: Promise<unknown>) => void): SubjectLookup;
  clear(): void;
}

export function subjectDirectory(
  config: GatewayConfig,
  database: Database | undefined,
  onStale: (subject: string, error: unknown) => void,
): SubjectDirectory {
  const { litellm, general } = config.settings;
  const defaultTier = litellm.max_end_user_budget_id;
  const defaultDollars = litellm.max_end_user_budget;
  const hasDefault = defaultTier !== undefined || defaultDollars !== undefined;
  const ttl = general.user_api_key_cache_ttl;
  const ports = { now: Date.now, onStale, ...(ttl !== undefined && { bound: ttl * 1000 }) };
  const customers = new RecentCache<Customer>({
    ...ports,
    load: (id) => ask(database, (db) => loadCustomer(db, id, defaultTier)),
  });
  const tags = new RecentCache<ReadonlyMap<string, Tag>>({ ...ports, load: () => ask(database, loadTags) });
  const everybody = everybodyOf(config);
  return {
    within: (waitUntil) => ({
      everybody,
      compatibility: config.compatibility,
      async customer(id) {
        if (database === undefined) return undefined;
        const customer = await customers.get(id, waitUntil);
        if (customer.row === undefined && !hasDefault) return undefined;
        if (customer.budget !== undefined || defaultDollars === undefined) return customer;
        return { ...customer, budget: tierOf(defaultDollars) };
      },
      tags: async () => (database === undefined ? new Map() : tags.get("all", waitUntil)),
    }),
    clear() {
      customers.clear();
      tags.clear();
    },
  };
}

async function ask<T>(database: Database | undefined, query: (db: Database) => Promise<T>): Promise<T> {
  if (database === undefined) throw new Error("there is no database to ask");
  try {
    return await query(database);
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** `litellm_settings.max_end_user_budget` as the tier it stands for. */
function tierOf(dollars: number): NonNullable<Customer["budget"]> {
  return {
    budget_id: "max_end_user_budget",
    max_budget: dollars,
    soft_budget: null,
    budget_duration: null,
    budget_anchor: null,
    max_parallel_requests: null,
    tpm_limit: null,
    rpm_limit: null,
    model_max_budget: {},
    created_at: "",
    created_by: null,
    updated_at: "",
    updated_by: null,
  };
}

/** `litellm_settings.max_budget` and `general_settings.global_max_parallel_requests`: limits of the whole gateway. */
function everybodyOf({ settings }: GatewayConfig): Subject[] {
  const { max_budget: dollars, budget_duration: duration } = settings.litellm;
  const { global_max_parallel_requests: parallel } = settings.general;
  if (dollars === undefined && parallel === undefined) return [];
  const budgets = dollars === undefined ? [] : [{ dollars, ...(duration !== undefined && { duration }) }];
  const limits = { budgets, ...(parallel !== undefined && { parallel }) };
  return [{ kind: "proxy", scope: scopeOf.proxy(), id: "proxy", models: {}, ...limits }];
}

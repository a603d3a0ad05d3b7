/** The whole gateway over the real D1, and callers of every kind. */
import { env } from "cloudflare:workers";
import { createApp } from "../../../src/gateway/app.ts";
import { loadConfig } from "../../../src/gateway/config/load.ts";
import { createGateway } from "../../../src/gateway/gateway.ts";
import { MemoryScopes } from "../../../src/limits/memory.ts";
import type { Bindings } from "../../../src/objects/bindings.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import {
  keys,
  organizationMembers,
  organizations,
  teamMembers,
  teams,
  users,
} from "../../../src/store/schema/index.ts";
import { digestOf } from "../../../src/tenancy/digest.ts";
import type { Role } from "../../../src/tenancy/roles.ts";

export const MASTER_KEY = "sk-master-key-of-the-tests";
export const db = openDatabase((env as unknown as Bindings & { DB: D1Database }).DB); // as vitest.config.ts binds it

const NOW = "2026-01-01T00:00:00.000Z";

export interface Asked {
  key?: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What a route answered: status and JSON. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
  json: any;
}

export function startApp(
  config: Record<string, unknown> = {},
  { variables = {}, ...ports }: { variables?: Record<string, string>; fetch?: typeof fetch; database?: Database } = {},
) {
  const faults: unknown[] = [];
  const notices: string[] = [];
  const log = {
    record() {},
    notice: (text: string) => void notices.push(text),
    fault: (_: string, error: unknown) => void faults.push(error),
  };
  const scopes = new MemoryScopes();
  const { general_settings, ...rest } = config;
  const gateway = createGateway(
    loadConfig({ ...rest, general_settings: { ...(general_settings as object), master_key: MASTER_KEY } }, variables),
    {
      database: db,
      ...ports,
      log,
      scopes: { limiter: { admit: () => Promise.reject(new Error("no calls here")) }, accounts: scopes },
    },
  );
  const app = createApp(gateway);
  async function ask(path: string, { key = MASTER_KEY, method, body, headers = {} }: Asked = {}): Promise<Answer> {
    const response = await app.request(path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
  }
  return { app, gateway, scopes, faults, notices, ask };
}

let made = 0;

/** A key in the database, and its digest. */
export async function makeKey(row: Partial<typeof keys.$inferInsert> = {}): Promise<{ key: string; token: string }> {
  made += 1;
  const key = `sk-test-${made}-${crypto.randomUUID()}`;
  const token = await digestOf(key);
  await db.insert(keys).values({ token, scope_id: token, created_at: NOW, updated_at: NOW, ...row });
  return { key, token };
}

/** A user of a role with a key. */
export async function makeUser(role: Role | null, id = `user-${crypto.randomUUID()}`) {
  await db.insert(users).values({ user_id: id, user_role: role, created_at: NOW, updated_at: NOW });
  return { id, ...(await makeKey({ user_id: id })) };
}

export async function makeTeam(row: Partial<typeof teams.$inferInsert> = {}): Promise<string> {
  const team_id = row.team_id ?? `team-${crypto.randomUUID()}`;
  await db.insert(teams).values({ created_at: NOW, updated_at: NOW, ...row, team_id });
  return team_id;
}

export async function joinTeam(team_id: string, user_id: string, role: "admin" | "user"): Promise<void> {
  await db.insert(teamMembers).values({ team_id, user_id, role, created_at: NOW });
}

export async function makeOrganization(id = `organization-${crypto.randomUUID()}`): Promise<string> {
  await db.insert(organizations).values({
    organization_id: id,
    organization_alias: `alias of ${id}`,
    budget_id: `budget of ${id}`,
    created_at: NOW,
    updated_at: NOW,
  });
  return id;
}

export async function joinOrganization(organization_id: string, user_id: string, user_role: Role): Promise<void> {
  await db
    .insert(organizationMembers)
    .values({ organization_id, user_id, user_role, created_at: NOW, updated_at: NOW });
}

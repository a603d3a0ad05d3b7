/** Whose a scope is: who is named where somebody is told of what it spends. */
import { and, eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import { customers, keys, organizations, projects, tags, teamMembers, teams, users } from "./schema/index.ts";

/** Groups as LiteLLM's `WebhookEvent` has them. */
export type SpenderGroup =
  | "key"
  | "user"
  | "team"
  | "team_member"
  | "organization"
  | "project"
  | "end_user"
  | "tag"
  | "proxy";

export interface Spender {
  group: SpenderGroup;
  /** For people: alias or id; of a key never more than the beginning of its digest. */
  name: string;
  ids: {
    token?: string | null;
    key_alias?: string | null;
    user_id?: string | null;
    team_id?: string | null;
    team_alias?: string | null;
    organization_id?: string | null;
    customer_id?: string | null;
  };
  userEmail: string | null;
  /** Who else wants to know: `alert_emails` (or LiteLLM's `soft_budget_alerting_emails`, `email`) in its metadata. */
  alertEmails: readonly string[];
}

/** `undefined` where it is gone, or nobody is told of such a scope. @param scope as in `tenancy/scopes.ts` */
export async function findSpender(db: Database, scope: string): Promise<Spender | undefined> {
  const colon = scope.indexOf(":");
  const [kind, id] = colon < 0 ? [scope, ""] : [scope.slice(0, colon), scope.slice(colon + 1)];
  switch (kind) {
    case "key":
      return keySpender(db, id);
    case "user":
      return userSpender(db, id);
    case "team":
      return teamSpender(db, id);
    case "team_member": {
      const [team = "", ...user] = id.split(":");
      return memberSpender(db, decodeURIComponent(team), user.join(":"));
    }
    case "organization": {
      const [row] = await db.select().from(organizations).where(eq(organizations.organization_id, id));
      if (row === undefined) return undefined;
      const name = `Organization ${row.organization_alias}`;
      return spender("organization", name, { organization_id: id }, row.metadata);
    }
    case "project": {
      const [row] = await db.select().from(projects).where(eq(projects.project_id, id));
      if (row === undefined) return undefined;
      return spender("project", `Project ${row.project_alias ?? id}`, { team_id: row.team_id }, row.metadata);
    }
    case "customer": {
      const [row] = await db.select().from(customers).where(eq(customers.user_id, id));
      return spender("end_user", `Customer ${row?.alias ?? id}`, { customer_id: id }); // there need be no row
    }
    case "tag": {
      const [row] = await db.select().from(tags).where(eq(tags.tag_name, id));
      return row && spender("tag", `Tag ${id}`, {});
    }
    case "proxy":
      return spender("proxy", "The whole gateway", {});
    default:
      return undefined;
  }
}

async function keySpender(db: Database, scopeId: string): Promise<Spender | undefined> {
  const [row] = await db
    .select()
    .from(keys)
    .leftJoin(users, eq(users.user_id, keys.user_id))
    .leftJoin(teams, eq(teams.team_id, keys.team_id))
    .where(eq(keys.scope_id, scopeId));
  if (row === undefined) return undefined;
  const { keys: key, users: user, teams: team } = row;
  const ids = {
    token: key.token,
    key_alias: key.key_alias,
    user_id: key.user_id,
    team_id: key.team_id,
    team_alias: team?.team_alias ?? null,
    organization_id: key.organization_id ?? team?.organization_id ?? null,
  };
  return spender("key", nameOfKey(key), ids, key.metadata, user?.user_email);
}

/** How people know a key: its alias, and the beginning of its digest. Nothing of the key itself. */
export function nameOfKey({ key_alias, token }: { key_alias: string | null; token: string }): string {
  const digest = `${token.slice(0, 8)}…`;
  return key_alias === null ? `Key ${digest}` : `Key ${key_alias} (${digest})`;
}

async function userSpender(db: Database, id: string): Promise<Spender | undefined> {
  const [user] = await db.select().from(users).where(eq(users.user_id, id));
  if (user === undefined) return undefined;
  return spender("user", `User ${user.user_alias ?? id}`, { user_id: id }, user.metadata, user.user_email);
}

async function teamSpender(db: Database, id: string): Promise<Spender | undefined> {
  const [team] = await db.select().from(teams).where(eq(teams.team_id, id));
  if (team === undefined) return undefined;
  const { team_alias, organization_id } = team;
  return spender("team", `Team ${team_alias ?? id}`, { team_id: id, team_alias, organization_id }, team.metadata);
}

async function memberSpender(db: Database, teamId: string, userId: string): Promise<Spender | undefined> {
  const [row] = await db
    .select()
    .from(teamMembers)
    .leftJoin(teams, eq(teams.team_id, teamMembers.team_id))
    .leftJoin(users, eq(users.user_id, teamMembers.user_id))
    .where(and(eq(teamMembers.team_id, teamId), eq(teamMembers.user_id, userId)));
  if (row === undefined) return undefined;
  const alias = row.teams?.team_alias ?? null;
  const ids = { user_id: userId, team_id: teamId, team_alias: alias };
  const email = row.users?.user_email ?? row.team_members.user_email;
  return spender("team_member", `User ${userId} in team ${alias ?? teamId}`, ids, {}, email);
}

function spender(
  group: SpenderGroup,
  name: string,
  ids: Spender["ids"],
  metadata: Readonly<Record<string, unknown>> = {},
  email?: string | null,
): Spender {
  const named = ["alert_emails", "soft_budget_alerting_emails", "email"].flatMap((field) => metadata[field] ?? []);
  const alertEmails = [...new Set(named.filter((one) => typeof one === "string").filter(isAddress))];
  return {
    group,
    name: name.slice(0, LONGEST_NAME),
    ids,
    userEmail: email || null,
    alertEmails: alertEmails.slice(0, MOST_ADDRESSES),
  };
}

/** Characters: an alias is its maker's own words, and is no place for a letter. */
const LONGEST_NAME = 120;

/** Whoever makes a key says who is written to: not the whole world. */
const MOST_ADDRESSES = 20;

function isAddress(text: string): boolean {
  return text.length <= 320 && /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(text);
}

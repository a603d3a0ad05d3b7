/**
 * Who is let in where: every route of the table with every role, made from the table, so that a new route is in it by
 * itself. Only the gate is looked at: handlers are replaced, and say that they were reached.
 *
 * CVE-2025-0628, CVE-2026-35029, PYSEC-2026-4068: routes for admins that any valid key could call.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { routes } from "../../../src/gateway/app.ts";
import type { GuardedRoute, Route } from "../../../src/gateway/route.ts";
import { ACCESS, ROLES, type Role, type RouteGroup } from "../../../src/tenancy/roles.ts";
import { MASTER_KEY, makeKey, makeTeam, makeUser, startApp } from "./fixture.ts";

const REACHED = "reached";
const { app } = startApp();

/** One path of a route, as a client would ask for it. */
interface Place {
  name: string;
  route: Route;
  path: string;
}

const places: Place[] = routes.flatMap((route) =>
  route.paths.map((path) => ({ name: `${route.method} ${path}`, route, path: concrete(path) })),
);
const guarded = places.filter((place): place is Place & { route: GuardedRoute } => place.route.access !== "public");

beforeAll(() => {
  for (const route of routes) vi.spyOn(route, "handle").mockImplementation(() => new Response(REACHED));
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** Parameters have values: `/key/:key{.+}/regenerate` is `/key/value/regenerate`, `/m/:model{.+:count}` is `/m/value:count`. */
function concrete(path: string): string {
  return path
    .replace(/:\w+(?:\{\.\+(:\w+)\}|\{[^}]*\})?\??/g, (_, method = "") => `value${method}`)
    .replaceAll("*", "value");
}

interface Outcome {
  status: number;
  isReached: boolean;
  type: string | undefined;
}

async function ask({ route, path }: Place, key: string | undefined): Promise<Outcome> {
  const headers = { ...(key !== undefined && { authorization: `Bearer ${key}` }) };
  const response = await app.request(path, { method: route.method, headers });
  const text = await response.text();
  const isReached = text === REACHED;
  if (isReached) return { status: response.status, isReached, type: undefined };
  const { type, code } = JSON.parse(text).error ?? {};
  // Clients of Anthropic's, Google's and AWS's APIs get errors of their own, with other words for the same.
  return { status: response.status, isReached, type: typeof code === "string" ? type : OTHER_FORMAT };
}

const OTHER_FORMAT = "in another format";

function isAs(outcome: Outcome, expected: Outcome): boolean {
  const { status, isReached, type } = outcome;
  const isOfType = type === expected.type || (type === OTHER_FORMAT && expected.type !== undefined);
  return status === expected.status && isReached === expected.isReached && isOfType;
}

const IN: Outcome = { status: 200, isReached: true, type: undefined };
const REFUSED: Outcome = { status: 403, isReached: false, type: "auth_error" };
const UNKNOWN: Outcome = { status: 401, isReached: false, type: "auth_error" };

/** Where it went otherwise than it should: all of them at once say more than the first. */
async function wrong(
  among: readonly Place[],
  key: string | undefined,
  expected: (place: Place) => Outcome,
): Promise<string[]> {
  for (const place of among.slice(0, 1)) await ask(place, key); // the key is known then, and not looked up by each
  const answers = await Promise.all(among.map(async (place) => ({ place, outcome: await ask(place, key) })));
  return answers
    .filter(({ place, outcome }) => !isAs(outcome, expected(place)))
    .map(({ place, outcome }) => `${place.name}: ${JSON.stringify(outcome)}`);
}

function rolesOf({ route }: Place): readonly Role[] {
  return route.access === "public" ? ROLES : ACCESS[route.access].roles;
}

/** A key of each role; what users have stored as their role is not always one. */
const callers: { who: string; role: Role; key: () => Promise<string> }[] = [
  { who: "the master key", role: "proxy_admin", key: async () => MASTER_KEY },
  ...ROLES.filter((role) => role !== "key").map((role) => ({
    who: role,
    role,
    key: async () => (await makeUser(role)).key,
  })),
  { who: "a key without a user", role: "key", key: async () => (await makeKey()).key },
  {
    who: "a key of a team",
    role: "key",
    key: async () => (await makeKey({ team_id: await makeTeam() })).key,
  },
  { who: "a key of a user that is gone", role: "key", key: async () => (await makeKey({ user_id: "gone" })).key },
  { who: "a user without a role", role: "internal_user", key: async () => (await makeUser(null)).key },
  {
    who: "a user of a role nobody knows",
    role: "internal_user_viewer",
    key: async () => (await makeUser("superuser" as Role)).key, // as a row may have it
  },
];

describe("every route", () => {
  it("has a path of its own", () => {
    const names = places.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(guarded.length).toBeGreaterThan(50);
  });

  it.each(callers)("lets $who in where its class says so, and nowhere else", async ({ role, key }) => {
    expect(await wrong(places, await key(), (place) => (rolesOf(place).includes(role) ? IN : REFUSED))).toEqual([]);
  });

  it("lets nobody in without a key", async () => {
    expect(await wrong(guarded, undefined, () => UNKNOWN)).toEqual([]);
  });

  it("lets nobody in with what is no key (CVE-2026-42208, CVE-2026-59822)", async () => {
    const missing: Outcome = { ...UNKNOWN, type: "token_not_found_in_db" };
    expect(await wrong(guarded, `sk-${crypto.randomUUID()}`, () => missing)).toEqual([]);
    expect(await wrong(guarded, "sk-' OR '1'='1", () => missing)).toEqual([]);
    expect(await wrong(guarded, "bogus", () => UNKNOWN)).toEqual([]);
    expect(await wrong(guarded, `sk-${"x".repeat(600)}`, () => UNKNOWN)).toEqual([]);
  }, 60_000);

  it("lets no key in that is blocked or over", async () => {
    const { id } = await makeUser("proxy_admin");
    const blocked = await makeKey({ user_id: id, blocked: true });
    expect(await wrong(guarded, blocked.key, () => UNKNOWN)).toEqual([]);
    const over = await makeKey({ user_id: id, expires: "2020-01-01T00:00:00.000Z" });
    expect(await wrong(guarded, over.key, () => ({ status: 400, isReached: false, type: "expired_key" }))).toEqual([]);
    const ofBlocked = await makeKey({ user_id: id, team_id: await makeTeam({ blocked: true }) });
    expect(await wrong(guarded, ofBlocked.key, () => UNKNOWN)).toEqual([]);
  });
});

describe("allowed_routes of a key", () => {
  const keyFor = async (allowed_routes: string[], role: Role = "proxy_admin") => {
    const { id } = await makeUser(role);
    return (await makeKey({ user_id: id, allowed_routes })).key;
  };
  const groupOf = ({ route }: Place) => (route.access === "public" ? undefined : ACCESS[route.access].group);

  it.each<{ group: RouteGroup; also: RouteGroup[] }>([
    { group: "llm_api_routes", also: [] },
    { group: "info_routes", also: [] },
    { group: "management_routes", also: ["info_routes"] },
    { group: "spend_tracking_routes", also: [] },
  ])("let an admin in to the routes of $group only", async ({ group, also }) => {
    const open = new Set<string | undefined>([group, ...also]);
    expect(await wrong(guarded, await keyFor([group]), (place) => (open.has(groupOf(place)) ? IN : REFUSED))).toEqual(
      [],
    );
  });

  it("let it in to the paths they name, and to no other", async () => {
    const paths = [...new Set(guarded.map(({ path }) => path))].filter((_, index) => index % 2 === 0);
    const key = await keyFor(paths);
    expect(await wrong(guarded, key, ({ path }) => (paths.includes(path) ? IN : REFUSED))).toEqual([]);
  });

  it("let it in to what their wildcards begin with", async () => {
    const key = await keyFor(["/customer/*", "/nowhere*"]);
    expect(await wrong(guarded, key, ({ path }) => (path.startsWith("/customer/") ? IN : REFUSED))).toEqual([]);
  });

  it("give nobody more than its role has (CVE-2026-47101)", async () => {
    const everything = ["management_routes", "info_routes", "llm_api_routes", "spend_tracking_routes", "/*"];
    for (const role of ["internal_user", "internal_user_viewer", "customer"] as const) {
      const key = await keyFor(everything, role);
      expect(await wrong(guarded, key, (place) => (rolesOf(place).includes(role) ? IN : REFUSED))).toEqual([]);
    }
  });
});

describe("routes for everybody", () => {
  /** Each was put here by hand: it says nothing of anybody, and changes nothing. */
  const PUBLIC: readonly string[] = [
    "GET /public/litellm_model_cost_map",
    "GET /public/providers",
    "GET /health/liveliness",
    "GET /health/liveness",
    "GET /health/readiness",
  ];

  it("are these", () => {
    expect(places.filter(({ route }) => route.access === "public").map(({ name }) => name)).toEqual(PUBLIC);
  });
});

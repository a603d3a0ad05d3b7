/** Keys that replace themselves: stored, or sealed until somebody takes them. With the clock passed in. */
import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import type { Secret } from "../../../../src/credentials/secret.ts";
import {
  endOldKeys,
  isRotationEnabled,
  isRotationTime,
  type Rotation,
  type RotationPorts,
  rotateDueKeys,
} from "../../../../src/gateway/admin/keys/rotation.ts";
import { deletedKeys, deprecatedKeys, keySuccessors, keys } from "../../../../src/store/schema/index.ts";
import { digestOf } from "../../../../src/tenancy/digest.ts";
import { ROLES } from "../../../../src/tenancy/roles.ts";
import { db, joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";

const NOW = Date.parse("2026-06-01T00:00:00.000Z");
const DAY = 86_400_000;
const due = { auto_rotate: true, rotation_interval: "30d", key_rotation_at: "2026-05-31T00:00:00.000Z" };

const { ask, app, gateway } = startApp();

beforeEach(async () => {
  await db.delete(keys);
  await db.delete(deprecatedKeys);
  await db.delete(keySuccessors);
  gateway.forgetTenancy();
});

function portsWith(changes: Partial<RotationPorts> = {}) {
  const rotations: Rotation["kind"][] = [];
  const failures: unknown[] = [];
  const ports: RotationPorts = {
    store: undefined,
    vault: gateway.vault,
    grace: undefined,
    bound: "30d",
    onRotated: ({ kind }) => {
      rotations.push(kind);
      gateway.forgetTenancy();
    },
    onFailure: (_, error) => void failures.push(error),
    ...changes,
  };
  return { ports, rotations, failures };
}

function memoryStore({ isDown = (): boolean => false } = {}) {
  const kept = new Map<string, string>();
  const store: NonNullable<RotationPorts["store"]> = {
    name: "memory",
    async save({ key_alias, scope_id }, secret: Secret) {
      if (isDown()) throw new Error("the vault is sealed");
      const name = key_alias ?? scope_id;
      const before = kept.get(name);
      kept.set(name, secret.reveal());
      return async () => void (before === undefined ? kept.delete(name) : kept.set(name, before));
    },
    async remove({ key_alias, scope_id }) {
      kept.delete(key_alias ?? scope_id);
    },
    async rename() {},
  };
  return { kept, store };
}

describe("where keys are stored", () => {
  it("those whose time has come are replaced, and written under their name", async () => {
    const { token } = await makeKey({ ...due, key_alias: "nightly" });
    await makeKey({ ...due, key_rotation_at: "2026-06-02T00:00:00.000Z" });
    await makeKey({ ...due, auto_rotate: false });
    const { kept, store } = memoryStore();
    const { ports } = portsWith({ store, grace: "24h" });
    expect(await rotateDueKeys(db, NOW, ports)).toEqual({ replaced: 1, waiting: 0, retired: 0 });
    const [row] = await db.select().from(keys).where(eq(keys.scope_id, token));
    expect(row).toMatchObject({
      token: await digestOf(kept.get("nightly") ?? ""),
      rotation_count: 1,
      key_rotation_at: "2026-07-01T00:00:00.000Z",
    });
    expect(await db.select().from(deprecatedKeys)).toMatchObject([{ token, revoke_at: "2026-06-02T00:00:00.000Z" }]);
    await endOldKeys(db, NOW + 3 * DAY, ports);
    expect(await db.select().from(deprecatedKeys)).toEqual([]);
  });

  it("a key that cannot be written stays as it is", async () => {
    const { token } = await makeKey(due);
    const { store } = memoryStore({ isDown: () => true });
    const { ports, failures } = portsWith({ store });
    expect(await rotateDueKeys(db, NOW, ports)).toMatchObject({ replaced: 0 });
    expect(failures).toHaveLength(1);
    expect(await db.select().from(keys)).toMatchObject([{ token, rotation_count: 0 }]);
  });

  it("what was written for a key somebody else replaced meanwhile is taken back", async () => {
    const { token } = await makeKey({ ...due, key_alias: "raced" });
    const { kept, store } = memoryStore();
    kept.set("raced", "sk-of-the-other");
    const racing = {
      ...store,
      save: async (...given: Parameters<typeof store.save>) => {
        const takeBack = await store.save(...given);
        await db.update(keys).set({ token: "other" }).where(eq(keys.token, token));
        return takeBack;
      },
    };
    expect(await rotateDueKeys(db, NOW, portsWith({ store: racing }).ports)).toMatchObject({ replaced: 0 });
    expect(kept.get("raced")).toBe("sk-of-the-other");
  });
});

describe("where nobody stores them", () => {
  async function waiting(row: Parameters<typeof makeKey>[0] = {}, now = NOW) {
    const made = await makeKey({ ...due, ...row });
    const { ports } = portsWith();
    expect(await rotateDueKeys(db, now, ports)).toEqual({ replaced: 0, waiting: 1, retired: 0 });
    return { ...made, ports };
  }

  it("a successor is sealed and waits; the old key works on, and each answer to it says so", async () => {
    const { key, token, ports } = await waiting();
    expect(await rotateDueKeys(db, NOW + DAY, ports)).toEqual({ replaced: 0, waiting: 0, retired: 0 }); // one is enough
    const [row] = await db.select().from(keySuccessors);
    expect(row).toMatchObject({ token, retire_at: "2026-07-01T00:00:00.000Z" });
    expect(row?.sealed).toMatch(/^sealed:v1:/);
    const headers = { authorization: `Bearer ${key}` };
    const answer = await app.request("/v1/models", { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-sluice-key-successor")).toBe("waiting");
    expect(answer.headers.get("deprecation")).toBe(`@${NOW / 1000}`);
    expect(answer.headers.get("sunset")).toBe("Wed, 01 Jul 2026 00:00:00 GMT");
    const refused = await app.request("/user/new", { method: "POST", headers });
    expect([refused.status, refused.headers.get("x-sluice-key-successor")]).toEqual([403, "waiting"]);
  });

  it("is taken once, by one of two who come at the same time", async () => {
    const { key, token } = await waiting({ key_alias: "app" }, Date.now());
    const answers = await Promise.all([1, 2, 3].map(() => ask("/key/successor", { key, method: "POST" })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
    const { json } = answers.find(({ status }) => status === 200)!;
    expect(json).toMatchObject({ key_alias: "app", rotation_count: 1, token: await digestOf(json.key) });
    expect(Date.parse(json.previous_key_works_until)).toBeGreaterThan(Date.now() + 0.9 * DAY);
    expect((await ask("/v1/models", { key: json.key })).status).toBe(200);
    const old = await app.request("/v1/models", { headers: { authorization: `Bearer ${key}` } });
    expect([old.status, old.headers.get("x-sluice-key-successor")]).toEqual([200, "taken"]);
    expect((await ask("/key/successor", { key, method: "POST" })).status).toBe(409);
    expect((await ask("/key/successor", { key: json.key, method: "POST" })).status).toBe(404);
    expect(await db.select().from(keySuccessors)).toEqual([]);
    expect(await db.select().from(deletedKeys).where(eq(deletedKeys.token, token))).toHaveLength(1);
  });

  it("the old key stops when the bound is reached; the successor is kept for who may regenerate the key", async () => {
    const { key, token, ports } = await waiting();
    expect(await endOldKeys(db, NOW + 30 * DAY - 1, ports)).toBe(0);
    expect(await endOldKeys(db, NOW + 30 * DAY, ports)).toBe(1);
    expect(await endOldKeys(db, NOW + 31 * DAY, ports)).toBe(0);
    expect((await ask("/v1/models", { key })).status).toBe(401);
    const [row] = await db.select().from(keys).where(eq(keys.scope_id, token));
    expect(row).toMatchObject({ rotation_count: 1, key_rotation_at: "2026-07-31T00:00:00.000Z" });
    const takers = await Promise.all([1, 2].map(() => ask(`/key/${row?.token}/successor`, { method: "POST" })));
    expect(takers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const taken = takers.find(({ status }) => status === 200)!;
    expect(taken.json.previous_key_works_until).toBeNull();
    expect((await ask("/v1/models", { key: taken.json.key })).status).toBe(200);
  });

  it("with a bound of -1 the old key works until somebody comes", async () => {
    await makeKey(due);
    const { ports } = portsWith({ bound: "-1" });
    await rotateDueKeys(db, NOW, ports);
    expect(await db.select().from(keySuccessors)).toMatchObject([{ retire_at: null }]);
    expect(await endOldKeys(db, NOW + 1000 * DAY, ports)).toBe(0);
  });

  it("is void once the key is regenerated or deleted", async () => {
    const { key } = await waiting();
    const { json } = await ask("/key/regenerate", { body: { key } });
    expect(await db.select().from(keySuccessors)).toEqual([]);
    await db.update(keys).set(due).where(eq(keys.token, json.token));
    await rotateDueKeys(db, NOW, portsWith().ports);
    expect(await db.select().from(keySuccessors)).toHaveLength(1);
    await ask("/key/delete", { body: { keys: [json.key] } });
    expect(await db.select().from(keySuccessors)).toEqual([]);
  });

  it("opens in no other row", async () => {
    const one = await waiting();
    const other = await makeKey(due);
    const [row] = await db.select().from(keySuccessors);
    await db.insert(keySuccessors).values({ ...row!, token: other.token, scope_id: other.token });
    expect((await ask("/key/successor", { key: other.key, method: "POST" })).status).toBe(400);
    expect((await ask("/key/successor", { key: one.key, method: "POST" })).status).toBe(200);
  });
});

describe("who may take a successor", () => {
  async function waitingOf(row: Parameters<typeof makeKey>[0]) {
    const made = await makeKey({ ...due, ...row });
    await rotateDueKeys(db, NOW, portsWith().ports);
    return made;
  }

  it.each(ROLES)("a key of the role %s takes its own", async (role) => {
    const user = role === "key" ? {} : { user_id: (await makeUser(role)).id };
    const { key } = await waitingOf(user);
    expect((await ask("/key/successor", { key, method: "POST" })).status).toBe(200);
  });

  it("a key that may only call models does too, and nothing else of it", async () => {
    const { key, token } = await waitingOf({ allowed_routes: ["llm_api_routes"] });
    expect((await ask(`/key/${token}/successor`, { key, method: "POST" })).status).toBe(403);
    expect((await ask("/key/successor", { key, method: "POST" })).status).toBe(200);
  });

  it("of another's key: the admin and its user; no stranger, no admin of the team, no viewer", async () => {
    const owner = await makeUser("internal_user");
    const team_id = await makeTeam();
    const teamAdmin = await makeUser("internal_user");
    await joinTeam(team_id, owner.id, "user");
    await joinTeam(team_id, teamAdmin.id, "admin");
    const stranger = await makeUser("internal_user");
    const viewer = await makeUser("proxy_admin_viewer");
    const { token } = await waitingOf({ user_id: owner.id });
    const ofTeam = await waitingOf({ user_id: owner.id, team_id });
    const take = (of: string, key?: string) => ask(`/key/${of}/successor`, { method: "POST", ...(key && { key }) });
    expect((await take(token, stranger.key)).status).toBe(403);
    expect((await take(token, viewer.key)).status).toBe(403);
    expect((await take(ofTeam.token, teamAdmin.key)).status).toBe(403);
    expect((await take(ofTeam.token, stranger.key)).status).toBe(403);
    expect((await take(token, (await makeKey()).key)).status).toBe(403);
    expect((await take(token, owner.key)).status).toBe(200);
    expect((await take(ofTeam.token)).status).toBe(200);
    expect((await take("0".repeat(64))).status).toBe(404);
    expect((await ask("/key/successor", { method: "POST" })).status).toBe(400); // the master key
  });

  it("a blocked key does not, nor one that was replaced before", async () => {
    const blocked = await waitingOf({ blocked: true });
    expect((await ask("/key/successor", { key: blocked.key, method: "POST" })).status).toBe(401);
    const { key } = await makeKey(due);
    const { json } = await ask("/key/regenerate", { body: { key, grace_period: "1h" } });
    await db.update(keys).set(due).where(eq(keys.token, json.token));
    await rotateDueKeys(db, NOW, portsWith().ports);
    expect((await ask("/key/successor", { key, method: "POST" })).status).toBe(409);
    expect((await ask("/key/successor", { key: json.key, method: "POST" })).status).toBe(200);
  });
});

describe("the schedule", () => {
  const variables = (given: Record<string, string>) => (name: string) => given[name];

  it("is off unless it is asked for", () => {
    expect(isRotationEnabled(() => undefined)).toBe(false);
    expect(isRotationEnabled(variables({ LITELLM_KEY_ROTATION_ENABLED: "True" }))).toBe(true);
  });

  it("is each minute, or each interval", () => {
    expect(isRotationTime(() => undefined, NOW + 5 * 60_000)).toBe(true);
    const hourly = variables({ LITELLM_KEY_ROTATION_CHECK_INTERVAL_SECONDS: "3600" });
    const times = Array.from({ length: 121 }, (_, minute) => isRotationTime(hourly, NOW + minute * 60_000 + 700));
    expect(times.filter(Boolean)).toHaveLength(3);
  });
});

import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { deletedKeys, deprecatedKeys, keys } from "../../../../src/store/schema/index.ts";
import {
  db,
  joinOrganization,
  joinTeam,
  MASTER_KEY,
  makeKey,
  makeOrganization,
  makeTeam,
  makeUser,
  startApp,
} from "../fixture.ts";

const { ask, scopes } = startApp();

describe("POST /key/update", () => {
  it("changes what is said and leaves the rest", async () => {
    const { key, token } = await makeKey({ models: ["a"], metadata: { app: "x", tags: ["t"] }, max_budget: 5 });
    const { status, json } = await ask("/key/update", { body: { key, max_budget: 6, guardrails: ["g"] } });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      key,
      max_budget: 6,
      models: ["a"],
      metadata: { app: "x", tags: ["t"], guardrails: ["g"] },
      updated_by: "default_user_id",
    });
    expect(json).not.toHaveProperty("token");
    expect((await ask(`/key/info?key=${token}`)).json).toMatchObject({ key: token, info: { max_budget: 6 } });
  });

  it("null clears, each field by itself", async () => {
    const { key } = await makeKey({
      user_id: "u",
      budget_duration: "1d",
      tpm_limit: 1,
      metadata: { tags: ["t"], app: 1 },
    });
    await ask("/key/update", {
      body: {
        key,
        key_alias: "cleared",
        max_budget: 5,
        rpm_limit: 2,
        duration: "1d",
        soft_budget: 1,
        aliases: { a: "b" },
      },
    });
    const cleared = {
      key_alias: null,
      max_budget: null,
      soft_budget: null,
      budget_duration: null,
      rpm_limit: null,
      tpm_limit: null,
      user_id: null,
      router_settings: null,
      object_permission: null,
    };
    const { json } = await ask("/key/update", {
      body: { key, ...cleared, duration: null, models: null, aliases: null, tags: null },
    });
    expect(json).toMatchObject({
      ...cleared,
      expires: null,
      models: [],
      aliases: {},
      budget_reset_at: null,
      metadata: { app: 1 },
    });
  });

  it("a duration of -1 is for ever", async () => {
    const { key } = await makeKey({ expires: "2030-01-01T00:00:00.000Z" });
    expect((await ask("/key/update", { body: { key, duration: "-1" } })).json.expires).toBeNull();
  });

  it("a new budget period begins with nothing spent", async () => {
    const { json } = await ask("/key/generate", { body: { spend: 50, max_budget: 100 } });
    const { json: updated } = await ask("/key/update", { body: { key: json.key, budget_duration: "30d" } });
    expect(updated).toMatchObject({ spend: 0, budget_duration: "30d" });
    expect(updated.budget_reset_at).toMatch(/-01T00:00:00.000Z$/);
  });

  it("sets what is spent, for an admin", async () => {
    const { key, token } = await makeKey();
    expect((await ask("/key/update", { body: { key, spend: 3 } })).json.spend).toBe(3);
    expect((await scopes.spend(`key:${token}`, [])).total).toBe(3e9);
  });

  it("says that a key is not there, or an alias taken", async () => {
    const { json } = await ask("/key/update", { body: { key: "sk-not-there" } });
    expect(json.error).toMatchObject({ code: "404", type: "not_found_error", message: "Key not found in database" });
    const { key } = await makeKey();
    await makeKey({ key_alias: "theirs" });
    expect((await ask("/key/update", { body: { key, key_alias: "theirs" } })).json.error.param).toBe("key_alias");
    expect((await ask("/key/update", { body: { max_budget: 1 } })).json.error).toMatchObject({
      code: "422",
      param: "key",
    });
  });

  it("moves a key to a team that can have it", async () => {
    const { id } = await makeUser("internal_user");
    const { key } = await makeKey({ user_id: id, models: ["a"], rpm_limit: 5 });
    const strict = await makeTeam({ models: ["b"] });
    const low = await makeTeam({ rpm_limit: 1 });
    const open = await makeTeam();
    expect((await ask("/key/update", { body: { key, team_id: strict } })).json.error.message).toContain(
      "Tried to access a",
    );
    expect((await ask("/key/update", { body: { key, team_id: open } })).json.error.message).toContain(
      "is not a member",
    );
    for (const team of [low, open]) await joinTeam(team, id, "user");
    expect((await ask("/key/update", { body: { key, team_id: low } })).status).toBe(403);
    expect((await ask("/key/update", { body: { key, team_id: open } })).json.team_id).toBe(open);
  });
});

describe("who may change a key", () => {
  it("its user; an admin of its team; who runs its organization; members as the team permits", async () => {
    const organization = await makeOrganization();
    const team_id = await makeTeam({ organization_id: organization, team_member_permissions: ["/key/update"] });
    const [lead, member, runner, stranger] = await Promise.all(
      (["internal_user", "internal_user", "org_admin", "internal_user"] as const).map((role) => makeUser(role)),
    );
    if (!lead || !member || !runner || !stranger) throw new Error("four were made");
    await joinTeam(team_id, lead.id, "admin");
    await joinTeam(team_id, member.id, "user");
    await joinOrganization(organization, runner.id, "org_admin");
    const own = await makeKey({ user_id: member.id, team_id });
    const service = await makeKey({ team_id });
    const leads = await makeKey({ user_id: lead.id, team_id });
    const change = (who: { key: string }, which: { key: string }, path = "/key/update") =>
      ask(path, { key: who.key, body: { key: which.key } }).then(({ status }) => status);
    for (const who of [lead, runner]) for (const which of [own, service]) expect(await change(who, which)).toBe(200);
    expect(await change(member, own)).toBe(200);
    expect(await change(member, service)).toBe(200);
    expect(await change(member, leads)).toBe(403);
    expect(await change(stranger, service)).toBe(403);
    expect(await change(member, own, "/key/regenerate")).toBe(401); // not among the team's permissions
    expect(await change(member, own, "/key/block")).toBe(403);
    expect(await change(lead, own, "/key/block")).toBe(200);
    expect(await change(runner, own, "/key/unblock")).toBe(200);
    expect(await change(lead, service, "/key/regenerate")).toBe(200);
  });

  it("nobody but its user and the admin regenerates a user's key: it would be the other's", async () => {
    const team_id = await makeTeam();
    const lead = await makeUser("internal_user");
    const admin = await makeUser("proxy_admin");
    await joinTeam(team_id, lead.id, "admin");
    const { key } = await makeKey({ user_id: admin.id, team_id });
    expect((await ask("/key/regenerate", { key: lead.key, body: { key } })).json.error.message).toBe(
      "You are not authorized to regenerate this key",
    );
  });

  it.each(["internal_user_viewer", "proxy_admin_viewer"] as const)("not a %s, not even its own", async (role) => {
    const { key } = await makeUser(role);
    for (const path of ["/key/update", "/key/block", "/key/unblock", "/key/regenerate", "/key/bulk_update"])
      expect([path, (await ask(path, { key, body: { key, keys: [] } })).status]).toEqual([path, 403]);
    expect((await ask("/key/delete", { key, body: { keys: [key] } })).status).toBe(403);
  });
});

describe("POST /key/bulk_update", () => {
  it("changes each by itself and says how it went", async () => {
    const { key } = await makeKey();
    const { json } = await ask("/key/bulk_update", {
      body: { keys: [{ key, max_budget: 3, tags: ["a"] }, { key: "sk-not-there" }] },
    });
    expect(json.total_requested).toBe(2);
    expect(json.successful_updates).toMatchObject([{ key, key_info: { max_budget: 3, metadata: { tags: ["a"] } } }]);
    expect(json.failed_updates).toEqual([
      { key: "sk-not-there", key_info: null, failed_reason: "Key not found in database" },
    ]);
    expect((await ask("/key/bulk_update", { body: { keys: [] } })).status).toBe(400);
    const many = Array.from({ length: 501 }, () => ({ key }));
    expect((await ask("/key/bulk_update", { body: { keys: many } })).json.error.message).toBe(
      "Maximum 500 keys can be updated at once. Found 501 keys.",
    );
  });
});

describe("POST /key/block and /key/unblock", () => {
  it("stop a key at once, and let it go again", async () => {
    const { key, token } = await makeKey();
    expect((await ask("/key/info", { key })).status).toBe(200);
    expect((await ask("/key/block", { body: { key: token } })).json).toMatchObject({ token, blocked: true });
    expect((await ask("/key/info", { key })).status).toBe(401);
    expect((await ask("/key/unblock", { body: { key } })).json).toMatchObject({ token, blocked: false });
    expect((await ask("/key/info", { key })).status).toBe(200);
    expect((await ask("/key/block", { body: { key: "sk-not-there" } })).json.error.message).toContain("not found");
  });
});

describe("POST /key/delete", () => {
  it("deletes by key, digest and alias, and keeps copies", async () => {
    const one = await ask("/key/generate", { body: { spend: 2 } });
    const [two, three] = [await makeKey(), await makeKey({ key_alias: "third" })];
    expect((await ask("/key/delete", { body: { keys: [one.json.key, two.token] } })).json).toEqual({
      deleted_keys: [one.json.key, two.token],
    });
    expect((await ask("/key/delete", { body: { key_aliases: ["third"] } })).json).toEqual({ deleted_keys: ["third"] });
    for (const { key } of [one.json, two, three]) expect((await ask("/key/info", { key })).status).toBe(401);
    const [copy] = await db.select().from(deletedKeys).where(eq(deletedKeys.token, one.json.token));
    expect(copy).toMatchObject({ spend_nano: 2e9, deleted_by: "default_user_id" });
    const { json } = await ask(`/key/list?status=deleted&return_full_object=true&key_hash=${one.json.token}`);
    expect(json).toMatchObject({
      total_count: 1,
      keys: [{ token: one.json.token, spend: 2, deleted_by: "default_user_id" }],
    });
  });

  it("deletes all or none", async () => {
    const { id, key } = await makeUser("internal_user");
    const own = await makeKey({ user_id: id });
    const theirs = await makeKey({ user_id: "somebody" });
    const { json } = await ask("/key/delete", { key, body: { keys: [own.key, theirs.key] } });
    expect(json.error).toMatchObject({ code: "403", message: "You are not authorized to delete this key" });
    expect((await ask("/key/delete", { body: { keys: [own.key, "sk-none"] } })).json.error.message).toContain(
      "not found",
    );
    expect((await ask("/key/delete", { body: {} })).status).toBe(400);
    expect((await ask("/key/delete", { key, body: { keys: [own.key] } })).status).toBe(200);
  });
});

describe("POST /key/regenerate", () => {
  it("gives the key a new value, with all it was and has spent", async () => {
    const { json: old } = await ask("/key/generate", { body: { spend: 4, max_budget: 10, key_alias: "stays" } });
    const { status, json } = await ask("/key/regenerate", { body: { key: old.key, rpm_limit: 3 } });
    expect(status).toBe(200);
    expect(json.key).not.toBe(old.key);
    expect(json).toMatchObject({ spend: 4, max_budget: 10, key_alias: "stays", rpm_limit: 3, rotation_count: 1 });
    expect(json.last_rotation_at).not.toBeNull();
    expect((await ask("/key/info", { key: old.key })).status).toBe(401);
    expect((await ask("/key/info", { key: json.key })).json.info.spend).toBe(4);
    const [copy] = await db.select().from(deletedKeys).where(eq(deletedKeys.token, old.token));
    expect(copy).toMatchObject({ key_alias: "stays", spend_nano: 4e9 });
  });

  it("lets the old one work until the grace is over, also when it is regenerated again", async () => {
    const { key } = await makeKey();
    const { json: second } = await ask(`/key/${encodeURIComponent(key)}/regenerate`, { body: { grace_period: "1h" } });
    const { json: third } = await ask("/key/regenerate", { body: { key: second.token, grace_period: "1h" } });
    for (const one of [key, second.key, third.key]) expect((await ask("/key/info", { key: one })).status).toBe(200);
    await db.update(deprecatedKeys).set({ revoke_at: "2026-01-01T00:00:00.000Z" });
    const { ask: askAnew } = startApp();
    for (const one of [key, second.key]) expect((await askAnew("/key/info", { key: one })).status).not.toBe(200);
    expect((await askAnew("/key/info", { key: third.key })).status).toBe(200);
    await ask("/key/delete", { body: { keys: [third.key] } });
    expect(await db.select().from(deprecatedKeys)).toEqual([]);
  });

  it("takes a value of the caller's own, and no body", async () => {
    const { key } = await makeKey();
    const new_key = "sk-my-own-new-value-1";
    expect((await ask("/key/regenerate", { body: { key, new_key } })).json.key).toBe(new_key);
    expect((await ask("/key/regenerate", { body: { key: new_key, new_key: "sk-short" } })).status).toBe(400);
    expect((await ask(`/key/${new_key}/regenerate`, { method: "POST" })).status).toBe(200);
    expect((await ask("/key/regenerate", { body: { key: "sk-not-there" } })).json.error.code).toBe("404");
    expect((await ask("/key/regenerate", { body: {} })).status).toBe(400);
  });

  it("leaves the master key to the deployment", async () => {
    for (const body of [{ key: MASTER_KEY }, { key: "sk-x", new_master_key: "sk-new" }]) {
      const { json } = await ask("/key/regenerate", { body });
      expect(json.error).toMatchObject({ code: "400", param: "new_master_key" });
      expect(json.error.message).toContain("LITELLM_MASTER_KEY");
    }
    expect((await ask("/key/generate", { body: { key: MASTER_KEY } })).status).toBe(400);
  });

  it("loses no key and mixes up no spend where a value is used again", async () => {
    const { key, token } = await makeKey();
    await ask("/key/regenerate", { body: { key } });
    expect((await ask("/key/generate", { body: { key } })).json.error.message).toBe("Key already exists");
    const rows = await db.select().from(keys).where(eq(keys.scope_id, token));
    expect(rows).toHaveLength(1);
  });
});

describe("POST /key/{key}/reset_spend", () => {
  it("sets back what is spent, within what was and may be", async () => {
    const { json } = await ask("/key/generate", { body: { spend: 4, max_budget: 3 } });
    const reset = (reset_to: unknown) => ask(`/key/${json.key}/reset_spend`, { body: { reset_to } });
    expect((await reset(-1)).json.error.message).toBe("reset_to must be >= 0");
    expect((await reset(5)).json.error.message).toBe("reset_to (5) must be <= current spend (4)");
    expect((await reset(3.5)).json.error.message).toBe("reset_to (3.5) must be <= budget (3)");
    expect((await reset("1")).status).toBe(422);
    expect((await reset(1)).json).toEqual({
      key_hash: json.token,
      spend: 1,
      previous_spend: 4,
      max_budget: 3,
      budget_reset_at: null,
    });
    expect((await ask("/key/sk-not-there/reset_spend", { body: { reset_to: 0 } })).status).toBe(404);
  });

  it("is for admins of the gateway and of the team", async () => {
    const { id, key } = await makeUser("internal_user");
    expect((await ask(`/key/${key}/reset_spend`, { key, body: { reset_to: 0 } })).json.error).toMatchObject({
      code: "403",
      message: "You must be a proxy admin or team admin to reset key spend",
    });
    const team_id = await makeTeam();
    await joinTeam(team_id, id, "admin");
    const { token } = await makeKey({ team_id });
    expect((await ask(`/key/${token}/reset_spend`, { key, body: { reset_to: 0 } })).status).toBe(200);
  });
});

describe("what went away", () => {
  it("keeps nobody from changing the rest of a key", async () => {
    const { key } = await makeKey({ budget_id: "gone", team_id: "gone", project_id: "gone", organization_id: "gone" });
    expect((await ask("/key/update", { body: { key, key_alias: "left-behind" } })).json.key_alias).toBe("left-behind");
  });
});

describe("a key that moves", () => {
  it("is measured anew: out of its team it would have more models", async () => {
    const { id } = await makeUser("internal_user");
    const team_id = await makeTeam({ models: ["a"] });
    await joinTeam(team_id, id, "admin");
    const { key } = await makeKey({ user_id: id, team_id });
    expect((await ask("/key/update", { key, body: { key, team_id: null } })).json.error.param).toBe("models");
    expect((await ask("/key/update", { key, body: { key, team_id: null, models: ["a"] } })).json.team_id).toBeNull();
  });
});

/** Credentials in metadata: sealed where they are stored, never shown, and kept only for where they went before. */
import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { openMetadata, sealMetadata } from "../../../src/secrets/metadata.ts";
import { UnreadableSecret } from "../../../src/secrets/vault.ts";
import { keys, organizations, projects, teams, users } from "../../../src/store/schema/index.ts";
import { digestOf } from "../../../src/tenancy/digest.ts";
import { scopeOf } from "../../../src/tenancy/scopes.ts";
import { db, makeTeam, makeUser, startApp } from "./fixture.ts";

let ask: ReturnType<typeof startApp>["ask"];
let gateway: ReturnType<typeof startApp>["gateway"];
beforeEach(() => {
  ({ ask, gateway } = startApp());
});

const sink = (host: string, secret: string, more = {}) => ({
  callback_name: "langfuse",
  callback_type: "success",
  callback_vars: { langfuse_host: host, langfuse_secret_key: secret, ...more },
});

async function keyRow(key: string) {
  const [row] = await db
    .select()
    .from(keys)
    .where(eq(keys.token, await digestOf(key)));
  if (row === undefined) throw new Error("no such key");
  return row;
}

async function opened(key: string) {
  const { scope_id, metadata } = await keyRow(key);
  expect(JSON.stringify(metadata)).not.toContain("canary");
  return openMetadata(gateway.vault, scopeOf.key(scope_id), metadata);
}

async function newKey(logging: unknown): Promise<string> {
  const { status, json } = await ask("/key/generate", { body: { metadata: { logging } } });
  expect(status).toBe(200);
  expect(JSON.stringify(json)).not.toContain("canary");
  return json.key;
}

describe("credentials of callbacks", () => {
  it("are sealed in the row of a key, and open there and nowhere else", async () => {
    const logging = [sink("https://x.y", "canary", { otel_headers: "authorization=canary" })];
    const key = await newKey(logging);
    expect(await opened(key)).toEqual({ logging });
    const { metadata } = await keyRow(key);
    await expect(openMetadata(gateway.vault, scopeOf.key("another"), metadata)).rejects.toThrow(UnreadableSecret);
    const moved = { callback_settings: metadata["logging"] };
    await expect(openMetadata(gateway.vault, scopeOf.key(await digestOf(key)), moved)).rejects.toThrow(
      UnreadableSecret,
    );
  });

  it("are sealed in the rows of teams, users, organizations and projects, when made and when changed", async () => {
    const team = await makeTeam();
    const scopes: [string, string, string, Record<string, unknown>, string, string][] = [
      ["/team/new", "/team/update", "team_id", {}, "POST", "team"],
      ["/user/new", "/user/update", "user_id", { auto_create_key: false }, "POST", "user"],
      ["/organization/new", "/organization/update", "organization_id", { organization_alias: "a" }, "PATCH", "org"],
      ["/project/new", "/project/update", "project_id", { team_id: team }, "POST", "project"],
    ];
    const rowOf = async (kind: string, id: string) => {
      const [row] =
        kind === "team"
          ? await db.select().from(teams).where(eq(teams.team_id, id))
          : kind === "user"
            ? await db.select().from(users).where(eq(users.user_id, id))
            : kind === "org"
              ? await db.select().from(organizations).where(eq(organizations.organization_id, id))
              : await db.select().from(projects).where(eq(projects.project_id, id));
      return row?.metadata ?? {};
    };
    const scopeOfKind = { team: scopeOf.team, user: scopeOf.user, org: scopeOf.organization, project: scopeOf.project };
    for (const [make, change, name, body, method, kind] of scopes) {
      const made = await ask(make, { body: { ...body, metadata: { logging: [sink("https://x.y", "canary")] } } });
      expect(made.status, make).toBe(200);
      const id = made.json[name];
      const scope = scopeOfKind[kind as keyof typeof scopeOfKind](id); // one of the four above
      const first = await rowOf(kind, id);
      expect(await openMetadata(gateway.vault, scope, first)).toEqual({ logging: [sink("https://x.y", "canary")] });
      const logging = [sink("https://z.y", "canary-2")];
      const changed = await ask(change, { method, body: { [name]: id, metadata: { logging } } });
      expect(changed.status, change).toBe(200);
      const second = await rowOf(kind, id);
      expect(await openMetadata(gateway.vault, scope, second)).toEqual({ logging });
      expect(JSON.stringify([made.json, changed.json, first, second])).not.toContain("canary");
    }
  });

  it("stay what they were where they come back as they were shown, through a regeneration too", async () => {
    const [one, two] = [sink("https://x.y", "canary-1"), sink("https://z.y", "canary-2")];
    const key = await newKey([one, two]);
    const { metadata } = (await ask(`/key/info?key=${key}`)).json.info;
    expect(metadata.logging[0].callback_vars).toEqual({
      langfuse_host: "https://x.y",
      langfuse_secret_key: "[secret]",
    });
    expect((await ask("/key/update", { body: { key, metadata: { ...metadata, note: 1 } } })).status).toBe(200);
    expect(await opened(key)).toEqual({ logging: [one, two], note: 1 });
    // The first goes; the second is still itself, and is told when it is called.
    const left = [{ ...metadata.logging[1], callback_type: "failure" }];
    expect((await ask("/key/update", { body: { key, logging: left } })).status).toBe(200);
    expect(await opened(key)).toEqual({ logging: [{ ...two, callback_type: "failure" }], note: 1 });
    const { json } = await ask("/key/regenerate", { body: { key } });
    expect(await opened(json.key)).toEqual({ logging: [{ ...two, callback_type: "failure" }], note: 1 });
  });

  it("are never sent to another host by an update: they have to be given anew", async () => {
    const before = sink("https://x.y", "canary", { langfuse_public_key: "pk-canary" });
    const key = await newKey([before]);
    const [shown] = (await ask(`/key/info?key=${key}`)).json.info.metadata.logging;
    const { langfuse_host: _, ...hostless } = shown.callback_vars;
    for (const changed of [
      { ...shown, callback_vars: { ...shown.callback_vars, langfuse_host: "https://attacker.example" } },
      { ...shown, callback_vars: { ...shown.callback_vars, langfuse_base_url: "https://attacker.example" } },
      { ...shown, callback_vars: { ...shown.callback_vars, webhook_url: "https://attacker.example" } },
      { ...shown, callback_vars: hostless },
      { ...shown, callback_name: "another" },
      { ...shown, endpoint: "https://attacker.example" },
      { ...shown, callback_vars: { ...shown.callback_vars, langfuse_public_key: "pk-other" } },
    ])
      for (const body of [{ logging: [changed] }, { metadata: { logging: [changed] } }]) {
        const { status, json } = await ask("/key/update", { body: { key, ...body } });
        expect(status, JSON.stringify(body)).toBe(400);
        expect(json.error).toMatchObject({ param: "metadata.logging" });
      }
    expect(await opened(key)).toEqual({ logging: [before] });
    const anew = sink("https://z.y", "canary-2", { langfuse_public_key: "pk-canary-2" });
    expect((await ask("/key/update", { body: { key, logging: [anew] } })).status).toBe(200);
    expect(await opened(key)).toEqual({ logging: [anew] });
  });

  it("cannot be given as hidden or as sealed texts", async () => {
    const sealed = await sealMetadata(gateway.vault, scopeOf.key("x"), { logging: [sink("https://x.y", "canary")] });
    for (const logging of [[sink("https://x.y", "[secret]")], sealed["logging"]])
      expect((await ask("/key/generate", { body: { metadata: { logging } } })).status).toBe(400);
  });

  it("do not come from one row to another: a key cannot take those of a team", async () => {
    const { team_id } = (await ask("/team/new", { body: { metadata: { logging: [sink("https://x.y", "canary")] } } }))
      .json;
    const { metadata } = (await ask(`/team/info?team_id=${team_id}`)).json.team_info;
    expect((await ask("/key/generate", { body: { team_id, metadata } })).status).toBe(400);
  });

  it("are not shown by /spend/keys and /spend/users", async () => {
    const { key } = await makeUser("internal_user");
    await ask("/key/update", { body: { key, metadata: { logging: [sink("https://x.y", "canary")] } } });
    const [{ metadata }] = (await ask("/spend/keys", { key })).json;
    expect(metadata.logging[0].callback_vars.langfuse_secret_key).toBe("[secret]");
  });
});

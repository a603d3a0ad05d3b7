/** Credentials in the database: shared by models, never shown, bound to their host. */
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { auditLog, credentials } from "../../../src/store/schema/index.ts";
import { db, makeKey, makeUser, startApp } from "./fixture.ts";

const KEY = "sk-credential-that-nobody-may-see";
const config = {
  model_list: [
    { model_name: "waits", litellm_params: { model: "openai/gpt-4o", litellm_credential_name: "later" } },
    {
      model_name: "of-file",
      litellm_params: { model: "openai/gpt-4o", api_key: KEY, api_base: "https://file.example/v1", rpm: 3 },
      model_info: { id: "file-1" },
    },
  ],
  credential_list: [{ credential_name: "file/credential", credential_values: { api_key: KEY } }],
  litellm_settings: { store_audit_logs: true },
};
const app = startApp(config, { variables: { OPENAI_API_KEY: "sk-environment" } });
const { ask } = app;

let count = 0;
const unique = (prefix: string) => `${prefix}/${++count} #${crypto.randomUUID().slice(0, 8)}`;
const path = (name: string) => `/credentials/${encodeURIComponent(name)}`;

async function store(name: string, credential_values: Record<string, unknown>, credential_info: unknown = {}) {
  const answer = await ask("/credentials", { body: { credential_name: name, credential_values, credential_info } });
  expect(answer).toEqual({ status: 200, json: { success: true, message: "Credential created successfully" } });
}

const read = (name: string) => ask(`/credentials/by_name/${encodeURIComponent(name)}`);
const rowOf = async (name: string) =>
  (await db.select().from(credentials).where(eq(credentials.credential_name, name)))[0];
const targetOf = (model: string) => app.gateway.router.groups.find(model)?.deployments[0]?.target;

async function addModel(litellm_params: Record<string, unknown>) {
  const model_name = `m-${crypto.randomUUID()}`;
  const body = { model_name, litellm_params: { model: "openai/gpt-4o", ...litellm_params } };
  return { model_name, ...(await ask("/model/new", { body })) };
}

describe("what is stored", () => {
  it("is shown by its names alone, in the answers, the database and the audit log", async () => {
    const name = unique("azure");
    await store(
      name,
      { api_key: KEY, api_base: "https://a.example", api_version: "1", tenant_id: null },
      { provider: "x" },
    );
    const view = {
      credential_name: name,
      credential_values: { api_key: "****", api_base: "****", api_version: "****" },
      credential_info: { provider: "x" },
    };
    expect(await read(name)).toEqual({ status: 200, json: view });
    const { json } = await ask("/credentials");
    expect(json.success).toBe(true);
    expect(json.credentials).toContainEqual(view);
    expect(json.credentials).toContainEqual({
      credential_name: "file/credential",
      credential_values: { api_key: "****" },
      credential_info: {},
    });
    const audit = await db.select().from(auditLog).where(eq(auditLog.object_id, name));
    expect(audit).toHaveLength(1);
    for (const text of [JSON.stringify(json), JSON.stringify(await rowOf(name)), JSON.stringify(audit)]) {
      expect(text).not.toContain(KEY);
      expect(text).not.toContain("a.example");
    }
  });

  it("serves the models that name it, those of the file too", async () => {
    expect(app.gateway.router.groups.serves("waits")).toBe(false);
    await store("later", { api_key: KEY });
    expect(targetOf("waits")?.apiKey?.reveal()).toBe(KEY);
    const { model_name } = await addModel({ litellm_credential_name: "later" });
    expect(targetOf(model_name)?.apiKey?.reveal()).toBe(KEY);
    const patch = { credential_name: "later", credential_values: { api_key: "sk-new" }, credential_info: { a: 1 } };
    expect(await ask(path("later"), { method: "PATCH", body: patch })).toEqual({
      status: 200,
      json: { success: true, message: "Credential updated successfully" },
    });
    expect(targetOf(model_name)?.apiKey?.reveal()).toBe("sk-new");
    expect(await ask(path("later"), { method: "DELETE" })).toEqual({
      status: 200,
      json: { success: true, message: "Credential deleted successfully" },
    });
    expect(targetOf(model_name)).toBeUndefined();
    expect(targetOf("of-file")).toBeDefined();
    expect((await read("later")).json.error.message).toBe("Credential with name=later not found");
  });

  it("loses what is null, and keeps what is not said", async () => {
    const name = unique("patched");
    await store(name, { api_key: KEY, organization: "org" }, { a: 1, b: 2 });
    const body = { credential_values: { organization: null }, credential_info: { a: null, c: 3 } };
    await ask(path(name), { method: "PATCH", body });
    expect((await read(name)).json).toMatchObject({
      credential_values: { api_key: "****" },
      credential_info: { b: 2, c: 3 },
    });
    expect(Object.keys((await read(name)).json.credential_values)).toEqual(["api_key"]);
  });

  it("can be taken of a model", async () => {
    const name = unique("of-model");
    expect((await ask("/credentials/by_model/file-1")).json).toEqual({
      credential_name: "of-file-credential-file-1",
      credential_values: { api_key: "****", api_base: "****" },
      credential_info: {},
    });
    await ask("/credentials", { body: { credential_name: name, model_id: "file-1" } });
    const { model_name } = await addModel({ litellm_credential_name: name });
    expect(targetOf(model_name)).toMatchObject({ apiBase: "https://file.example/v1" });
    expect(targetOf(model_name)?.apiKey?.reveal()).toBe(KEY);
  });
});

describe("refusals", () => {
  it.each([
    ["GET", "/credentials/by_name/none", undefined, 404, "Credential with name=none not found"],
    ["PATCH", "/credentials/none", {}, 404, "Credential with name=none not found"],
    ["DELETE", "/credentials/none", undefined, 404, "Credential with name=none not found"],
    ["GET", "/credentials/by_model/none", undefined, 404, "Model not found: none"],
    ["POST", "/credentials", { credential_name: "x", model_id: "none" }, 404, "Model not found: none"],
    ["POST", "/credentials", { credential_name: "x" }, 400, "Credential values or model id must be provided"],
    ["POST", "/credentials", { credential_values: {} }, 422, /credential_name/],
    ["POST", "/credentials", { credential_name: "x", credential_values: { api_key: [] } }, 422, /values\.api_key/],
    ["POST", "/credentials", { credential_name: "x", credential_values: { api_key: "sealed:v1:a:b" } }, 400, /sealed:/],
    ["POST", "/credentials", { credential_name: "file/credential", credential_values: {} }, 400, /already exists/],
    ["PATCH", "/credentials/file%2Fcredential", {}, 400, /is in the config file/],
  ])("%s %s %j", async (method, url, body, status, message) => {
    const answer = await ask(url, { method, ...(body && { body }) });
    expect(answer.json.error.message).toMatch(message);
    expect(answer.status).toBe(status);
  });

  it("a name is there once, and stays", async () => {
    const name = unique("twice");
    await store(name, { api_key: KEY });
    const body = { credential_name: name, credential_values: {} };
    expect(await ask("/credentials", { body })).toMatchObject({ status: 400 });
    expect(await ask(path(name), { method: "PATCH", body: { credential_name: "other" } })).toMatchObject({
      status: 400,
    });
  });
});

describe("a key goes where its credential says (CVE-2024-6587)", () => {
  it("not where a model says", async () => {
    const name = unique("bound");
    await store(name, { api_key: KEY, api_base: "https://a.example/v1" });
    const elsewhere = await addModel({ litellm_credential_name: name, api_base: "https://evil.example/v1" });
    expect(elsewhere.json.error.message).toMatch(/is for https:\/\/a\.example, not for https:\/\/evil\.example/);
    expect((await addModel({ litellm_credential_name: name, api_base: "https://a.example/v2" })).status).toBe(200);
  });

  it("not where it says after a change, unless the key comes with it", async () => {
    const name = unique("moved");
    await store(name, { api_key: KEY, api_base: "https://a.example/v1" });
    const patch = (credential_values: unknown) => ask(path(name), { method: "PATCH", body: { credential_values } });
    expect((await patch({ api_base: "https://evil.example" })).json.error.message).toMatch(/give it anew/);
    expect((await patch({ api_base: null })).status).toBe(400);
    expect((await patch({ api_base: "https://b.example", api_key: "sk-b" })).status).toBe(200);
  });

  it("and no other key follows to its host: not the environment's, not a model's own", async () => {
    const name = unique("host");
    await store(name, { api_base: "https://evil.example/v1" });
    const { json } = await addModel({ litellm_credential_name: name });
    expect(targetOf(json.model_name)).toMatchObject({ apiBase: "https://evil.example/v1" });
    expect(targetOf(json.model_name)?.apiKey).toBeUndefined(); // though the environment has one
    const own = await addModel({ litellm_credential_name: name, api_key: "sk-own" });
    expect(own.json.error.message).toMatch(/has an api_base, and the deployment a key of its own/);
  });

  it("the file's models neither", async () => {
    await store("later", { api_base: "https://evil.example/v1" });
    expect(targetOf("waits")).toMatchObject({ apiBase: "https://evil.example/v1" });
    expect(targetOf("waits")?.apiKey).toBeUndefined();
    await ask(path("later"), { method: "DELETE" });
  });

  it("a sealed value opens in its own field only (CVE-2026-114612)", async () => {
    const name = unique("swapped");
    await store(name, { api_key: KEY, organization: "org" });
    const row = await rowOf(name);
    const credential_values = { organization: String(row?.credential_values["api_key"]) };
    await db.update(credentials).set({ credential_values }).where(eq(credentials.credential_name, name));
    await app.gateway.models.reload();
    expect(app.gateway.models.credentials.has(name)).toBe(false);
    expect(app.notices.join("\n")).toMatch(/was not encrypted for this place/);
    await ask(path(name), { method: "DELETE" });
  });
});

it("only admins change credentials, only viewers of all see that there are any", async () => {
  const roles = ["proxy_admin_viewer", "org_admin", "internal_user", "internal_user_viewer"] as const;
  const callers = await Promise.all(roles.map(async (role) => [role, (await makeUser(role)).key] as const));
  for (const [role, key] of [...callers, ["key", (await makeKey()).key] as const]) {
    const mayView = role === "proxy_admin_viewer";
    for (const url of ["/credentials", "/credentials/by_name/file%2Fcredential", "/credentials/by_model/file-1"])
      expect({ role, url, ...(await ask(url, { key })) }).toMatchObject({ role, url, status: mayView ? 200 : 403 });
    for (const method of ["POST", "PATCH", "DELETE"])
      expect((await ask(method === "POST" ? "/credentials" : "/credentials/x", { method, body: {}, key })).status).toBe(
        403,
      );
  }
});

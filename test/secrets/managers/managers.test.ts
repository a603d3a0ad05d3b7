/** Secret managers that keep virtual keys: what is sent, and what is left where something fails. */
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { asRecord, type JsonObject } from "../../../src/formats/json.ts";
import { azureKeyVault } from "../../../src/secrets/managers/azure.ts";
import { googleSecretManager } from "../../../src/secrets/managers/google.ts";
import { hashicorpVault } from "../../../src/secrets/managers/hashicorp-vault.ts";
import { SecretManagerError } from "../../../src/secrets/managers/manager.ts";
import { keyManagement } from "../../../src/secrets/managers/settings.ts";
import { keyStore } from "../../../src/secrets/managers/store.ts";
import { VaultServer } from "./vault-server.ts";

const KEY = { key_alias: "team/search app", scope_id: "0".repeat(64) };
const LABELS = { description: undefined, tags: {} };

interface Sent {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

/** A `fetch` that answers as told, and what it was asked. */
function network(answer: (sent: Sent) => { status: number; json: unknown }) {
  const sent: Sent[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const text = await request.text();
    const one = {
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: /^[{[]/.test(text) ? JSON.parse(text) : text,
    };
    sent.push(one);
    const { status, json } = answer(one);
    return new Response(status === 204 ? null : JSON.stringify(json), { status });
  };
  return { sent, ports: { fetch, now: Date.now } };
}

function vaultStore(server: VaultServer, settings: JsonObject = {}, variables: Record<string, string> = {}) {
  const { sent, ports } = network(({ method, url, headers, body }) =>
    server.answer({ method, path: new URL(url).pathname, headers, body }),
  );
  const set: Record<string, string> = {
    HCP_VAULT_ADDR: "http://vault:8200/",
    HCP_VAULT_TOKEN: "hvs.fixed",
    ...variables,
  };
  const { open } = keyManagement(
    {
      key_management_system: "hashicorp_vault",
      key_management_settings: { store_virtual_keys: true, access_mode: "read_and_write", ...settings },
    },
    (name) => set[name],
  );
  return { store: open!(ports), sent };
}

describe("HashiCorp Vault", () => {
  it("keeps a key under prefix and alias, as LiteLLM writes it", async () => {
    const server = new VaultServer();
    const { store, sent } = vaultStore(server, { description: "virtual key", tags: { env: "prod" } });
    await store.save(KEY, new Secret("sk-first-0123456789"));
    expect(server.secrets.get("litellm/team/search app")?.[0]?.data).toEqual({
      key: "sk-first-0123456789",
      description: "virtual key",
      tags: { env: "prod" },
    });
    expect(sent.at(-1)).toMatchObject({
      method: "POST",
      url: "http://vault:8200/v1/secret/data/litellm/team/search%20app",
      headers: { "x-vault-token": "hvs.fixed" },
    });
    await store.save({ key_alias: null, scope_id: KEY.scope_id }, new Secret("sk-unnamed-0123456789"));
    expect(server.valueOf(`litellm/virtual-key-${KEY.scope_id}`)).toBe("sk-unnamed-0123456789");
    await store.remove(KEY);
    expect(server.valueOf("litellm/team/search app")).toBeUndefined();
    await store.remove({ ...KEY, key_alias: "never-there" });
  });

  it("is signed in to by AppRole, once", async () => {
    const server = new VaultServer();
    const { store, sent } = vaultStore(
      server,
      {},
      {
        HCP_VAULT_TOKEN: "",
        HCP_VAULT_APPROLE_ROLE_ID: "role",
        HCP_VAULT_APPROLE_SECRET_ID: "secret-of-the-role",
        HCP_VAULT_NAMESPACE: "admin",
        HCP_VAULT_PATH_PREFIX: "apps",
      },
    );
    await store.save(KEY, new Secret("sk-1-0123456789"));
    await store.save(KEY, new Secret("sk-2-0123456789"));
    expect(server.logins).toBe(1);
    expect(server.valueOf("apps/litellm/team/search app")).toBe("sk-2-0123456789");
    expect(sent.every(({ headers }) => headers["x-vault-namespace"] === "admin")).toBe(true);
  });

  it("has back what was there, unless somebody has written since", async () => {
    const server = new VaultServer();
    const { store } = vaultStore(server);
    const name = "litellm/team/search app";
    const undoFirst = await store.save(KEY, new Secret("sk-1-0123456789"));
    const undoSecond = await store.save(KEY, new Secret("sk-2-0123456789"));
    await undoFirst(); // it is not the last any more
    expect(server.valueOf(name)).toBe("sk-2-0123456789");
    await undoSecond();
    expect(server.valueOf(name)).toBe("sk-1-0123456789");
    const fresh = { ...KEY, key_alias: "fresh" };
    await (await store.save(fresh, new Secret("sk-3-0123456789")))();
    expect(server.valueOf("litellm/fresh")).toBeUndefined();
    await store.save(fresh, new Secret("sk-4-0123456789")); // also after it was deleted
    expect(server.valueOf("litellm/fresh")).toBe("sk-4-0123456789");
  });

  it("takes one of two that are written at the same time over the same", async () => {
    const server = new VaultServer();
    const { store } = vaultStore(server);
    await store.save(KEY, new Secret("sk-0-0123456789"));
    const outcomes = await Promise.allSettled(
      ["a", "b"].map((name) => store.save(KEY, new Secret(`sk-${name}-0123456789`))),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("goes along with another alias", async () => {
    const server = new VaultServer();
    const { store } = vaultStore(server);
    await store.save(KEY, new Secret("sk-1-0123456789"));
    await store.rename(KEY, { ...KEY, key_alias: "renamed" });
    expect([server.valueOf("litellm/renamed"), server.valueOf("litellm/team/search app")]).toEqual([
      "sk-1-0123456789",
      undefined,
    ]);
    const blind = vaultStore(server, { access_mode: "write_only" });
    await expect(blind.store.rename(KEY, { ...KEY, key_alias: "x" })).rejects.toMatchObject({ status: 400 });
    await blind.store.save({ ...KEY, key_alias: "blind" }, new Secret("sk-5-0123456789"));
    expect(blind.sent.map(({ method }) => method)).toEqual(["POST"]);
  });

  it("refuses names that lead elsewhere, or pass for another key's", async () => {
    const server = new VaultServer();
    const { store, sent } = vaultStore(server);
    for (const key_alias of ["../../sys/policy", "a//b", "a/./b", `virtual-key-${"1".repeat(64)}`, "a\nb"])
      await expect(store.save({ ...KEY, key_alias }, new Secret("sk-1"))).rejects.toMatchObject({
        status: 400,
        param: "key_alias",
      });
    expect(sent).toEqual([]);
  });

  it("says in its own words why it does not take a key, and nothing secret", async () => {
    const server = new VaultServer();
    server.failsWith = 503;
    const { store } = vaultStore(server);
    const error = await store.save(KEY, new Secret("sk-very-secret-key")).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(SecretManagerError);
    expect(error).toMatchObject({ status: 503, message: expect.stringContaining("Vault is sealed") });
    const { ports } = network(() => {
      throw new Error("connect ECONNREFUSED with sk-very-secret-key");
    });
    const vault = hashicorpVault(
      {
        address: "http://v",
        auth: { token: new Secret("hvs.fixed") },
        namespace: undefined,
        mount: "secret",
        pathPrefix: undefined,
      },
      LABELS,
      ports,
    );
    const unreachable = await vault.write("x", new Secret("sk-very-secret-key")).catch((cause: unknown) => cause);
    expect(String(unreachable)).toContain("cannot be reached");
    expect(String(unreachable)).not.toContain("sk-very");
  });
});

describe("AWS Secrets Manager", () => {
  function awsStore(answer: (action: string, fields: JsonObject) => { status: number; json: unknown }) {
    const { sent, ports } = network(({ headers, body }) =>
      answer(headers["x-amz-target"]?.split(".")[1] ?? "", asRecord(body)),
    );
    const { open } = keyManagement(
      {
        key_management_system: "aws_secret_manager",
        key_management_settings: {
          store_virtual_keys: true,
          access_mode: "read_and_write",
          aws_region_name: "eu-west-1",
          tags: { env: "prod" },
        },
      },
      (name) => ({ AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "example-secret-key" })[name],
    );
    return { sent, store: open!(ports) };
  }
  const failed = (kind: string) => ({ status: 400, json: { __type: kind, message: "no" } });

  it("makes a secret, and writes into one that is there or is being deleted", async () => {
    const kept = new Map<string, unknown>();
    const deleted = new Set<string>();
    const { sent, store } = awsStore((action, { Name, SecretId, SecretString, ForceDeleteWithoutRecovery }) => {
      const name = String(Name ?? SecretId);
      if (action === "CreateSecret" && deleted.has(name)) return failed("InvalidRequestException");
      if (action === "CreateSecret" && kept.has(name)) return failed("ResourceExistsException");
      if (action === "GetSecretValue")
        return kept.has(name)
          ? { status: 200, json: { SecretString: kept.get(name) } }
          : failed("ResourceNotFoundException");
      if (action === "RestoreSecret") deleted.delete(name);
      else if (action === "DeleteSecret") {
        expect(ForceDeleteWithoutRecovery).toBe(true);
        kept.delete(name);
        deleted.add(name);
      } else kept.set(name, SecretString);
      return { status: 200, json: {} };
    });
    const key = { ...KEY, key_alias: "search" };
    await store.save(key, new Secret("sk-1-0123456789"));
    expect(sent.at(-1)).toMatchObject({
      url: "https://secretsmanager.eu-west-1.amazonaws.com/",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "secretsmanager.CreateSecret",
        authorization: expect.stringMatching(
          /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/\d{8}\/eu-west-1\/secretsmanager\/aws4_request/,
        ),
      },
      body: { Name: "litellm/search", SecretString: "sk-1-0123456789", Tags: [{ Key: "env", Value: "prod" }] },
    });
    await store.save(key, new Secret("sk-2-0123456789"));
    expect(kept.get("litellm/search")).toBe("sk-2-0123456789");
    await store.remove(key);
    await store.save(key, new Secret("sk-3-0123456789"));
    expect(kept.get("litellm/search")).toBe("sk-3-0123456789");
    await expect(store.save({ ...KEY, key_alias: "with space" }, new Secret("x"))).rejects.toMatchObject({
      status: 400,
    });
  });

  it("is not silent where it refuses", async () => {
    const { store } = awsStore(() => failed("AccessDeniedException"));
    await expect(store.save({ ...KEY, key_alias: "search" }, new Secret("sk-1"))).rejects.toThrow("AccessDenied");
  });
});

describe("Google Secret Manager", () => {
  it("makes a secret and adds versions", async () => {
    const kept = new Map<string, string[]>();
    const { ports } = network(({ method, url, body }) => {
      const { pathname, searchParams, hostname } = new URL(url);
      if (hostname === "oauth2.googleapis.com")
        return { status: 200, json: { access_token: "ya29.x", expires_in: 3600 } };
      const name = searchParams.get("secretId") ?? pathname.split("/")[5]?.split(":")[0] ?? "";
      if (method === "POST" && searchParams.has("secretId")) {
        if (kept.has(name)) return { status: 409, json: { error: { status: "ALREADY_EXISTS" } } };
        kept.set(name, []);
        return { status: 200, json: {} };
      }
      if (!kept.has(name)) return { status: 404, json: {} };
      if (method === "DELETE") kept.delete(name);
      else if (method === "GET") return { status: 200, json: { payload: { data: kept.get(name)?.at(-1) } } };
      else kept.get(name)?.push(String(asRecord(asRecord(body)["payload"])["data"]));
      return { status: 200, json: {} };
    });
    const credentials = JSON.stringify({
      type: "authorized_user",
      client_id: "i",
      client_secret: "s",
      refresh_token: "r",
    });
    const manager = googleSecretManager(
      { project: "p", credentials: new Secret(credentials), endpoint: undefined },
      LABELS,
      ports,
    );
    expect(manager.prefixOf("litellm/")).toBe("litellm-");
    expect(manager.isName("a/b")).toBe(false);
    await manager.write("litellm-search", new Secret("sk-1"));
    await manager.write("litellm-search", new Secret("sk-2"));
    expect((await manager.read("litellm-search"))?.secret.reveal()).toBe("sk-2");
    await manager.remove("litellm-search");
    await manager.remove("litellm-search");
    expect(await manager.read("litellm-search")).toBeUndefined();
  });
});

describe("Azure Key Vault", () => {
  it("sets a secret, also one that was deleted and is not gone", async () => {
    const kept = new Map<string, unknown>();
    const deleted = new Set<string>();
    const { sent, ports } = network(({ method, url, body }) => {
      const { pathname, hostname } = new URL(url);
      if (hostname === "login.microsoftonline.com")
        return { status: 200, json: { access_token: "eyJ", expires_in: 3600 } };
      const [, kind, name = ""] = pathname.split("/");
      if (kind === "deletedsecrets") {
        deleted.delete(name);
        return { status: 200, json: {} };
      }
      if (method === "PUT") {
        if (deleted.has(name)) return { status: 409, json: { error: { code: "Conflict" } } };
        kept.set(name, asRecord(body)["value"]);
        return { status: 200, json: {} };
      }
      if (!kept.has(name)) return { status: 404, json: {} };
      if (method === "GET") return { status: 200, json: { value: kept.get(name) } };
      kept.delete(name);
      deleted.add(name);
      return { status: 200, json: {} };
    });
    const manager = azureKeyVault(
      {
        address: "https://v.vault.azure.net",
        entra: {
          tenantId: "t",
          clientId: "c",
          clientSecret: new Secret("s"),
          scope: "https://vault.azure.net/.default",
        },
      },
      LABELS,
      { ...ports, sleep: async () => {} },
    );
    await manager.write("litellm-search", new Secret("sk-1"));
    await manager.remove("litellm-search");
    expect(await manager.read("litellm-search")).toBeUndefined();
    await manager.write("litellm-search", new Secret("sk-2"));
    expect((await manager.read("litellm-search"))?.secret.reveal()).toBe("sk-2");
    expect(sent.at(-1)?.url).toBe("https://v.vault.azure.net/secrets/litellm-search?api-version=7.4");
    // Its names are the same in capitals, where two keys' aliases are not: one would be written over the other.
    const store = keyStore(manager, "LiteLLM/", true);
    const [asked, scope_id] = [sent.length, "ab".repeat(32)];
    for (const key_alias of ["Search", "SEARCH", `Virtual-Key-${scope_id}`])
      await expect(store.save({ key_alias, scope_id }, new Secret("sk-other"))).rejects.toMatchObject({ status: 400 });
    expect(sent).toHaveLength(asked);
    await store.save({ key_alias: "search", scope_id }, new Secret("sk-3"));
    expect(sent.at(-1)?.url).toContain("/secrets/litellm-search?");
  });
});

describe("settings", () => {
  const of = (
    key_management_system: string | undefined,
    key_management_settings = {},
    set: Record<string, string> = {},
  ) => keyManagement({ key_management_system, key_management_settings }, (name) => set[name]);

  it("keep no key unless they are asked to, and say so where they may not write", () => {
    expect(of(undefined)).toEqual({ open: undefined, problem: undefined, notices: [] });
    expect(of("google_kms").problem).toBeUndefined();
    expect(of("hashicorp_vault", { store_virtual_keys: true }).notices.join()).toContain("needs access_mode");
  });

  it.each([
    [undefined, "key_management_system"],
    ["local", "not in local"],
    ["hashicorp_vault", "HCP_VAULT_ADDR"],
    ["aws_secret_manager", "AWS_REGION_NAME"],
    ["google_secret_manager", "GOOGLE_SECRET_MANAGER_CREDENTIALS"],
    ["azure_key_vault", "AZURE_KEY_VAULT_URI"],
  ])("stop the start where %s cannot be asked", (system, said) => {
    const { open, problem } = of(system, { store_virtual_keys: true, access_mode: "write_only" });
    expect(open).toBeUndefined();
    expect(problem).toContain(said);
  });
});

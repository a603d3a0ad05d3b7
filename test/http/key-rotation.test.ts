/** Keys that replace themselves at the running gateway: from creation to takeover, with a restart between; and in a vault. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { asRecord, type JsonObject } from "../../src/formats/json.ts";
import { VaultServer } from "../secrets/managers/vault-server.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream, until } from "./upstream.ts";

/** Milliseconds within which cron has come, which comes each second here. */
const CRON = 30_000;
const vault = new VaultServer();
const model_list = [
  {
    model_name: "mocked",
    litellm_params: { model: "openai/mocked", api_key: "sk-none", mock_response: "hello" },
  },
];

let server: Awaited<ReturnType<typeof startUpstream>>;
beforeAll(async () => {
  server = await startUpstream(({ method, path, headers, body }, response) => {
    if (path.startsWith("/hook")) return json(response, 200, {});
    const answer = vault.answer({ method, path, headers, body });
    if (answer.status === 204) {
      response.writeHead(204);
      response.end();
    } else json(response, answer.status, answer.json);
  });
});
afterAll(async () => {
  await server?.close();
});

async function bodyOf(response: Response, status = 200): Promise<JsonObject> {
  const body = asRecord(await response.json());
  expect(response.status, JSON.stringify(body)).toBe(status);
  return body;
}

const as = (key: unknown) => ({ authorization: `Bearer ${key}` });

describe("without a secret manager", () => {
  let gateway: TestGateway;
  const start = (state?: string) =>
    startGateway(
      {
        model_list,
        general_settings: { alerting: ["webhook"], key_rotation_bound: "7d" },
      },
      {
        LITELLM_KEY_ROTATION_ENABLED: "true",
        LITELLM_KEY_ROTATION_GRACE_PERIOD: "1h",
        WEBHOOK_URL: `${server.url}/hook`,
      },
      state,
      { unreachable: [], cron: 1000 },
    );
  afterAll(async () => {
    await gateway?.stop();
  });

  const ask = (key: unknown, at = gateway.url) =>
    fetch(`${at}/v1/chat/completions`, {
      method: "POST",
      headers: { ...as(key), "content-type": "application/json" },
      body: JSON.stringify({ model: "mocked", messages: [{ role: "user", content: "hi" }] }),
    });

  it("a due key keeps working, says that a successor waits, and is taken over by one of many", async () => {
    gateway = await start();
    const made = await bodyOf(
      await gateway.call("/key/generate", {
        key_alias: "rotating",
        auto_rotate: true,
        rotation_interval: "1s",
        max_budget: 5,
        key_type: "llm_api",
      }),
    );
    const old = made["key"];
    expect((await ask(old)).headers.get("x-sluice-key-successor")).toBeNull();
    const until_ = Date.now() + CRON;
    let heard: Response;
    do {
      await new Promise((next) => setTimeout(next, 1000));
      heard = await ask(old);
      expect(heard.status).toBe(200);
    } while (heard.headers.get("x-sluice-key-successor") === null && Date.now() < until_);
    expect(heard.headers.get("x-sluice-key-successor")).toBe("waiting");
    const days = (Date.parse(heard.headers.get("sunset") ?? "") - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
    await until(() => server.received.some(({ body }) => body["event_message"] === "API Key Successor Waiting"));

    await gateway.kill();
    gateway = await start(gateway.state);
    const twin = gateway.twinUrl ?? gateway.url;
    const takers = await Promise.all(
      [gateway.url, twin, gateway.url, twin, gateway.url, twin].map((at) =>
        fetch(`${at}/key/successor`, { method: "POST", headers: as(old) }),
      ),
    );
    expect(takers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409, 409, 409]);
    const taken = await bodyOf(takers.find(({ status }) => status === 200)!);
    expect(taken).toMatchObject({ key_alias: "rotating", max_budget: 5, rotation_count: 1 });
    expect(taken["key"]).not.toBe(old);
    // Both work until the grace period is over; what they spend is the same key's.
    for (const at of [gateway.url, twin]) expect((await ask(taken["key"], at)).status).toBe(200);
    // The isolate that did not hand it out may have read the key a moment before.
    await vi.waitFor(
      async () => {
        const graced = await ask(old);
        expect([graced.status, graced.headers.get("x-sluice-key-successor")]).toEqual([200, "taken"]);
      },
      { timeout: 10_000, interval: 200 },
    );
    const hours = (Date.parse(String(taken["previous_key_works_until"])) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(0.95);
    expect(hours).toBeLessThanOrEqual(1);
    const late = await gateway.call("/key/successor", {}, as(old));
    expect((await bodyOf(late, 409))["error"]).toMatchObject({ message: expect.stringContaining("taken already") });
    const told = JSON.stringify(server.received.map(({ body }) => body));
    for (const key of [old, taken["key"]]) expect(told).not.toContain(String(key));
  }, 120_000);
});

describe("with HashiCorp Vault", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway(
      {
        model_list,
        general_settings: {
          key_management_system: "hashicorp_vault",
          key_management_settings: { store_virtual_keys: true, access_mode: "read_and_write" },
        },
      },
      {
        HCP_VAULT_ADDR: server.url,
        HCP_VAULT_APPROLE_ROLE_ID: "role",
        HCP_VAULT_APPROLE_SECRET_ID: "secret-of-the-role",
        LITELLM_KEY_ROTATION_ENABLED: "true",
      },
      undefined,
      { cron: 1000 },
    );
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
  });

  const works = async (key: unknown) => (await gateway.call("/v1/models", undefined, as(key))).status;

  it("keys are written when they are made and regenerated, go along with their alias, and are removed", async () => {
    const made = await bodyOf(await gateway.call("/key/generate", { key_alias: "stored" }));
    expect(vault.valueOf("litellm/stored")).toBe(made["key"]);
    const unnamed = await bodyOf(await gateway.call("/key/generate", {}));
    expect(vault.valueOf(`litellm/virtual-key-${unnamed["token"]}`)).toBe(unnamed["key"]);
    const next = await bodyOf(await gateway.call("/key/regenerate", { key: made["key"] }));
    expect(vault.valueOf("litellm/stored")).toBe(next["key"]);
    await bodyOf(await gateway.call("/key/update", { key: next["token"], key_alias: "moved" }));
    expect([vault.valueOf("litellm/moved"), vault.valueOf("litellm/stored")]).toEqual([next["key"], undefined]);
    await bodyOf(await gateway.call("/key/delete", { keys: [next["token"]] }));
    expect(vault.valueOf("litellm/moved")).toBeUndefined();
  });

  it("where it does not take a key none is made, and none changed", async () => {
    const { key } = await bodyOf(await gateway.call("/key/generate", { key_alias: "steady" }));
    vault.failsWith = 503;
    const refused = await bodyOf(await gateway.call("/key/generate", { key_alias: "lost" }), 503);
    expect(refused["error"]).toMatchObject({ message: expect.stringContaining("hashicorp_vault answered 503") });
    expect((await gateway.call("/key/regenerate", { key })).status).toBe(503);
    expect((await gateway.call("/key/update", { key, key_alias: "other" })).status).toBe(503);
    vault.failsWith = undefined;
    expect(await works(key)).toBe(200);
    expect(vault.valueOf("litellm/steady")).toBe(key);
    const { info } = await bodyOf(await gateway.call(`/key/info?key=${key}`));
    expect(info).toMatchObject({ key_alias: "steady", rotation_count: 0 });
    await bodyOf(await gateway.call("/key/generate", { key_alias: "lost" })); // the alias is free
    const again = await bodyOf(await gateway.call("/key/generate", { key_alias: "steady" }), 400);
    expect(JSON.stringify(again)).toContain("already exists");
    expect(vault.valueOf("litellm/steady")).toBe(key); // nobody's key is overwritten by another of its name
    expect((await gateway.call("/key/generate", { key_alias: "../../sys" })).status).toBe(400);
  });

  it("a due key is replaced in it, and the old one stops", async () => {
    const { key } = await bodyOf(
      await gateway.call("/key/generate", { key_alias: "nightly", auto_rotate: true, rotation_interval: "1h" }),
    );
    await bodyOf(await gateway.call("/key/update", { key, rotation_interval: "1s" }));
    await until(() => vault.valueOf("litellm/nightly") !== key, CRON);
    const end = Date.now() + 15_000;
    while ((await works(key)) === 200 && Date.now() < end) await new Promise((next) => setTimeout(next, 500));
    expect(await works(key)).toBe(401);
    expect(await works(vault.valueOf("litellm/nightly"))).toBe(200);
  }, 120_000);
});

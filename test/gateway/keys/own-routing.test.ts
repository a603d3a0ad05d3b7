/** Routing of keys' own: read once for each key as it stands, and laid over the gateway's. */
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { AuthenticationError } from "../../../src/formats/errors.ts";
import { loadConfig } from "../../../src/gateway/config/load.ts";
import { OwnRouting } from "../../../src/gateway/keys/own-routing.ts";
import { RoutingEngine } from "../../../src/router/engine.ts";
import { ModelGroups } from "../../../src/router/groups.ts";
import { MemoryRouterState } from "../../../src/router/state.ts";
import { sealParams } from "../../../src/secrets/params.ts";
import { createVault } from "../../../src/secrets/vault.ts";
import type { KeyIdentity } from "../../../src/store/identity.ts";
import { request } from "../../router/candidates.ts";

const FILE = {
  model_list: [
    {
      model_name: "shared",
      litellm_params: { model: "openai/shared", api_key: "sk-shared" },
      model_info: { id: "of-all" },
    },
  ],
  router_settings: { num_retries: 3, cooldown_time: 7 },
};

function start(root = "sk-root-of-the-tests") {
  const config = loadConfig(FILE, {});
  const vault = createVault(new Secret(root));
  const router = new RoutingEngine({
    groups: new ModelGroups(config.deployments),
    settings: config.settings.routing,
    state: new MemoryRouterState(),
  });
  const notices: string[] = [];
  const log = { notice: (text: string) => void notices.push(text) };
  const own = new OwnRouting({ config, router, vault, log, credentials: () => new Map() });
  return { own, router, vault, notices, config };
}

function identity(scope_id: string, key: object = {}, team?: object): KeyIdentity {
  const row = { scope_id, config: {}, router_settings: null, ...key };
  return { key: row, team: team && { router_settings: null, ...team } } as unknown as KeyIdentity; // what it reads of one
}

const model = (model_name: string, more: object = {}) => ({
  model_name,
  litellm_params: { model: "openai/mine", api_key: "sk-mine" },
  ...more,
});

describe("a key without routing of its own", () => {
  it("goes by the gateway's, without a word", () => {
    const { own } = start();
    expect(own.of(undefined)).toBeUndefined();
    expect(own.of(identity("a"))).toBeUndefined();
    expect(own.of(identity("a", { router_settings: {} }, { router_settings: {} }))).toBeUndefined();
  });
});

describe("a key with some", () => {
  it("is read once for each of its versions", async () => {
    const { own, router } = start();
    const config = { model_list: [model("mine")] };
    const first = await own.of(identity("a", { config }));
    expect(own.of(identity("a", { config: structuredClone(config) }))).toBe(first); // another row with the same in it
    const changed = own.of(identity("a", { config: { model_list: [model("other")] } }));
    expect(changed).toBeInstanceOf(Promise);
    expect((await changed)?.router.groups.find("mine")).toBeUndefined();
    expect(own.of(identity("a", { config: { model_list: [model("other")] } }))).toBe(await changed);
    router.replace({ groups: new ModelGroups([]), settings: router.settings });
    const renewed = own.of(identity("a", { config: { model_list: [model("other")] } }));
    expect(renewed).toBeInstanceOf(Promise);
    expect((await renewed)?.router.groups.find("shared")).toBeUndefined();
  });

  it("has ids of its own, whatever it calls them", async () => {
    const { own } = start();
    const config = { model_list: [model("mine", { model_info: { id: "of-all" } }), model("mine")] };
    const one = await own.of(identity("1".repeat(64), { config }));
    const other = await own.of(identity("2".repeat(64), { config }));
    const ids = [one, other].flatMap((made) => made?.router.groups.find("mine")?.deployments.map(({ id }) => id) ?? []);
    expect(new Set([...ids, "of-all"]).size).toBe(5);
  });

  it("shares what is known of deployments, and says of the shared ones only what holds for all", async () => {
    const { own, router } = start();
    const config = { model_list: [model("mine")], router_settings: { cooldown_time: 99, num_retries: 1 } };
    const made = await own.of(identity("a", { config }));
    expect(made?.router.state).toBe(router.state);
    expect(made?.router.settings).toMatchObject({ cooldownTime: 99, numRetries: 1 });
    expect(router.settings).toMatchObject({ cooldownTime: 7, numRetries: 3 });
  });

  it("lets no key decide how long a shared deployment rests", async () => {
    const { own, router } = start();
    const rests = { cooldown_time: 3600, allowed_fails: 0, num_retries: 0 };
    const config = { model_list: [model("mine")], router_settings: rests };
    const made = await own.of(identity("a", { config }));
    const fail = () => Promise.reject(new AuthenticationError("no"));
    for (const name of ["mine", "shared"]) {
      const group = made?.router.groups.get(name);
      await made?.router.run(request({ model: name }), fail).catch(() => {});
      const stats = router.state.stats(name, group?.deployments[0]?.id ?? "", Date.now());
      const seconds = Math.round((stats.cooldownUntil - Date.now()) / 1000);
      expect({ name, isLong: seconds > 1000 }).toEqual({ name, isLong: name === "mine" });
    }
  });

  it("takes its team's settings where it has none", async () => {
    const { own } = start();
    const team = { router_settings: { routing_strategy: "least-busy", timeout: 5, cooldown_time: 1 } };
    const made = await own.of(identity("a", { router_settings: { timeout: 9 } }, team));
    expect(made?.router.settings).toMatchObject({ strategy: "least-busy", cooldownTime: 1 });
    expect(made?.settings).toEqual({ timeout: 9 });
  });

  it("passes over settings that were stored by other rules", async () => {
    const { own, notices } = start();
    const made = await own.of(identity("a", { router_settings: { routing_strategy: "no such" } }));
    expect(made?.router.settings.strategy).toBe("simple-shuffle");
    expect(notices.join()).toContain("routing_strategy");
  });
});

describe("a config that cannot be served", () => {
  it("ends the call: it goes nowhere else instead", async () => {
    const { own, notices } = start();
    const config = { model_list: [model("shared", { litellm_params: { model: "nobody/x" } })] };
    await expect(own.of(identity("a", { config }))).rejects.toMatchObject({ status: 503 });
    expect(notices.join()).toContain("config.model_list[0]");
  });

  it("opens with the secret and for the key it was sealed for, and says nothing of it", async () => {
    const { own, vault } = start();
    const plain = { model_list: [model("mine")] };
    const config = await sealParams(vault, "key_config", { tenant: "", row: "key:a" }, plain);
    expect(JSON.stringify(config)).not.toContain("sk-mine");
    const made = await own.of(identity("a", { config }));
    expect(made?.router.groups.find("mine")?.deployments[0]?.target.apiKey?.reveal()).toBe("sk-mine");
    await expect(own.of(identity("b", { config }))).rejects.toMatchObject({ status: 503 });
    const { own: changed, notices } = start("sk-another-root-secret");
    await expect(changed.of(identity("a", { config }))).rejects.toMatchObject({ status: 503 });
    expect(notices.join()).not.toContain("sk-mine");
  });
});

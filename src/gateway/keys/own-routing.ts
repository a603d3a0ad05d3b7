/**
 * Routing of a key's own: its `config`, and the `router_settings` of it and of its team. What was read of a key is kept
 * until the key changes, or what it is laid over does.
 */

import { ServiceUnavailableError } from "../../formats/errors.ts";
import { isSame } from "../../formats/json.ts";
import type { CallSettings } from "../../operations/attempt.ts";
import type { Credential } from "../../router/bound.ts";
import type { RoutingEngine } from "../../router/engine.ts";
import { GroupsWithOwn, type ModelGroups } from "../../router/groups.ts";
import type { RoutingSettings } from "../../router/request.ts";
import { routingSettings } from "../../router/settings/routing.ts";
import { openParams } from "../../secrets/params.ts";
import { UnreadableSecret, type Vault } from "../../secrets/vault.ts";
import type { KeyIdentity } from "../../store/identity.ts";
import type { KeyRow, TeamRow } from "../../store/schema/index.ts";
import type { Log } from "../../telemetry/log.ts";
import { scopeOf } from "../../tenancy/scopes.ts";
import type { GatewayConfig } from "../config/load.ts";
import { type KeyConfig, KeyConfigError, readKeyConfig, readRouterSettings } from "./config.ts";

export interface OwnRoutingPorts {
  config: Pick<GatewayConfig, "storedDeployment">;
  router: RoutingEngine;
  /** Of the database; read with the models. */
  credentials(): ReadonlyMap<string, Credential>;
  vault: Vault;
  log: Pick<Log, "notice">;
}

/** What calls of a key go by in place of the gateway's. */
export interface Own {
  router: RoutingEngine;
  settings: Partial<CallSettings>;
}

/** Keys whose routing is kept; the one used longest ago goes first. */
const CAPACITY = 500;

interface Copy {
  config: KeyRow["config"];
  ofKey: KeyRow["router_settings"];
  ofTeam: TeamRow["router_settings"];
  groups: ModelGroups;
  settings: RoutingSettings;
  own: Own;
}

/** Settings that a request may make too (`call/routing.ts`): a fallback is a model the key may use. */
const OF_REQUESTS: readonly string[] = [
  "fallbacks",
  "context_window_fallbacks",
  "content_policy_fallbacks",
  "num_retries",
  "max_fallbacks",
];

export class OwnRouting {
  readonly #ports: OwnRoutingPorts;
  readonly #copies = new Map<string, Copy>();

  constructor(ports: OwnRoutingPorts) {
    this.#ports = ports;
  }

  /**
   * `undefined` where the key has none: it goes by the gateway's.
   * @throws ServiceUnavailableError where its config cannot be served any more: its calls go nowhere else instead
   */
  of(identity: KeyIdentity | undefined): Own | undefined | Promise<Own> {
    if (identity === undefined) return undefined;
    const { key, team } = identity;
    const [config, ofKey, ofTeam] = [key.config, key.router_settings, team?.router_settings ?? null];
    if (isEmpty(config) && isEmpty(ofKey) && isEmpty(ofTeam)) return undefined;
    const { groups, settings } = this.#ports.router;
    const said = { config, ofKey, ofTeam };
    const known = this.#copies.get(key.scope_id);
    if (known !== undefined && known.groups === groups && known.settings === settings && isSaid(known, said))
      return known.own;
    return this.#read(key.scope_id, { ...said, groups, settings });
  }

  async #read(scopeId: string, given: Omit<Copy, "own">): Promise<Own> {
    try {
      const own = await this.#make(scopeId, given);
      this.#copies.delete(scopeId); // to the end
      this.#copies.set(scopeId, { ...given, own });
      for (const oldest of this.#copies.keys()) {
        if (this.#copies.size <= CAPACITY) break;
        this.#copies.delete(oldest);
      }
      return own;
    } catch (cause) {
      if (!(cause instanceof UnreadableSecret) && !(cause instanceof KeyConfigError)) throw cause;
      const where = cause instanceof KeyConfigError ? `${cause.param}: ` : "";
      this.#ports.log.notice(`the config of the key ${scopeId} cannot be served: ${where}${cause.message}`);
      throw new ServiceUnavailableError("The config of this key cannot be served at the moment. Ask your admin.", {
        type: "key_config_error",
        cause,
      });
    }
  }

  /** What was stored by other rules says nothing. */
  #settingsOf(scopeId: string, settings: Record<string, unknown>): ReturnType<typeof readRouterSettings> {
    try {
      return readRouterSettings(settings);
    } catch (error) {
      if (!(error instanceof KeyConfigError)) throw error;
      this.#ports.log.notice(`router_settings for the key ${scopeId} are passed over: ${error.param} ${error.message}`);
      return readRouterSettings({});
    }
  }

  async #make(scopeId: string, { config, ofKey, ofTeam, groups, settings }: Omit<Copy, "own">): Promise<Own> {
    const { router, vault, config: gateway, credentials } = this.#ports;
    const opened = await openKeyConfig(vault, scopeId, config);
    const own = readKeyConfig(opened, scopeId, gateway, credentials());
    // The key's stand before its team's.
    const { router: said, aliases } = this.#settingsOf(scopeId, { ...ofTeam, ...ofKey });
    const laid = Object.fromEntries(Object.entries(said).filter(([name]) => !OF_REQUESTS.includes(name)));
    const isOwn = new Set(own.deployments.map(({ id }) => id));
    const names = new Map([...aliases, ...own.aliases]);
    const together = routingSettings({ ...laid, ...own.router }, settings);
    return {
      router: router.variant({
        groups: names.size + own.deployments.length === 0 ? groups : new GroupsWithOwn(own.deployments, names, groups),
        settings: together,
        // Whether a deployment rests is known to all who use it: nobody decides it alone.
        cooldownSettings: ({ id }) => (isOwn.has(id) ? together : router.settings),
      }),
      settings: callSettings(said, own),
    };
  }
}

/** Is it what was said before? Rows that are read again are others with the same in them. */
function isSaid(known: Copy, said: Pick<Copy, "config" | "ofKey" | "ofTeam">): boolean {
  for (const name of ["config", "ofKey", "ofTeam"] as const)
    if (known[name] !== said[name] && !isSame(known[name], said[name])) return false;
  Object.assign(known, said); // so that it need not be compared again
  return true;
}

function callSettings(
  said: ReturnType<typeof readRouterSettings>["router"],
  { router, litellm }: KeyConfig,
): Partial<CallSettings> {
  // 0 is "not set", as it is to Python
  const timeout = router.timeout || litellm.request_timeout || said.timeout;
  const streamTimeout = router.stream_timeout || said.stream_timeout;
  const { drop_params: dropParams, modify_params: modifyParams } = litellm;
  return {
    ...(timeout && { timeout }),
    ...(streamTimeout && { streamTimeout }),
    ...(dropParams !== undefined && { dropParams }),
    ...(modifyParams !== undefined && { modifyParams }),
  };
}

/** @throws UnreadableSecret */
export function openKeyConfig(
  vault: Vault,
  scopeId: string,
  config: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  return openParams(vault, "key_config", placeOf(scopeId), config);
}

/** What a key's secrets are bound to; the same when it gets a new value. */
export function placeOf(scopeId: string) {
  return { tenant: "", row: scopeOf.key(scopeId) };
}

function isEmpty(value: object | null | undefined): boolean {
  return value === null || value === undefined || Object.keys(value).length === 0;
}

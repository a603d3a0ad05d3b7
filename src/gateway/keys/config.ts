/**
 * `config` of a key: models and settings that stand before the gateway's own for its calls. It came over the API, so its
 * models are read as those of the database are (`router/bound.ts`): no variables but the provider's own, and no key of the
 * gateway's to a host that was chosen there.
 */
import { asRecord, isRecord } from "../../formats/json.ts";
import { nearestName } from "../../providers/nearest.ts";
import type { Credential } from "../../router/bound.ts";
import type { Deployment } from "../../router/deployment.ts";
import { digest } from "../../router/digest.ts";
import type { Alias } from "../../router/groups.ts";
import { findReferences } from "../../router/settings/environment.ts";
import { readSection, settingOf } from "../../router/settings/read.ts";
import { ROUTER_SETTINGS } from "../../router/settings/router.ts";
import type { Table, Values } from "../../router/settings/table.ts";
import { ConfigError } from "../config/diagnostics.ts";
import { type GatewayConfig, loadAliases, MODULE_SETTINGS, withModuleSettings } from "../config/load.ts";
import { TOP_LEVEL } from "../config/settings/file.ts";
import { LITELLM_SETTINGS } from "../config/settings/litellm.ts";

type RouterValues = Values<typeof ROUTER_SETTINGS>;
type LitellmValues = Values<typeof LITELLM_SETTINGS>;

/** What a key's config says. */
export interface KeyConfig {
  deployments: readonly Deployment[];
  aliases: ReadonlyMap<string, Alias>;
  router: RouterValues;
  litellm: Pick<LitellmValues, (typeof CALL_SETTINGS)[number]>;
}

/** Something in it cannot be; for whoever sets it, and for the log. No secrets. */
export class KeyConfigError extends Error {
  override name = "KeyConfigError";
  /** The way to it: `config.model_list[0]`. */
  readonly param: string;

  constructor(param: string, message: string) {
    super(message);
    this.param = param;
  }
}

const SECTIONS = ["model_list", "router_settings", "litellm_settings"];
const MOST_MODELS = 100;

/** Of `litellm_settings`, what can differ from call to call. */
const CALL_SETTINGS = ["drop_params", "modify_params", "request_timeout"] as const;
const LITELLM_NAMES: readonly string[] = [...CALL_SETTINGS, ...MODULE_SETTINGS];

/** Of `router_settings`, what the gateway has once for all calls. */
const SHARED_ROUTER: readonly string[] = [
  "deployment_affinity_ttl_seconds",
  "enable_health_check_routing",
  "health_check_ignore_transient_errors",
  "health_check_staleness_threshold",
  "hedge_budget",
  "ignore_invalid_deployments",
  "provider_budget_config",
];

/**
 * @param scopeId the key's (`scope_id`); ids of its models are made of it, so that no model is taken for another's
 * @throws KeyConfigError
 */
export function readKeyConfig(
  config: Readonly<Record<string, unknown>>,
  scopeId: string,
  { storedDeployment }: Pick<GatewayConfig, "storedDeployment">,
  credentials: ReadonlyMap<string, Credential>,
): KeyConfig {
  checkSections(Object.keys(config));
  const { model_list = [], router_settings = {}, litellm_settings = {} } = config;
  if (!Array.isArray(model_list)) throw new KeyConfigError("config.model_list", "must be a list");
  if (model_list.length > MOST_MODELS)
    throw new KeyConfigError("config.model_list", `a key may have ${MOST_MODELS} models of its own at most`);
  const router = readSettings("config.router_settings", ROUTER_SETTINGS, router_settings, isForKeys);
  const litellm = readSettings("config.litellm_settings", LITELLM_SETTINGS, litellm_settings, (name) =>
    LITELLM_NAMES.includes(name),
  );
  const ids = new Set<string>();
  const deployments = model_list.map((item: unknown, index) => {
    const param = `config.model_list[${index}]`;
    if (!isRecord(item)) throw new KeyConfigError(param, "must be a map");
    const { team_id: _, team_public_model_name: __, ...info } = asRecord(item["model_info"]);
    const id = idOf(scopeId, item, index);
    if (ids.has(id)) throw new KeyConfigError(`${param}.model_info.id`, "is the id of another model of the list");
    ids.add(id);
    const modelName = typeof item["model_name"] === "string" ? item["model_name"] : "";
    const deployment = storedDeployment({ id, modelName, params: asRecord(item["litellm_params"]), info }, credentials);
    if (typeof deployment === "string") throw new KeyConfigError(param, deployment);
    return deployment;
  });
  return { deployments, aliases: aliasesOf(router), router: withModuleSettings(litellm, router), litellm };
}

/**
 * `router_settings` of a key or team.
 * @throws KeyConfigError
 */
export function readRouterSettings(settings: Readonly<Record<string, unknown>>): {
  router: RouterValues;
  aliases: ReadonlyMap<string, Alias>;
} {
  const router = readSettings("router_settings", ROUTER_SETTINGS, settings, isForKeys);
  return { router, aliases: aliasesOf(router) };
}

function isForKeys(name: string): boolean {
  return !SHARED_ROUTER.includes(name);
}

/** The settings in force, each checked; names that neither LiteLLM nor Sluice knows are passed over, as in LiteLLM. */
function readSettings<T extends Table>(
  section: string,
  table: T,
  given: unknown,
  isOwn: (name: string) => boolean,
): Values<T> {
  if (!isRecord(given)) throw new KeyConfigError(section, "must be a map");
  const [reference] = findReferences(given);
  if (reference !== undefined)
    throw new KeyConfigError(`${section}.${reference.path.join(".")}`, "may name no variable of the gateway's");
  const shared = Object.keys(given).find((name) => settingOf(table, name)?.state === "in force" && !isOwn(name));
  if (shared !== undefined)
    throw new KeyConfigError(`${section}.${shared}`, "is a setting of the whole gateway, not of a key or team");
  const own = Object.fromEntries(
    Object.entries(given).filter(([name]) => isOwn(name) && settingOf(table, name)?.state === "in force"),
  );
  const { values, misfits } = readSection(table, own);
  const [wrong] = misfits;
  if (wrong !== undefined) throw new KeyConfigError([section, ...wrong.path].join("."), wrong.message);
  return values;
}

function aliasesOf({ model_group_alias: given = {} }: RouterValues): Map<string, Alias> {
  try {
    return loadAliases(given);
  } catch (error) {
    if (error instanceof ConfigError) throw new KeyConfigError("router_settings.model_group_alias", error.message);
    throw error;
  }
}

/** Never the id of a model that others use: their state, limits and budgets go by it. */
function idOf(scopeId: string, { model_name, litellm_params, model_info }: Record<string, unknown>, index: number) {
  const given = asRecord(model_info)["id"];
  const { model } = asRecord(litellm_params);
  const own = typeof given === "string" && given !== "" ? given : digest(JSON.stringify([model_name, model, index]));
  return `${scopeId.slice(0, 16)}-${own}`;
}

/** What LiteLLM passes over is passed over; what somebody means, and is not for keys, or is misspelt, is not. */
function checkSections(names: readonly string[]): void {
  for (const name of names) {
    if (SECTIONS.includes(name)) continue;
    if (settingOf(TOP_LEVEL, name) !== undefined)
      throw new KeyConfigError(`config.${name}`, `is the gateway's; a key may have ${SECTIONS.join(", ")}`);
    const nearest = nearestName(name, SECTIONS);
    if (nearest !== undefined) throw new KeyConfigError(`config.${name}`, `did you mean ${nearest}?`);
  }
}

/**
 * From the compiled configuration to what the gateway runs with, once for each isolate: variables resolved, secrets
 * wrapped, every deployment settled. Pure: the environment and the providers are handed in.
 */
import type { GatewayCallSettings } from "../../call/call.ts";
import type { HeaderPassing } from "../../call/passed-headers.ts";
import type { PrioritySettings } from "../../call/priority.ts";
import { Secret } from "../../credentials/secret.ts";
import { asRecord, defined, isRecord } from "../../formats/json.ts";
import { surchargesOf } from "../../models/surcharge.ts";
import type { Credential } from "../../router/bound.ts";
import type { Deployment } from "../../router/deployment.ts";
import type { Alias } from "../../router/groups.ts";
import { loadCredentials, loadDeployments, loadSettings, loadStored, type StoredModel } from "../../router/load.ts";
import { type ProviderLookup, registeredProviders } from "../../router/lookup.ts";
import type { RoutingSettings } from "../../router/request.ts";
import {
  type Environment,
  extendEnvironment,
  hideSecrets,
  isReference,
  referenceName,
  resolveReferences,
} from "../../router/settings/environment.ts";
import { readSection } from "../../router/settings/read.ts";
import { ROUTER_SETTINGS } from "../../router/settings/router.ts";
import { routingSettings } from "../../router/settings/routing.ts";
import type { Table, Values } from "../../router/settings/table.ts";
import { keyManagement, type OpenKeyStore } from "../../secrets/managers/settings.ts";
import { type AlertSettings, alertSettings } from "../../telemetry/alerts/settings.ts";
import { type Compatibility, NEWEST, OLDER } from "../../tenancy/compatibility.ts";
import { isWeakMasterKey } from "../../tenancy/master-key.ts";
import { type CacheConfig, cacheConfig } from "./cache-settings.ts";
import { ConfigError } from "./diagnostics.ts";
import { withModuleVariables } from "./module-variables.ts";
import { priceNotices } from "./price-checks.ts";
import { CACHE_PARAMS } from "./settings/cache.ts";
import { GENERAL_SETTINGS } from "./settings/general.ts";
import { LITELLM_SETTINGS } from "./settings/litellm.ts";

export interface GatewayConfig {
  /** Wildcards among them; in the order of the file. */
  deployments: Deployment[];
  aliases: ReadonlyMap<string, Alias>;
  /** Absent: nobody can be let in. */
  masterKey?: Secret;
  /** Statuses and rules of which version of LiteLLM. */
  compatibility: Compatibility;
  settings: {
    /** What bears on every call. */
    calls: GatewayCallSettings;
    routing: RoutingSettings;
    /** Who is told of what. */
    alerts: AlertSettings;
    /** Where virtual keys are stored; absent: nowhere. */
    openKeyStore: OpenKeyStore | undefined;
    /** The response cache; absent where there is none. */
    cache?: CacheConfig;
    /** Largest body a client may send, in bytes. */
    maxRequestBytes: number;
    /** Logs are JSON, a line each. */
    jsonLogs: boolean;
    litellm: Values<typeof LITELLM_SETTINGS>;
    router: Values<typeof ROUTER_SETTINGS>;
    general: Values<typeof GENERAL_SETTINGS>;
    /** The sections not in force yet, as the file has them: variables resolved, secrets wrapped. */
    other: Record<string, unknown>;
  };
  /** The items of `credential_list`. A function, so that they cannot be printed. */
  credentials: () => ReadonlyMap<string, Credential>;
  /** `deployments` and `notices` again, now that credentials of the database are known too. */
  deploymentsWith: (stored: ReadonlyMap<string, Credential>) => { deployments: Deployment[]; notices: string[] };
  /** A model of the database as a deployment, or the reason why it can be none. */
  storedDeployment: (model: StoredModel, stored: ReadonlyMap<string, Credential>) => Deployment | string;
  /** A variable of the environment with `environment_variables` set in it. A function, so that it cannot be printed. */
  variable: (name: string) => string | undefined;
  /** What an operator should read at the start: deployments left out, and why. No secrets. */
  notices: string[];
}

/** Seconds; LiteLLM's `request_timeout`. */
const REQUEST_TIMEOUT = 6000;

/** A Worker has 128 MB, and a body is there several times over: as text, as objects, as text again. */
const MAX_REQUEST_BYTES = 25 * 1024 * 1024;

/**
 * @param compiled what `parseConfig` made; checked again, as variables may have brought anything
 * @throws ConfigError where a setting in force has a value it cannot have, or the master key cannot be one
 */
export function loadConfig(
  compiled: unknown,
  variables: Environment,
  providers: ProviderLookup = registeredProviders,
): GatewayConfig {
  if (!isRecord(compiled)) throw new ConfigError("the compiled configuration is not a map");
  const named = extendEnvironment(compiled["environment_variables"], variables);
  const resolved = asRecord(resolveReferences(compiled, named));
  const {
    model_list: _models,
    environment_variables: _variables,
    credential_list: _credentials,
    ...sections
  } = resolved;
  const { litellm_settings, router_settings, general_settings, ...other } = sections;

  const litellm = loadSection("litellm_settings", LITELLM_SETTINGS, litellm_settings);
  const environment = withModuleVariables(litellm, named);
  const router = loadSection("router_settings", ROUTER_SETTINGS, router_settings);
  const general = loadSection("general_settings", GENERAL_SETTINGS, general_settings);
  const deploymentsWith: GatewayConfig["deploymentsWith"] = (stored) =>
    loadDeployments(compiled, environment, providers, stored);
  const forDeployments = loadSettings(compiled, environment);
  const { deployments, notices } = deploymentsWith(new Map());
  const credentials = loadCredentials(compiled["credential_list"], environment);
  const masterKey = loadMasterKey(compiled, general.master_key, environment);
  const compatibility = compatibilityOf(litellm, general);
  const alerts = alertSettings({ ...general, callbacks: litellm.callbacks }, (name) => environment[name]);
  notices.push(...priceNotices(deployments, providers), ...alerts.notices);
  const keys = keyManagement(general, (name) => environment[name]);
  if (keys.problem !== undefined) throw new ConfigError(`general_settings: ${keys.problem}`);
  notices.push(...keys.notices);
  const params = loadSection("litellm_settings.cache_params", CACHE_PARAMS, {
    ...router.cache_kwargs,
    ...litellm.cache_params,
  });
  const cache = cacheConfig({ litellm, params, router }, (name) => environment[name]);
  notices.push(...cache.notices);
  if (masterKey !== undefined && isWeakMasterKey(masterKey.reveal())) {
    if (!compatibility.weakMasterKey && !permitsWeakKey(general, environment)) throw new ConfigError(WEAK_KEY);
    notices.push("the master key is one that everybody knows or that can be guessed, and is permitted all the same");
  }
  return {
    deployments,
    aliases: loadAliases(router.model_group_alias ?? {}),
    ...(masterKey && { masterKey }),
    compatibility,
    settings: {
      routing: routingSettings(withModuleSettings(litellm, router)),
      calls: {
        ...callSettings(litellm, router, general, environment),
        compatibility,
        ...(alerts.isOn && { watch: { ...(alerts.again !== undefined && { again: alerts.again }) } }),
      },
      alerts,
      openKeyStore: keys.open,
      maxRequestBytes:
        general.max_request_size_mb === undefined ? MAX_REQUEST_BYTES : general.max_request_size_mb * 1024 * 1024,
      jsonLogs: litellm.json_logs ?? false,
      ...(cache.config && { cache: cache.config }),
      // As they were read, their secrets wrapped.
      litellm: { ...litellm, ...(litellm.cache_params && { cache_params: params }) },
      router: { ...router, ...(router.cache_kwargs && { cache_kwargs: params }) },
      general,
      other: asRecord(hideSecrets(other)),
    },
    credentials: () => credentials,
    deploymentsWith,
    storedDeployment: (model, stored) =>
      loadStored(model, {
        environment,
        providers,
        credentials: new Map([...stored, ...credentials]),
        ...forDeployments,
      }),
    variable: (name) => environment[name],
    notices,
  };
}

function loadSection<T extends Table>(name: string, table: T, section: unknown): Values<T> {
  const { values, misfits } = readSection(table, asRecord(section));
  const wrong = misfits.filter(({ state }) => state === "in force");
  if (wrong.length === 0) return { ...values, ...hiddenMaps(table, values) };
  throw new ConfigError(wrong.map(({ path, message }) => `${name}.${path.join(".")} ${message}`).join("; "));
}

/**
 * The maps and lists nobody reads yet, with their secrets wrapped. Those in force are not touched: their keys may be
 * names that users chose.
 */
function hiddenMaps<T extends Table>(table: T, values: Values<T>): Values<T> {
  const maps = Object.entries(values).filter(
    ([name, value]) => typeof value === "object" && !(value instanceof Secret) && table[name]?.state === "accepted",
  );
  return asRecord(hideSecrets(Object.fromEntries(maps))) as Values<T>; // maps stay maps, lists stay lists
}

/** Router settings that LiteLLM also takes from `litellm_settings`; `router_settings` win. */
export function withModuleSettings(
  litellm: Pick<Values<typeof LITELLM_SETTINGS>, (typeof MODULE_SETTINGS)[number]>,
  router: Values<typeof ROUTER_SETTINGS>,
): Values<typeof ROUTER_SETTINGS> {
  const shared = defined({
    num_retries: litellm.num_retries ?? litellm.num_retries_per_request,
    allowed_fails: litellm.allowed_fails,
    fallbacks: litellm.fallbacks,
    context_window_fallbacks: litellm.context_window_fallbacks,
    content_policy_fallbacks: litellm.content_policy_fallbacks,
    default_fallbacks: litellm.default_fallbacks?.filter((name) => typeof name === "string"),
    max_fallbacks: litellm.max_fallbacks,
  });
  return { ...shared, ...router };
}

/** Those of `litellm_settings` that are the router's. */
export const MODULE_SETTINGS = [
  "num_retries",
  "num_retries_per_request",
  "allowed_fails",
  "fallbacks",
  "context_window_fallbacks",
  "content_policy_fallbacks",
  "default_fallbacks",
  "max_fallbacks",
] as const;

function callSettings(
  litellm: Values<typeof LITELLM_SETTINGS>,
  router: Values<typeof ROUTER_SETTINGS>,
  general: Values<typeof GENERAL_SETTINGS>,
  environment: Environment,
): Omit<GatewayCallSettings, "compatibility"> {
  const surcharges = surchargesOf(litellm.cost_discount_config, litellm.cost_margin_config);
  // 0 is "not set", as it is to Python
  const timeout =
    router.timeout || litellm.request_timeout || Number(environment["REQUEST_TIMEOUT"] ?? 0) || REQUEST_TIMEOUT;
  return {
    timeout,
    ...(router.stream_timeout && { streamTimeout: router.stream_timeout }),
    dropParams: litellm.drop_params ?? false,
    modifyParams: litellm.modify_params ?? false,
    timezone: litellm.timezone ?? "UTC",
    storePrompts: general.store_prompts_in_spend_logs ?? false,
    ...(surcharges && { surcharges }),
    ...(litellm.priority_reservation && {
      priorities: prioritySettings(litellm.priority_reservation, litellm.priority_reservation_settings),
    }),
    alwaysIncludeStreamUsage: general.always_include_stream_usage ?? false,
    ...defined({
      allowsClientCredentials: general.allow_client_side_credentials,
      needsCustomer: general.enforce_user_param,
      refusesTags: general.reject_clientside_metadata_tags,
      tagHeaders: litellm.extra_spend_tag_headers?.map((name) => name.toLowerCase()),
      countedTokens: general.token_rate_limit_type,
      maxResponseBytes: general.max_response_size_mb && general.max_response_size_mb * 1024 * 1024,
      passing: headerPassing(litellm, general),
    }),
  };
}

/** `undefined` where none go on: most gateways. */
function headerPassing(
  litellm: Values<typeof LITELLM_SETTINGS>,
  general: Values<typeof GENERAL_SETTINGS>,
): HeaderPassing | undefined {
  const groups = litellm.model_group_settings?.forward_client_headers_to_llm_api ?? [];
  const passing = {
    groups: general.forward_client_headers_to_llm_api ? ("all" as const) : groups,
    openaiOrganization: general.forward_openai_org_id ?? false,
    tellsCaller: litellm.add_user_information_to_llm_headers ?? false,
  };
  return passing.groups.length > 0 || passing.openaiOrganization || passing.tellsCaller ? passing : undefined;
}

function compatibilityOf(
  litellm: Values<typeof LITELLM_SETTINGS>,
  general: Values<typeof GENERAL_SETTINGS>,
): Compatibility {
  const base = general.litellm_compatibility === "1.83" ? OLDER : NEWEST;
  return { ...base, budgetStatus: litellm.budget_exceeded_status_code ?? base.budgetStatus };
}

/** LiteLLM's defaults: a quarter for whoever has no priority, and shares from half the capacity on. */
function prioritySettings(
  shares: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>> = {},
): PrioritySettings {
  const share = (value: unknown) => (typeof value === "number" && value >= 0 ? value : undefined);
  const known = Object.entries(shares).flatMap(([name, value]): [string, number][] => {
    const given = share(value);
    return given === undefined ? [] : [[name, given]];
  });
  return {
    shares: new Map(known),
    defaultShare: share(settings["default_priority"]) ?? 0.25,
    threshold: share(settings["saturation_threshold"]) ?? 0.5,
  };
}

/** @throws ConfigError where a key is meant and there is none: never an open gateway by mistake */
function loadMasterKey(
  compiled: Record<string, unknown>,
  key: Secret | undefined,
  environment: Environment,
): Secret | undefined {
  const written = asRecord(compiled["general_settings"])["master_key"];
  if (isReference(written) && !key?.reveal())
    throw new ConfigError(`general_settings.master_key: the environment variable ${referenceName(written)} is not set`);
  const fallback = environment["LITELLM_MASTER_KEY"];
  const master = key ?? (fallback ? new Secret(fallback) : undefined);
  if (master !== undefined && !master.reveal().startsWith("sk-"))
    throw new ConfigError(`${key ? "general_settings.master_key" : "LITELLM_MASTER_KEY"} must begin with "sk-"`);
  return master;
}

/** LiteLLM refuses such a key since 1.104. */
const WEAK_KEY =
  'the master key is one that everybody knows (sk-1234), or that can be guessed: it needs 8 characters or more after "sk-". ' +
  "Make one with `openssl rand -hex 24`, or permit it with general_settings.dangerously_permit_weak_or_unset_master_key";

function permitsWeakKey(general: Values<typeof GENERAL_SETTINGS>, environment: Environment): boolean {
  const variable = environment["LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY"] ?? "";
  return general.dangerously_permit_weak_or_unset_master_key ?? /^(true|1|yes|on)$/i.test(variable.trim());
}

/** @throws ConfigError */
export function loadAliases(given: Readonly<Record<string, unknown>>): Map<string, Alias> {
  const aliases = new Map<string, Alias>();
  for (const [name, target] of Object.entries(given)) {
    if (typeof target === "string") aliases.set(name, { model: target, hidden: false });
    else if (isRecord(target) && typeof target["model"] === "string")
      aliases.set(name, { model: target["model"], hidden: target["hidden"] === true });
    else throw new ConfigError(`router_settings.model_group_alias.${name} must name a model group`);
  }
  return aliases;
}

/** The items of `model_list` as deployments, each settled as far as it can be before a request comes. */

import { Secret } from "../credentials/secret.ts";
import { BadRequestError } from "../formats/errors.ts";
import { asRecord, defined, isRecord } from "../formats/json.ts";
import { findModel, type ModelInfo, withOverrides } from "../models/catalogue.ts";
import type { ParamPolicy } from "../providers/params.ts";
import type { Target } from "../providers/provider.ts";
import { type Credential, endpointsOf, refuseCredential, refuseParams } from "./bound.ts";
import type { Deployment } from "./deployment.ts";
import { digest } from "./digest.ts";
import type { ProviderLookup } from "./lookup.ts";
import { isPattern, mapWildcard, matchPattern } from "./patterns.ts";
import { CONNECTION_PARAMS, CONNECTION_PREFIXES, DEPLOYMENT_PARAMS, MODEL_INFO } from "./settings/deployment.ts";
import { type Environment, hideSecrets, isReference, isSecretName, resolveReferences } from "./settings/environment.ts";
import { flag } from "./settings/kinds.ts";
import { type Misfit, readSection, settingOf } from "./settings/read.ts";
import type { Values } from "./settings/table.ts";

type Params = Values<typeof DEPLOYMENT_PARAMS>;
type Info = Values<typeof MODEL_INFO>;

/** What deployments are loaded with. */
export interface LoadContext extends LoadSettings {
  environment: Environment;
  providers: ProviderLookup;
  credentials: ReadonlyMap<string, Credential>;
}

/** What holds for deployments that say nothing themselves. */
export interface LoadSettings {
  /** Parameters of requests (`router_settings.default_litellm_params`). */
  defaults?: Record<string, unknown>;
  /** Chat at OpenAI goes by the Responses API (`litellm_settings.route_all_chat_openai_to_responses`). */
  chatByResponses?: boolean;
}

/** As the file says. Where requests go, and with which keys, is each deployment's own to say. */
export function loadSettings(compiled: Readonly<Record<string, unknown>>, environment: Environment): LoadSettings {
  const { router_settings: router, litellm_settings: litellm } = compiled;
  const defaults = resolveReferences(asRecord(router)["default_litellm_params"], environment);
  const { route_all_chat_openai_to_responses: byResponses } = asRecord(resolveReferences(litellm, environment));
  const { success, data } = flag.schema.safeParse(byResponses);
  return { defaults: requestDefaults(asRecord(defaults)), chatByResponses: success && data };
}

/**
 * The deployments of a configuration. One that cannot be served is left out with a notice, so that it does not take
 * the others with it: `parseConfig` has refused what is a plain mistake.
 * @param stored credentials of the database; the file's own come before those of the same name
 */
export function loadDeployments(
  compiled: Readonly<Record<string, unknown>>,
  environment: Environment,
  providers: ProviderLookup,
  stored: ReadonlyMap<string, Credential> = new Map(),
): { deployments: Deployment[]; notices: string[] } {
  const credentials = new Map([...stored, ...loadCredentials(compiled["credential_list"], environment)]);
  const context = { environment, providers, credentials, ...loadSettings(compiled, environment) };
  const deployments: Deployment[] = [];
  const notices: string[] = [];
  const ids = new Map<string, number>();
  for (const [index, item] of (Array.isArray(compiled["model_list"]) ? compiled["model_list"] : []).entries()) {
    const deployment = loadDeployment(asRecord(item), context);
    if (typeof deployment === "string") {
      notices.push(`model_list[${index}] is left out: ${deployment}`);
      continue;
    }
    const twins = ids.get(deployment.id) ?? 0; // items that are word for word the same are still two
    ids.set(deployment.id, twins + 1);
    deployments.push(twins === 0 ? deployment : withId(deployment, `${deployment.id}-${twins + 1}`));
  }
  return { deployments, notices };
}

/** Credentials of the file by name, variables resolved. */
export function loadCredentials(list: unknown, environment: Environment): Map<string, Credential> {
  const credentials = new Map<string, Credential>();
  for (const item of Array.isArray(list) ? list : []) {
    const { credential_name: name, credential_values: values } = asRecord(resolveReferences(item, environment));
    if (name !== undefined) credentials.set(String(name), { values: asRecord(values) });
  }
  return credentials;
}

/** A model of the database, as the file would have it. */
export interface StoredModel {
  id: string;
  /** As it is stored: for a model of a team a name that nobody else has. */
  modelName: string;
  params: Record<string, unknown>;
  info: Record<string, unknown>;
}

/**
 * A model of the database as a deployment. Its params came over the API: see `bound.ts`.
 * @returns the reason, where there can be no deployment
 */
export function loadStored({ id, modelName, params, info }: StoredModel, context: LoadContext): Deployment | string {
  const { team_id: team, team_public_model_name: publicName } = info;
  const isTeams = typeof team === "string" && typeof publicName === "string";
  const item = {
    model_name: isTeams ? publicName : modelName,
    litellm_params: params,
    model_info: { ...info, id, db_model: true },
  };
  const deployment = loadDeployment(item, context, true);
  if (typeof deployment === "string") return deployment;
  return { ...deployment, isStored: true, ...(isTeams && { team: { id: team, internalName: modelName } }) };
}

/** @returns the reason, where there can be no deployment */
function loadDeployment(item: Record<string, unknown>, context: LoadContext, isStored = false): Deployment | string {
  const { environment, providers } = context;
  // `null` is absence either way; what came over the API names no variables here.
  const { model_name: name, model_info } = asRecord(resolveReferences(item, isStored ? {} : environment));
  const gathered = gatherParams(asRecord(item["litellm_params"]), context, isStored);
  if (typeof gathered === "string") return isStored ? `${name}: ${gathered}` : gathered;
  const { given, isElsewhere } = gathered;

  const { values: params, misfits } = readSection(DEPLOYMENT_PARAMS, given);
  const { values: connection, misfits: ofConnection } = readSection(CONNECTION_PARAMS, given);
  const { values: info, misfits: ofInfo } = readSection(MODEL_INFO, asRecord(model_info));
  const wrong = [...misfits, ...ofConnection, ...ofInfo].find(({ state }) => state === "in force");
  if (wrong !== undefined) return showMisfit(wrong);
  if (name === undefined || name === "") return "model_name is missing";
  if (!params.model) return `${name}: litellm_params.model is missing`;
  const outside = environmentMismatch(info, environment);
  if (outside !== undefined) return `${name}: ${outside}`;

  const base = settled(String(name), params.model, params, info, {
    id: info.id ?? structuralId(item),
    defaults: { ...context.defaults, ...requestDefaults(given) },
    facts: modelFacts(params, info, asRecord(model_info)),
    raw: { params: asRecord(hideSecrets(given)), info: asRecord(hideSecrets(asRecord(model_info))) },
  });
  const extras = { ...unlistedConnection(given), ...connection };
  const targetFor = (model: string, keyIsOf?: string): Target => {
    const target = settleTarget(model, params, extras, base, isElsewhere ? {} : environment, providers, keyIsOf);
    return context.chatByResponses ? byResponsesApi(target) : target;
  };
  try {
    if (!isPattern(String(name))) return { ...base, target: targetFor(params.model) };
    return wildcard(base, params.model, targetFor);
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * The params of a deployment with those of its credential, variables resolved.
 * @returns the reason, where they cannot be had together
 */
function gatherParams(
  written: Record<string, unknown>,
  { environment, providers, credentials }: LoadContext,
  isStored: boolean,
): { given: Record<string, unknown>; isElsewhere: boolean } | string {
  const own = asRecord(resolveReferences(written, environment));
  const name = own["litellm_credential_name"];
  const credential = name === undefined ? undefined : credentials.get(String(name));
  if (name !== undefined && credential === undefined) return `there is no credential ${name}`;
  const values = credential?.isStored
    ? asRecord(resolveReferences(credential.values, environment))
    : credential?.values;
  const refused = isStored
    ? refuseParams(written, credential, providers)
    : credential?.isStored && refuseCredential(own, credential.values, providers);
  if (refused) return refused;
  const chosen = isStored ? { ...credential?.values, ...written } : credential?.isStored ? credential.values : {};
  return { given: { ...values, ...own }, isElsewhere: endpointsOf(chosen).length > 0 };
}

/** Everything but the target. */
function settled(
  modelName: string,
  litellmModel: string,
  params: Params,
  info: Info,
  { id, defaults, facts, raw }: Pick<Deployment, "id" | "defaults" | "raw"> & { facts: ModelInfo },
): Omit<Deployment, "target" | "bind"> {
  const baseModel = info.base_model ?? params.base_model;
  return {
    id,
    modelName,
    litellmModel,
    policy: policyOf(params),
    defaults,
    info: facts,
    raw,
    // 0 is "not set", as it is to Python
    ...(params.timeout && { timeout: params.timeout }),
    ...(params.stream_timeout && { streamTimeout: params.stream_timeout }),
    ...defined({
      extraBody: params.extra_body,
      maxRetries: params.max_retries,
      numRetries: params.num_retries,
      cooldownTime: params.cooldown_time,
      weight: params.weight,
      rpm: params.rpm,
      tpm: params.tpm,
      order: params.order,
      tags: params.tags,
      tagRegex: params.tag_regex,
      mockResponse: params.mock_response,
      silentModels: params.silent_model,
      baseModel,
    }),
  };
}

function wildcard(
  base: Omit<Deployment, "target" | "bind">,
  model: string,
  targetFor: (model: string, keyIsOf?: string) => Target,
): Deployment {
  const bind = (requested: string): Deployment | undefined => {
    const captured = matchPattern(base.modelName, requested);
    if (captured === undefined) return undefined;
    return {
      ...base,
      modelName: requested,
      target: targetFor(mapWildcard(model, captured, requested), target.provider),
    };
  };
  // A bare `*` says nothing of the provider; only the name asked for does.
  const target = isPattern(model) && !model.includes("/") ? unresolvedTarget(model, targetFor) : targetFor(model);
  return { ...base, target, bind };
}

function byResponsesApi(target: Target): Target {
  const isChat = (target.info?.mode ?? "chat") === "chat";
  return target.provider === "openai" && target.api === undefined && isChat ? { ...target, api: "responses" } : target;
}

/** Between provider and model: LiteLLM's way to say that chat goes to the Responses API. */
const BY_RESPONSES = "responses/";

function unresolvedTarget(model: string, targetFor: (model: string) => Target): Target {
  try {
    return targetFor(model); // `custom_llm_provider` may name it all the same
  } catch {
    return { provider: "", model };
  }
}

/**
 * @param environment empty where a host that was chosen over the API gets no key of the gateway's
 * @param keyIsOf where the name asked for may choose the provider: the one the file names. Its key goes to no other.
 *
 * Where the model is: the provider by the model's name, key and base URL by the deployment, else by the provider's
 * own variables.
 * @throws where no provider is found
 */
function settleTarget(
  litellmModel: string,
  params: Params,
  connection: Record<string, unknown>,
  { info, baseModel }: Pick<Deployment, "info" | "baseModel">,
  environment: Environment,
  providers: ProviderLookup,
  keyIsOf?: string,
): Target {
  const base = params.base_url ?? params.api_base;
  const { provider, model: named } = providers.resolve(litellmModel, {
    ...(params.custom_llm_provider && { customProvider: params.custom_llm_provider }),
    ...(base && { apiBase: base }),
  });
  const known = providers.find(provider);
  if (known === undefined)
    throw new BadRequestError(`litellm.BadRequestError: Sluice does not speak ${provider} yet`, { param: "model" });
  const byResponses = known.responses !== undefined && named.startsWith(BY_RESPONSES);
  const model = byResponses ? named.slice(BY_RESPONSES.length) : named;
  const ownProof = (known.signInParams ?? []).filter((names) => names.some((name) => connection[name] !== undefined));
  const keyOfEnvironment = ownProof.length > 0 ? undefined : firstSet(known.keyVariables, environment);
  const ownKey = base || keyIsOf === undefined || keyIsOf === provider ? params.api_key : undefined;
  const apiKey = ownKey ?? (keyOfEnvironment === undefined ? undefined : new Secret(keyOfEnvironment));
  const apiBase = (base ?? firstSet(known.baseVariables, environment))?.replace(/\/+$/, "");
  const fromEnvironment = paramsOfEnvironment(known.paramVariables ?? {}, environment, ownProof.flat());
  const settings = { ...fromEnvironment, ...connection };
  const headers = lowerCase({ ...params.headers, ...params.extra_headers });
  const { aws_region_name: region } = settings; // Bedrock has prices by region
  const listed = findModel(model, provider, typeof region === "string" ? region : undefined);
  const figures = withOverrides(listed, { ...info, base_model: baseModel });
  return {
    provider,
    model,
    ...defined({
      api: byResponses ? ("responses" as const) : params.use_chat_completions_api ? ("chat" as const) : undefined,
      apiKey,
      apiBase,
      apiVersion: params.api_version,
      organization: params.organization,
      baseModel,
      modifyParams: params.modify_params,
      dropParams: params.drop_params,
    }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(Object.keys(settings).length > 0 && { params: settings }),
    ...(figures !== undefined && { info: figures }),
  };
}

function policyOf(params: Params): ParamPolicy {
  return defined({
    dropParams: params.drop_params,
    additionalDropParams: params.additional_drop_params,
    allowedOpenaiParams: params.allowed_openai_params,
  });
}

/** What belongs to the request: whatever is neither the gateway's nor the connection's. */
function requestDefaults(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).filter(
      ([name]) =>
        settingOf(DEPLOYMENT_PARAMS, name) === undefined &&
        settingOf(CONNECTION_PARAMS, name) === undefined &&
        !isConnectionName(name),
    ),
  );
}

/** Connection params known by their prefix only; what is secret by name is wrapped. */
function unlistedConnection(given: Record<string, unknown>): Record<string, unknown> {
  const unlisted = Object.entries(given).filter(
    ([name]) => isConnectionName(name) && settingOf(CONNECTION_PARAMS, name) === undefined,
  );
  return asRecord(hideSecrets(Object.fromEntries(unlisted)));
}

function isConnectionName(name: string): boolean {
  return CONNECTION_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** What is LiteLLM's bookkeeping and tells nothing of the model. */
const BOOKKEEPING = [
  "access_groups",
  "base_model",
  "created_at",
  "created_by",
  "db_model",
  "id",
  "supported_environments",
  "team_id",
  "team_public_model_name",
  "updated_at",
  "updated_by",
];

/** Facts of `model_info`, and prices of either; `litellm_params` wins, as in LiteLLM since 1.102. */
function modelFacts(params: Params, info: Info, given: Record<string, unknown>): ModelInfo {
  const prices = Object.entries(params).filter(([name]) => settingOf(MODEL_INFO, name) !== undefined);
  const facts = { ...given, ...info, ...Object.fromEntries(prices) };
  return Object.fromEntries(Object.entries(facts).filter(([name]) => !BOOKKEEPING.includes(name)));
}

/** Why the deployment does not exist in this environment, if it does not. */
function environmentMismatch(info: Info, environment: Environment): string | undefined {
  const here = environment["LITELLM_ENVIRONMENT"];
  if (info.supported_environments === undefined) return undefined;
  if (here === undefined) return "it has supported_environments, and LITELLM_ENVIRONMENT is not set";
  return info.supported_environments.includes(here) ? undefined : `it is not for the environment ${here}`;
}

/**
 * The same for the same name and params, whatever their order, and whatever the variables hold. What is secret is not
 * in it: a new key is not a new deployment.
 */
function structuralId(item: unknown): string {
  const { model_name, litellm_params } = asRecord(item);
  return digest(JSON.stringify([model_name, sorted(litellm_params)], withoutSecrets));
}

function withoutSecrets(name: string, value: unknown): unknown {
  return isSecretName(name) && !isReference(value) ? "[secret]" : value;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function withId(deployment: Deployment, id: string): Deployment {
  const { bind } = deployment;
  if (bind === undefined) return { ...deployment, id };
  const rebound = (requested: string) => {
    const bound = bind(requested);
    return bound && { ...bound, id };
  };
  return { ...deployment, id, bind: rebound };
}

/** The provider's connection params that only the environment sets; what is secret by name is wrapped. */
function paramsOfEnvironment(
  variables: Readonly<Record<string, readonly string[]>>,
  environment: Environment,
  except: readonly string[],
): Record<string, unknown> {
  const set = Object.entries(variables)
    .filter(([name]) => !except.includes(name))
    .map(([name, names]) => [name, firstSet(names, environment)] as const);
  return asRecord(hideSecrets(Object.fromEntries(set.filter(([, value]) => value !== undefined))));
}

function firstSet(names: readonly string[], environment: Environment): string | undefined {
  return names.map((name) => environment[name]).find(Boolean); // an empty variable is not set
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function showMisfit({ path, message }: Misfit): string {
  return `${path.join(".")} ${message}`;
}

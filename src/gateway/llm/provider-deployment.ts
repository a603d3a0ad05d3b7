/** Where a call goes that names a provider, not a model: files, batches, pass-through routes. */

import { Secret } from "../../credentials/secret.ts";
import { asRecord, isRecord } from "../../formats/json.ts";
import { findModel } from "../../models/catalogue.ts";
import type { Provider, Target } from "../../providers/provider.ts";
import { findProvider } from "../../providers/registry.ts";
import type { Deployment } from "../../router/deployment.ts";
import { loadDeployments } from "../../router/load.ts";
import { registeredProviders } from "../../router/lookup.ts";
import type { Gateway } from "../gateway.ts";

export interface ProviderWanted {
  /** What the call is about, where it says so: decides prices. */
  model?: string;
  /** `files_settings`, `finetune_settings`: credentials by provider for one kind of call. */
  settings?: unknown;
  /** Of several that stand for it, the one for which the first of these holds goes before all else. */
  fits?: readonly ((target: Target) => boolean)[];
}

/**
 * The deployment that stands for a provider as a whole, first of these: an entry of `settings` for it; a deployment with
 * `use_in_pass_through`; the provider's variables in the environment; a wildcard deployment of it.
 * @returns `undefined` where the gateway has no credentials for the provider
 */
export function providerDeployment(
  { config, router }: Gateway,
  slug: string,
  { model = "", settings, fits = [] }: ProviderWanted = {},
): Deployment | undefined {
  const provider = findProvider(slug);
  if (provider === undefined) return undefined;
  const isOf = (target: Target) => target.provider === slug || provider.standIns?.(target) === true;
  const deployments = router.groups.deployments().filter(({ target, team }) => isOf(target) && !team);
  const standing = deployments.filter(({ raw }) => raw.params["use_in_pass_through"] === true);
  const fitting = fits.map((holds) => standing.find(({ target }) => holds(target))).find(Boolean);
  if (fitting !== undefined) return standingFor(slug, model, fitting);
  const entry = (Array.isArray(settings) ? settings : []).find(
    (one) => isRecord(one) && one["custom_llm_provider"] === slug,
  );
  const { keyVariables, baseVariables, paramVariables = {}, signInParams = [] } = provider;
  const valuesOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, config.variable(name)]));
  if (entry !== undefined) {
    const proofs = signInParams.flat();
    const beside = Object.entries(paramVariables).filter(([name]) => !proofs.includes(name));
    return fromParams(slug, model, revealed(asRecord(entry)), valuesOf(beside.flatMap(([, names]) => names)));
  }
  const [chosen] = standing;
  if (chosen !== undefined) return standingFor(slug, model, chosen);
  const names = [...keyVariables, ...baseVariables, ...Object.values(paramVariables).flat()];
  const fromEnvironment = fromParams(slug, model, {}, valuesOf(names));
  if (fromEnvironment !== undefined && hasCredentials(provider, fromEnvironment.target)) return fromEnvironment;
  const wildcard = deployments.find(({ litellmModel }) => litellmModel.endsWith("/*"));
  return wildcard && standingFor(slug, model, wildcard);
}

/** Calls about no model cost nothing. */
export const FREE = { input_cost_per_token: 0, output_cost_per_token: 0 };

function hasCredentials({ keyless, hasCredentials: has }: Provider, target: Target): boolean {
  return has?.(target) ?? (keyless === true || target.apiKey !== undefined);
}

function fromParams(
  slug: string,
  model: string,
  params: Record<string, unknown>,
  environment: Record<string, string | undefined> = {},
): Deployment | undefined {
  const item = { model_name: slug, litellm_params: { ...params, model: `${slug}/*` } };
  const [deployment] = loadDeployments({ model_list: [item] }, environment, registeredProviders).deployments;
  return deployment && standingFor(slug, model, deployment);
}

/** The deployment's host and credentials, for whatever model the call is about. */
function standingFor(slug: string, model: string, { bind: _, ...deployment }: Deployment): Deployment {
  const name = model === "" ? slug : `${slug}/${model}`;
  const { info: own, ...target } = deployment.target;
  const info = model === "" ? FREE : (model === target.model && own) || listed(name, target, model);
  return { ...deployment, modelName: name, target: { ...target, provider: slug, model, ...(info && { info }) } };
}

/** The price list's row: of the region, where the deployment is in one that has prices of its own, as for its own model. */
function listed(name: string, { provider, params }: Pick<Target, "provider" | "params">, model: string) {
  const { aws_region_name: region } = params ?? {};
  return typeof region === "string" ? findModel(model, provider, region) : findModel(name);
}

function revealed(params: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  );
}

/** Search tools: a name for clients, the provider behind it and its credentials (`search_tools` of the config). */

import { Secret } from "../../../credentials/secret.ts";
import { asRecord, isRecord } from "../../../formats/json.ts";
import type { SearchRequest } from "../../../formats/perplexity/search.ts";
import { findModel } from "../../../models/catalogue.ts";
import { findProvider } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { RoutingEngine } from "../../../router/engine.ts";
import { ModelGroups } from "../../../router/groups.ts";
import { loadDeployments, loadStored } from "../../../router/load.ts";
import { registeredProviders } from "../../../router/lookup.ts";
import { DEFAULT_ROUTING } from "../../../router/request.ts";
import { MemoryRouterState } from "../../../router/state.ts";
import type { Gateway } from "../../gateway.ts";

export interface SearchTool {
  /** Of those made while the gateway runs. */
  id: string | null;
  name: string;
  provider: string;
  /** What an admin wrote down of it. */
  info: Record<string, unknown>;
  /** `litellm_params`; a function, so that they cannot be printed. */
  params(): Record<string, unknown>;
}

/** Tools of the file, in its order. */
export function toolsOfFile({ config }: Gateway): SearchTool[] {
  const list = config.settings.other["search_tools"];
  return (Array.isArray(list) ? list : []).filter(isRecord).flatMap((item) => {
    const { search_tool_name: name, litellm_params, search_tool_info } = item;
    const params = asRecord(litellm_params);
    const provider = params["search_provider"];
    if (typeof name !== "string" || typeof provider !== "string") return [];
    return [{ id: null, name, provider, info: asRecord(search_tool_info), params: () => revealed(params) }];
  });
}

/**
 * The tool as a deployment: its calls take the same way as those to models.
 * @returns `undefined` where its provider does not search, as far as the gateway knows
 */
export function deploymentOf(
  { config }: Gateway,
  { id, name, provider: slug, params }: SearchTool,
): Deployment | undefined {
  const provider = findProvider(slug);
  if (provider?.search === undefined) return undefined;
  const { keyVariables, baseVariables, paramVariables = {} } = provider;
  const variables = [...keyVariables, ...baseVariables, ...Object.values(paramVariables).flat()];
  const environment = Object.fromEntries(variables.map((variable) => [variable, config.variable(variable)]));
  const { search_provider: _, ...given } = params();
  const litellm = { ...given, model: `${slug}/search` };
  if (id === null)
    return loadDeployments(
      { model_list: [{ model_name: name, litellm_params: litellm }] },
      environment,
      registeredProviders,
    ).deployments[0];
  // What came over the API names no variables here, and takes no key of the environment to a host of its own.
  const context = { environment, providers: registeredProviders, credentials: new Map() };
  const stored = loadStored({ id, modelName: name, params: litellm, info: {} }, context);
  return typeof stored === "string" ? undefined : stored;
}

/** Chooses among the deployments of one tool. */
export function routerOf(deployments: readonly Deployment[], numRetries: number): RoutingEngine {
  const settings = { ...DEFAULT_ROUTING, disableCooldowns: true, numRetries };
  return new RoutingEngine({ groups: new ModelGroups(deployments), settings, state: new MemoryRouterState() });
}

/** The deployment at the prices of this search. */
export function pricedFor(deployment: Deployment, request: SearchRequest): Deployment {
  const { provider } = deployment.target;
  const row = findProvider(provider)?.search?.priceRow?.(request) ?? "search";
  const info = row === "search" ? undefined : findModel(`${provider}/${row}`);
  return info === undefined ? deployment : { ...deployment, target: { ...deployment.target, info } };
}

function revealed(params: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  );
}

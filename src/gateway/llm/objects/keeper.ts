/** The deployment whose provider keeps an object, as the gateway is configured now. */
import { BadRequestError } from "../../../formats/errors.ts";
import { asRecord } from "../../../formats/json.ts";
import { findProvider } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { isPattern } from "../../../router/patterns.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { Gateway } from "../../gateway.ts";
import { providerDeployment } from "../provider-deployment.ts";

/** Sections of the config with credentials for one kind of call each. */
export type SettingsName = "files_settings" | "finetune_settings";
const SETTINGS: readonly SettingsName[] = ["files_settings", "finetune_settings"];

/**
 * It is known by its id; where that is gone (a key was changed, a deployment removed), other credentials of the provider are
 * tried, at the same host and organization alone: objects outlive configurations, and nobody else is told of them.
 * @throws BadRequestError where the gateway has none any more, or keeps the object itself
 */
export function keeperOf(gateway: Gateway, { id, deployment_id, provider, state }: ObjectRow): Deployment {
  if (deployment_id === null || provider === null)
    throw new BadRequestError(
      `litellm.BadRequestError: ${id} is kept by the gateway, and no provider knows it: upload it for a provider (custom_llm_provider, or model)`,
      { param: id },
    );
  const { config, router } = gateway;
  const known = router.groups.deployments().find((one) => one.id === deployment_id && one.target.provider === provider);
  if (known !== undefined) return standing(known);
  const others = [...SETTINGS.map((name) => config.settings.other[name]), undefined].flatMap(
    (settings) => providerDeployment(gateway, provider, { settings }) ?? [],
  );
  const { host } = asRecord(state);
  const there = others.filter((one) => typeof host !== "string" || hostOf(one) === host);
  const found = there.find((one) => one.id === deployment_id) ?? there.at(-1);
  if (found !== undefined) return found;
  if (others.length === 0) throw noCredentials(provider);
  throw new BadRequestError(
    `litellm.BadRequestError: ${id} is kept at another host or organization of ${provider}, for which the gateway has no credentials any more`,
    { provider, param: id },
  );
}

/** Where a deployment's objects are, without what may change or is secret. It is kept in `state.host` of their rows. */
export function hostOf({ target: { apiBase, organization } }: Pick<Deployment, "target">): string {
  const host = (apiBase ?? "")
    .replace(/\/\/[^/@]*@/, "//")
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "");
  return organization === undefined ? host : `${host} ${organization}`;
}

/** The one deployment that keeps all of them. @throws BadRequestError where several do */
export function commonKeeper(gateway: Gateway, rows: readonly ObjectRow[]): Deployment | undefined {
  const [first, ...rest] = rows.map((row) => ({ id: row.id, deployment: keeperOf(gateway, row) }));
  if (first === undefined) return undefined;
  const other = rest.find(({ deployment }) => !isSameAccount(deployment, first.deployment));
  if (other === undefined) return first.deployment;
  throw new BadRequestError(
    `litellm.BadRequestError: ${first.id} and ${other.id} are kept by different deployments, so no provider knows both`,
  );
}

/** Do both reach the same objects? */
export function isSameAccount({ target: one }: Deployment, { target: other }: Deployment): boolean {
  return (
    isSameHost({ target: one }, { target: other }) &&
    one.apiKey?.reveal() === other.apiKey?.reveal() &&
    one.organization === other.organization
  );
}

export function isSameHost(
  { target: one }: Pick<Deployment, "target">,
  { target: other }: Pick<Deployment, "target">,
): boolean {
  return one.provider === other.provider && one.apiBase === other.apiBase;
}

/** A wildcard stands for its provider as a whole. */
export function standing({ bind: _, ...deployment }: Deployment): Deployment {
  const { modelName, target } = deployment;
  return isPattern(modelName) ? { ...deployment, modelName: target.provider } : deployment;
}

export function noCredentials(provider: string): BadRequestError {
  const variable = findProvider(provider)?.keyVariables[0];
  return new BadRequestError(
    `litellm.BadRequestError: the gateway has no credentials for ${provider}: set ${variable ?? "an api_key"}, or use_in_pass_through on a deployment of it`,
    { provider },
  );
}

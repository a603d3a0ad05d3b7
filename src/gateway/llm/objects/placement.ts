/** Which deployment a call goes to, and what its provider calls the models it names. */
import { BadRequestError } from "../../../formats/errors.ts";
import { findProvider } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { isSameAccount, isSameHost, noCredentials, type SettingsName } from "./keeper.ts";
import { modelsIn, withModels } from "./models.ts";

/** What a call says of where it wants to go. */
export interface Wish {
  body: Record<string, unknown>;
  /** Keeps what the call names, if it names anything. */
  keeper: Deployment | undefined;
  /** What the client named, if it did. */
  provider: string | undefined;
  settings: SettingsName;
}

export interface Place {
  deployment: Deployment;
  /** Under the provider's names for its models. */
  body: Record<string, unknown>;
  /** The model as the client named it. */
  model: string | undefined;
}

/**
 * First of these: where the objects are that it names; a deployment of the model it names; the provider it names, else
 * OpenAI.
 * @throws SluiceError where the client may not use a model, or where there is no such place
 */
export function placeOf(call: RouteCall, wish: Wish): Place {
  const { keeper, settings, body } = wish;
  const [model, ...others] = modelsIn(body);
  const served = model === undefined ? undefined : servedAs(call, model, wish);
  const provider = wish.provider ?? keeper?.target.provider ?? served?.target.provider ?? "openai";
  const deployment =
    keeper ??
    (wish.provider === undefined ? served : undefined) ??
    providerDeployment(call.gateway, provider, { settings: call.gateway.config.settings.other[settings] });
  if (deployment === undefined) throw noCredentials(provider);
  if (findProvider(deployment.target.provider)?.native === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${deployment.target.provider} keeps nothing for the gateway`, {
      provider: deployment.target.provider,
    });
  const names = new Map(model === undefined ? [] : [[model, served?.target.model ?? model]]);
  const here = { ...wish, keeper: deployment };
  for (const other of others) names.set(other, servedAs(call, other, here)?.target.model ?? other);
  const priced = served !== undefined && isSameHost(served, deployment) ? pricedAs(deployment, served) : deployment;
  return {
    deployment: priced,
    body: withModels(body, (name) => names.get(name) ?? name) as Record<string, unknown>, // an object stays one
    model,
  };
}

/**
 * The deployment of a model, with those who keep what the call names before others; `undefined` where the gateway
 * has no such name, so that it is the provider's own.
 * @throws SluiceError
 */
function servedAs(call: RouteCall, given: string, { keeper, provider }: Wish): Deployment | undefined {
  const { caller } = callInput(call, {});
  const name = caller.modelFor(given);
  const refusal = name === given ? caller.refuseModel(name) : caller.refuseAlias(given, name);
  if (refusal !== undefined) throw refusal;
  const group = call.gateway.router.groups.find(name, teamOf(call.principal));
  if (group === undefined) return undefined;
  const all = group.deployments.filter(({ target }) => provider === undefined || target.provider === provider);
  if (keeper === undefined) return usual(call, all);
  const near = all.find((one) => isSameAccount(one, keeper)) ?? all.find((one) => isSameHost(one, keeper));
  if (near !== undefined) return near;
  throw new BadRequestError(
    `litellm.BadRequestError: ${given} is not served where what the request names is kept (${keeper.target.provider})`,
    { param: "model", model: given },
  );
}

/** Things go together: to the account that also has what names no model; else always to the same. */
function usual({ gateway }: RouteCall, deployments: readonly Deployment[]): Deployment | undefined {
  const able = deployments.filter(({ target }) => findProvider(target.provider)?.native !== undefined);
  const isUsual = (one: Deployment) => {
    const account = providerDeployment(gateway, one.target.provider);
    return account !== undefined && isSameAccount(one, account);
  };
  return able.find(isUsual) ?? able[0] ?? deployments[0];
}

/** The deployment's own host and credentials, at the other's prices. */
function pricedAs(deployment: Deployment, { modelName, target: { model, info } }: Deployment): Deployment {
  return { ...deployment, modelName, target: { ...deployment.target, model, ...(info && { info }) } };
}

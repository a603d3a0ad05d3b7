/** Where a file or a batch goes: to a provider that keeps such things, or it stays with the gateway. */
import { BadRequestError } from "../../../formats/errors.ts";
import { findProvider } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { noCredentials } from "../objects/keeper.ts";
import { providerDeployment } from "../provider-deployment.ts";

export interface Wanted {
  /** What the client named. */
  provider: string | undefined;
  /** The public name of a model. */
  model: string | undefined;
  purpose: string;
}

/**
 * The deployment whose provider takes it; `undefined`: the gateway keeps it. First of these: the provider that is named; the
 * deployments of the model that is named; for what only a provider has a use for (any purpose but `batch`), and where no
 * bucket is bound, OpenAI, if the gateway has its credentials.
 * @throws SluiceError
 */
export function destinationOf(call: RouteCall, { provider, model, purpose }: Wanted): Deployment | undefined {
  const { gateway } = call;
  const settings = gateway.config.settings.other["files_settings"];
  if (provider !== undefined) {
    const known = findProvider(provider);
    if (known === undefined)
      throw new BadRequestError(`litellm.BadRequestError: there is no provider ${provider.slice(0, 100)}`, {
        param: "custom_llm_provider",
      });
    if (!keepsFiles(provider)) return kept(call);
    const own = model === undefined ? undefined : servedBy(call, usableModel(call, model), provider);
    if (own !== undefined) return own;
    const deployment = providerDeployment(gateway, provider, { settings });
    if (deployment === undefined) throw noCredentials(provider);
    return deployment;
  }
  if (model !== undefined) return deploymentFor(call, model) ?? kept(call);
  if (purpose !== "batch" || gateway.files === undefined) {
    const openai = providerDeployment(gateway, "openai", { settings });
    if (openai !== undefined) return openai;
  }
  return kept(call);
}

function kept({ gateway }: RouteCall): undefined {
  if (gateway.files !== undefined) return undefined;
  throw new BadRequestError(
    "litellm.BadRequestError: the gateway has no bucket for files (FILES), and no credentials for a provider that keeps them: name one with custom_llm_provider",
    { param: "custom_llm_provider" },
  );
}

function servedBy({ gateway, principal }: RouteCall, model: string, provider: string): Deployment | undefined {
  const group = gateway.router.groups.find(model, teamOf(principal));
  return group?.deployments.find(({ target }) => target.provider === provider);
}

/** @throws SluiceError where the caller may not use it, or nothing serves it */
function deploymentFor(call: RouteCall, given: string): Deployment | undefined {
  const name = usableModel(call, given);
  const group = call.gateway.router.groups.get(name, teamOf(call.principal));
  return group.deployments.find(({ target }) => keepsFiles(target.provider));
}

/** The model a name stands for. @throws SluiceError where the caller may not use it */
export function usableModel(call: RouteCall, given: string): string {
  const { caller } = callInput(call, {});
  const name = caller.modelFor(given);
  const refusal = name === given ? caller.refuseModel(name) : caller.refuseAlias(given, name);
  if (refusal !== undefined) throw refusal;
  return name;
}

export function keepsFiles(provider: string): boolean {
  return findProvider(provider)?.batches === true;
}

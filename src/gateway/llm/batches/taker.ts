/** Who runs a batch in place of the gateway. */
import type { BatchSpec } from "../../../batches/state.ts";
import type { Caller } from "../../../call/caller.ts";
import type { BatchJobs } from "../../../providers/batch-jobs.ts";
import { findProvider } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import type { Gateway } from "../../gateway.ts";
import { teamOf } from "../../model-names.ts";
import { keepsFiles } from "../files/destination.ts";
import { providerDeployment } from "../provider-deployment.ts";

export interface Taker {
  deployment: Deployment;
  /** It runs batches as jobs of its own. */
  jobs?: BatchJobs;
  nameFor(model: string | undefined): string | undefined;
}

/** A batch, as far as it decides who runs it. */
interface Asked {
  spec: Pick<BatchSpec, "provider" | "model">;
  /** Named in its lines. */
  models: readonly string[];
  principal: Principal;
}

/** Who takes all of it; `undefined` where nobody does, or the caller may not use a model. */
export function takerOf(gateway: Gateway, caller: Caller, asked: Asked): Taker | undefined {
  const { provider } = asked.spec;
  if (provider !== undefined && keepsFiles(provider)) return wholeProvider(gateway, caller, asked, provider);
  const hasJobs = provider !== undefined && findProvider(provider)?.batchJobs !== undefined;
  const ofGroup = takerInGroup(gateway, caller, asked, hasJobs ? provider : undefined);
  return ofGroup ?? (hasJobs ? jobsOfProvider(gateway, caller, asked, provider) : undefined);
}

/** Whatever models the lines name: they are the provider's. */
function wholeProvider(gateway: Gateway, caller: Caller, { spec, models }: Asked, provider: string): Taker | undefined {
  const settings = gateway.config.settings.other["files_settings"];
  const deployment = providerDeployment(gateway, provider, { settings });
  const nameFor = (model = spec.model) => (model === undefined ? undefined : bareName(provider, model));
  return deployment && mayUse(caller, provider, models) ? { deployment, nameFor } : undefined;
}

/** A job is for one model. Whatever the gateway has credentials of the provider's for, as it was named. */
function jobsOfProvider(gateway: Gateway, caller: Caller, { models }: Asked, provider: string): Taker | undefined {
  const [named, ...others] = models;
  if (named === undefined || others.length > 0 || !mayUse(caller, provider, models)) return undefined;
  const model = bareName(provider, named);
  const settings = gateway.config.settings.other["files_settings"];
  const deployment = providerDeployment(gateway, provider, { settings, model });
  const jobs = deployment && servedJobs(deployment);
  return jobs && { deployment, jobs, nameFor: () => model };
}

function mayUse(caller: Caller, provider: string, models: readonly string[]): boolean {
  return models.every((model) => [model, `${provider}/${model}`].some((name) => !caller.refuseModel(name)));
}

function bareName(provider: string, model: string): string {
  return model.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model;
}

/** @param provider it has to be this one's */
function takerInGroup(
  gateway: Gateway,
  caller: Caller,
  { models, principal }: Asked,
  provider: string | undefined,
): Taker | undefined {
  const names = models.map((model) => caller.modelFor(model));
  if (
    names.some(
      (name, index) =>
        caller.refuseModel(name) && (name === models[index] || caller.refuseAlias(models[index] ?? "", name)),
    )
  )
    return undefined;
  const groups = names.map((name) => gateway.router.groups.find(name, teamOf(principal)));
  const [group] = groups;
  if (group === undefined || groups.some((one) => one?.name !== group.name)) return undefined;
  const fitting = group.deployments.filter(({ target }) => provider === undefined || target.provider === provider);
  const deployment = fitting.find((one) => runsBatches(one) || jobsOf(one) !== undefined);
  if (deployment === undefined) return undefined;
  const jobs = runsBatches(deployment) ? undefined : jobsOf(deployment);
  return { deployment, nameFor: () => deployment.target.model, ...(jobs && { jobs }) };
}

/** Hosts of the admin's own speak a provider's format, and seldom have its batches; those that have say so by their mode. */
function runsBatches(deployment: Deployment): boolean {
  return keepsFiles(deployment.target.provider) && mayRunBatches(deployment);
}

function jobsOf(deployment: Deployment): BatchJobs | undefined {
  return mayRunBatches(deployment) ? servedJobs(deployment) : undefined;
}

function servedJobs({ target, mockResponse }: Deployment): BatchJobs | undefined {
  const jobs = findProvider(target.provider)?.batchJobs;
  return mockResponse === undefined && jobs?.serves(target) ? jobs : undefined;
}

function mayRunBatches({ target, info }: Deployment): boolean {
  return target.apiBase === undefined || info.mode === "batch";
}

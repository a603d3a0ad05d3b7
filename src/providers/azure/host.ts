/** What every operation at Azure OpenAI has in common. */
import { type Json, without } from "../openai/json.ts";
import type { Target, WholeAdapter } from "../provider.ts";
import { azureRules, LABEL } from "./errors.ts";
import { byModel } from "./model.ts";
import { deploymentOf, deploymentPath, isBefore, layoutOf, rootOf } from "./place.ts";

export const host = {
  slug: "azure",
  label: LABEL,
  keyVariables: ["AZURE_OPENAI_API_KEY", "AZURE_API_KEY"],
  keyless: true as const, // who has no key signs in otherwise, or is told so: see sign-in.ts
  auth: keyHeader,
  root: rootOf,
  rules: azureRules,
};

/** A key of the resource. The secret of a session in real time is a token. */
function keyHeader(key: string): Record<string, string> {
  return key.startsWith("ek_") ? { authorization: `Bearer ${key}` } : { "api-key": key };
}

export function operationPath(path: string): (target: Target) => string {
  return (target) => deploymentPath(target, path);
}

/** The adapter, asking by the name the deployment has at Azure; rules of models go on by that of the model. */
export function underOwnName<A extends Pick<WholeAdapter<never, unknown>, "request">>(adapter: A): A {
  return { ...adapter, request: (request: never, target: Target) => adapter.request(request, named(target)) };
}

function named(target: Target): Target {
  return { ...target, model: deploymentOf(target), baseModel: byModel(target).model };
}

/** Without the options of streams, where the version is older than they are. */
export function withoutStreamOptions(body: Json, target: Target): Json {
  return isBefore(layoutOf(target), "2024-09-01") ? without(body, ["stream_options"]) : withDataSources(body);
}

/** "Azure OpenAI On Your Data" has a schema of its own, in which there are no such options either. */
export function withDataSources(body: Json): Json {
  return body["data_sources"] === undefined ? body : without(body, ["stream_options"]);
}

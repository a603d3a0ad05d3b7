/**
 * Provider-native routes: `/openai/*`, `/anthropic/*`, `/gemini/*`, ... The client's own request with the gateway's
 * credentials, and its keys, limits, budgets and spend.
 */
import { BadRequestError, type SluiceError } from "../../../formats/errors.ts";
import { providers } from "../../../providers/registry.ts";
import { routeRefused } from "../../../tenancy/refusals.ts";
import { callerOf } from "../../caller.ts";
import type { Route, RouteCall } from "../../route.ts";
import { asResponse, callNative } from "../native.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { allowedRoutes, factsOf, isUnder } from "./access.ts";
import { readingOf } from "./reading.ts";
import { clientRequest } from "./request.ts";

/** LiteLLM's other names for providers in paths. */
const ALIASES: Readonly<Record<string, string>> = { openai_passthrough: "openai", vllm: "hosted_vllm" };

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

const prefixes: readonly (readonly [prefix: string, provider: string])[] = [
  ...[...providers.values()].filter(({ native }) => native !== undefined).map(({ slug }) => [slug, slug] as const),
  ...Object.entries(ALIASES),
];

export const passThroughRoutes: readonly Route[] = prefixes.flatMap(([prefix, provider]) =>
  METHODS.map((method) => ({
    method,
    paths: [`/${prefix}/*`],
    access: "llm" as const,
    summary: `${provider}'s own API`,
    tag: "pass-through",
    handle: (call: RouteCall) => pass(call, `/${prefix}`, provider),
  })),
);

async function pass(call: RouteCall, prefix: string, provider: string): Promise<Response> {
  const { call: native, json } = await clientRequest(call, prefix);
  const model = modelOf(native.path, json);
  const refusal = refuse(call, provider, model);
  if (refusal !== undefined) throw refusal;
  const deployment = providerDeployment(call.gateway, provider, model === undefined ? {} : { model });
  if (deployment === undefined) throw noCredentials(provider);
  const reading = readingOf(native.path, json, deployment.target);
  const facts = json === undefined ? {} : { facts: factsOf(json) };
  return asResponse(await callNative(call, deployment, native, { name: "pass_through", reading, ...facts }));
}

/** A call's model stands in its body, or in the path as Google has it. */
function modelOf(path: string, json: Record<string, unknown> | undefined): string | undefined {
  const [, inPath] = /\/(?:models|tunedModels)\/([^/:?]+)/.exec(path) ?? [];
  if (inPath !== undefined) return decoded(inPath);
  const given = json?.["model"];
  return typeof given === "string" && given !== "" ? given.replace(/^models\//, "") : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Why the caller may not make this call; `undefined` where it may. */
function refuse(
  { context, gateway, principal }: RouteCall,
  provider: string,
  model: string | undefined,
): SluiceError | undefined {
  const { path } = context.req;
  const allowed = allowedRoutes(principal);
  if (allowed !== undefined && !allowed.some((one) => isUnder(path, one))) return routeRefused(path, allowed);
  const facts = { customerId: undefined, sessionId: undefined, requesterIp: undefined, metadata: undefined, now: 0 };
  const caller = callerOf(gateway, principal, gateway.subjects(context), facts);
  // A key for some models may make calls that name one of them, and none that name no model.
  const names = model === undefined ? [`${provider}/*`] : [model, `${provider}/${model}`];
  const refusals = names.map((name) => caller.refuseModel(name));
  return refusals.includes(undefined) ? undefined : refusals[0];
}

function noCredentials(provider: string): BadRequestError {
  const variable = providers.get(provider)?.keyVariables[0];
  return new BadRequestError(
    `litellm.BadRequestError: the gateway has no credentials for ${provider}: set ${variable ?? "an api_key"}, or use_in_pass_through on a deployment of it`,
    { provider, param: "model" },
  );
}

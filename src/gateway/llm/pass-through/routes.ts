/**
 * Provider-native routes: `/openai/*`, `/anthropic/*`, `/gemini/*`, ... The client's own request with the gateway's
 * credentials, and its keys, limits, budgets and spend.
 */
import { BadRequestError } from "../../../formats/errors.ts";
import { providers } from "../../../providers/registry.ts";
import type { Route, RouteCall } from "../../route.ts";
import { authenticateWithQuery } from "../gemini/query-key.ts";
import { asResponse, callNative } from "../native.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { factsOf, refuse } from "./access.ts";
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
    ...(provider === "gemini" && { authenticate: authenticateWithQuery }),
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

function noCredentials(provider: string): BadRequestError {
  const variable = providers.get(provider)?.keyVariables[0];
  return new BadRequestError(
    `litellm.BadRequestError: the gateway has no credentials for ${provider}: set ${variable ?? "an api_key"}, or use_in_pass_through on a deployment of it`,
    { provider, param: "model" },
  );
}

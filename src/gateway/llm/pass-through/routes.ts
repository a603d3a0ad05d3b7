/**
 * Provider-native routes: `/openai/*`, `/anthropic/*`, `/gemini/*`, ... The client's own request with the gateway's
 * credentials, and its keys, limits, budgets and spend.
 */
import { BadRequestError } from "../../../formats/errors.ts";
import { toGoogleError } from "../../../formats/gemini/error.ts";
import { repeatedField } from "../../../formats/repeated-field.ts";
import { plainPath } from "../../../providers/http.ts";
import { providers } from "../../../providers/registry.ts";
import { formFields } from "../../body.ts";
import type { Route, RouteCall } from "../../route.ts";
import { authenticateWithQuery } from "../gemini/query-key.ts";
import { asResponse, callNative } from "../native.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { factsOf, refuse, refuseUnpriced } from "./access.ts";
import {
  authenticateSigned,
  awsErrorBody,
  deploymentNamed,
  modelPath,
  withAwsHeaders,
  withModelOf,
} from "./bedrock.ts";
import { discoveryReading } from "./discovery.ts";
import { refuseBackground, refuseHidden } from "./hidden-usage.ts";
import { indexCall } from "./indexes.ts";
import { knownCall } from "./known.ts";
import { authenticateBasic } from "./langfuse.ts";
import { openLive, whoOpensLive } from "./live.ts";
import { azuresName, ownDeployment, twinOf, underAzuresName } from "./own-names.ts";
import { readingOf } from "./reading.ts";
import { clientRequest, passedTo } from "./request.ts";
import { refuseTokens } from "./tokens.ts";
import { askForTranscript } from "./transcripts.ts";
import { isVertex, vertexDeployment, vertexModelOf } from "./vertex.ts";

/** LiteLLM's other names for providers in paths. */
const ALIASES: Readonly<Record<string, string>> = {
  openai_passthrough: "openai",
  "vertex-ai": "vertex_ai",
  assemblyai: "us.assemblyai",
};

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

const prefixes: ReadonlyMap<string, string> = new Map([
  ...[...providers.values()].filter(({ native }) => native !== undefined).map(({ slug }) => [slug, slug] as const),
  ...Object.entries(ALIASES),
]);

/** `:service` is the API's with its version: `google.cloud.aiplatform.v1beta1.LlmBidiService`. */
const liveRoutes: readonly Route[] = [
  {
    provider: "vertex_ai",
    paths: [
      ...["/vertex_ai", "/vertex-ai"].flatMap((prefix) => [`${prefix}/live`, `/v1${prefix}/live`]),
      ...["/vertex_ai", "/vertex-ai"].map((prefix) => `${prefix}/ws/:service/BidiGenerateContent`),
    ],
  },
  { provider: "gemini", paths: ["/gemini/ws/:service"] },
].map(({ provider, paths }) => ({
  method: "GET",
  paths,
  access: "llm",
  authenticate: whoOpensLive,
  errorBody: toGoogleError,
  summary: `${provider}'s Live API by WebSocket, in Google's own messages`,
  tag: "pass-through",
  handle: (call) => openLive(call, provider),
}));

const nativeRoutes: readonly Route[] = [...prefixes].flatMap(([prefix, provider]) =>
  METHODS.map((method) => ({
    method,
    paths: isVertex(provider) ? [`/${prefix}/discovery/*`, `/${prefix}/*`] : [`/${prefix}/*`],
    access: "llm" as const,
    summary: `${provider}'s own API`,
    tag: "pass-through",
    ...(provider === "gemini" && { authenticate: authenticateWithQuery }),
    ...(isVertex(provider) && { authenticate: authenticateWithQuery, errorBody: toGoogleError }),
    ...(provider === "bedrock" && { authenticate: authenticateSigned, errorBody: awsErrorBody }),
    ...(provider === "langfuse" && { authenticate: authenticateBasic }),
    handle: (call: RouteCall) =>
      (providers.get(provider)?.hasNoModels ? passToService : pass)(call, `/${prefix}`, provider),
  })),
);

async function pass(call: RouteCall, prefix: string, provider: string): Promise<Response> {
  const { call: native, bytes, json } = await clientRequest(call, prefix);
  const path = plainPath(native.path);
  const known = native.method === "POST" ? knownCall(path, provider) : undefined;
  const fields = judgedFields(bytes, json, known && (native.headers["content-type"] ?? ""));
  const index = provider === "azure_ai" ? await indexCall(call, native) : undefined;
  if (index !== undefined)
    return asResponse(await callNative(call, index.deployment, index.call, { name: "pass_through" }));
  const asked = provider === "bedrock" ? modelPath(path) : undefined;
  const azures = azuresName(provider, path);
  const model = isVertex(provider)
    ? vertexModelOf(path, fields)
    : (asked?.model ?? azures?.inPath ?? modelOf(azures === undefined ? path : "", fields));
  if (known !== undefined && model === undefined) throw noModel();
  const own = azures && model !== undefined ? ownDeployment(call, provider, model) : undefined;
  const wanted = { provider, model, servedAs: own?.modelName, isKnown: (known ?? asked) !== undefined };
  const hidden = known && refuseHidden(provider, native.path, call.principal);
  const later = known && refuseBackground(known.operation, fields, call.principal);
  const refusal = refuseTokens(path) ?? refuse(call, wanted) ?? hidden ?? later;
  if (refusal !== undefined) throw refusal;
  const named = asked && deploymentNamed(call.gateway, call.principal, asked.model);
  const standing = isVertex(provider)
    ? vertexDeployment(call.gateway, provider, path, model)
    : standingDeployment(call, provider, model);
  const deployment = named ?? own ?? standing;
  if (deployment === undefined) throw noCredentials(provider);
  if (known !== undefined) refuseUnpriced(call, deployment);
  const search = isVertex(provider) && native.method === "POST" ? discoveryReading(path) : undefined;
  const reading = known === undefined ? search : await readingOf(known, fields, deployment.target);
  const facts = factsOf(fields);
  const azure = own && azures && model !== undefined ? underAzuresName(native, model, azures, own) : native;
  const sent = named && asked ? withModelOf(native, named, asked) : azure;
  const errorBody = provider === "bedrock" ? awsErrorBody : isVertex(provider) ? toGoogleError : undefined;
  const reply = await callNative(call, deployment, sent, { name: "pass_through", reading, facts, errorBody });
  return asResponse(provider === "bedrock" ? withAwsHeaders(reply) : reply);
}

export const passThroughRoutes: readonly Route[] = [...liveRoutes, ...nativeRoutes];

/** Of a provider with two names, the one that has credentials. */
function standingDeployment({ gateway }: RouteCall, provider: string, model: string | undefined) {
  const names = [provider, twinOf(provider)].filter((name) => name !== undefined);
  const wanted = model === undefined ? {} : { model };
  return names.map((name) => providerDeployment(gateway, name, wanted)).find(Boolean);
}

/** What has no models has nothing to be judged by but its path. */
async function passToService(call: RouteCall, prefix: string, provider: string): Promise<Response> {
  const { call: native, bytes, json } = await clientRequest(call, prefix, passedTo(provider));
  const refusal = refuseTokens(plainPath(native.path)) ?? refuse(call, { provider, model: undefined, isKnown: false });
  if (refusal !== undefined) throw refusal;
  const deployment = providerDeployment(call.gateway, provider);
  if (deployment === undefined) throw noCredentials(provider);
  const body = judgedFields(bytes, json, undefined);
  const ask = (signal?: AbortSignal) =>
    callNative(call, deployment, native, { name: "pass_through", ...(signal && { signal }) });
  return asResponse(await askForTranscript(call, { deployment, native, body }, ask));
}

/**
 * What the body says, by which the call is judged: JSON; of an operation the gateway knows also a form.
 * @param knownType the content type of such an operation
 * @throws BadRequestError where the provider may read something else in it
 */
function judgedFields(
  bytes: Uint8Array<ArrayBuffer>,
  json: Record<string, unknown> | undefined,
  knownType: string | undefined,
): Record<string, unknown> {
  if (json !== undefined) {
    const repeated = repeatedField(new TextDecoder().decode(bytes));
    if (repeated === undefined) return json;
    throw new BadRequestError(
      `litellm.BadRequestError: the field ${JSON.stringify(repeated.slice(0, 100))} stands twice`,
    );
  }
  if (knownType === undefined) return {};
  const fields = formFields(bytes, knownType);
  if (fields !== undefined) return fields;
  throw new BadRequestError("litellm.BadRequestError: the request body must be a JSON object, or a form");
}

/** A call's model stands in its body, or in the path as Google has it. */
function modelOf(path: string, fields: Record<string, unknown>): string | undefined {
  const [, inPath] = /\/(?:models|tunedModels|dynamic|engines)\/([^/:]+)/i.exec(path) ?? [];
  if (inPath !== undefined) return inPath;
  const given = fields["model"];
  return typeof given === "string" && given !== "" ? given.replace(/^models\//, "") : undefined;
}

function noModel(): BadRequestError {
  return new BadRequestError("litellm.BadRequestError: the request must name one model", { param: "model" });
}

function noCredentials(provider: string): BadRequestError {
  const { keyless, keyVariables = [], baseVariables = [] } = providers.get(provider) ?? {};
  const [variable] = keyless ? baseVariables : keyVariables;
  return new BadRequestError(
    `litellm.BadRequestError: the gateway has no credentials for ${provider}: set ${variable ?? (keyless ? "an api_base" : "an api_key")}, or use_in_pass_through on a deployment of it`,
    { provider, param: "model" },
  );
}

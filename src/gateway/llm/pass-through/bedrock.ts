/**
 * Bedrock's own API: `/bedrock/model/<id>/converse`, `…/invoke`, ... The model stands in the path, and may be one of the
 * gateway's own names. Requests are signed anew on their way; a signature of the client's proves nothing here.
 */

import type { Reply } from "../../../call/call.ts";
import { toHubRequest } from "../../../formats/bedrock/to-hub-request.ts";
import type { SluiceError } from "../../../formats/errors.ts";
import { asRecord, type JsonObject } from "../../../formats/json.ts";
import { findModel } from "../../../models/catalogue.ts";
import { chat } from "../../../operations/chat.ts";
import { embeddings } from "../../../operations/embeddings.ts";
import { imageGenerations } from "../../../operations/image-generations.ts";
import { messages } from "../../../operations/messages.ts";
import { modelId } from "../../../providers/bedrock/endpoint.ts";
import { bedrock } from "../../../providers/bedrock/index.ts";
import { isClaude } from "../../../providers/bedrock/model.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { authenticate, keyOf } from "../../auth.ts";
import type { Gateway } from "../../gateway.ts";
import { teamOf } from "../../model-names.ts";
import type { PublicCall } from "../../route.ts";
import type { KnownCall } from "./known.ts";

/** What a path says of a call about a model. */
interface ModelPath {
  /** An id, an ARN, or a name of the gateway's. */
  model: string;
  action: string;
}

const MODEL_PATH = /^\/model\/(.+)\/(converse(?:-stream)?|invoke(?:-with-response-stream)?|count-tokens)$/;

/** @param path as any server may read it (`plainPath`) */
export function modelPath(path: string): ModelPath | undefined {
  const [, model, action] = MODEL_PATH.exec(path) ?? [];
  return model === undefined || action === undefined ? undefined : { model, action };
}

/** Which operation of the gateway's the call is. Tokens are counted for nothing. */
export function bedrockCall(path: string): KnownCall | undefined {
  const asked = modelPath(path);
  if (asked === undefined || asked.action === "count-tokens") return undefined;
  const { model, action } = asked;
  if (action.startsWith("converse")) return readBy(chat, "converse", toHubRequest);
  switch (findModel(model, bedrock.slug)?.mode) {
    case "embedding":
      return readBy(embeddings, "invoke", ({ inputText, texts, ...rest }) => ({
        ...rest,
        input: texts ?? inputText ?? "",
      }));
    case "image_generation":
      return readBy(imageGenerations, "invoke", ({ imageGenerationConfig }) => ({
        prompt: "",
        n: asRecord(imageGenerationConfig)["numberOfImages"] ?? 1,
      }));
    default:
      return isClaude({ model }) ? readBy(messages, "invoke", (fields) => fields) : readBy(chat, "invoke", texts);
  }
}

function readBy(
  operation: KnownCall["operation"],
  route: "converse" | "invoke",
  asked: (fields: JsonObject) => JsonObject,
): KnownCall {
  return {
    operation,
    reader: bedrock,
    asked,
    // By this name the adapter knows in which of its formats the answer is.
    target: (target) => ({
      ...target,
      model: `${route}/${target.model.replace(/^(?:converse(?:_like)?|invoke)\//, "")}`,
    }),
  };
}

/** Names that the makers of models have for the longest answer. */
const LONGEST = ["max_tokens", "max_completion_tokens", "max_gen_len", "max_new_tokens", "maxTokens"] as const;

/** A body whose format is its model's own: what it says is counted as a whole. */
function texts(fields: JsonObject): JsonObject {
  const config = asRecord(fields["textGenerationConfig"] ?? fields["inferenceConfig"]);
  const limits = [...LONGEST.map((name) => fields[name] ?? config[name]), config["maxTokenCount"]];
  const limit = limits.find((value) => typeof value === "number");
  return {
    messages: [{ role: "user", content: JSON.stringify(fields) }],
    ...(limit !== undefined && { max_tokens: limit }),
  };
}

/** The deployment that serves the name, or Bedrock's own name for its model: one of the group's that are at Bedrock. */
export function deploymentNamed({ router }: Gateway, principal: Principal, model: string): Deployment | undefined {
  const team = teamOf(principal);
  const served = [model, `${bedrock.slug}/${model}`].find((name) => router.groups.serves(name, team));
  const group = served === undefined ? undefined : router.groups.find(served, team);
  const found = group?.deployments.filter(({ target }) => target.provider === bedrock.slug);
  return found?.[Math.floor(Math.random() * found.length)];
}

/** The call with the model that the deployment has. */
export function withModelOf(call: NativeCall, { target }: Deployment, { action }: ModelPath): NativeCall {
  const [, query] = call.path.split("?");
  const path = `/model/${encodeURIComponent(modelId(target))}/${action}`;
  return { ...call, path: query === undefined ? path : `${path}?${query}` };
}

/**
 * AWS's SDKs sign their requests, and put a key of another service where the gateway's could be: the key comes in another
 * header, or as the id of the access key.
 */
export async function authenticateSigned({ context, gateway }: PublicCall): Promise<Principal> {
  const ports = gateway.authPorts(context);
  const headers = new Headers(context.req.raw.headers);
  const [, accessKeyId] = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)/.exec(headers.get("authorization") ?? "") ?? [];
  if (accessKeyId === undefined) return authenticate(headers, ports);
  headers.delete("authorization");
  if (keyOf(headers, ports.keyHeader) === undefined) headers.set("authorization", `Bearer ${accessKeyId}`);
  return authenticate(headers, ports);
}

/** Headers by which AWS's SDKs tell errors apart, and Bedrock's tokens, under the names they have there. */
const AWS_HEADER = /^llm_provider-(x-amzn-.*)$/;

export function withAwsHeaders(reply: Reply): Reply {
  const own = Object.entries(reply.headers).flatMap(([name, value]) => {
    const [, plain] = AWS_HEADER.exec(name) ?? [];
    return plain === undefined ? [] : [[plain, value]];
  });
  return { ...reply, headers: { ...reply.headers, ...Object.fromEntries(own) } };
}

/** The gateway's own refusals, as AWS's SDKs read them. */
export function awsErrorBody({ status, message }: SluiceError): unknown {
  return { __type: exceptionOf(status), message };
}

function exceptionOf(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return "AccessDeniedException";
    case 404:
      return "ResourceNotFoundException";
    case 408:
      return "ModelTimeoutException";
    case 429:
      return "ThrottlingException";
    case 503:
      return "ServiceUnavailableException";
    default:
      return status < 500 ? "ValidationException" : "InternalServerException";
  }
}

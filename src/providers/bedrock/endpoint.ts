/** Where Bedrock is, and what proves who asks it. */
import { awsIdentity, awsSettings, hasAwsIdentity, signAws } from "../../credentials/aws.ts";
import { awsDomain, regionOfHost } from "../../credentials/aws-host.ts";
import { BadRequestError } from "../../formats/errors.ts";
import { joinUrl, safePath } from "../http.ts";
import type { Authorize, NativeCall, Target, UpstreamRequest } from "../provider.ts";
import { bedrockModel, regionOfArn } from "./model.ts";

/** LiteLLM's, where nothing says another. */
const REGION = "us-west-2";

/** Bedrock's hosts; all sign as `bedrock`. */
export type BedrockHost = "bedrock-runtime" | "bedrock-agent-runtime" | "bedrock-agent" | "bedrock";

/**
 * Of the model's name, its ARN, the deployment, or the environment.
 * @throws BadRequestError where that is none: it is a part of a host name, and must not be able to change it
 */
export function bedrockRegion({ provider, model, params = {} }: Target): string {
  const own = textOf(params["model_id"]);
  const said = bedrockModel(model).region ?? (own && regionOfArn(own));
  const region = said ?? textOf(params["aws_region_name"]) ?? textOf(params["region_name"]) ?? REGION;
  if (/^[a-z0-9-]+$/.test(region)) return region;
  throw new BadRequestError(
    `litellm.BadRequestError: aws_region_name ${JSON.stringify(region.slice(0, 100))} is no region of AWS`,
    { provider, model, param: "aws_region_name" },
  );
}

/**
 * An endpoint of one's own stands for all of Bedrock's hosts, where its name does not say which it is.
 * @param path what follows the host
 */
export function bedrockUrl(target: Target, path: string, host: BedrockHost = "bedrock-runtime"): string {
  const region = bedrockRegion(target);
  const own = endpointOf(target)?.replace(/^(https?:\/\/)bedrock-runtime\b/, `$1${host}`);
  return joinUrl(own ?? `https://${host}.${region}.${awsDomain(region)}`, path);
}

/** The host of agents, knowledge bases and rerank. */
export function agentRuntimeUrl(target: Target, path: string): string {
  return bedrockUrl(target, path, "bedrock-agent-runtime");
}

function endpointOf({ params = {}, apiBase }: Target): string | undefined {
  return textOf(params["aws_bedrock_runtime_endpoint"])?.replace(/\/+$/, "") ?? apiBase;
}

/**
 * Of a model's own: `…/model/<id>/<action>`. The id is escaped once, colons and the slashes of ARNs too, as AWS's SDKs do.
 * @throws BadRequestError where the model has no name
 */
export function modelUrl(target: Target, action: string): string {
  return bedrockUrl(target, `/model/${encodeURIComponent(modelId(target))}/${action}`);
}

/** As Bedrock is asked for it: `model_id` (a provisioned or imported model's ARN), else the model's own id. */
export function modelId({ model, params = {} }: Target): string {
  const id = unescaped(textOf(params["model_id"]) ?? bedrockModel(model).id);
  if (id !== "" && !/^\.+$/.test(id)) return id;
  throw new BadRequestError(`litellm.BadRequestError: ${JSON.stringify(model)} is no name of a model`, {
    provider: "bedrock",
    param: "model",
  });
}

/** Some write the ARN as it stands in URLs. */
function unescaped(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** @param type of the body; JSON unless said */
export function headers({ headers: own = {} }: Target, type = "application/json"): Record<string, string> {
  return { "content-type": type, ...own };
}

/** A key of Bedrock's own goes as it is; else AWS's signature. */
export const bedrockAuthorize: Authorize = async (request, target, ports) => {
  const { apiKey, params = {} } = target;
  if (request.headers["authorization"] !== undefined) return {}; // the deployment's own header
  if (apiKey !== undefined) return { authorization: `Bearer ${apiKey.reveal()}` };
  const region = regionOfHost(request.url) ?? bedrockRegion(target);
  const identity = await awsIdentity(awsSettings(params), region, ports);
  return signAws(request, identity, { service: "bedrock", region }, ports.now());
};

export function bedrockHasCredentials({ apiKey, params = {} }: Target): boolean {
  return apiKey !== undefined || hasAwsIdentity(awsSettings(params));
}

/** Agents, knowledge bases and flows answer at a host of their own. */
const AGENT_RUNTIME =
  /^\/(?:agents|knowledgebases|flows|retrieveAndGenerate(?:Stream)?|rerank|generateQuery|optimize-prompt|sessions)(?:[/?]|$)/i;
/** What there is, and what belongs to the account. */
const CONTROL_PLANE =
  /^\/(?:foundation-models|inference-profiles|custom-models|imported-models|provisioned-model-throughputs?)(?:[/?]|$)/i;

/** The client's own request. @throws BadRequestError where its path is none */
export function bedrockNative({ method, path, headers: given, body }: NativeCall, target: Target): UpstreamRequest {
  const safe = safePath(path);
  const isAgents = AGENT_RUNTIME.test(safe);
  const host = isAgents ? "bedrock-agent-runtime" : CONTROL_PLANE.test(safe) ? "bedrock" : "bedrock-runtime";
  return {
    method,
    url: bedrockUrl(target, safe, host),
    headers: { ...given, ...target.headers },
    ...(body !== undefined && { body }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

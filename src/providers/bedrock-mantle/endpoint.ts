/** Where Mantle is, and what proves who asks. */
import { awsIdentity, awsSettings, hasAwsIdentity, signAws } from "../../credentials/aws.ts";
import { regionOfHost } from "../../credentials/aws-host.ts";
import type { Authorize, Target } from "../provider.ts";

/** LiteLLM's, where nothing says another. */
const REGION = "us-east-1";

function regionOf({ params = {} }: Target): string {
  const region = params["aws_region_name"] ?? params["region_name"];
  return typeof region === "string" && /^[a-z0-9-]+$/.test(region) ? region : REGION;
}

/** Models that OpenAI sells have a path of their own; its open ones are among those of others. */
const OPENAIS = /^openai\.(?!gpt-oss)/;

export function mantleBase(target: Target): string {
  const base = target.apiBase ?? `https://bedrock-mantle.${regionOf(target)}.api.aws/v1`;
  return OPENAIS.test(target.model) ? base.replace(/(?<!\/openai)\/v1$/, "/openai/v1") : base;
}

/** Anthropic's API beside it. */
export function mantleMessagesUrl(target: Target, tail: string): string {
  const base = target.apiBase ?? `https://bedrock-mantle.${regionOf(target)}.api.aws`;
  return `${base.replace(/\/+$/, "").replace(/(?:\/openai|\/anthropic)?\/v1(?:\/messages)?$/, "")}/anthropic/v1/messages${tail}`;
}

/** A key goes in a header, which is there already; else AWS's signature. */
export const mantleAuthorize: Authorize = async (request, target, ports) => {
  if (request.headers["authorization"] !== undefined || request.headers["x-api-key"] !== undefined) return {};
  const region = regionOfHost(request.url) ?? regionOf(target);
  const identity = await awsIdentity(awsSettings(target.params ?? {}), region, ports);
  return signAws(request, identity, { service: "bedrock-mantle", region }, ports.now());
};

export function mantleHasCredentials({ apiKey, params = {} }: Target): boolean {
  return apiKey !== undefined || hasAwsIdentity(awsSettings(params));
}

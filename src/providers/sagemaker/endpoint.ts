/** Endpoints of Amazon SageMaker. Source: SageMaker Runtime API reference, "InvokeEndpoint", "InvokeEndpointWithResponseStream". */
import { awsIdentity, awsSettings, hasAwsIdentity, signAws } from "../../credentials/aws.ts";
import { awsDomain, regionOfHost } from "../../credentials/aws-host.ts";
import { BadRequestError } from "../../formats/errors.ts";
import type { JsonObject } from "../../formats/json.ts";
import type { Authorize, Target, UpstreamRequest } from "../provider.ts";

/** LiteLLM's, where nothing says another. */
const REGION = "us-west-2";

function regionOf({ params = {} }: Target): string {
  const region = params["aws_region_name"] ?? params["region_name"];
  return typeof region === "string" && /^[a-z0-9-]+$/.test(region) ? region : REGION;
}

/** @throws BadRequestError where the model's name is none of an endpoint */
export function invocation(target: Target, json: JsonObject, streams: boolean): UpstreamRequest {
  const { model, params = {}, headers = {} } = target;
  if (!/^[\w-]+$/.test(model))
    throw new BadRequestError(`litellm.BadRequestError: ${JSON.stringify(model)} is no name of an endpoint`, {
      provider: target.provider,
      model,
      param: "model",
    });
  const component = params["model_id"];
  return {
    method: "POST",
    url: urlOf(target, streams ? "invocations-response-stream" : "invocations"),
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      ...(typeof component === "string" && { "x-amzn-sagemaker-inference-component": component }),
      ...headers,
    },
    body: { json },
  };
}

/** `sagemaker_base_url` is the whole address; `api_base` is the host. */
function urlOf(target: Target, action: string): string {
  const whole = target.params?.["sagemaker_base_url"];
  if (typeof whole === "string") return whole;
  const region = regionOf(target);
  const base = target.apiBase ?? `https://runtime.sagemaker.${region}.${awsDomain(region)}`;
  return `${base}/endpoints/${target.model}/${action}`;
}

export const sagemakerAuthorize: Authorize = async (request, target, ports) => {
  if (request.headers["authorization"] !== undefined) return {};
  const region = regionOfHost(request.url) ?? regionOf(target);
  const identity = await awsIdentity(awsSettings(target.params ?? {}), region, ports);
  return signAws(request, identity, { service: "sagemaker", region }, ports.now());
};

export function sagemakerHasCredentials({ params = {} }: Target): boolean {
  return hasAwsIdentity(awsSettings(params));
}

/** The APIs of Microsoft Foundry, as its clients have them. */
import { type Host, nativeCall } from "../openai/endpoint.ts";
import type { NativeCall, Target, UpstreamRequest } from "../provider.ts";
import { host } from "./host.ts";
import { withVersion } from "./place.ts";

/** Anthropic's clients have the key in a header of their own. */
const anthropicHost: Host = { ...host, auth: (key) => ({ "x-api-key": key }) };

/** @throws BadRequestError where the path would leave the resource, or there is no api_base */
export function native(call: NativeCall, target: Target): UpstreamRequest {
  const isAnthropics = call.path.startsWith("/anthropic/");
  return nativeCall(isAnthropics ? anthropicHost : host, { ...call, path: withVersion(call.path, target) }, target);
}

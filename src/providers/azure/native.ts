/** Azure OpenAI's own API, as its clients have it, or by OpenAI's paths (`/v1/files`). */
import { nativeCall } from "../openai/endpoint.ts";
import type { NativeCall, Target, UpstreamRequest } from "../provider.ts";
import { host } from "./host.ts";
import { layoutOf, resourcePath, v1Layout, versionQuery } from "./place.ts";
import { responsesLayout } from "./responses.ts";

/** What versions with a date have, too; all else came with `/openai/v1`. */
const OF_ANY_VERSION = /^\/(?:assistants|batches|files|fine_tuning|models|threads|vector_stores)(?=[/?]|$)/;

/** @throws BadRequestError where the path would leave the resource, or there is no api_base */
export function native(call: NativeCall, target: Target): UpstreamRequest {
  return nativeCall(host, { ...call, path: azurePath(call.path, target) }, target);
}

function azurePath(path: string, target: Target): string {
  const [, rest] = /^\/v1(\/.*)$/.exec(path) ?? [];
  if (rest === undefined) return withVersion(path, target);
  if (OF_ANY_VERSION.test(rest)) return resourcePath(rest, layoutOf(target));
  return resourcePath(rest, /^\/responses(?=[/?]|$)/.test(rest) ? responsesLayout(target) : v1Layout());
}

/** Whoever writes Azure's path himself may leave the version to the gateway. */
function withVersion(path: string, target: Target): string {
  const layout = layoutOf(target);
  const isDated = /^\/openai\/(?!v1(?:[/?]|$))/.test(path) && !/[?&]api-version=/i.test(path);
  if (!isDated || layout.name === "v1") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${versionQuery(layout.version)}`;
}

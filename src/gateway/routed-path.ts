import { getPathNoStrict } from "hono/utils/url";

/**
 * The path that a request is routed by; a slash at its end changes nothing. Azure's clients say the version of its API with
 * every request, as OpenAI's never do: below `/openai` they mean the gateway's own API, and no pass-through to OpenAI.
 */
export function routedPath(request: Request): string {
  const path = getPathNoStrict(request);
  const [, azures] = AZURES_PATH.exec(path) ?? [];
  return azures !== undefined && AZURES_VERSION.test(request.url) ? `/v1/${azures}` : path;
}

/** But for what is a deployment's: those paths are the gateway's as they are. */
const AZURES_PATH = /^\/openai\/(?!deployments\/)(?:v1\/)?(.+)$/;
const AZURES_VERSION = /\?(?:[^#]*&)?api-version=/i;

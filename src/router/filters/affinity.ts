import type { AffinityMemory } from "../affinity-memory.ts";
import type { Deployment } from "../deployment.ts";
import type { ChoiceContext, Filter, RouteRequest } from "../request.ts";
import { decodeItemId, decodeResponseId } from "../response-id.ts";

/** Seconds a provider keeps a prompt's prefix; LiteLLM's figure. */
const PROMPT_CACHE_TTL = 300;

/** Names in `optional_pre_call_checks`, most telling first, with what the request is known by and for how long. */
const REMEMBERED = [
  { check: "session_affinity", field: "session", ttl: undefined },
  { check: "deployment_affinity", field: "user", ttl: undefined },
  { check: "prompt_caching", field: "promptPrefix", ttl: PROMPT_CACHE_TTL },
] as const;

/**
 * Leads a request back to the deployment that can read the encrypted content in it, else to the one that made the
 * response it goes on from, else to the one that served its session, its user or the same beginning of a prompt last. One that may not be chosen, or has failed this call
 * already, is passed over.
 */
export const affinity: Filter = (candidates, request, context) => {
  for (const id of pinned(request, context)) {
    const candidate = candidates.find(({ deployment }) => deployment.id === id);
    if (candidate !== undefined && !context.tried?.has(id)) return [candidate];
  }
  return candidates;
};

/** To be called where a deployment has answered: the next request of the same session, user or prompt goes there. */
export function remember(
  { id }: Pick<Deployment, "id">,
  request: RouteRequest,
  { group, settings, now }: Pick<ChoiceContext, "group" | "settings" | "now">,
  memory: AffinityMemory,
): void {
  for (const { key, ttl = settings.affinityTtl } of keysOf(request, { group, settings }))
    memory.set(key, id, now + ttl * 1000);
}

/** Ids of deployments, the most telling first. */
function* pinned(request: RouteRequest, context: ChoiceContext): Iterable<string> {
  const { responseId, encryptedItems = [] } = request.affinity;
  if (context.settings.affinityChecks.includes("encrypted_content_affinity"))
    for (const item of encryptedItems) {
      const origin = decodeItemId(item);
      if (origin !== undefined) yield origin.deploymentId;
    }
  if (responseId !== undefined && context.settings.affinityChecks.includes("responses_api_deployment_check")) {
    const origin = decodeResponseId(responseId);
    if (origin !== undefined) yield origin.deploymentId;
  }
  for (const { key } of keysOf(request, context)) {
    const id = context.affinity?.get(key, context.now);
    if (id !== undefined) yield id;
  }
}

function keysOf(request: RouteRequest, { group, settings }: Pick<ChoiceContext, "group" | "settings">) {
  return REMEMBERED.flatMap(({ check, field, ttl }) => {
    const value = request.affinity[field];
    if (value === undefined || !settings.affinityChecks.includes(check)) return [];
    return [{ key: JSON.stringify([field, group, value]), ...(ttl !== undefined && { ttl }) }];
  });
}

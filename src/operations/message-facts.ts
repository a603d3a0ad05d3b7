/** What a request of the Messages API tells of itself: to prices, and to the router. */
import { text } from "../formats/anthropic/fields.ts";
import type { MessagesRequest } from "../formats/anthropic/types.ts";
import type { AskedTerms } from "../models/worst-case.ts";
import type { RouteRequest } from "../router/request.ts";
import { searchesOf } from "./searches.ts";

export function termsOf(request: MessagesRequest): AskedTerms {
  const searches = searchesOf(request.tools ?? []);
  return {
    serviceTier: text(request.service_tier) || null,
    geo: text(request["inference_geo"]) || null,
    speed: text(request["speed"]) || null,
    ...(searches > 0 && { searches }),
  };
}

export function affinityOf(request: MessagesRequest, session: string | undefined): RouteRequest["affinity"] {
  return {
    session,
    user: request.metadata?.user_id ?? undefined,
    get promptPrefix() {
      return cacheablePrefix(request); // made only for a router that asks
    },
  };
}

/** Characters; providers cache nothing below 1,024 tokens. */
const LEAST_PREFIX = 4096;

/**
 * What is marked for a provider's cache, as one text; absent where nothing is. Tools and system come first in a prompt
 * and are the same in each turn, so that they alone count where they are marked.
 */
function cacheablePrefix({ tools, system, messages }: MessagesRequest): string | undefined {
  const blocks = Array.isArray(system) ? system : [];
  const isMarked = (value: object) => "cache_control" in value;
  const lastBlock = blocks.findLastIndex(isMarked);
  const lastTurn = messages.findLastIndex(({ content }) => Array.isArray(content) && content.some(isMarked));
  const steady =
    lastBlock >= 0
      ? JSON.stringify([tools, blocks.slice(0, lastBlock + 1)])
      : (tools ?? []).some(isMarked)
        ? JSON.stringify([tools])
        : "";
  if (steady.length >= LEAST_PREFIX) return steady;
  const prefix = lastTurn === -1 ? "" : JSON.stringify([tools, system, messages.slice(0, lastTurn + 1)]);
  return prefix.length < LEAST_PREFIX ? undefined : prefix;
}

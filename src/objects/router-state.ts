import { DurableObject, waitUntil } from "cloudflare:workers";
import { type Reply, type Report, SharedGroup } from "../router/exchange.ts";
import { SharedRouterState } from "./shared-router-state.ts";

/**
 * What the isolates know of one model group together. In memory only, for it is of the last minutes; what is lost with
 * the object the isolates tell it again. Invariants: `docs/storage.md`.
 */
export class RouterStateObject extends DurableObject {
  readonly #group = new SharedGroup(crypto.randomUUID());

  /** Takes what an isolate has seen since its last report, and gives what all have seen. May be called twice. */
  exchange(report: Report): Reply {
    return this.#group.exchange(report, Date.now());
  }
}

/**
 * The state of all model groups, an object each.
 * @param onFailure told once for each time a group's object cannot be reached; nothing else comes of it
 */
export function routerStateObjects(
  namespace: DurableObjectNamespace<RouterStateObject>,
  onFailure: (group: string, error: unknown) => void,
): SharedRouterState {
  return new SharedRouterState({
    exchange: async (group, report) => namespace.getByName(group).exchange(report), // a new stub: one that failed stays broken
    waitUntil,
    onFailure,
  });
}

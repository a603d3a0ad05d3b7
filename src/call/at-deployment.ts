/** Calls that only one deployment can serve: it keeps the object they are about, or a route names it. */

import type { Deployment } from "../router/deployment.ts";
import { RoutingEngine } from "../router/engine.ts";
import { ModelGroups } from "../router/groups.ts";
import { DEFAULT_ROUTING } from "../router/request.ts";
import { MemoryRouterState } from "../router/state.ts";
import type { CallDependencies } from "./call.ts";

/**
 * What a call needs, with no deployment but this one, known by `deployment.modelName`. How it goes there says nothing of
 * the deployment's health, and is not told to others. Nothing of it is cached: it is about what this deployment keeps.
 * @param retries for calls that may be made twice
 */
export function atDeployment(
  dependencies: CallDependencies,
  { team: _, ...deployment }: Deployment,
  retries = 0,
): CallDependencies {
  const settings = { ...DEFAULT_ROUTING, disableCooldowns: true, numRetries: retries };
  const groups = new ModelGroups([deployment]);
  const { cache: _cache, ...others } = dependencies;
  return { ...others, router: new RoutingEngine({ groups, settings, state: new MemoryRouterState() }) };
}

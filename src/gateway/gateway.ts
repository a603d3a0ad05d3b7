/** The gateway of one isolate: config, router and what calls need, made once and shared by all requests. */
import type { Context } from "hono";
import type { CallDependencies } from "../call/pipeline.ts";
import { RoutingEngine } from "../router/engine.ts";
import { ModelGroups } from "../router/groups.ts";
import { MemoryRouterState, type RouterState } from "../router/state.ts";
import type { Log } from "../telemetry/log.ts";
import type { GatewayConfig } from "./config/load.ts";

export interface Gateway {
  config: GatewayConfig;
  router: RoutingEngine;
  fetch: typeof fetch;
  log: Log;
  /** What a call within this request may use. */
  calls(context: Context): CallDependencies;
}

export function createGateway(
  config: GatewayConfig,
  ports: { log: Log; fetch?: typeof fetch; state?: RouterState },
): Gateway {
  const outbound: typeof fetch = ports.fetch ?? ((input, init) => fetch(input, init));
  const router = new RoutingEngine({
    groups: new ModelGroups(config.deployments, config.aliases),
    settings: config.settings.routing,
    state: ports.state ?? new MemoryRouterState(),
  });
  return {
    config,
    router,
    fetch: outbound,
    log: ports.log,
    calls: (context) => ({
      router,
      log: ports.log,
      fetch: outbound,
      now: Date.now,
      waitUntil: (promise) => waitUntil(context, promise),
      settings: config.settings.calls,
    }),
  };
}

/** Outside Workers there is no execution context, and nothing ends a promise early. */
function waitUntil(context: Context, promise: Promise<unknown>): void {
  try {
    context.executionCtx.waitUntil(promise);
  } catch {
    promise.catch(() => {});
  }
}

/** The gateway of one isolate: config, router and what calls need, made once and shared by all requests. */
import type { Context } from "hono";
import type { CallDependencies } from "../call/call.ts";
import { type IdempotencyStore, MemoryIdempotency } from "../call/idempotency.ts";
import { type HealthStore, MemoryHealthStore } from "../health/book.ts";
import { HealthMonitor } from "../health/monitor.ts";
import { RoutingEngine } from "../router/engine.ts";
import { ModelGroups } from "../router/groups.ts";
import { MemoryRouterState, type RouterState } from "../router/state.ts";
import type { Log } from "../telemetry/log.ts";
import type { GatewayConfig } from "./config/load.ts";

export interface Gateway {
  config: GatewayConfig;
  router: RoutingEngine;
  idempotency: IdempotencyStore;
  health: HealthMonitor;
  fetch: typeof fetch;
  log: Log;
  /** What a call within this request may use. */
  calls(context: Context): CallDependencies;
}

export function createGateway(
  config: GatewayConfig,
  ports: { log: Log; fetch?: typeof fetch; state?: RouterState; idempotency?: IdempotencyStore; health?: HealthStore },
): Gateway {
  const outbound: typeof fetch = ports.fetch ?? ((input, init) => fetch(input, init));
  const health = createMonitor(config, outbound, ports);
  const router = new RoutingEngine({
    groups: new ModelGroups(config.deployments, config.aliases),
    settings: config.settings.routing,
    state: ports.state ?? new MemoryRouterState(),
    isUnhealthy: (id) => health.isUnhealthy(id),
  });
  return {
    config,
    router,
    idempotency: ports.idempotency ?? new MemoryIdempotency(),
    health,
    fetch: outbound,
    log: ports.log,
    calls: (context) => {
      health.tick((promise) => waitUntil(context, promise));
      return {
        router,
        log: ports.log,
        fetch: outbound,
        now: Date.now,
        waitUntil: (promise) => waitUntil(context, promise),
        settings: config.settings.calls,
      };
    },
  };
}

/** LiteLLM's `DEFAULT_HEALTH_CHECK_INTERVAL`, in seconds. */
const HEALTH_CHECK_INTERVAL = 300;
/** A Worker has few connections at a time. */
const HEALTH_CHECK_CONCURRENCY = 8;

function createMonitor(
  { deployments, settings }: GatewayConfig,
  outbound: typeof fetch,
  { log, health }: { log: Log; health?: HealthStore },
): HealthMonitor {
  const { general } = settings;
  const asked = { ...general, ...settings.router };
  const interval = (general.health_check_interval || HEALTH_CHECK_INTERVAL) * 1000; // 0 is "not set", as it is to Python
  const staleness = (asked.health_check_staleness_threshold ?? 0) * 1000 || 2 * interval;
  return new HealthMonitor({
    deployments,
    store: health ?? new MemoryHealthStore(),
    log,
    fetch: outbound,
    now: Date.now,
    settings: settings.calls,
    concurrency: general.health_check_concurrency || HEALTH_CHECK_CONCURRENCY,
    ignoreTransient: asked.health_check_ignore_transient_errors ?? false,
    ...(general.background_health_checks && { interval }),
    ...(asked.enable_health_check_routing && { staleness }),
  });
}

/** Outside Workers there is no execution context, and nothing ends a promise early. */
function waitUntil(context: Context, promise: Promise<unknown>): void {
  try {
    context.executionCtx.waitUntil(promise);
  } catch {
    promise.catch(() => {});
  }
}

import type { HealthObject } from "./health.ts";
import type { IdempotencyObject } from "./idempotency.ts";
import type { RouterStateObject } from "./router-state.ts";

/** What the Worker is bound to (`wrangler.toml`), beside its variables and secrets. */
export interface Bindings {
  ROUTER_STATE: DurableObjectNamespace<RouterStateObject>;
  IDEMPOTENCY: DurableObjectNamespace<IdempotencyObject>;
  HEALTH: DurableObjectNamespace<HealthObject>;
}

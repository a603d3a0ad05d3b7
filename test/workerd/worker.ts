/** The Worker that tests in workerd run beside: the objects are the gateway's, the rest the tests make themselves. */
export { BatchObject } from "../../src/objects/batch.ts";
export { HealthObject } from "../../src/objects/health.ts";
export { IdempotencyObject } from "../../src/objects/idempotency.ts";
export { LedgerObject } from "../../src/objects/ledger.ts";
export { RouterStateObject } from "../../src/objects/router-state.ts";
export { ScopeObject } from "../../src/objects/scope.ts";

export default {
  fetch: () => new Response("ok"),
} satisfies ExportedHandler;

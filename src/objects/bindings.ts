import type { BatchMessage } from "../batches/room.ts";
import type { SpendMessage } from "../ledger/parcels.ts";
import type { AlertMessage } from "../telemetry/alerts/message.ts";
import type { BatchObject } from "./batch.ts";
import type { HealthObject } from "./health.ts";
import type { IdempotencyObject } from "./idempotency.ts";
import type { LedgerObject } from "./ledger.ts";
import type { RouterStateObject } from "./router-state.ts";
import type { ScopeObject } from "./scope.ts";

/** What the Worker is bound to (`wrangler.toml`), beside its variables and secrets. */
export interface Bindings {
  ROUTER_STATE: DurableObjectNamespace<RouterStateObject>;
  IDEMPOTENCY: DurableObjectNamespace<IdempotencyObject>;
  HEALTH: DurableObjectNamespace<HealthObject>;
  SCOPES: DurableObjectNamespace<ScopeObject>;
  LEDGER: DurableObjectNamespace<LedgerObject>;
  DB: D1Database;
  SPEND_QUEUE: Queue<SpendMessage>;
  /** Optional: how often the ledger is told, and tells, in place of the usual (`docs/storage.md`). */
  LEDGER_PAUSES?: unknown;
  /** Alerts on their way to whoever is told. */
  ALERT_QUEUE: Queue<AlertMessage>;
  /** Optional: reaches public addresses alone, whatever a name resolves to. Cloudflare's own `fetch` reaches no others. */
  PUBLIC_INTERNET?: Fetcher;
  /** Optional: for prompts and answers that are too big for a row of the ledger. */
  PAYLOADS?: R2Bucket;
  /** Optional: contents of clients' files. */
  FILES?: R2Bucket;
  /** Optional: answers that are given again (`cache_params.type: r2`). */
  CACHE?: R2Bucket;
  BATCHES: DurableObjectNamespace<BatchObject>;
  /** Wakes whoever runs lines of batches, or makes responses in the background. */
  BATCH_QUEUE: Queue<BatchMessage | { response: string }>;
}

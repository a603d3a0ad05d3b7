/** What the embedded worker is bound to (`scripts/workerd-config.ts`). */
import type { BucketObject } from "./bucket.ts";
import type { ClockObject } from "./cron.ts";
import type { DatabaseObject } from "./d1.ts";
import type { Migration } from "./migrate.ts";
import type { QueueObject } from "./queue.ts";

export interface EmbeddedBindings {
  DATABASE: DurableObjectNamespace<DatabaseObject>;
  QUEUE: DurableObjectNamespace<QueueObject>;
  CLOCK: DurableObjectNamespace<ClockObject>;
  BUCKET: DurableObjectNamespace<BucketObject>;
  GATEWAY: GatewayHandlers;
  /** In the order they are applied. */
  MIGRATIONS: readonly Migration[];
  /** In the order of the entrypoints in `queue.ts`. */
  CONSUMERS: readonly ConsumerSettings[];
  /** Milliseconds. */
  CRON_EVERY: number;
}

/** How a queue is delivered: a consumer of `wrangler.toml`. */
export interface ConsumerSettings {
  queue: string;
  /** Absent: what cannot be delivered is dropped. */
  deadLetterQueue?: string;
  /** Messages. */
  maxBatchSize: number;
  /** Seconds the first message of a batch waits for others. */
  maxBatchTimeout: number;
  /** Deliveries after the first. */
  maxRetries: number;
}

/** A service binding's event handlers, which `service_binding_extra_handlers` adds; the types of Workers leave them out. */
export interface GatewayHandlers {
  queue(name: string, messages: QueueDelivery[]): Promise<DeliveryResult>;
  scheduled(event: { scheduledTime: Date; cron: string }): Promise<{ outcome: string }>;
}

export type QueueDelivery = { id: string; timestamp: Date; attempts: number } & (
  | { body: unknown }
  | { serializedBody: ArrayBuffer }
);

/** What the gateway's `queue()` made of a batch. */
export interface DeliveryResult {
  /** `ok`, or how the handler failed. */
  outcome: string;
  ackAll: boolean;
  retryBatch: { retry: boolean; delaySeconds?: number };
  explicitAcks: string[];
  retryMessages: { msgId: string; delaySeconds?: number }[];
}

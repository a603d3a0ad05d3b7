/**
 * The queues on this machine: of each one SQLite Durable Object keeps a message before its `send()` returns, and until the
 * gateway's `queue()` has taken it. At least once: what was under way when the process ended is delivered again.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import type { ConsumerSettings, DeliveryResult, EmbeddedBindings, QueueDelivery } from "./bindings.ts";
import { type Format, received, type SentMessage, sentBatch, sentMessage, TooLargeError } from "./messages.ts";

type MessageRow = {
  seq: number;
  id: string;
  /** Milliseconds since the epoch. */
  sent_at: number;
  format: Format;
  body: ArrayBuffer;
  /** Deliveries that failed. */
  attempts: number;
};

const TABLES = `
  CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, sent_at INTEGER NOT NULL, format TEXT NOT NULL,
    body BLOB NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, ready_at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS messages_ready ON messages (ready_at, seq);
  CREATE TABLE IF NOT EXISTS dead_letters (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, sent_at INTEGER NOT NULL, format TEXT NOT NULL,
    body BLOB NOT NULL, attempts INTEGER NOT NULL, failed_at INTEGER NOT NULL
  )`;

/** The service the gateway's `SPEND_QUEUE` is bound to. */
export class SpendQueue extends WorkerEntrypoint<EmbeddedBindings> {
  override fetch(request: Request): Promise<Response> {
    return this.env.QUEUE.getByName("sluice-spend").fetch(request);
  }
}

/** That of `ALERT_QUEUE`. */
export class AlertQueue extends WorkerEntrypoint<EmbeddedBindings> {
  override fetch(request: Request): Promise<Response> {
    return this.env.QUEUE.getByName("sluice-alerts").fetch(request);
  }
}

/** That of `BATCH_QUEUE`. */
export class BatchQueue extends WorkerEntrypoint<EmbeddedBindings> {
  override fetch(request: Request): Promise<Response> {
    return this.env.QUEUE.getByName("sluice-batches").fetch(request);
  }
}

export class QueueObject extends DurableObject<EmbeddedBindings> {
  readonly #settings: ConsumerSettings;

  constructor(context: DurableObjectState, env: EmbeddedBindings) {
    super(context, env);
    const own = env.CONSUMERS.find(({ queue }) => env.QUEUE.idFromName(queue).equals(context.id));
    if (own === undefined) throw new Error("no consumer is configured for this queue");
    this.#settings = own;
    context.storage.sql.exec(TABLES);
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    try {
      if (pathname === "/message") await this.#keep([await sentMessage(request)]);
      else if (pathname === "/batch") await this.#keep(await sentBatch(request));
      else if (pathname !== "/metrics") return new Response(undefined, { status: 404 });
    } catch (error) {
      if (error instanceof TooLargeError) return new Response(undefined, { status: 413, headers: errorHeaders(error) });
      throw error;
    }
    const metrics = this.#metrics();
    return Response.json(pathname === "/metrics" ? metrics : { metadata: { metrics } });
  }

  /** Sees to it that what is here is delivered, whatever became of the alarm. */
  async wake(): Promise<void> {
    const next = this.#nextDelivery(Date.now());
    if (next === undefined) return;
    const planned = await this.ctx.storage.getAlarm();
    if (planned === null || planned > next) await this.ctx.storage.setAlarm(next);
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    if ((this.#nextDelivery(now) ?? Number.POSITIVE_INFINITY) <= now) await this.#deliver(now);
    await this.wake();
  }

  async #keep(messages: readonly SentMessage[]): Promise<void> {
    const now = Date.now();
    for (const { body, format, delay } of messages)
      this.ctx.storage.sql.exec(
        "INSERT INTO messages (id, sent_at, format, body, ready_at) VALUES (?, ?, ?, ?, ?)",
        crypto.randomUUID().replaceAll("-", ""),
        now,
        format,
        body,
        now + delay * 1000,
      );
    await this.wake();
  }

  /** Now where a batch is full, else when its first message has waited long enough. */
  #nextDelivery(now: number): number | undefined {
    const { maxBatchSize, maxBatchTimeout } = this.#settings;
    const { sql } = this.ctx.storage;
    const { ready } = sql
      .exec<{ ready: number }>(
        "SELECT count(*) AS ready FROM (SELECT 1 FROM messages WHERE ready_at <= ? LIMIT ?)",
        now,
        maxBatchSize,
      )
      .one();
    if (ready >= maxBatchSize) return now;
    const { first } = sql.exec<{ first: number | null }>("SELECT min(ready_at) AS first FROM messages").one();
    return first === null ? undefined : Math.max(now, first + maxBatchTimeout * 1000);
  }

  async #deliver(now: number): Promise<void> {
    const { queue, maxBatchSize } = this.#settings;
    const batch = this.ctx.storage.sql
      .exec<MessageRow>(
        "SELECT seq, id, sent_at, format, body, attempts FROM messages WHERE ready_at <= ? ORDER BY ready_at, seq LIMIT ?",
        now,
        maxBatchSize,
      )
      .toArray();
    let result: DeliveryResult;
    try {
      result = await this.env.GATEWAY.queue(queue, batch.map(asDelivery));
      if (result.outcome !== "ok") console.error(`queue ${queue}: the gateway's handler ended with ${result.outcome}`);
    } catch (error) {
      console.error(`queue ${queue}: ${error}`);
      result = {
        outcome: "exception",
        ackAll: false,
        retryBatch: { retry: false },
        explicitAcks: [],
        retryMessages: [],
      };
    }
    this.#settle(batch, result);
  }

  #settle(batch: readonly MessageRow[], result: DeliveryResult): void {
    const { queue, deadLetterQueue, maxRetries } = this.#settings;
    const { sql } = this.ctx.storage;
    const delays = retried(batch, result);
    const dead = batch.filter(({ id, attempts }) => delays.has(id) && attempts >= maxRetries);
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      for (const { seq } of deadLetterQueue === undefined ? [] : dead)
        sql.exec(
          `INSERT INTO dead_letters SELECT seq, id, sent_at, format, body, attempts + 1, ? FROM messages WHERE seq = ?`,
          now,
          seq,
        );
      for (const message of batch) {
        const delay = delays.get(message.id);
        if (delay === undefined || dead.includes(message)) sql.exec("DELETE FROM messages WHERE seq = ?", message.seq);
        else
          sql.exec(
            "UPDATE messages SET attempts = attempts + 1, ready_at = ? WHERE seq = ?",
            now + delay * 1000,
            message.seq,
          );
      }
    });
    if (dead.length > 0)
      console.error(
        `queue ${queue}: ${deadLetterQueue === undefined ? "dropped" : `moved to ${deadLetterQueue}`} after ${maxRetries + 1} attempts: ${dead.map(({ id }) => id).join(", ")}`,
      );
  }

  #metrics() {
    return this.ctx.storage.sql
      .exec(
        `SELECT count(*) AS backlogCount, coalesce(sum(length(body)), 0) AS backlogBytes,
                coalesce(min(sent_at), 0) AS oldestMessageTimestamp FROM messages`,
      )
      .one();
  }
}

/** Where workerd looks for what `send()` throws. */
function errorHeaders({ message }: TooLargeError): HeadersInit {
  return { "cf-queues-error-code": "413", "cf-queues-error-cause": message };
}

function asDelivery({ id, sent_at, format, body, attempts }: MessageRow): QueueDelivery {
  return { id, timestamp: new Date(sent_at), attempts: attempts + 1, ...received(body, format) };
}

/** Seconds until each message that was not taken goes again. What was acknowledged stays so, however the handler ended. */
function retried(batch: readonly MessageRow[], result: DeliveryResult): Map<string, number> {
  const { outcome, ackAll, retryBatch, explicitAcks, retryMessages } = result;
  const own = new Map(retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds]));
  const restFails = retryBatch.retry || (outcome !== "ok" && !ackAll);
  const failed = batch.filter(({ id }) => own.has(id) || (restFails && !explicitAcks.includes(id)));
  return new Map(failed.map(({ id }) => [id, own.get(id) ?? retryBatch.delaySeconds ?? 0]));
}

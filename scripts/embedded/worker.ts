/**
 * The worker beside the gateway that `npm start` runs: what Cloudflare offers by bindings and events, on this machine.
 * Its state is in the objects' folder. Only the process that starts it asks the worker itself.
 */
import type { EmbeddedBindings } from "./bindings.ts";

export { Bucket, BucketObject } from "./bucket.ts";
export { ClockObject } from "./cron.ts";
export { Database, DatabaseObject } from "./d1.ts";
export { AlertQueue, BatchQueue, QueueObject, SpendQueue } from "./queue.ts";

export default {
  /** Migrates, then starts clock and queues. 500 and a `MigrationFailure` where the database cannot be used. */
  async fetch(_, { DATABASE, QUEUE, CLOCK, CONSUMERS }) {
    const failure = await DATABASE.getByName("DB").migrationFailure();
    if (failure) return Response.json(failure, { status: 500 });
    const queues = CONSUMERS.map(({ queue }) => QUEUE.getByName(queue).wake());
    await Promise.all([...queues, CLOCK.getByName("clock").start()]);
    return new Response("started");
  },
} satisfies ExportedHandler<EmbeddedBindings>;

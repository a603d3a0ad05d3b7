/**
 * The worker beside the gateway that `npm start` runs: what Cloudflare offers by bindings and events, on this machine.
 * Its state is in the objects' folder. Only the process that starts it asks the worker itself.
 */
import type { EmbeddedBindings } from "./bindings.ts";

export { ClockObject } from "./cron.ts";
export { Database, DatabaseObject } from "./d1.ts";
export { QueueObject, SpendQueue } from "./queue.ts";

export default {
  /** Migrates, then starts clock and queue. 500 and a `MigrationFailure` where the database cannot be used. */
  async fetch(_, { DATABASE, QUEUE, CLOCK, CONSUMER }) {
    const failure = await DATABASE.getByName("DB").migrationFailure();
    if (failure) return Response.json(failure, { status: 500 });
    await Promise.all([QUEUE.getByName(CONSUMER.queue).wake(), CLOCK.getByName("clock").start()]);
    return new Response("started");
  },
} satisfies ExportedHandler<EmbeddedBindings>;

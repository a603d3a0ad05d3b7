/** A client that leaves while something is begun for it leaves too early: what its provider goes on with must be heard of. */
import type { Reply } from "../../../../call/call.ts";
import type { RouteCall } from "../../../route.ts";

/**
 * Asks so that the client may leave only once something was told, be it the first event of a stream.
 * @param ask aborts where it is told to
 */
export async function askedToTheEnd(
  { gateway, context }: RouteCall,
  ask: (signal: AbortSignal) => Promise<Reply>,
): Promise<Reply> {
  const { signal } = context.req.raw;
  const stop = new AbortController();
  const begun = async () => {
    const reply = await ask(stop.signal);
    const { body } = reply;
    const told = body instanceof ReadableStream ? { ...reply, body: await readAhead(body) } : reply;
    const leave = () => stop.abort(signal.reason);
    if (signal.aborted) {
      leave();
      if (told.body instanceof ReadableStream) await told.body.cancel(signal.reason).catch(() => {}); // nobody reads it
    } else signal.addEventListener("abort", leave, { once: true });
    return told;
  };
  const reply = begun();
  gateway.waitUntil(
    context,
    reply.catch(() => {}), // whoever asked hears of it
  );
  return reply;
}

/** The same stream, of which the first piece is there. @throws what the first read throws */
async function readAhead(source: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = source.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await reader.read();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = first ?? (await reader.read());
        first = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

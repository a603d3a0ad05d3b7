/** Answers that are neither JSON nor events (audio, files): their bytes go to the client as they come. */
import type { SluiceError } from "../formats/errors.ts";
import type { StreamEnd } from "./relay.ts";

export interface BytesPassage {
  /** Stops the upstream. */
  abort(reason: unknown): void;
  /** Has the client left? */
  clientGone(): boolean;
  observe(piece: Uint8Array): void;
  /** Whatever was thrown as the error to tell. */
  toError(cause: unknown): SluiceError;
  /** How it ended: called once. */
  over(end: StreamEnd): void;
}

/** An upstream that breaks off breaks the client's connection, too: bytes have no place for an error. */
export function passBytes(source: ReadableStream<Uint8Array>, passage: BytesPassage): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let left = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (left) return;
          if (done) {
            controller.close();
            passage.over({ reason: "complete" });
          } else {
            passage.observe(value);
            controller.enqueue(value);
          }
        } catch (cause) {
          if (left) return;
          const error = passage.toError(cause);
          passage.abort(error);
          passage.over(passage.clientGone() ? { reason: "aborted" } : { reason: "error", error });
          controller.error(error);
        }
      },
      async cancel(reason) {
        left = true;
        passage.abort(reason);
        await reader.cancel(reason).catch(() => {}); // broken already
        passage.over({ reason: "aborted" });
      },
    },
    { highWaterMark: 0 },
  );
}

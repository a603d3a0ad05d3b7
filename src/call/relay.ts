/**
 * Streams to the client, in one of two ways. Both call `observe` for every chunk and `over` exactly once.
 *
 * - `translate`: one stage of JavaScript, pulled by the client.
 * - `relay`: the upstream's bytes, untouched. No chunk enters JavaScript on its way: one branch of the body is piped
 *   natively, the other is gathered beside it, a few times a second, for usage (`docs/decisions/streaming.md`).
 */
import type { SluiceError } from "../formats/errors.ts";
import { type ChunkSource, connectionError } from "../providers/chunk-source.ts";
import { type IdleLimit, withinIdleLimit } from "../providers/idle.ts";
import { GatheredBytes, gather, observeGathered } from "./gathered.ts";
import { COMMENT, orSilence, SILENT } from "./silence.ts";

export interface Passage<Chunk> {
  chunks: ChunkSource<Chunk>;
  /** Goes on elsewhere where the upstream broke off; `undefined` where it cannot. Only `translate` asks. */
  recover?(error: SluiceError): Promise<ChunkReader<Chunk> | undefined>;
  /** The upstream's body, of which `chunks` has read the beginning. */
  body: ReadableStream<Uint8Array>;
  /** Stops the upstream. */
  abort(reason: unknown): void;
  /** Has the client left? */
  clientGone(): boolean;
  /** Whatever was thrown as the error to tell; a fault of our own is logged. */
  toError(cause: unknown): SluiceError;
  /** The client waits for a promise; what came before goes out meanwhile. Only `translate` asks. */
  encode(chunk: Chunk): string | undefined | Promise<string | undefined>;
  done: string;
  encodeError(error: SluiceError): string;
  observe(chunk: Chunk): void;
  /** Is the whole answer wanted, and not its usage alone? */
  readsAll?: boolean;
  /** How it ended: by itself, by an error of the upstream, or because the client left. */
  over(end: StreamEnd): void;
}

/** Chunks, pulled. */
export interface ChunkReader<Chunk> {
  /** At least one, or `undefined` at the end. @throws SluiceError */
  read(): Promise<Chunk[] | undefined>;
  cancel(reason?: unknown): Promise<void>;
}

export type StreamEnd = { reason: "complete" } | { reason: "error"; error: SluiceError } | { reason: "aborted" };

/** How often the bytes that passed natively are read for usage, in milliseconds. */
const METER_INTERVAL = 100;
const METER_BUFFER = 64 * 1024;

export function translate<Chunk>(passage: Passage<Chunk>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let source: ChunkReader<Chunk> = passage.chunks;
  let reading: Promise<Chunk[] | undefined> | undefined;
  let left = false;
  const read = async (): Promise<Chunk[] | undefined> => {
    try {
      return await source.read();
    } catch (cause) {
      const error = passage.toError(cause);
      const next = left || passage.clientGone() ? undefined : await passage.recover?.(error);
      if (next === undefined) throw error;
      source = next;
      if (left) await next.cancel(); // meanwhile
      return read();
    }
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          reading ??= read();
          const chunks = await orSilence(reading);
          if (chunks === SILENT) {
            controller.enqueue(encoder.encode(COMMENT));
            return;
          }
          reading = undefined;
          if (chunks === undefined) {
            if (passage.done !== "") controller.enqueue(encoder.encode(passage.done));
            controller.close();
            passage.over({ reason: "complete" });
            return;
          }
          let text = "";
          for (const chunk of chunks) {
            passage.observe(chunk);
            const written = passage.encode(chunk);
            if (written instanceof Promise && text !== "") {
              controller.enqueue(encoder.encode(text));
              text = "";
            }
            text += (written instanceof Promise ? await written : written) ?? "";
          }
          if (text === "") continue;
          controller.enqueue(encoder.encode(text));
          return;
        }
      } catch (cause) {
        if (left) return;
        const error = passage.toError(cause);
        passage.abort(error);
        controller.enqueue(encoder.encode(passage.encodeError(error)));
        controller.close();
        passage.over({ reason: "error", error });
      }
    },
    async cancel(reason) {
      left = true;
      passage.abort(reason);
      await source.cancel(reason);
      passage.over({ reason: "aborted" });
    },
  });
}

/** Needs workerd's `IdentityTransformStream`; elsewhere use `translate`. */
export function relay<Chunk>(passage: Passage<Chunk>): ReadableStream<Uint8Array> {
  const held = passage.chunks.release();
  for (const chunk of passage.chunks.held()) passage.observe(chunk);
  const [forClient, forMeter] = passage.body.tee();
  const { readable, writable } = new IdentityTransformStream();
  const gathered = new GatheredBytes();
  const meter = readPaced(forMeter, passage.chunks.idle, (bytes) => gather(gathered, bytes, passage));
  const observe = () => observeGathered(gathered, passage);

  const pump = async (): Promise<StreamEnd> => {
    try {
      const writer = writable.getWriter();
      for (const bytes of held) await writer.write(bytes);
      writer.releaseLock();
    } catch {
      return { reason: "aborted" }; // nobody reads what we write
    }
    let failure: SluiceError | undefined;
    let told = false;
    try {
      await forClient.pipeTo(writable, { preventClose: true, preventAbort: true }).catch((cause: unknown) => {
        throw connectionError(cause);
      });
      told = true; // what the meter finds from here on, the client has already read
      await meter.finish();
      observe();
      told = passage.chunks.failed;
      for (const chunk of passage.chunks.finish()) passage.observe(chunk);
    } catch (cause) {
      failure = passage.toError(cause);
    }
    if (passage.clientGone()) return { reason: "aborted" };
    try {
      const writer = writable.getWriter();
      if (failure !== undefined) observeSafely(observe); // the error may tell how far the stream has come
      // The upstream may have broken off within a line: the blank line makes the error an event of its own.
      if (failure !== undefined && !told)
        await writer.write(new TextEncoder().encode(`\n\n${passage.encodeError(failure)}`));
      await writer.close();
    } catch {
      return { reason: "aborted" };
    }
    return failure === undefined ? { reason: "complete" } : { reason: "error", error: failure };
  };

  void pump().then(async (end) => {
    if (end.reason !== "complete") {
      passage.abort(end.reason === "error" ? end.error : new DOMException("the client left", "AbortError"));
      await meter.cancel();
      observeSafely(observe);
    }
    passage.over(end);
  });
  return readable;
}

/** Counts what was delivered before a stream broke off; that it broke off is known already. */
function observeSafely(observe: () => void): void {
  try {
    observe();
  } catch {
    // an error event, or an event cut in half: the chunks before it have been observed
  }
}

/** Reads a stream by the clock, so that all that has gathered since is one read. */
function readPaced(
  stream: ReadableStream<Uint8Array>,
  idle: IdleLimit | undefined,
  onBytes: (bytes: Uint8Array) => void,
) {
  const reader = stream.getReader({ mode: "byob" });
  let hurry = () => {};
  let hurried = false;
  const pause = () =>
    new Promise<void>((resolve) => {
      if (hurried) return resolve();
      const timer = setTimeout(resolve, METER_INTERVAL);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const reading = (async () => {
    let buffer = new Uint8Array(METER_BUFFER);
    for (;;) {
      const { done, value } = await withinIdleLimit(reader.read(buffer), idle);
      if (done) return;
      onBytes(value);
      buffer = new Uint8Array(value.buffer);
      await pause();
    }
  })();
  // Reported by finish(), or of no interest after cancel(). What nobody reads any more must not gather.
  reading.catch(() => reader.cancel().catch(() => {}));
  const rush = () => {
    hurried = true;
    hurry();
  };
  return {
    /** Reads what is left without pauses. @throws what reading or `onBytes` threw */
    finish: () => {
      rush();
      return reading;
    },
    cancel: async () => {
      rush();
      await reader.cancel().catch(() => {});
    },
  };
}

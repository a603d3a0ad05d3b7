import type { ChunkSource } from "../providers/chunk-source.ts";

/** Bytes that are kept: what is more is decoded on the way, for a stream may be long and an isolate has many. */
const MOST_KEPT = 512 * 1024;

/** Bytes of a stream that passed, kept for the end: most of them need never be read. */
export class GatheredBytes {
  #parts: Uint8Array[] = [];
  #size = 0;

  /** Keeps a copy: readers use their buffers again. */
  push(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.#size += bytes.byteLength;
  }

  get isFull(): boolean {
    return this.#size > MOST_KEPT;
  }

  /** All that is kept, and no longer is. */
  empty(): Uint8Array[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#size = 0;
    return parts;
  }

  /**
   * What has to be decoded, and no longer kept. A stream that ended as it should tells its usage in the last events, and
   * those are enough (then something was `skipped`); of any other it is everything.
   * @param all is what stands before the usage wanted, too?
   */
  take(all = false): { parts: Uint8Array[]; skipped: boolean } {
    const parts = this.empty();
    if (all) return { parts, skipped: false };
    const tail = lastBytes(parts, TAIL);
    const text = new TextDecoder().decode(tail);
    const usage = text.lastIndexOf('"usage":{');
    if (usage === -1 || !/\ndata: ?\[DONE\]\s*$/.test(text)) return { parts, skipped: false };
    const begin = text.lastIndexOf("\n\n", usage);
    if (begin === -1) return { parts, skipped: false };
    return { parts: [new TextEncoder().encode(text.slice(begin))], skipped: true };
  }
}

/** A usage chunk and the end of the stream are less than this many bytes. */
const TAIL = 4096;

function lastBytes(parts: readonly Uint8Array[], most: number): Uint8Array {
  const last: Uint8Array[] = [];
  let size = 0;
  for (const part of parts.toReversed()) {
    if (size >= most) break;
    last.unshift(part);
    size += part.byteLength;
  }
  const joined = new Uint8Array(size);
  let at = 0;
  for (const part of last) {
    joined.set(part, at);
    at += part.byteLength;
  }
  return joined.subarray(Math.max(0, size - most));
}

/** Decodes what passed, and lets each chunk be seen. @throws SluiceError where an event is an error */
export function observeGathered<Chunk>(
  gathered: GatheredBytes,
  { chunks, observe, readsAll }: { chunks: ChunkSource<Chunk>; observe(chunk: Chunk): void; readsAll?: boolean },
): void {
  const { parts, skipped } = gathered.take(readsAll);
  if (skipped) chunks.skip();
  for (const bytes of parts) for (const chunk of chunks.decode(bytes)) observe(chunk);
}

/** Keeps bytes that passed; decodes them where there are too many. @throws SluiceError where an event is an error */
export function gather<Chunk>(
  gathered: GatheredBytes,
  bytes: Uint8Array,
  { chunks, observe }: { chunks: ChunkSource<Chunk>; observe(chunk: Chunk): void },
): void {
  gathered.push(bytes);
  if (!gathered.isFull) return;
  for (const part of gathered.empty()) for (const chunk of chunks.decode(part)) observe(chunk);
}

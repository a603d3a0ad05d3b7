/** Bytes of a stream that passed, kept for the end: most of them need never be read. */
export class GatheredBytes {
  #parts: Uint8Array[] = [];

  /** Keeps a copy: readers use their buffers again. */
  push(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
  }

  /**
   * What has to be decoded, and no longer kept. A stream that ended as it should tells its usage in the last events, and
   * those are enough; of any other it is everything.
   */
  take(): Uint8Array[] {
    const parts = this.#parts;
    this.#parts = [];
    const tail = lastBytes(parts, TAIL);
    const text = new TextDecoder().decode(tail);
    const usage = text.lastIndexOf('"usage":{');
    if (usage === -1 || !/\ndata: ?\[DONE\]\s*$/.test(text)) return parts;
    const begin = text.lastIndexOf("\n\n", usage);
    return begin === -1 ? parts : [new TextEncoder().encode(text.slice(begin))];
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

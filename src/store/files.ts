/** Contents of files: a bucket, or memory for tests. What they are and whose, the table `objects` says. */

export interface FileStore {
  /** Writes all of it in place of what was there; before it is whole nothing is there. @returns its bytes */
  put(key: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  get(key: string, range?: FileRange): Promise<StoredContent | undefined>;
  /** Those that are not there are none the less gone. */
  delete(keys: readonly string[]): Promise<void>;
}

export interface FileRange {
  offset: number;
  /** To the end, unless said. */
  length?: number;
}

export interface StoredContent {
  /** Bytes of the whole. */
  size: number;
  body: ReadableStream<Uint8Array>;
}

/** R2: "All parts except the last one must be the same size", of 5 MiB at least. */
const PART_BYTES = 8 * 1024 * 1024;
/** Objects one call to R2 may delete. */
const AT_A_TIME = 1000;

/** Never more than a part is in memory. */
export function bucketFiles(bucket: R2Bucket): FileStore {
  return {
    async put(key, content) {
      const parts = partsOf(content);
      const { value: first = new Uint8Array(), done } = await parts.next();
      if (done || first.length < PART_BYTES) {
        await bucket.put(key, first);
        return first.length;
      }
      const upload = await bucket.createMultipartUpload(key);
      try {
        const uploaded = [await upload.uploadPart(1, first)];
        let size = first.length;
        for await (const part of parts) {
          if (part.length === 0) continue;
          uploaded.push(await upload.uploadPart(uploaded.length + 1, part));
          size += part.length;
        }
        await upload.complete(uploaded);
        return size;
      } catch (error) {
        await upload.abort().catch(() => {}); // R2 forgets it after seven days
        throw error;
      }
    },
    async get(key, range) {
      const object = await bucket.get(key, range === undefined ? {} : { range });
      return object === null ? undefined : { size: object.size, body: object.body };
    },
    async delete(keys) {
      for (let at = 0; at < keys.length; at += AT_A_TIME) await bucket.delete(keys.slice(at, at + AT_A_TIME));
    },
  };
}

/** The content in parts of one size, but for the last, which may be empty. */
export async function* partsOf(content: AsyncIterable<Uint8Array>, bytes = PART_BYTES): AsyncGenerator<Uint8Array> {
  let part = new Uint8Array(bytes);
  let filled = 0;
  for await (const piece of content) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + bytes - filled);
      part.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < bytes) continue;
      yield part;
      part = new Uint8Array(bytes);
      filled = 0;
    }
  }
  yield part.subarray(0, filled);
}

export function memoryFiles(): FileStore {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    async put(key, content) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of content) pieces.push(piece.slice());
      const whole = new Uint8Array(await new Blob(pieces).arrayBuffer());
      files.set(key, whole);
      return whole.length;
    },
    async get(key, range) {
      const whole = files.get(key);
      if (whole === undefined) return undefined;
      const { offset = 0, length = whole.length } = range ?? {};
      return { size: whole.length, body: new Blob([whole.slice(offset, offset + length)]).stream() };
    },
    async delete(keys) {
      for (const key of keys) files.delete(key);
    },
  };
}

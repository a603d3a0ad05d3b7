/**
 * R2 on this machine: one SQLite Durable Object behind workerd's own `R2Bucket`, which asks by HTTP. Reading requests say
 * what they want in the header `cf-r2-request`; writing ones in so many first bytes of the body as `cf-r2-metadata-size`
 * says, with the value behind them. Answers are JSON of so many bytes, with the value behind. Bindings share the bucket:
 * their keys differ.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import type { EmbeddedBindings } from "./bindings.ts";

const REQUEST = "cf-r2-request";
const METADATA_SIZE = "cf-r2-metadata-size";
const ERROR = "cf-r2-error";

/** Bytes of a row. */
const CHUNK = 1024 * 1024;
/** Objects of a page. */
const MOST_LISTED = 1000;
const NO_SUCH_KEY = { status: 404, code: 10007, message: "The specified key does not exist." };
const NO_SUCH_UPLOAD = { status: 400, code: 10024, message: "The specified multipart upload does not exist." };
const INVALID_PART = { status: 400, code: 10025, message: "One or more of the specified parts could not be found." };
const INVALID_RANGE = { status: 416, code: 10039, message: "The requested range is not satisfiable" };
const NOT_HERE = { status: 501, code: 10001, message: "This is not served on this machine." };

interface Asked {
  method: string;
  object?: string;
  objects?: string[];
  prefix?: string;
  limit?: number;
  cursor?: string;
  range?: { offset?: number | string; length?: number | string; suffix?: number | string };
  uploadId?: string;
  partNumber?: number;
  parts?: { etag: string; part: number }[];
  httpFields?: Record<string, unknown>;
  customFields?: unknown[];
}

interface ObjectRow extends Record<string, SqlStorageValue> {
  blob: string;
  size: number;
  etag: string;
  uploaded: number;
  http: string;
  custom: string;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, blob TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    uploaded INTEGER NOT NULL, http TEXT NOT NULL, custom TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS chunks (blob TEXT NOT NULL, place INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (blob, place));
  CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, key TEXT NOT NULL, http TEXT NOT NULL, custom TEXT NOT NULL,
    begun INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS parts (upload TEXT NOT NULL, number INTEGER NOT NULL, blob TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, PRIMARY KEY (upload, number))`;

/** The service the gateway's buckets are bound to. */
export class Bucket extends WorkerEntrypoint<EmbeddedBindings> {
  override fetch(request: Request): Promise<Response> {
    return this.env.BUCKET.getByName("bucket").fetch(request);
  }
}

class Refusal extends Error {
  readonly answer: Response;

  constructor({ status, code, message }: { status: number; code: number; message: string }) {
    super(message);
    const error = JSON.stringify({ version: 1, v4code: code, message });
    this.answer = new Response(null, { status, headers: { [ERROR]: error } });
  }
}

export class BucketObject extends DurableObject<EmbeddedBindings> {
  constructor(context: DurableObjectState, env: EmbeddedBindings) {
    super(context, env);
    context.storage.sql.exec(TABLES);
  }

  override async fetch(request: Request): Promise<Response> {
    try {
      const header = request.headers.get(REQUEST);
      if (header !== null) return this.#read(JSON.parse(header));
      const reader = new PrefixedBody(request);
      return await this.#write(JSON.parse(await reader.prefix()), reader);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  #read({ method, object = "", range, prefix = "", limit = MOST_LISTED, cursor = "" }: Asked): Response {
    if (method === "list") return this.#list(prefix, Math.min(limit, MOST_LISTED), cursor);
    const row = this.#find(object);
    if (row === undefined) throw new Refusal(NO_SUCH_KEY);
    if (method === "head") return described(object, row);
    if (method !== "get") throw new Refusal(NOT_HERE);
    const { offset, length } = within(row.size, range);
    return described(object, row, { offset, length }, this.#bytes(row.blob, offset, length));
  }

  /** @param cursor the last name of the page before */
  #list(prefix: string, limit: number, cursor: string): Response {
    const rows = this.ctx.storage.sql
      .exec<ObjectRow & { key: string }>(
        "SELECT * FROM objects WHERE substr(key, 1, length(?1)) = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
        prefix,
        cursor,
        limit + 1,
      )
      .toArray();
    const page = rows.slice(0, limit);
    const truncated = rows.length > limit;
    const last = page.at(-1)?.key;
    return json({
      objects: page.map((row) => about(row.key, row)),
      truncated,
      ...(truncated && { cursor: last }),
      delimitedPrefixes: [],
    });
  }

  async #write(asked: Asked, body: PrefixedBody): Promise<Response> {
    const { method, object = "", uploadId = "" } = asked;
    const fields = [JSON.stringify(asked.httpFields ?? {}), JSON.stringify(asked.customFields ?? [])] as const;
    switch (method) {
      case "put": {
        const blob = await this.#keep(body.rest());
        this.#put(object, blob, fields);
        return described(object, this.#find(object) as ObjectRow); // it was put there just now
      }
      case "delete":
        for (const key of asked.objects ?? [object]) this.#delete(key);
        return new Response();
      case "createMultipartUpload": {
        const id = crypto.randomUUID();
        const { sql } = this.ctx.storage;
        sql.exec("INSERT INTO uploads VALUES (?, ?, ?, ?, ?)", id, object, ...fields, Date.now());
        return json({ uploadId: id });
      }
      case "uploadPart": {
        this.#upload(uploadId, object);
        const part = await this.#keep(body.rest());
        this.ctx.storage.sql.exec(
          "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?)",
          uploadId,
          asked.partNumber ?? 0,
          part.blob,
          part.size,
          part.etag,
        );
        return json({ etag: part.etag });
      }
      case "completeMultipartUpload":
        this.#complete(object, uploadId, asked.parts ?? []);
        return described(object, this.#find(object) as ObjectRow); // as above
      case "abortMultipartUpload":
        this.#upload(uploadId, object);
        this.#abort(uploadId);
        return new Response();
      default:
        throw new Refusal(NOT_HERE);
    }
  }

  #find(key: string): ObjectRow | undefined {
    return this.ctx.storage.sql.exec<ObjectRow>("SELECT * FROM objects WHERE key = ?", key).toArray()[0];
  }

  #upload(id: string, key: string) {
    const { sql } = this.ctx.storage;
    const [upload] = sql
      .exec<{ http: string; custom: string }>("SELECT http, custom FROM uploads WHERE id = ? AND key = ?", id, key)
      .toArray();
    if (upload === undefined) throw new Refusal(NO_SUCH_UPLOAD);
    return upload;
  }

  /** Stores bytes that no object has yet. */
  async #keep(content: AsyncIterable<Uint8Array>): Promise<{ blob: string; size: number; etag: string }> {
    const blob = crypto.randomUUID();
    const { sql } = this.ctx.storage;
    let place = 0;
    for await (const bytes of inChunks(content)) {
      sql.exec("INSERT INTO chunks VALUES (?, ?, ?)", blob, place, bytes.buffer);
      place += bytes.length;
    }
    return { blob, size: place, etag: blob.replaceAll("-", "") };
  }

  #put(
    key: string,
    { blob, size, etag }: { blob: string; size: number; etag: string },
    [http, custom]: readonly [string, string],
  ): void {
    this.ctx.storage.transactionSync(() => {
      this.#delete(key);
      this.ctx.storage.sql.exec(
        "INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)",
        key,
        blob,
        size,
        etag,
        Date.now(),
        http,
        custom,
      );
    });
  }

  #delete(key: string): void {
    const row = this.#find(key);
    if (row === undefined) return;
    const { sql } = this.ctx.storage;
    sql.exec("DELETE FROM chunks WHERE blob = ?", row.blob);
    sql.exec("DELETE FROM objects WHERE key = ?", key);
  }

  #complete(key: string, uploadId: string, chosen: { etag: string; part: number }[]): void {
    const { http, custom } = this.#upload(uploadId, key);
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      const blob = crypto.randomUUID();
      let place = 0;
      for (const { part, etag } of [...chosen].sort((a, b) => a.part - b.part)) {
        const [kept] = sql
          .exec<{ blob: string; size: number }>(
            "SELECT blob, size FROM parts WHERE upload = ? AND number = ? AND etag = ?",
            uploadId,
            part,
            etag,
          )
          .toArray();
        if (kept === undefined) throw new Refusal(INVALID_PART);
        sql.exec("UPDATE chunks SET blob = ?, place = place + ? WHERE blob = ?", blob, place, kept.blob);
        place += kept.size;
      }
      this.#abort(uploadId);
      this.#put(key, { blob, size: place, etag: blob.replaceAll("-", "") }, [http, custom]);
    });
  }

  #abort(uploadId: string): void {
    const { sql } = this.ctx.storage;
    sql.exec("DELETE FROM chunks WHERE blob IN (SELECT blob FROM parts WHERE upload = ?)", uploadId);
    sql.exec("DELETE FROM parts WHERE upload = ?", uploadId);
    sql.exec("DELETE FROM uploads WHERE id = ?", uploadId);
  }

  *#bytes(blob: string, offset: number, length: number): Generator<Uint8Array> {
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const [row] = this.ctx.storage.sql
        .exec<{ place: number; bytes: ArrayBuffer }>(
          "SELECT place, bytes FROM chunks WHERE blob = ? AND place <= ? ORDER BY place DESC LIMIT 1",
          blob,
          at,
        )
        .toArray();
      const piece = row && new Uint8Array(row.bytes).subarray(at - row.place, end - row.place);
      if (piece === undefined || piece.length === 0) throw new Error("the object was deleted while it was read");
      yield piece;
      at += piece.length;
    }
  }
}

async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const chunk = new Uint8Array(CHUNK);
  let filled = 0;
  for await (const piece of content)
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + CHUNK - filled);
      chunk.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < CHUNK) continue;
      yield chunk.slice();
      filled = 0;
    }
  if (filled > 0) yield chunk.slice(0, filled);
}

/** @throws Refusal where nothing of the range is there */
function within(size: number, range: Asked["range"]): { offset: number; length: number } {
  if (range?.suffix !== undefined) {
    const length = Math.min(size, Number(range.suffix));
    return { offset: size - length, length };
  }
  const offset = Number(range?.offset ?? 0);
  if (offset > size || (offset === size && size > 0)) throw new Refusal(INVALID_RANGE);
  return { offset, length: Math.min(size - offset, Number(range?.length ?? size)) };
}

function about(key: string, { size, etag, uploaded, http, custom }: ObjectRow) {
  return {
    name: key,
    version: etag,
    size,
    etag,
    uploaded,
    httpFields: JSON.parse(http),
    customFields: JSON.parse(custom),
    checksums: {},
  };
}

function described(
  key: string,
  row: ObjectRow,
  range?: { offset: number; length: number },
  value?: Generator<Uint8Array>,
): Response {
  const told = encoder.encode(JSON.stringify({ ...about(key, row), ...(range && { range }) }));
  const whole = new FixedLengthStream(told.length + (range?.length ?? 0));
  void send(whole.writable, told, value);
  return new Response(whole.readable, {
    headers: { [METADATA_SIZE]: String(told.length), "content-type": "application/json" },
  });
}

async function send(
  writable: WritableStream<Uint8Array>,
  about: Uint8Array,
  value: Generator<Uint8Array> | undefined,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    await writer.write(about);
    for (const piece of value ?? []) await writer.write(piece);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {}); // whoever reads has left
  }
}

function json(body: Record<string, unknown>): Response {
  const text = JSON.stringify(body);
  const size = String(encoder.encode(text).length);
  return new Response(text, { headers: { [METADATA_SIZE]: size, "content-type": "application/json" } });
}

const encoder = new TextEncoder();

/** A body whose first bytes say what the rest is. */
class PrefixedBody {
  readonly #size: number;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #held: Uint8Array = new Uint8Array();

  constructor({ headers, body }: Request) {
    this.#size = Number(headers.get(METADATA_SIZE));
    this.#reader = body?.getReader();
  }

  async prefix(): Promise<string> {
    let bytes = new Uint8Array();
    while (bytes.length < this.#size) {
      const next = await this.#reader?.read();
      if (next === undefined || next.done) break;
      const joined = new Uint8Array(bytes.length + next.value.length);
      joined.set(bytes);
      joined.set(next.value, bytes.length);
      bytes = joined;
    }
    this.#held = bytes.subarray(this.#size);
    return new TextDecoder().decode(bytes.subarray(0, this.#size));
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#held.length > 0) yield this.#held;
    for (let next = await this.#reader?.read(); next !== undefined && !next.done; next = await this.#reader?.read())
      yield next.value;
  }
}

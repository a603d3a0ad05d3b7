/**
 * A form with a file that is too large for memory: fields are read, the file goes on as it comes. Format: RFC 7578, RFC 2046
 * section 5.1.
 */
import { BadRequestError, RequestTooLargeError } from "../../../formats/errors.ts";
import { boundaryOf, partHead } from "../../../formats/multipart.ts";

/** Bytes of all fields but the file, and of the headers of one part. */
const MOST_FIELD_BYTES = 1024 * 1024;
const MOST_HEADER_BYTES = 16 * 1024;

export interface StreamedForm {
  /** By name; `name[]`, and a name that comes twice, is a list. */
  fields: Record<string, unknown>;
  file: { filename: string; bytes: number } | undefined;
}

/**
 * @param take where the file's bytes go: reads all of them, and says how many
 * @param most bytes of the file
 * @throws BadRequestError, RequestTooLargeError
 */
export async function readFormStream(
  request: Request,
  most: number,
  take: (content: AsyncIterable<Uint8Array>) => Promise<number>,
): Promise<StreamedForm> {
  const boundary = boundaryOf(request.headers.get("content-type") ?? "");
  if (boundary === undefined) throw noForm();
  const reader = new DelimitedReader(request.body);
  const fields = new Map<string, unknown>();
  let file: StreamedForm["file"];
  let fieldBytes = 0;
  await drained(reader.until(encoded(`--${boundary}`)));
  for (;;) {
    const mark = await text(reader.exactly(2), 2);
    if (mark === "--") break;
    if (mark !== "\r\n") throw malformed();
    const head = partHead(await text(reader.until(encoded("\r\n\r\n")), MOST_HEADER_BYTES));
    if (head === undefined) throw malformed();
    const { name, filename } = head;
    const content = reader.until(encoded(`\r\n--${boundary}`));
    if (filename !== undefined && name === "file") {
      if (file !== undefined)
        throw new BadRequestError("litellm.BadRequestError: one file at a time", { param: "file" });
      file = { filename, bytes: await take(bounded(content, most)) };
      continue;
    }
    const value = await text(content, MOST_FIELD_BYTES - fieldBytes);
    fieldBytes += value.length;
    add(fields, name, value);
  }
  return { fields: Object.fromEntries(fields), file };
}

function add(fields: Map<string, unknown>, given: string, value: string): void {
  const isList = given.endsWith("[]");
  const name = isList ? given.slice(0, -2) : given;
  const before = fields.get(name);
  if (before === undefined) fields.set(name, isList ? [value] : value);
  else fields.set(name, [...(Array.isArray(before) ? before : [before]), value]);
}

async function* bounded(content: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of content) {
    size += piece.length;
    if (size > most)
      throw new RequestTooLargeError(
        `litellm.BadRequestError: the file is larger than ${Math.floor(most / 1024 / 1024)} MB, the most this gateway keeps`,
        { param: "file" },
      );
    yield piece;
  }
}

async function text(content: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let read = "";
  for await (const piece of content) {
    read += decoder.decode(piece, { stream: true });
    if (read.length > most) throw new RequestTooLargeError("litellm.BadRequestError: a field of the form is too long");
  }
  return read + decoder.decode();
}

async function drained(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of content);
}

function noForm(): BadRequestError {
  return new BadRequestError("litellm.BadRequestError: a file is sent as multipart/form-data with a boundary", {
    param: "file",
  });
}

function malformed(): BadRequestError {
  return new BadRequestError("litellm.BadRequestError: the request body is not a form with the boundary it names");
}

const encoder = new TextEncoder();
const encoded = (words: string) => encoder.encode(words);

/** Reads a stream up to marks in it. */
class DelimitedReader {
  readonly #source: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #held: Uint8Array = new Uint8Array();

  constructor(body: ReadableStream<Uint8Array> | null) {
    this.#source = body?.getReader();
  }

  /** What comes before the mark; the mark itself is passed over. @throws BadRequestError where there is none */
  async *until(mark: Uint8Array): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = indexOf(this.#held, mark);
      if (at !== -1) {
        const before = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + mark.length);
        if (before.length > 0) yield before;
        return;
      }
      // The end of what is held may be the beginning of the mark.
      const safe = Math.max(0, this.#held.length - mark.length + 1);
      const before = this.#held.subarray(0, safe);
      this.#held = this.#held.subarray(safe);
      if (before.length > 0) yield before;
      await this.#more();
    }
  }

  async *exactly(bytes: number): AsyncGenerator<Uint8Array> {
    while (this.#held.length < bytes) await this.#more();
    yield this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
  }

  async #more(): Promise<void> {
    const next = await this.#source?.read().catch((cause: unknown) => {
      throw new BadRequestError("litellm.BadRequestError: the request body broke off", { cause });
    });
    if (next === undefined || next.done) throw malformed();
    const joined = new Uint8Array(this.#held.length + next.value.length);
    joined.set(this.#held);
    joined.set(next.value, this.#held.length);
    this.#held = joined;
  }
}

function indexOf(bytes: Uint8Array, mark: Uint8Array): number {
  const [first = 0] = mark;
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + mark.length > bytes.length) return -1;
    if (mark.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

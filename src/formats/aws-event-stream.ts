/**
 * AWS's event streams (`application/vnd.amazon.eventstream`): messages of a length, headers, a payload, and checksums.
 * Source: Smithy, "Amazon Event Stream".
 */
import { BadGatewayError } from "./errors.ts";
import type { ServerEvent } from "./sse.ts";

export const AWS_EVENT_STREAM = "application/vnd.amazon.eventstream";

/** Total length, length of the headers, and the checksum of both. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** Smithy: 16 MB of payload, 128 KB of headers. */
const LONGEST_MESSAGE = 16 * 2 ** 20 + 128 * 2 ** 10 + PRELUDE_BYTES + CHECKSUM_BYTES;

/**
 * Decodes messages from bytes cut anywhere. A message becomes an event: its payload as text, under the name of its
 * `:event-type`; of an exception, its `:exception-type`; of an error without a payload, its `:error-code`, with
 * `{"message": …}` as data. A payload that is no text is in `bytes`, too: SageMaker cuts its parts anywhere.
 */
export class AwsEventStreamDecoder {
  #bytes = new Uint8Array(0);

  /** @throws BadGatewayError where the bytes are no such stream */
  push(bytes: Uint8Array): ServerEvent[] {
    this.#bytes = joined(this.#bytes, bytes);
    const events: ServerEvent[] = [];
    let from = 0;
    for (;;) {
      const length = messageLength(this.#bytes, from);
      if (length === undefined || this.#bytes.length - from < length) break;
      events.push(readMessage(this.#bytes.subarray(from, from + length)));
      from += length;
    }
    this.#bytes = this.#bytes.subarray(from);
    return events;
  }

  /** A last message that is not whole says nothing. */
  end(): ServerEvent[] {
    this.#bytes = new Uint8Array(0);
    return [];
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Of the message that begins at `from`, once its prelude is here. */
function messageLength(bytes: Uint8Array, from: number): number | undefined {
  if (bytes.length - from < PRELUDE_BYTES) return undefined;
  const prelude = viewOf(bytes.subarray(from, from + PRELUDE_BYTES));
  const length = prelude.getUint32(0);
  const isSound = prelude.getUint32(8) === crc32(bytes.subarray(from, from + 8));
  const least = PRELUDE_BYTES + prelude.getUint32(4) + CHECKSUM_BYTES;
  if (!isSound || length < least || length > LONGEST_MESSAGE) throw broken("the start of a message is damaged");
  return length;
}

function readMessage(message: Uint8Array): ServerEvent {
  const end = message.length - CHECKSUM_BYTES;
  if (viewOf(message).getUint32(end) !== crc32(message.subarray(0, end))) throw broken("a message is damaged");
  const headersEnd = PRELUDE_BYTES + viewOf(message).getUint32(4);
  const headers = readHeaders(message.subarray(PRELUDE_BYTES, headersEnd));
  const payload = message.subarray(headersEnd, end);
  const data = new TextDecoder().decode(payload);
  const event = headers[":event-type"] ?? headers[":exception-type"] ?? headers[":error-code"];
  const told =
    data === "" && ":error-message" in headers ? JSON.stringify({ message: headers[":error-message"] }) : data;
  return {
    ...(event !== undefined && { event }),
    data: told,
    ...(data.includes("\ufffd") && { bytes: payload.slice() }),
  };
}

/** Bytes of a value, by its type; -1 where the value says its length itself. */
const VALUE_BYTES: readonly number[] = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];
const TEXT_TYPE = 7;

/** The headers that are text. */
function readHeaders(bytes: Uint8Array): Record<string, string> {
  const view = viewOf(bytes);
  const text = (start: number, end: number) => new TextDecoder().decode(bytes.subarray(start, end));
  const headers: Record<string, string> = {};
  try {
    for (let at = 0; at < bytes.length; ) {
      const nameEnd = at + 1 + view.getUint8(at);
      const type = view.getUint8(nameEnd);
      const known = VALUE_BYTES[type];
      if (known === undefined) throw broken(`a header has the unknown type ${type}`);
      const start = nameEnd + (known === -1 ? 3 : 1);
      const end = start + (known === -1 ? view.getUint16(nameEnd + 1) : known);
      if (end > bytes.length) throw broken("a header is cut off");
      if (type === TEXT_TYPE) headers[text(at + 1, nameEnd)] = text(start, end);
      at = end;
    }
  } catch (error) {
    throw error instanceof RangeError ? broken("a header is cut off") : error;
  }
  return headers;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** CRC-32 as in gzip (polynomial 0xEDB88320), a byte at a time. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function crc32(bytes: Uint8Array): number {
  let checksum = 0xffffffff;
  for (const byte of bytes) checksum = (checksum >>> 8) ^ (CRC_TABLE[(checksum ^ byte) & 0xff] ?? 0);
  return ~checksum >>> 0;
}

function broken(what: string): BadGatewayError {
  return new BadGatewayError(`litellm.BadGatewayError: the upstream's event stream is broken: ${what}`);
}

/** Messages as workerd's `Queue` sends them, by HTTP: `POST /message` with the body itself, `POST /batch` with JSON. */

export type Format = "json" | "text" | "bytes" | "v8";

export interface SentMessage {
  body: Uint8Array;
  format: Format;
  /** Seconds to wait before it is delivered. */
  delay: number;
}

/** A message or batch Cloudflare would refuse too. */
export class TooLargeError extends Error {
  override name = "TooLargeError";
}

/** Cloudflare's limits: of a message, of the bytes of a batch, of the messages in it. */
const MESSAGE_BYTES = 128_000;
const BATCH_BYTES = 256_000;
const BATCH_MESSAGES = 100;

/** @throws TooLargeError */
export async function sentMessage(request: Request): Promise<SentMessage> {
  const { headers } = request;
  const message = {
    body: new Uint8Array(await request.arrayBuffer()),
    format: formatOf(headers.get("x-msg-fmt") ?? undefined),
    delay: Number(headers.get("x-msg-delay-secs") ?? 0),
  };
  refuseTooLarge([message]);
  return message;
}

/** @throws TooLargeError */
export async function sentBatch(request: Request): Promise<SentMessage[]> {
  const { messages } = await request.json<{
    messages: { body: string; contentType?: string; delaySecs?: number }[];
  }>();
  const delay = Number(request.headers.get("x-msg-delay-secs") ?? 0);
  const batch = messages.map(({ body, contentType, delaySecs }) => ({
    body: Uint8Array.from(atob(body), (character) => character.charCodeAt(0)),
    format: formatOf(contentType),
    delay: delaySecs ?? delay,
  }));
  refuseTooLarge(batch);
  return batch;
}

function refuseTooLarge(messages: readonly SentMessage[]): void {
  const sizes = messages.map(({ body }) => body.byteLength);
  const largest = Math.max(0, ...sizes);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (largest > MESSAGE_BYTES) throw new TooLargeError(`a message has ${largest} bytes, more than ${MESSAGE_BYTES}`);
  if (total > BATCH_BYTES) throw new TooLargeError(`a batch has ${total} bytes, more than ${BATCH_BYTES}`);
  if (messages.length > BATCH_MESSAGES)
    throw new TooLargeError(`a batch has ${messages.length} messages, more than ${BATCH_MESSAGES}`);
}

function formatOf(given: string | undefined): Format {
  return given === "json" || given === "text" || given === "bytes" ? given : "v8";
}

/** The body as the consumer gets it; workerd itself reads `v8`. */
export function received(body: ArrayBuffer, format: Format): { body: unknown } | { serializedBody: ArrayBuffer } {
  switch (format) {
    case "json":
      return { body: JSON.parse(new TextDecoder().decode(body)) };
    case "text":
      return { body: new TextDecoder().decode(body) };
    case "bytes":
      return { body };
    case "v8":
      return { serializedBody: body };
  }
}

/** Bodies that are read whole: of an upstream that never ends, or says far too much, no more than the isolate can hold. */
import { AnswerTooLargeError } from "../formats/errors.ts";
import type { ServerEvent } from "../formats/sse.ts";
import { connectionError, type EventFraming } from "./chunk-source.ts";

/** Bytes. A Worker has 128 MB, and a body is there several times over: as bytes, as text, as objects. */
export const MOST_WHOLE = 50 * 1024 * 1024;

/** Of an error's body this much is read; no provider has more to say. */
const MOST_OF_ERROR = 1024 * 1024;

/** @throws AnswerTooLargeError where it is larger; InternalServerError where the connection breaks */
export async function wholeText(response: Response, most = MOST_WHOLE): Promise<string> {
  const declared = Number(response.headers.get("content-length") ?? Number.NaN);
  if (declared > most) {
    await response.body?.cancel().catch(() => {});
    throw tooLarge(declared, most);
  }
  // What is compressed is longer than it says.
  if (declared <= most && !response.headers.has("content-encoding")) return response.text().catch(broken);
  const { text, size } = await readUpTo(response, most);
  if (size > most) throw tooLarge(size, most);
  return text;
}

/** What an upstream says of a failure: the beginning, where it says more than anybody reads. */
export async function errorText(response: Response): Promise<string> {
  return (await readUpTo(response, MOST_OF_ERROR)).text;
}

/** The events of a stream, for whoever did not ask for one. @throws as `wholeText`, and as the framing */
export async function wholeEvents(
  response: Response,
  framing: EventFraming,
  most = MOST_WHOLE,
): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  const size = await eachPiece(response, most, (piece) => events.push(...framing.push(piece)));
  if (size > most) throw tooLarge(size, most);
  return [...events, ...framing.end()];
}

async function readUpTo(response: Response, most: number): Promise<{ text: string; size: number }> {
  const decoder = new TextDecoder();
  let text = "";
  const size = await eachPiece(response, most, (piece) => {
    text += decoder.decode(piece, { stream: true });
  });
  return size > most ? { text: text.slice(0, most), size } : { text: text + decoder.decode(), size };
}

/** Reads no further than one piece beyond the limit. @returns the bytes that were read */
async function eachPiece({ body }: Response, most: number, take: (piece: Uint8Array) => void): Promise<number> {
  if (body === null) return 0;
  const reader = body.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(broken);
    if (done) return size;
    size += value.byteLength;
    take(value);
    if (size <= most) continue;
    await reader.cancel().catch(() => {});
    return size;
  }
}

function tooLarge(size: number, most: number): AnswerTooLargeError {
  const megabytes = (bytes: number) => Math.ceil(bytes / 1024 / 102.4) / 10;
  return new AnswerTooLargeError(
    `litellm.APIResponseValidationError: Response size is too large. Response size is at least ${megabytes(size)} MB. Max size is ${megabytes(most)} MB (general_settings.max_response_size_mb)`,
    { blameless: true },
  );
}

function broken(cause: unknown): never {
  throw connectionError(cause);
}

/** Answers as code reads them: iterables of chunks, streams of bytes. Whoever stops reading stops the provider. */
import { SluiceError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import type { Meter } from "../operations/operation.ts";
import type { Answer } from "../providers/speak.ts";
import type { Ticket } from "../router/ticket.ts";

type Streamed<Response, Chunk> = Extract<Answer<Response, Chunk>, { kind: "stream" }>;
type Bytes = Extract<Answer<unknown, unknown>, { kind: "bytes" }>;

/** Tells a router that the deployment has answered. */
export function tell(ticket: Ticket | undefined, usage: Usage | undefined): void {
  ticket?.succeeded({ tokens: usage?.total_tokens ?? 0, completionTokens: usage?.completion_tokens ?? 0 });
}

/** The chunks as the client asked for them. */
export async function* chunksOf<Response, Chunk>(
  { chunks, abort }: Streamed<Response, Chunk>,
  meter: Pick<Meter<Response, Chunk>, "usage" | "chunk">,
  showsUsage: boolean,
  ticket?: Ticket,
  onEnd?: () => void,
): AsyncGenerator<Chunk> {
  ticket?.contentBegan();
  let ended = false;
  try {
    for (;;) {
      const read = await chunks.read();
      if (read === undefined) break;
      for (const chunk of read) {
        if (ticket !== undefined || onEnd !== undefined) meter.chunk(chunk); // nobody else asks what came
        if (!showsUsage && isUsageAlone(chunk)) continue;
        yield chunk;
      }
    }
    ended = true;
    tell(ticket, meter.usage);
    onEnd?.();
  } catch (error) {
    if (error instanceof SluiceError) ticket?.failed(error);
    throw error;
  } finally {
    ticket?.released();
    if (!ended) {
      abort(unread());
      await chunks.cancel();
    }
  }
}

/** The bytes as they come. */
export function bytesOf<Response, Chunk>(
  { body, contentType, abort }: Bytes,
  meter: Meter<Response, Chunk>,
  ticket?: Ticket,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  ticket?.contentBegan();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            if (ticket !== undefined) meter.bytes?.(value, contentType);
            controller.enqueue(value);
            return;
          }
          tell(ticket, meter.usage);
          controller.close();
        } catch (error) {
          if (error instanceof SluiceError) ticket?.failed(error);
          ticket?.released();
          throw error;
        }
      },
      async cancel(reason) {
        ticket?.released();
        abort(unread());
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function unread(): DOMException {
  return new DOMException("the stream is no longer read", "AbortError");
}

/** OpenAI's last chunk, which only the gateway asked for. */
function isUsageAlone(chunk: unknown): boolean {
  if (!isRecord(chunk) || !isRecord(chunk["usage"])) return false;
  return Array.isArray(chunk["choices"]) && chunk["choices"].length === 0;
}

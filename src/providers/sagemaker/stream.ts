/** Streams of SageMaker: AWS's events, whose payload is a piece of the container's own stream, cut anywhere. */
import { type ServerEvent, SseDecoder } from "../../formats/sse.ts";
import type { Exchange, StreamDecoder } from "../provider.ts";
import { sagemakerError } from "./errors.ts";

/** The container's events, out of the parts. */
export function ofParts<Chunk>(container: StreamDecoder<Chunk>, exchange: Exchange<unknown>): StreamDecoder<Chunk> {
  const sse = new SseDecoder();
  const encoder = new TextEncoder();
  return {
    event(event: ServerEvent) {
      if (event.event === "PayloadPart")
        return sse.push(event.bytes ?? encoder.encode(event.data)).flatMap((one) => container.event(one));
      const { headers, target } = exchange;
      throw sagemakerError({ status: 500, body: event.data, headers, target });
    },
    end: () => [...sse.end().flatMap((one) => container.event(one)), ...container.end()],
  };
}

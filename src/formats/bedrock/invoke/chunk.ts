/**
 * The events of `InvokeModelWithResponseStream`: each carries a piece of the model's own stream.
 * Source: Amazon Bedrock API reference, "InvokeModelWithResponseStream".
 */
import { decodeText } from "../../data-url.ts";
import { BadGatewayError } from "../../errors.ts";
import { asRecord, isRecord, type JsonObject } from "../../json.ts";
import type { ServerEvent } from "../../sse.ts";

/** Is it a piece of the answer? Every other event is an exception. */
export function isChunk({ event }: ServerEvent): boolean {
  return event === "chunk";
}

/**
 * What the model said, as it said it.
 * @throws BadGatewayError where the event carries nothing
 */
export function payloadOf({ data }: ServerEvent): string {
  const { bytes } = asRecord(parsed(data));
  const text = typeof bytes === "string" ? decodeText(bytes) : undefined;
  if (text !== undefined) return text;
  throw new BadGatewayError(`litellm.BadGatewayError: a chunk of Bedrock's stream has no bytes: ${data.slice(0, 200)}`);
}

/** The same as JSON. @throws BadGatewayError where it is none */
export function chunkOf(event: ServerEvent): JsonObject {
  const text = payloadOf(event);
  const value = parsed(text);
  if (isRecord(value)) return value;
  throw new BadGatewayError(`litellm.BadGatewayError: a chunk of Bedrock's stream is no JSON: ${text.slice(0, 200)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

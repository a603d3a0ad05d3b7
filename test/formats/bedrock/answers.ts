/** The same answer of Converse's, whole and as a stream. */
import { AwsEventStreamDecoder } from "../../../src/formats/aws-event-stream.ts";
import type { ServerEvent } from "../../../src/formats/sse.ts";
import { awsMessage } from "../aws-message.ts";

export type Piece = readonly [event: string, data: Record<string, unknown>];

export function event(name: string, data: unknown): Uint8Array<ArrayBuffer> {
  return awsMessage(
    { ":event-type": name, ":content-type": "application/json", ":message-type": "event" },
    JSON.stringify(data),
  );
}

export function exception(name: string, message: string): Uint8Array<ArrayBuffer> {
  return awsMessage(
    { ":exception-type": name, ":content-type": "application/json", ":message-type": "exception" },
    JSON.stringify({ message }),
  );
}

export function decoded(messages: readonly Uint8Array[]): ServerEvent[] {
  const decoder = new AwsEventStreamDecoder();
  return messages.flatMap((message) => decoder.push(message));
}

export const USAGE = {
  inputTokens: 10,
  outputTokens: 5,
  totalTokens: 118,
  cacheReadInputTokens: 100,
  cacheWriteInputTokens: 3,
  cacheDetails: [{ ttl: "1h", inputTokens: 3 }],
};

/** Of text in pieces. */
export function textStream(...texts: string[]): Uint8Array<ArrayBuffer>[] {
  return [
    event("messageStart", { role: "assistant" }),
    ...texts.map((text) => event("contentBlockDelta", { contentBlockIndex: 0, delta: { text } })),
    event("contentBlockStop", { contentBlockIndex: 0 }),
    event("messageStop", { stopReason: "end_turn" }),
    event("metadata", { usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 }, metrics: { latencyMs: 1 } }),
  ];
}

export function textAnswer(text: string): Record<string, unknown> {
  return {
    output: { message: { role: "assistant", content: [{ text }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    metrics: { latencyMs: 1 },
  };
}

/**
 * Amazon Bedrock's Converse API. Source: Amazon Bedrock's API reference, "Converse" and "ConverseStream". Objects are
 * open: what is not named here survives. Bytes are base64.
 */
import { z } from "zod";

/** A block is what the one field it has says: `{ text }`, `{ toolUse }`, `{ reasoningContent }`, ... */
export const blockSchema = z.looseObject({
  text: z.string().nullish(),
  toolUse: z
    .looseObject({
      toolUseId: z.string(),
      name: z.string(),
      input: z.unknown(),
      /** Of tools that Bedrock runs itself: `server_tool_use`. */
      type: z.string().nullish(),
    })
    .nullish(),
  reasoningContent: z
    .looseObject({
      reasoningText: z.looseObject({ text: z.string().nullish(), signature: z.string().nullish() }).nullish(),
      redactedContent: z.string().nullish(),
    })
    .nullish(),
  citationsContent: z
    .looseObject({
      content: z.array(z.looseObject({ text: z.string().nullish() })).nullish(),
      citations: z.array(z.record(z.string(), z.unknown())).nullish(),
    })
    .nullish(),
});
export type Block = z.infer<typeof blockSchema>;

export interface Turn {
  role: "user" | "assistant";
  content: Block[];
}

const extras = {
  usage: z.record(z.string(), z.unknown()).nullish(),
  /** What guardrails found. */
  trace: z.unknown().optional(),
  serviceTier: z.looseObject({ type: z.string() }).nullish(),
};

export const answerSchema = z.looseObject({
  output: z.looseObject({
    message: z.looseObject({ role: z.string().nullish(), content: z.array(blockSchema) }),
  }),
  stopReason: z.string().nullish(),
  additionalModelResponseFields: z.unknown().optional(),
  ...extras,
});
export type Answer = z.infer<typeof answerSchema>;

/** What the events of a stream carry; which it is, the name of the event says. */
export const eventSchema = z.looseObject({
  contentBlockIndex: z.number().nullish(),
  start: z.record(z.string(), z.unknown()).nullish(),
  delta: z.record(z.string(), z.unknown()).nullish(),
  stopReason: z.string().nullish(),
  additionalModelResponseFields: z.unknown().optional(),
  ...extras,
});
export type Event = z.infer<typeof eventSchema>;

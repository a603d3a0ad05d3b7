/**
 * Anthropic's Messages API on the wire. Source: Anthropic API reference, "Create a Message" and "Streaming".
 * Every object is open: fields and block types not named here survive.
 */
import { z } from "zod";

/** A content block: `text`, `image`, `tool_use`, `thinking`, ... Its other fields are read where they are needed. */
export const blockSchema = z.looseObject({ type: z.string() });
export type Block = z.infer<typeof blockSchema>;

const contentSchema = z.union([z.string(), z.array(blockSchema)]);

export const turnSchema = z.looseObject({
  /** `system` within a conversation is taken by newer models only, and right after a user turn. */
  role: z.enum(["user", "assistant", "system"]),
  content: contentSchema,
});
export type Turn = z.infer<typeof turnSchema>;

/** A tool: the client's own (`name`, `input_schema`), or one of Anthropic's by its `type`. */
export const toolSchema = z.looseObject({
  type: z.string().nullish(),
  name: z.string().optional(),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()).optional(),
});
export type AnthropicTool = z.infer<typeof toolSchema>;

export const messagesRequestSchema = z.looseObject({
  model: z.string().min(1),
  /** 0 only fills the prompt cache. */
  max_tokens: z.int({ error: ({ input }) => (input === undefined ? "Field required" : undefined) }).min(0),
  messages: z.array(turnSchema, { error: ({ input }) => (input === undefined ? "Field required" : undefined) }).min(1),
  system: contentSchema.nullish(),
  tools: z.array(toolSchema).nullish(),
  /** `auto`, `any`, `none`, or `tool` with a `name`. */
  tool_choice: z
    .looseObject({
      type: z.string(),
      name: z.string().nullish(),
      disable_parallel_tool_use: z.boolean().nullish(),
    })
    .nullish(),
  stream: z.boolean().nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.number().nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  service_tier: z.string().nullish(),
  thinking: z.looseObject({ type: z.string(), budget_tokens: z.int().nullish() }).nullish(),
  output_config: z
    .looseObject({
      effort: z.string().nullish(),
      format: z.looseObject({ type: z.string(), schema: z.record(z.string(), z.unknown()).nullish() }).nullish(),
    })
    .nullish(),
});
/** The body of `POST /v1/messages`. */
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;

/** The body of `POST /v1/messages/count_tokens`. */
export const countTokensRequestSchema = messagesRequestSchema.omit({ max_tokens: true });
export type CountTokensRequest = z.infer<typeof countTokensRequestSchema>;

export const countTokensResponseSchema = z.looseObject({ input_tokens: z.number() });
export type CountTokensResponse = z.infer<typeof countTokensResponseSchema>;

/** The answer of `POST /v1/messages`. `usage` is read by `toUsage`, which takes whatever comes. */
export const messageSchema = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  content: z.array(blockSchema),
  stop_reason: z.string().nullish(),
  stop_sequence: z.string().nullish(),
});
export type Message = z.infer<typeof messageSchema>;

/** One event of a stream; its other fields depend on `type`. */
export const eventSchema = z.looseObject({ type: z.string(), index: z.number().optional() });
export type StreamEvent = z.infer<typeof eventSchema>;

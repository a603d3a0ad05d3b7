/**
 * OpenAI's Responses API: requests, answers and the events of a stream.
 * Source: OpenAI API reference, "Responses".
 *
 * Every object is open: fields not named here survive. Items are looked into only where they are translated, as a
 * provider that speaks the format itself judges them better.
 */
import { z } from "zod";

/** An item of a conversation, of whatever type; one without a type is a message. */
export const itemSchema = z.looseObject({
  type: z.string().nullish(),
  id: z.string().nullish(),
  encrypted_content: z.string().nullish(),
});
export type Item = z.infer<typeof itemSchema>;

/** A tool: `function`, `custom`, or one of OpenAI's own (`web_search`, `local_shell`, ...). */
export const responseToolSchema = z.looseObject({ type: z.string().nullish(), name: z.string().nullish() });
export type ResponseTool = z.infer<typeof responseToolSchema>;

const toolChoiceSchema = z.union([z.string(), z.looseObject({ type: z.string().nullish() })]);

/** Cursor and others write tools, and the form of the answer, as in chat: both are read. */
export const responsesRequestSchema = z.looseObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(itemSchema)]).nullish(),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
  max_output_tokens: z.int().nullish(),
  max_tool_calls: z.int().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_logprobs: z.int().min(0).nullish(),
  tools: z.array(responseToolSchema).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z
    .looseObject({
      format: z.looseObject({ type: z.string() }).nullish(),
      verbosity: z.string().nullish(),
    })
    .nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  include: z.array(z.string()).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.string().nullish(),
  service_tier: z.string().nullish(),
  store: z.boolean().nullish(),
  truncation: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  conversation: z.union([z.string(), z.looseObject({ id: z.string() })]).nullish(),
  prompt: z.looseObject({ id: z.string() }).nullish(),
  background: z.boolean().nullish(),
});
export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;

/** Parameters of the Responses API beyond `model`, `input` and `stream`. Anything else is a provider's own. */
export const OPENAI_RESPONSES_PARAMS = [
  "background",
  "context_management",
  "conversation",
  "include",
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "metadata",
  "parallel_tool_calls",
  "previous_response_id",
  "prompt",
  "prompt_cache_key",
  "prompt_cache_retention",
  "reasoning",
  "safety_identifier",
  "service_tier",
  "store",
  "stream_options",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "truncation",
  "user",
] as const;

/** An item of an answer. */
export interface OutputItem {
  type: string;
  id?: string;
  status?: string;
  [field: string]: unknown;
}

export type TextPart = {
  type: "output_text";
  text: string;
  annotations: Record<string, unknown>[];
  logprobs: unknown[];
  [field: string]: unknown;
};

export interface ResponsesUsage {
  /** All input tokens, cached ones included. */
  input_tokens: number;
  input_tokens_details: { cached_tokens: number; [field: string]: unknown };
  /** All output tokens, reasoning included. */
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number; [field: string]: unknown };
  total_tokens: number;
  [field: string]: unknown;
}

/** `failed` where there is an error, `incomplete` where it was cut short. */
export type ResponseStatus = "completed" | "failed" | "in_progress" | "cancelled" | "queued" | "incomplete";

export interface ResponseObject {
  id: string;
  object: "response";
  /** Unix seconds. */
  created_at: number;
  status?: ResponseStatus | (string & {});
  error?: { code: string; message: string; [field: string]: unknown } | null;
  incomplete_details?: { reason?: string; [field: string]: unknown } | null;
  model: string;
  output: OutputItem[];
  usage?: ResponsesUsage | null;
  service_tier?: string | null;
  [field: string]: unknown;
}

/** One event of a stream. Events of one item name it by `output_index` and `item_id`. */
export interface ResponseEvent {
  type: string;
  sequence_number?: number;
  response?: ResponseObject;
  output_index?: number;
  item_id?: string;
  item?: OutputItem;
  delta?: string;
  [field: string]: unknown;
}

/** A conversation made shorter: its output is the input of what follows. */
export interface CompactedResponse {
  id: string;
  object: "response.compaction";
  /** Unix seconds. */
  created_at: number;
  output: OutputItem[];
  usage?: ResponsesUsage | null;
  [field: string]: unknown;
}

export interface InputTokens {
  object: "response.input_tokens";
  input_tokens: number;
  [field: string]: unknown;
}

/** Parameters that have the same meaning in chat, under the same name. */
export const PARAMS_OF_BOTH = [
  "metadata",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "temperature",
  "top_p",
  "user",
] as const;

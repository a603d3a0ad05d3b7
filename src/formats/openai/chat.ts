/**
 * OpenAI's chat completions, the hub format of the gateway.
 * Source: OpenAI API reference, "Create chat completion", with LiteLLM's additions
 * (`reasoning_content`, `thinking_blocks`, `provider_specific_fields`, `cache_control`, `thinking`).
 *
 * Every object is open: fields not named here survive.
 */
import { z } from "zod";

/** Anthropic's cache marker, accepted on any content part, message or tool. */
export const cacheControlSchema = z.looseObject({ type: z.string(), ttl: z.string().optional() });
export type CacheControl = z.infer<typeof cacheControlSchema>;

const cached = { cache_control: cacheControlSchema.nullish() };

export const textPartSchema = z.looseObject({ type: z.literal("text"), text: z.string(), ...cached });
export const imagePartSchema = z.looseObject({
  type: z.literal("image_url"),
  /** OpenAI's object; a bare string is accepted as LiteLLM does. */
  image_url: z.union([
    z.string(),
    z.looseObject({ url: z.string(), detail: z.string().nullish(), format: z.string().nullish() }),
  ]),
  ...cached,
});
export const audioPartSchema = z.looseObject({
  type: z.literal("input_audio"),
  input_audio: z.looseObject({ data: z.string(), format: z.string() }),
  ...cached,
});
export const filePartSchema = z.looseObject({
  type: z.literal("file"),
  file: z.looseObject({
    /** A data URL (or bare base64) with the bytes of the file. */
    file_data: z.string().nullish(),
    /** A provider's file id, or a URL the provider fetches. */
    file_id: z.string().nullish(),
    filename: z.string().nullish(),
    /** MIME type, where it cannot be read off `file_data`. */
    format: z.string().nullish(),
  }),
  ...cached,
});
export const refusalPartSchema = z.looseObject({ type: z.literal("refusal"), refusal: z.string() });

const knownParts = {
  text: textPartSchema,
  image_url: imagePartSchema,
  input_audio: audioPartSchema,
  file: filePartSchema,
  refusal: refusalPartSchema,
};
type KnownPart = { [K in keyof typeof knownParts]: z.infer<(typeof knownParts)[K]> }[keyof typeof knownParts];
export type TextPart = z.infer<typeof textPartSchema>;
export type ImagePart = z.infer<typeof imagePartSchema>;
export type AudioPart = z.infer<typeof audioPartSchema>;
export type FilePart = z.infer<typeof filePartSchema>;

/** A content part. Types the gateway does not know (`video_url`, ...) pass to providers that may. */
export const contentPartSchema = z.looseObject({ type: z.string() }).superRefine((part, context) => {
  const schema = Object.hasOwn(knownParts, part.type) ? knownParts[part.type as keyof typeof knownParts] : undefined;
  const parsed = schema?.safeParse(part);
  if (parsed?.success === false)
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: "custom", path, message });
}) as unknown as z.ZodType<ContentPart>; // the refinement proves the union, which zod cannot express with an open member
export type ContentPart = KnownPart;

const contentSchema = z.union([z.string(), z.array(contentPartSchema)]);

/** LiteLLM's thinking block: Anthropic's `thinking` or `redacted_thinking`, signature included. */
export const thinkingBlockSchema = z.looseObject({
  type: z.string(),
  thinking: z.string().optional(),
  signature: z.string().nullish(),
  data: z.string().optional(),
});
export type ThinkingBlock = z.infer<typeof thinkingBlockSchema>;

export const toolCallSchema = z.looseObject({
  id: z.string(),
  type: z.string().optional(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }).optional(),
  /** Opaque state of the provider, e.g. `{ thought_signature }` of Gemini; must come back with the next turn. */
  provider_specific_fields: z.record(z.string(), z.unknown()).nullish(),
  ...cached,
});
export type ToolCall = z.infer<typeof toolCallSchema>;

/** A tool call of a former turn. Some providers give calls no id, and take them back without. */
export const messageToolCallSchema = toolCallSchema.extend({ id: z.string().nullish() });
export type MessageToolCall = z.infer<typeof messageToolCallSchema>;

export const messageSchema = z
  .looseObject({
    role: z.enum(["developer", "system", "user", "assistant", "tool", "function"]),
    content: contentSchema.nullish(),
    name: z.string().nullish(),
    tool_calls: z.array(messageToolCallSchema).nullish(),
    /** The call a `tool` message answers; where it is absent, the first that is still open (`tool-call-ids.ts`). */
    tool_call_id: z.string().nullish(),
    /** Legacy functions. */
    function_call: z.looseObject({ name: z.string(), arguments: z.string() }).nullish(),
    refusal: z.string().nullish(),
    audio: z.looseObject({ id: z.string() }).nullish(),
    reasoning_content: z.string().nullish(),
    thinking_blocks: z.array(thinkingBlockSchema).nullish(),
    provider_specific_fields: z.record(z.string(), z.unknown()).nullish(),
    ...cached,
  })
  .superRefine((message, context) => {
    if (message.role !== "assistant" && (message.content === undefined || message.content === null))
      context.addIssue({ code: "custom", path: ["content"], message: `a ${message.role} message needs content` });
  });
export type ChatMessage = z.infer<typeof messageSchema>;

export const functionDefinitionSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  /** JSON schema of the arguments. */
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});
export type FunctionDefinition = z.infer<typeof functionDefinitionSchema>;

/** A tool: OpenAI's `function` and `custom`, or a provider's own (`web_search_20250305`, `googleSearch`, ...). */
export const toolSchema = z
  .looseObject({ type: z.string().optional(), function: functionDefinitionSchema.optional(), ...cached })
  .superRefine((tool, context) => {
    if (tool.type === "function" && tool.function === undefined)
      context.addIssue({ code: "custom", path: ["function"], message: "a tool of type function needs a function" });
  });
export type Tool = z.infer<typeof toolSchema>;

/** `none`, `auto`, `required`, or an object that names the tool (or the allowed tools). */
export const toolChoiceSchema = z.union([z.string(), z.looseObject({ type: z.string().optional() })]);
export type ToolChoice = z.infer<typeof toolChoiceSchema>;

export const responseFormatSchema = z.looseObject({
  type: z.string(),
  json_schema: z
    .looseObject({
      name: z.string().nullish(),
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    })
    .optional(),
});
export type ResponseFormat = z.infer<typeof responseFormatSchema>;

export const chatRequestSchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  n: z.int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  /** Local servers read 0 or -1 as "no limit". */
  max_tokens: z.int().nullish(),
  max_completion_tokens: z.int().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).nullish(),
  seed: z.number().nullish(),
  user: z.string().nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  functions: z.array(functionDefinitionSchema).nullish(),
  function_call: z.union([z.string(), z.looseObject({ name: z.string() })]).nullish(),
  response_format: responseFormatSchema.nullish(),
  reasoning_effort: z.string().nullish(),
  verbosity: z.string().nullish(),
  modalities: z.array(z.string()).nullish(),
  audio: z.looseObject({ voice: z.unknown(), format: z.string().optional() }).nullish(),
  prediction: z.looseObject({ type: z.string() }).nullish(),
  web_search_options: z.looseObject({ search_context_size: z.string().nullish() }).nullish(),
  service_tier: z.string().nullish(),
  store: z.boolean().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.string().nullish(),
  /** LiteLLM: Anthropic's thinking switch, `{ type: "enabled", budget_tokens }`. */
  thinking: z.looseObject({ type: z.string().nullish(), budget_tokens: z.int().nullish() }).nullish(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

export const usageSchema = z.looseObject({
  /** All input tokens, cached ones included. */
  prompt_tokens: z.number(),
  /** All output tokens, reasoning included. */
  completion_tokens: z.number(),
  total_tokens: z.number(),
  prompt_tokens_details: z
    .looseObject({
      cached_tokens: z.number().nullish(),
      /** Tokens written to the provider's cache; a part of `prompt_tokens`. */
      cache_creation_tokens: z.number().nullish(),
      /** The same, split by how long they are kept. */
      cache_creation_token_details: z
        .looseObject({
          ephemeral_5m_input_tokens: z.number().nullish(),
          ephemeral_1h_input_tokens: z.number().nullish(),
        })
        .nullish(),
      audio_tokens: z.number().nullish(),
      image_tokens: z.number().nullish(),
      video_tokens: z.number().nullish(),
      text_tokens: z.number().nullish(),
    })
    .nullish(),
  completion_tokens_details: z
    .looseObject({
      reasoning_tokens: z.number().nullish(),
      audio_tokens: z.number().nullish(),
      image_tokens: z.number().nullish(),
      text_tokens: z.number().nullish(),
      accepted_prediction_tokens: z.number().nullish(),
      rejected_prediction_tokens: z.number().nullish(),
    })
    .nullish(),
  /** LiteLLM's top-level copies of Anthropic's cache figures. */
  cache_creation_input_tokens: z.number().nullish(),
  cache_read_input_tokens: z.number().nullish(),
  server_tool_use: z.looseObject({ web_search_requests: z.number().nullish() }).nullish(),
});
/** Tokens of one call, in OpenAI's shape with LiteLLM's additions. */
export type Usage = z.infer<typeof usageSchema>;

/** Also the values providers invented pass: OpenAI's five are what converters of the gateway produce. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "function_call";

/** OpenAI's annotation: a citation of a web page or a file within the text. */
export interface Annotation {
  type: string;
  url_citation?: { url: string; title: string; start_index: number; end_index: number; [key: string]: unknown };
  [key: string]: unknown;
}

export interface AssistantMessage {
  role: "assistant";
  content: string | null;
  refusal?: string | null;
  tool_calls?: ToolCall[];
  function_call?: { name: string; arguments: string };
  annotations?: Annotation[];
  audio?: { id: string; data: string; transcript: string; expires_at: number } | null;
  /** Images the model made, as data URLs. */
  images?: { type: "image_url"; image_url: { url: string }; index?: number }[];
  /** The model's reasoning as text. */
  reasoning_content?: string | null;
  /** The same with signatures, to be sent back with the next turn. */
  thinking_blocks?: ThinkingBlock[];
  provider_specific_fields?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface ChatCompletion {
  id: string;
  object: "chat.completion";
  /** Unix seconds. */
  created: number;
  model: string;
  choices: {
    index: number;
    message: AssistantMessage;
    finish_reason: FinishReason | (string & {}) | null;
    logprobs?: unknown;
    [key: string]: unknown;
  }[];
  usage?: Usage;
  service_tier?: string | null;
  system_fingerprint?: string | null;
  provider_specific_fields?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface ToolCallDelta {
  index: number;
  id?: string;
  type?: string;
  function?: { name?: string; arguments?: string };
  /** Of a custom tool, whose input is any text. */
  custom?: { name?: string; input?: string };
  provider_specific_fields?: Record<string, unknown> | null;
}

export interface Delta {
  role?: "assistant";
  content?: string | null;
  refusal?: string | null;
  tool_calls?: ToolCallDelta[];
  function_call?: { name?: string; arguments?: string };
  annotations?: Annotation[];
  images?: AssistantMessage["images"];
  reasoning_content?: string | null;
  thinking_blocks?: ThinkingBlock[];
  provider_specific_fields?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface ChatChunk {
  id: string;
  object: "chat.completion.chunk";
  created: number;
  model: string;
  choices: {
    index: number;
    delta: Delta;
    finish_reason: FinishReason | (string & {}) | null;
    logprobs?: unknown;
    [key: string]: unknown;
  }[];
  usage?: Usage | null;
  service_tier?: string | null;
  system_fingerprint?: string | null;
  [key: string]: unknown;
}

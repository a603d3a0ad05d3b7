/**
 * Google's Interactions API: requests, interactions, and the events of a stream, as of its revision of May 2026 (`steps`).
 * Source: Gemini API reference, "Interactions"; its guide to the changes of May 2026.
 *
 * Every object is open: fields not named here survive. Steps are looked into only where they are translated, as Google judges
 * its own better.
 */
import { z } from "zod";
import type { ChatRequest } from "../../openai/chat.ts";
import type { GenerateContentCall, GeneratedChunk, GeneratedContent } from "../as-chat.ts";
import type { JsonObject } from "../json.ts";

const jsonObject = z.record(z.string(), z.unknown());

/** A text, or a medium: `data` or the `uri` where it is. Some clients put calls and their results among them. */
export const contentSchema = z.looseObject({
  type: z.string().nullish(),
  text: z.string().nullish(),
  data: z.string().nullish(),
  uri: z.string().nullish(),
  mime_type: z.string().nullish(),
  resolution: z.string().nullish(),
  signature: z.string().nullish(),
  id: z.string().nullish(),
  name: z.string().nullish(),
  call_id: z.string().nullish(),
  is_error: z.boolean().nullish(),
});
export type InteractionContent = z.infer<typeof contentSchema>;

/**
 * A step of a conversation, of whatever type; a content in its place is the user's. Before May 2026 a turn had a `role` in
 * place of a type.
 */
export const stepSchema = contentSchema.extend({
  role: z.string().nullish(),
  content: z.union([z.string(), z.array(contentSchema)], "it must be a list of contents").nullish(),
  summary: z.array(contentSchema).nullish(),
});
export type Step = z.infer<typeof stepSchema>;

export const toolSchema = z.looseObject({ type: z.string().nullish(), name: z.string().nullish() });
export type InteractionTool = z.infer<typeof toolSchema>;

const toolChoiceSchema = z.union([
  z.string(),
  z.looseObject({
    allowed_tools: z.looseObject({ mode: z.string().nullish(), tools: z.array(z.string()).nullish() }).nullish(),
  }),
]);

export const configSchema = z.looseObject({
  max_output_tokens: z.int().nullish(),
  seed: z.int().nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  temperature: z.number().nullish(),
  thinking_level: z.string().nullish(),
  thinking_summaries: z.string().nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  top_k: z.number().nullish(),
  top_p: z.number().nullish(),
});
export type InteractionConfig = z.infer<typeof configSchema>;

/** The same as a request of `generateContent`, settled for a provider that has no Interactions API. It stands in no JSON. */
export const AS_CONTENT: unique symbol = Symbol("as content");

export const interactionRequestSchema = z.looseObject({
  /** The model, or the agent in its place. */
  model: z.string().min(1),
  agent: z.string().min(1).nullish(),
  input: z
    .union(
      [z.string(), z.array(stepSchema), stepSchema],
      "it must be a text, a content, or a list of contents or steps",
    )
    .nullish(),
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  background: z.boolean().nullish(),
  previous_interaction_id: z.string().nullish(),
  system_instruction: z.string().nullish(),
  tools: z.array(toolSchema).nullish(),
  generation_config: configSchema.nullish(),
  response_format: z.union([jsonObject, z.array(jsonObject)], "it must be a format, or a list of formats").nullish(),
  response_mime_type: z.string().nullish(),
  response_modalities: z.array(z.string()).nullish(),
  service_tier: z.string().nullish(),
});
export type InteractionRequest = z.infer<typeof interactionRequestSchema> & { [AS_CONTENT]?: GenerateContentCall };

/** Its own fields; what stands beside them in a request are words of the gateway, or OpenAI's. */
export const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(interactionRequestSchema.shape),
  "agent_config",
  "cached_content",
  "continuation_token",
  "environment",
  "labels",
  "safety_settings",
  "webhook_config",
]);

export interface InteractionUsage {
  /** All of the input, what is cached included, what tools use not. */
  total_input_tokens?: number;
  /** Without thoughts. */
  total_output_tokens?: number;
  total_thought_tokens?: number;
  total_cached_tokens?: number;
  total_tool_use_tokens?: number;
  total_tokens?: number;
  [field: string]: unknown;
}

/** Of one that is not over, `in_progress` or `queued`. */
export interface Interaction {
  /** Absent where it is not kept. */
  id?: string;
  status: string;
  steps?: Step[];
  usage?: InteractionUsage;
  [AS_CONTENT]?: GeneratedContent;
  [field: string]: unknown;
}

/** An event of a stream; with no field of its own where it tells the gateway alone something. */
export interface InteractionEvent {
  event_type?: string;
  interaction?: Interaction;
  [AS_CONTENT]?: GeneratedChunk;
  [field: string]: unknown;
}

/** What chat has by OpenAI's names, as the admin's defaults do. */
export type ByOpenAisNames = Partial<ChatRequest> & JsonObject;

const UNFINISHED: ReadonlySet<unknown> = new Set(["in_progress", "queued"]);

export function isUnfinished(status: unknown): boolean {
  return UNFINISHED.has(status);
}

/** Seconds since the epoch as Google writes times here. */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

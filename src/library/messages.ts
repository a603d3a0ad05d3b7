import {
  type Message,
  type MessagesRequest,
  messagesRequestSchema,
  type StreamEvent,
} from "../formats/anthropic/types.ts";
import { messages as operation } from "../operations/messages.ts";
import { type AskOptions, ask, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

/** Anthropic's request, with LiteLLM's options beside it. */
export type MessagesParams = MessagesRequest & LibraryOptions;

/**
 * One message in Anthropic's format, by any provider (LiteLLM: `anthropic.messages.create`).
 *
 * @example
 * const { content } = await messages({
 *   model: "openai/gpt-5.1",
 *   max_tokens: 1024,
 *   messages: [{ role: "user", content: "Hi" }],
 * });
 * @returns Anthropic's message; with `stream: true` an iterable of its events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export function messages(
  params: MessagesParams & { stream: true },
  options?: AskOptions,
): Promise<AsyncIterable<StreamEvent>>;
export function messages(params: MessagesParams & { stream?: false | null }, options?: AskOptions): Promise<Message>;
export async function messages(params: MessagesParams, options: AskOptions = {}) {
  const { request, connection, call } = splitParams(params, messagesRequestSchema.shape);
  return ask(operation, request, deploymentOf(params.model, connection, options.env), call, {}, options);
}

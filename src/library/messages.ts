import {
  type Message,
  type MessagesRequest,
  messagesRequestSchema,
  type StreamEvent,
} from "../formats/anthropic/types.ts";
import { messages as operation } from "../operations/messages.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** Anthropic's request, with LiteLLM's options beside it. */
export type MessagesParams = MessagesRequest & LibraryOptions;

export interface MessagesCall<More = unknown> {
  (params: MessagesParams & More & { stream: true }, options?: AskOptions): Promise<AsyncIterable<StreamEvent>>;
  (params: MessagesParams & More & { stream?: false | null }, options?: AskOptions): Promise<Message>;
}

export const messagesMethod: Method<MessagesRequest, Message, StreamEvent> = {
  operation,
  fields: messagesRequestSchema.shape,
};

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
export const messages = direct<MessagesCall>(messagesMethod);

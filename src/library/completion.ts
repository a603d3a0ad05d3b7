import { type ChatChunk, type ChatCompletion, type ChatRequest, chatRequestSchema } from "../formats/openai/chat.ts";
import { chat } from "../operations/chat.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** OpenAI's request, with LiteLLM's options beside it: `api_key`, `api_base`, `timeout`, `drop_params`, ... */
export type CompletionParams = ChatRequest & LibraryOptions;

/** @typeParam More params that whoever carries it out takes beside */
export interface Completion<More = unknown> {
  (params: CompletionParams & More & { stream: true }, options?: AskOptions): Promise<AsyncIterable<ChatChunk>>;
  (params: CompletionParams & More & { stream?: false | null }, options?: AskOptions): Promise<ChatCompletion>;
  (params: CompletionParams & More, options?: AskOptions): Promise<ChatCompletion | AsyncIterable<ChatChunk>>;
}

export const completionMethod: Method<ChatRequest, ChatCompletion, ChatChunk> = {
  operation: chat,
  fields: chatRequestSchema.shape,
};

/**
 * One chat completion, by any provider. The model's name begins with the provider's: `anthropic/claude-sonnet-4-5`.
 * A key that is not given is read from the provider's environment variable.
 *
 * @returns OpenAI's chat completion; with `stream: true` an iterable of its chunks, whose `break` stops the provider
 * @throws the error classes of this library, named as LiteLLM's: `RateLimitError`, `ContextWindowExceededError`, ...
 */
export const completion = direct<Completion>(completionMethod);

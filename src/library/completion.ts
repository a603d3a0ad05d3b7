import { type ChatChunk, type ChatCompletion, type ChatRequest, chatRequestSchema } from "../formats/openai/chat.ts";
import { chat } from "../operations/chat.ts";
import { type AskOptions, ask, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

/** OpenAI's request, with LiteLLM's options beside it: `api_key`, `api_base`, `timeout`, `drop_params`, ... */
export type CompletionParams = ChatRequest & LibraryOptions;

/**
 * One chat completion, by any provider. The model's name begins with the provider's: `anthropic/claude-sonnet-4-5`.
 * A key that is not given is read from the provider's environment variable.
 *
 * @returns OpenAI's chat completion; with `stream: true` an iterable of its chunks, whose `break` stops the provider
 * @throws the error classes of this library, named as LiteLLM's: `RateLimitError`, `ContextWindowExceededError`, ...
 */
export function completion(
  params: CompletionParams & { stream: true },
  options?: AskOptions,
): Promise<AsyncIterable<ChatChunk>>;
export function completion(
  params: CompletionParams & { stream?: false | null },
  options?: AskOptions,
): Promise<ChatCompletion>;
export function completion(
  params: CompletionParams,
  options?: AskOptions,
): Promise<ChatCompletion | AsyncIterable<ChatChunk>>;
export async function completion(params: CompletionParams, options: AskOptions = {}) {
  const { request, connection, call } = splitParams(params, chatRequestSchema.shape);
  return ask(chat, request, deploymentOf(params.model, connection, options.env), call, {}, options);
}

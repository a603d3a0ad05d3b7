import { BadRequestError } from "../formats/errors.ts";
import type { ChatChunk, ChatCompletion, ChatRequest } from "../formats/openai/chat.ts";
import { loadDeployments } from "../router/load.ts";
import { registeredProviders } from "../router/lookup.ts";
import { type AskOptions, ask, type LibraryOptions, processEnvironment, splitParams } from "./ask.ts";

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
  const { request, connection, call } = splitParams(params);
  const model_list = [{ model_name: params.model, litellm_params: { ...connection, model: params.model } }];
  const environment = options.env ?? processEnvironment();
  const { deployments, notices } = loadDeployments({ model_list }, environment, registeredProviders);
  const [deployment] = deployments;
  if (deployment === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${notices.join("; ")}`, { param: "model" });
  return ask(request, deployment, call, {}, options);
}

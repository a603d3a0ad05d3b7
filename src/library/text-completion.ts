import { type CompletionRequest, completionRequestSchema, type TextCompletion } from "../formats/openai/completions.ts";
import { completions } from "../operations/completions.ts";
import { type AskOptions, ask, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

/** OpenAI's request of its older API, with LiteLLM's options beside it. */
export type TextCompletionParams = CompletionRequest & LibraryOptions;

/**
 * The completion of a text, or of several; by chat where the provider has nothing else.
 *
 * @example
 * const { choices } = await textCompletion({ model: "openai/gpt-3.5-turbo-instruct", prompt: "Once upon" });
 * @returns OpenAI's text completion; with `stream: true` an iterable of its chunks, whose `break` stops the provider
 * @throws the error classes of this library
 */
export function textCompletion(
  params: TextCompletionParams & { stream: true },
  options?: AskOptions,
): Promise<AsyncIterable<TextCompletion>>;
export function textCompletion(
  params: TextCompletionParams & { stream?: false | null },
  options?: AskOptions,
): Promise<TextCompletion>;
export async function textCompletion(params: TextCompletionParams, options: AskOptions = {}) {
  const { request, connection, call } = splitParams(params, completionRequestSchema.shape);
  return ask(completions, request, deploymentOf(params.model, connection, options.env), call, {}, options);
}

import { type CompletionRequest, completionRequestSchema, type TextCompletion } from "../formats/openai/completions.ts";
import { completions } from "../operations/completions.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** OpenAI's request of its older API, with LiteLLM's options beside it. */
export type TextCompletionParams = CompletionRequest & LibraryOptions;

export interface TextCompletionCall<More = unknown> {
  (
    params: TextCompletionParams & More & { stream: true },
    options?: AskOptions,
  ): Promise<AsyncIterable<TextCompletion>>;
  (params: TextCompletionParams & More & { stream?: false | null }, options?: AskOptions): Promise<TextCompletion>;
}

export const textCompletionMethod: Method<CompletionRequest, TextCompletion, TextCompletion> = {
  operation: completions,
  fields: completionRequestSchema.shape,
};

/**
 * The completion of a text, or of several; by chat where the provider has nothing else.
 *
 * @example
 * const { choices } = await textCompletion({ model: "openai/gpt-3.5-turbo-instruct", prompt: "Once upon" });
 * @returns OpenAI's text completion; with `stream: true` an iterable of its chunks, whose `break` stops the provider
 * @throws the error classes of this library
 */
export const textCompletion = direct<TextCompletionCall>(textCompletionMethod);

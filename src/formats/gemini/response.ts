/** A `GenerateContentResponse` as the hub's chat completion. */
import { APIResponseValidationError, type SluiceError } from "../errors.ts";
import type { ChatCompletion } from "../openai/chat.ts";
import { CompletionBuilder } from "../openai/stream.ts";
import type { JsonObject } from "./json.ts";
import { type AnswerContext, GeminiStream } from "./stream.ts";

/**
 * A whole answer is read as a stream of one chunk.
 * @param toError makes the error of an error object that stands in place of the answer
 * @throws SluiceError where the body is an error, APIResponseValidationError where it is no answer
 */
export function toCompletion(
  body: unknown,
  context: AnswerContext,
  toError: (error: JsonObject) => SluiceError,
): ChatCompletion {
  const stream = new GeminiStream(context);
  const builder = new CompletionBuilder();
  const chunks = [...stream.response(body, toError), ...stream.end(true)];
  for (const chunk of chunks) builder.add(chunk);
  const { completion } = builder;
  if (completion === undefined) throw new APIResponseValidationError("The answer is empty", context);
  // The builder joins what OpenAI's chunks have; what the end says beside it belongs to choice and answer.
  for (const { id: _, object: __, created: ___, model: ____, usage: _____, choices, ...fields } of chunks) {
    Object.assign(completion, fields);
    for (const { index, provider_specific_fields } of choices) {
      const choice = completion.choices.find((known) => known.index === index);
      if (choice !== undefined && provider_specific_fields !== undefined)
        choice["provider_specific_fields"] = provider_specific_fields;
    }
  }
  completion.choices.sort((a, b) => a.index - b.index);
  return completion;
}

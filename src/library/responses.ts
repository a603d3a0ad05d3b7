import {
  type ResponseEvent,
  type ResponseObject,
  type ResponsesRequest,
  responsesRequestSchema,
} from "../formats/openai/responses/types.ts";
import { responses as operation } from "../operations/responses.ts";
import { type AskOptions, ask, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

/** A request of OpenAI's Responses API, with LiteLLM's options beside it. */
export type ResponsesParams = ResponsesRequest & LibraryOptions;

/**
 * A response, by any provider: by its own Responses API where it has one, else by chat.
 *
 * @example
 * const { output } = await responses({ model: "anthropic/claude-sonnet-4-5", input: "Hi" });
 * @returns OpenAI's response; with `stream: true` an iterable of its events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export function responses(
  params: ResponsesParams & { stream: true },
  options?: AskOptions,
): Promise<AsyncIterable<ResponseEvent>>;
export function responses(
  params: ResponsesParams & { stream?: false | null },
  options?: AskOptions,
): Promise<ResponseObject>;
export async function responses(params: ResponsesParams, options: AskOptions = {}) {
  const { request, connection, call } = splitParams(params, responsesRequestSchema.shape);
  return ask(operation, request, deploymentOf(params.model, connection, options.env), call, {}, options);
}

import {
  type ResponseEvent,
  type ResponseObject,
  type ResponsesRequest,
  responsesRequestSchema,
} from "../formats/openai/responses/types.ts";
import { responses as operation } from "../operations/responses.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** A request of OpenAI's Responses API, with LiteLLM's options beside it. */
export type ResponsesParams = ResponsesRequest & LibraryOptions;

export interface ResponsesCall<More = unknown> {
  (params: ResponsesParams & More & { stream: true }, options?: AskOptions): Promise<AsyncIterable<ResponseEvent>>;
  (params: ResponsesParams & More & { stream?: false | null }, options?: AskOptions): Promise<ResponseObject>;
}

export const responsesMethod: Method<ResponsesRequest, ResponseObject, ResponseEvent> = {
  operation,
  fields: responsesRequestSchema.shape,
};

/**
 * A response, by any provider: by its own Responses API where it has one, else by chat.
 *
 * @example
 * const { output } = await responses({ model: "anthropic/claude-sonnet-4-5", input: "Hi" });
 * @returns OpenAI's response; with `stream: true` an iterable of its events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export const responses = direct<ResponsesCall>(responsesMethod);

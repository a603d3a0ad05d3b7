/** Anthropic's Messages API for its own clients: body and answers as they are. */
import { statusOfErrorEvent } from "../../formats/anthropic/error-type.ts";
import { EventDecoder } from "../../formats/anthropic/event-decoder.ts";
import { withoutForeignState } from "../../formats/anthropic/native-request.ts";
import { countTokensResponseSchema, messageSchema } from "../../formats/anthropic/types.ts";
import type { SluiceError } from "../../formats/errors.ts";
import { isRecord, type JsonObject } from "../../formats/json.ts";
import type { CountTokensAdapter, MessagesAdapter, Target, UpstreamFailure, UpstreamRequest } from "../provider.ts";
import { readAnswer } from "../read-answer.ts";
import { endpoint, headers } from "./endpoint.ts";
import { anthropicError, LABEL } from "./errors.ts";

/** Where Claude is served: what differs between Anthropic and the clouds that host its models. */
export interface ClaudeHost {
  /** As it stands in error messages before `Exception`. */
  label: string;
  /** The body on its way. Its `model` is the target's; a host that has it elsewhere takes it out. */
  send(body: JsonObject, target: Target): UpstreamRequest;
  error(failure: UpstreamFailure): SluiceError;
}

/**
 * An adapter that translates nothing. For a host whose streams are framed otherwise (AWS), set `rewritesAnswers` on it,
 * and `stream`.
 */
export function messagesAdapter({ label, send, error }: ClaudeHost): MessagesAdapter {
  return {
    wire: "anthropic",
    supportedParams: () => "all",

    request: (request, target) => send({ ...withoutForeignState(request), model: target.model }, target),

    response(body, { target, headers }) {
      if (isRecord(body) && body["type"] === "error")
        throw error({ status: statusOfErrorEvent(body), body: JSON.stringify(body), headers, target });
      return readAnswer(messageSchema, body, target, `${label}Exception - The answer is no message.`);
    },

    stream: ({ target, headers }) =>
      new EventDecoder({
        model: target.model,
        fail: (body, event) => error({ status: statusOfErrorEvent(event), body, headers, target }),
      }),

    error,
  };
}

export function countTokensAdapter({ label, send, error }: ClaudeHost): CountTokensAdapter {
  return {
    wire: "anthropic",
    supportedParams: () => "all",

    request: (request, target) => send({ ...withoutForeignState(request), model: target.model }, target),

    response: (body, { target }) =>
      readAnswer(countTokensResponseSchema, body, target, `${label}Exception - The answer is no count of tokens.`),

    error,
  };
}

/** @param path after that of the messages */
function post(path: string): ClaudeHost["send"] {
  return (json, target) => ({
    method: "POST",
    url: endpoint(target.apiBase) + path,
    headers: headers(target),
    body: { json },
  });
}

const host = { label: LABEL, error: anthropicError };

export const messages = messagesAdapter({ ...host, send: post("") });
export const countTokens = countTokensAdapter({ ...host, send: post("/count_tokens") });

/** Chat completions of OpenAI, and of everyone who speaks its format: one adapter, made from a row of differences. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import type { ChatRequest } from "../../formats/openai/chat.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { ChatAdapter, Target } from "../provider.ts";
import { normaliseCompletion } from "./answer.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { chatStream, errorIn } from "./stream.ts";

/**
 * One change of a request on its way to the provider; gives the request back where there is nothing to do.
 * @throws SluiceError where the request cannot be said in the provider's format
 */
export type RequestFix = (request: ChatRequest, target: Target) => ChatRequest;

/** What one provider's chat completions differ in. */
export interface ChatRow extends Host {
  /** `/chat/completions` unless said. */
  path?: Path;
  /** Further headers, names in lower case; the request is there where it is one of chat. */
  headers?: (target: Target, request?: ChatRequest) => Record<string, string>;
  supportedParams: ChatAdapter["supportedParams"];
  /** In this order, after the model is set. */
  fixes: readonly RequestFix[];
  rules: readonly ErrorRule[];
  rewritesAnswers?: boolean;
}

/** @throws BadRequestError where a base or a part of it is missing, AuthenticationError where the key is */
export function openaiChatAdapter(row: ChatRow): ChatAdapter {
  const { label, rules } = row;
  return {
    wire: "openai",
    ...(row.rewritesAnswers && { rewritesAnswers: true }),
    supportedParams: row.supportedParams,

    request(request, target) {
      const body = row.fixes.reduce<ChatRequest>((fixed, fix) => fix(fixed, target), {
        ...request,
        model: target.model,
      });
      const accept = request.stream ? "text/event-stream" : "application/json";
      const own = { accept, ...row.headers?.(target, request) };
      return { ...postTo(row, row.path ?? "/chat/completions", target, own), body: { json: body } };
    },

    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw embeddedError(error, label, rules, exchange);
      if (!isRecord(body) || !Array.isArray(body["choices"]))
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${label}Exception - the answer has no choices: ${JSON.stringify(body)?.slice(0, 500)}`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      return normaliseCompletion(body, exchange);
    },

    stream: (exchange) => chatStream(exchange, (error) => embeddedError(error, label, rules, exchange)),

    error: (failure) => toError(failure, label, rules),
  };
}

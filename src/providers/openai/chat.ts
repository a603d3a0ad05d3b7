/** Chat completions of OpenAI, and of everyone who speaks its format: one adapter, made from a row of differences. */
import { APIResponseValidationError, AuthenticationError, BadRequestError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import type { ChatRequest } from "../../formats/openai/chat.ts";
import { type ErrorRule, toError } from "../failure.ts";
import { joinUrl } from "../http.ts";
import type { ChatAdapter, Provider, Target } from "../provider.ts";
import { normaliseCompletion } from "./answer.ts";
import { embeddedError } from "./errors.ts";
import { chatStream, errorIn } from "./stream.ts";

/**
 * One change of a request on its way to the provider; gives the request back where there is nothing to do.
 * @throws SluiceError where the request cannot be said in the provider's format
 */
export type RequestFix = (request: ChatRequest, target: Target) => ChatRequest;

/** What one provider's chat completions differ in. */
export interface ChatRow extends Pick<Provider, "slug" | "label" | "keyless" | "keyVariables"> {
  /**
   * Base URL; `{name}` is filled from `target.params`. Absent: `api_base` must be given.
   * `target.apiBase` replaces it.
   */
  base?: string;
  /** Appended to the base; `/chat/completions` unless said. Also where it depends on the base or the model. */
  path?: string | ((target: Target, base: string) => string);
  /** How the key is sent; `authorization: Bearer` unless said. */
  auth?: (key: string, target: Target, base: string) => Record<string, string>;
  /** Further headers, names in lower case. */
  headers?: (target: Target, request: ChatRequest) => Record<string, string>;
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
      const base = baseOf(row, target);
      const path = typeof row.path === "function" ? row.path(target, base) : (row.path ?? "/chat/completions");
      const body = row.fixes.reduce<ChatRequest>((fixed, fix) => fix(fixed, target), {
        ...request,
        model: target.model,
      });
      return {
        method: "POST",
        url: joinUrl(base, path),
        headers: {
          "content-type": "application/json",
          accept: request.stream ? "text/event-stream" : "application/json",
          ...authOf(row, target, base),
          ...row.headers?.(target, request),
          ...target.headers,
        },
        body: { json: body },
      };
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

function baseOf(row: ChatRow, target: Target): string {
  const base = target.apiBase ?? row.base;
  if (base === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${row.slug} needs an api_base`, details(target, "api_base"));
  return base.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = target.params?.[name];
    // What goes into a host name or a path must not be able to change either.
    if (typeof value !== "string" || !/^\w[\w.-]*$/.test(value))
      throw new BadRequestError(
        `litellm.BadRequestError: ${row.slug} needs ${name} (or an api_base)`,
        details(target, name),
      );
    return value;
  });
}

function authOf(row: ChatRow, target: Target, base: string): Record<string, string> {
  const key = target.apiKey?.reveal();
  if (key) return row.auth?.(key, target, base) ?? { authorization: `Bearer ${key}` };
  if (row.keyless || target.headers?.["authorization"] || target.headers?.["api-key"]) return {};
  const hint = row.keyVariables[0] === undefined ? "" : ` or ${row.keyVariables[0]}`;
  throw new AuthenticationError(
    `litellm.AuthenticationError: ${row.label}Exception - no API key: set api_key${hint}`,
    details(target, "api_key"),
  );
}

function details(target: Target, param: string) {
  return { provider: target.provider, model: target.model, param };
}

/** The Responses API of OpenAI, and of everyone who has it: requests and answers pass as they are. */
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import { forNative } from "../../formats/openai/responses/for-native.ts";
import type { ResponseEvent, ResponseObject, ResponsesRequest } from "../../formats/openai/responses/types.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { Exchange, ResponsesAdapter, StreamDecoder, Target } from "../provider.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { errorIn } from "./stream.ts";

/** What one provider's Responses API differs in. */
export interface ResponsesRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  /** Name of the model as the provider has it. */
  modelName?: (model: string) => string;
  /** One change of the request on its way to the provider. */
  fix?: (request: ResponsesRequest) => ResponsesRequest;
  rules: readonly ErrorRule[];
}

export function openaiResponsesAdapter(row: ResponsesRow): ResponsesAdapter {
  const { label, rules, modelName = (model: string) => model, fix = (request: ResponsesRequest) => request } = row;
  const failure = (exchange: Exchange<unknown>) => (error: unknown) => embeddedError(error, label, rules, exchange);
  return {
    wire: "openai-responses",
    supportedParams: () => "all",

    request(request: ResponsesRequest, target) {
      const accept = request.stream ? "text/event-stream" : "application/json";
      return {
        ...postTo(row, row.path, target, { accept, ...row.headers?.(target) }),
        body: { json: { ...fix(forNative(request)), model: modelName(target.model) } },
      };
    },

    response(body, exchange) {
      const error = isRecord(body)
        ? (failedWith(body) ?? (body["object"] === "response" ? undefined : errorIn(body)))
        : undefined;
      if (error !== undefined) throw failure(exchange)(error);
      if (!isResponse(body)) throw notAnAnswer(body, label, exchange.target);
      return body;
    },

    stream: (exchange) => eventStream(exchange, failure(exchange), label),

    error: (upstream) => toError(upstream, label, rules),
  };
}

/** By the catalogue; of models it says nothing of, one may assume it. */
export function servesResponses({ info }: Target): boolean {
  const endpoints = info?.supported_endpoints;
  return !Array.isArray(endpoints) || endpoints.includes("/v1/responses");
}

function isResponse(body: unknown): body is ResponseObject {
  return isRecord(body) && (body["object"] === "response" || Array.isArray(body["output"]));
}

/** The error of a response that failed; clients are told as of any other failure, and others may be asked instead. */
function failedWith(response: Record<string, unknown>): unknown {
  return response["status"] === "failed" ? (response["error"] ?? undefined) : undefined;
}

function eventStream(
  { target }: Exchange<unknown>,
  toError: (error: unknown) => SluiceError,
  label: string,
): StreamDecoder<ResponseEvent> {
  let isOver = false;
  return {
    event({ event, data }: ServerEvent) {
      const text = data.trim();
      if (text === "" || text === "[DONE]") return [];
      const body = parse(text);
      if (!isRecord(body)) throw event === "error" ? toError(text) : notAnAnswer(text, label, target);
      const error = errorOf(body, event);
      if (error !== undefined) throw toError(error);
      const type = typeof body["type"] === "string" ? body["type"] : (event ?? "");
      isOver ||= /^response\.(?:completed|incomplete|cancelled)$/.test(type);
      return [{ ...body, type }];
    },
    end() {
      if (isOver) return [];
      throw new APIConnectionError(
        `litellm.APIConnectionError: the stream of ${target.provider} broke off before its end`,
        { provider: target.provider, model: target.model },
      );
    },
  };
}

/** The error an event tells: its own, or that of the response it ends. */
function errorOf(body: Record<string, unknown>, event: string | undefined): unknown {
  const { type, response } = body;
  if (type === "response.failed") return (isRecord(response) ? response["error"] : undefined) ?? "the response failed";
  if (type === "error" || event === "error") return isRecord(body["error"]) ? body["error"] : body;
  return typeof type === "string" ? undefined : errorIn(body);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notAnAnswer(body: unknown, label: string, { provider, model }: Target): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${label}Exception - this is no response: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider, model },
  );
}

import { BadRequestError, type SluiceError } from "../../formats/errors.ts";
import { canThink, geminiModel } from "../../formats/gemini/model.ts";
import { toGeminiRequest } from "../../formats/gemini/request.ts";
import { toCompletion } from "../../formats/gemini/response.ts";
import { type AnswerContext, GeminiStream } from "../../formats/gemini/stream.ts";
import type { ChatChunk, ChatRequest } from "../../formats/openai/chat.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { ChatAdapter, Exchange, StreamDecoder, Target, UpstreamFailure } from "../provider.ts";
import { failureOfEvent, geminiError, parseEvent } from "./errors.ts";

const BASE = "https://generativelanguage.googleapis.com";

const SUPPORTED = [
  "audio",
  "frequency_penalty",
  "function_call",
  "functions",
  "logprobs",
  "max_completion_tokens",
  "max_tokens",
  "modalities",
  "n",
  "parallel_tool_calls",
  "presence_penalty",
  "response_format",
  "seed",
  "service_tier",
  "stop",
  "stream_options",
  "temperature",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "web_search_options",
] as const;
const REASONING = ["reasoning_effort", "thinking"] as const;

/** The OpenAI parameters a Gemini model takes, wherever it is hosted. */
export function supportedGeminiParams({ model, info }: Target): ReadonlySet<string> {
  const thinks = info?.supports_reasoning ?? canThink(geminiModel(model));
  return new Set<string>(thinks ? [...SUPPORTED, ...REASONING] : SUPPORTED);
}

/** What a translation of an answer reads of its exchange. */
export function answerContext({ target, id, now }: Exchange<ChatRequest>): AnswerContext {
  return { provider: target.provider, model: target.model, id, now };
}

/** Decodes a stream of Gemini's, of whichever host. */
export function geminiStream(
  exchange: Exchange<ChatRequest>,
  fail: (failure: UpstreamFailure) => SluiceError,
): StreamDecoder<ChatChunk> {
  const stream = new GeminiStream(answerContext(exchange));
  return {
    event: ({ data }: ServerEvent) =>
      data === "[DONE]" ? [] : stream.response(parseEvent(data), (error) => fail(failureOfEvent(error, exchange))),
    end: () => stream.end(),
  };
}

/**
 * `base` may be the host, or the host with a version.
 * @throws BadRequestError where the model's name would leave its place in the path
 */
function endpoint({ model, apiBase, apiVersion }: Target, streams: boolean): string {
  const base = (apiBase ?? BASE).replace(/\/+$/, "");
  const root = /\/v\d+(?:(?:alpha|beta)\d*)?$/.test(base) ? base : `${base}/${apiVersion ?? "v1beta"}`;
  const segments = (/^(?:models|tunedModels)\//.test(model) ? model : `models/${model}`).split("/");
  if (segments.some((segment) => segment === "" || /^\.+$/.test(segment)))
    throw new BadRequestError(`${JSON.stringify(model)} is no name of a model`, { param: "model" });
  const path = segments.map(encodeURIComponent).join("/");
  return `${root}/${path}:${streams ? "streamGenerateContent?alt=sse" : "generateContent"}`;
}

/** The key goes into a header: URLs end up in logs. */
function headers({ apiKey, headers: own = {} }: Target): Record<string, string> {
  const key = apiKey?.reveal();
  const authorized = own["x-goog-api-key"] !== undefined || own["authorization"] !== undefined;
  return {
    "content-type": "application/json",
    ...(key && !authorized ? { "x-goog-api-key": key } : {}),
    ...own,
  };
}

export const chat: ChatAdapter = {
  wire: "gemini",
  supportedParams: supportedGeminiParams,

  request(request, target) {
    return {
      method: "POST",
      url: endpoint(target, request.stream === true),
      headers: headers(target),
      body: {
        json: toGeminiRequest(request, {
          model: target.model,
          dropParams: target.dropParams,
          announcesToolCombination: true,
        }),
      },
    };
  },

  response(body, exchange) {
    return toCompletion(body, answerContext(exchange), (error) => geminiError(failureOfEvent(error, exchange)));
  },

  stream: (exchange) => geminiStream(exchange, geminiError),

  error: (failure) => geminiError(failure),
};

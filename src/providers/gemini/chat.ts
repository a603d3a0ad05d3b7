import type { SluiceError } from "../../formats/errors.ts";
import { canThink, geminiModel } from "../../formats/gemini/model.ts";
import { toGeminiRequest } from "../../formats/gemini/request.ts";
import { toCompletion } from "../../formats/gemini/response.ts";
import { type AnswerContext, GeminiStream } from "../../formats/gemini/stream.ts";
import type { ChatChunk, ChatRequest } from "../../formats/openai/chat.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { ChatAdapter, Exchange, StreamDecoder, Target, UpstreamFailure } from "../provider.ts";
import { endpoint, headers } from "./endpoint.ts";
import { failureOfEvent, geminiError, parseEvent } from "./errors.ts";

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

export const chat: ChatAdapter = {
  wire: "gemini",
  supportedParams: supportedGeminiParams,

  request(request, target) {
    return {
      method: "POST",
      url: endpoint(target, request.stream === true ? "streamGenerateContent?alt=sse" : "generateContent"),
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

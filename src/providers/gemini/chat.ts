import type { SluiceError } from "../../formats/errors.ts";
import { canThink, geminiModel } from "../../formats/gemini/model.ts";
import { toGeminiRequest } from "../../formats/gemini/request.ts";
import { toCompletion } from "../../formats/gemini/response.ts";
import { type AnswerContext, GeminiStream } from "../../formats/gemini/stream.ts";
import type { ChatChunk, ChatRequest } from "../../formats/openai/chat.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { ChatAdapter, Exchange, StreamDecoder, Target, UpstreamFailure } from "../provider.ts";
import { failureOfEvent, parseEvent } from "./errors.ts";
import { aiStudio, type GeminiHost } from "./host.ts";

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

export function geminiChatAdapter(host: GeminiHost): ChatAdapter {
  const { endpoint, headers, fail, announcesToolCombination = false, refusesCallIds = false, params = [] } = host;
  return {
    wire: "gemini",
    supportedParams: (target) => new Set([...supportedGeminiParams(target), ...params]),
    refusesSerialCalls: () => true,

    request(request, target) {
      const { model, dropParams } = target;
      const body = toGeminiRequest(request, { model, dropParams, announcesToolCombination, refusesCallIds });
      return {
        method: "POST",
        url: endpoint(target, request.stream === true ? "streamGenerateContent?alt=sse" : "generateContent"),
        headers: headers(target, request),
        body: { json: host.chatBody?.({ ...body }, request) ?? { ...body } },
      };
    },

    response: (body, exchange) =>
      toCompletion(body, answerContext(exchange), (error) => fail(failureOfEvent(error, exchange))),

    stream: (exchange) => geminiStream(exchange, fail),

    error: fail,
  };
}

export const chat: ChatAdapter = geminiChatAdapter(aiStudio);

/** The Responses API of providers that have chat alone. */
import { withPlainToolCallIds } from "../../formats/gemini/plain-ids.ts";
import type { ChatRequest } from "../../formats/openai/chat.ts";
import { ResponseStream, toResponse } from "../../formats/openai/responses/from-chat.ts";
import { type ChatOptions, toChatRequest } from "../../formats/openai/responses/to-chat-request.ts";
import { toolSet } from "../../formats/openai/responses/tools.ts";
import { OPENAI_RESPONSES_PARAMS, type ResponsesRequest } from "../../formats/openai/responses/types.ts";
import { settleParams } from "../params.ts";
import type { ChatAdapter, Exchange, ResponsesAdapter, Target } from "../provider.ts";

export function responsesByChat(chat: ChatAdapter): ResponsesAdapter {
  const asChat = (request: ResponsesRequest, target: Target) => chatRequest(chat, request, target);
  const inChat = ({ request, ...rest }: Exchange<ResponsesRequest>): Exchange<ChatRequest> => ({
    ...rest,
    request: asChat(request, rest.target),
  });
  return {
    wire: chat.wire,
    rewritesAnswers: true,
    supportedParams: (target) => supported(chat.supportedParams(target)),
    request: (request, target) => chat.request(asChat(request, target), target),
    response: (body, exchange) => toResponse(chat.response(body, inChat(exchange)), answerOptions(chat, exchange)),

    stream(exchange) {
      const decoder = chat.stream(inChat(exchange));
      const responses = new ResponseStream(answerOptions(chat, exchange));
      return {
        event: (event) => decoder.event(event).flatMap((chunk) => responses.chunk(chunk)),
        end: () => [...decoder.end().flatMap((chunk) => responses.chunk(chunk)), ...responses.end()],
      };
    },

    error: (failure) => chat.error(failure),
  };
}

function answerOptions(chat: ChatAdapter, { request, target, id, now }: Exchange<ResponsesRequest>) {
  const { kinds } = toolSet(request, { dropParams: true }); // what cannot be offered was refused before
  return { id, created: now, model: target.model, request, kinds, by: chat.wire };
}

/**
 * Parameters that came of the translation alone, or that the answer's translation sees to: a provider that lacks them answers
 * the same question.
 */
const DERIVED = ["logprobs", "parallel_tool_calls", "stream_options", "verbosity"];

function chatRequest(chat: ChatAdapter, request: ResponsesRequest, target: Target): ChatRequest {
  const asked = toChatRequest(request, chatOptions(chat, target));
  if (chat.refusesSerialCalls?.(target)) delete asked.parallel_tool_calls;
  return settleParams(
    chat.wire === "gemini" ? asked : withPlainToolCallIds(asked),
    chat.supportedParams(target),
    { dropParams: true, allowedOpenaiParams: target.allowedParams ?? [] },
    target.provider,
    DERIVED,
  );
}

/** Tools of OpenAI's that the converters of a wire format know by the same name. */
const HOSTED: Readonly<Record<string, readonly string[]>> = { anthropic: ["mcp"], gemini: ["code_interpreter"] };

function chatOptions(chat: ChatAdapter, target: Target): ChatOptions {
  const params = chat.supportedParams(target);
  const takesSearch = params === "all" || params.has("web_search_options");
  // Many that speak OpenAI's format ignore the option, or refuse it: there the catalogue tells.
  const knowsSearch = chat.wire !== "openai" || target.info?.["supports_web_search"] === true;
  return {
    by: chat.wire,
    hosted: new Set(HOSTED[chat.wire]),
    searches: takesSearch && knowsSearch,
    ...(target.dropParams !== undefined && { dropParams: target.dropParams }),
  };
}

/** Parameters of the Responses API that chat has, too, or whose loss changes no answer. */
function supported(byChat: ReadonlySet<string> | "all"): ReadonlySet<string> {
  const has = (name: string) => byChat === "all" || byChat.has(name);
  return new Set(
    OPENAI_RESPONSES_PARAMS.filter((name) => {
      switch (name) {
        case "max_output_tokens":
          return has("max_tokens") || has("max_completion_tokens");
        case "reasoning":
          return has("reasoning_effort");
        case "text":
          return has("response_format");
        case "parallel_tool_calls":
          return has("tools");
        case "service_tier":
        case "temperature":
        case "tool_choice":
        case "tools":
        case "top_logprobs":
        case "top_p":
        case "metadata":
        case "prompt_cache_key":
        case "prompt_cache_retention":
        case "safety_identifier":
        case "user":
          return has(name);
        default: // what only OpenAI's servers do: left out, or refused with a reason of its own
          return true;
      }
    }),
  );
}

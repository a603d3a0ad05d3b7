/** Anthropic's Messages API for providers that have chat. */
import { fromHubResponse, type MessageReading } from "../../formats/anthropic/from-hub-response.ts";
import { HubToMessageStream } from "../../formats/anthropic/from-hub-stream.ts";
import { type PortableOptions, toPortableRequest } from "../../formats/anthropic/portable.ts";
import { toHubRequest } from "../../formats/anthropic/to-hub-request.ts";
import { originalNames } from "../../formats/anthropic/tool-names.ts";
import type { MessagesRequest } from "../../formats/anthropic/types.ts";
import { withPlainToolCallIds } from "../../formats/gemini/plain-ids.ts";
import type { ChatRequest } from "../../formats/openai/chat.ts";
import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import { settleParams } from "../params.ts";
import type { ChatAdapter, Exchange, MessagesAdapter, Target } from "../provider.ts";

export function messagesByChat(chat: ChatAdapter): MessagesAdapter {
  /** The request is translated again only for adapters that read it. */
  const inChat = ({ request, ...rest }: Exchange<MessagesRequest>): Exchange<ChatRequest> => {
    let asked: ChatRequest | undefined;
    return {
      ...rest,
      get request() {
        asked ??= chatRequest(chat, request, rest.target);
        return asked;
      },
    };
  };
  return {
    wire: chat.wire,
    rewritesAnswers: true,
    supportedParams: chat.supportedParams,

    request: (request, target) => chat.request(chatRequest(chat, request, target), lenient(chat, target)),

    response: (body, exchange) => fromHubResponse(chat.response(body, inChat(exchange)), readingOf(exchange.request)),

    stream(exchange) {
      const decoder = chat.stream(inChat(exchange));
      const messages = new HubToMessageStream(readingOf(exchange.request));
      return {
        event: (event) => decoder.event(event).flatMap((chunk) => messages.chunk(chunk)),
        end: () => [...decoder.end().flatMap((chunk) => messages.chunk(chunk)), ...messages.end()],
      };
    },

    error: (failure) => chat.error(failure),
  };
}

function readingOf({ tools, stop_sequences }: MessagesRequest): MessageReading {
  return { toolNames: originalNames((tools ?? []).map(({ name }) => name)), stopSequences: stop_sequences ?? [] };
}

/** A Claude that is asked by chat all the same has everything the request may say. */
const isClaude = ({ wire }: ChatAdapter) => wire === "anthropic";

/** @throws UnsupportedParamsError for what the model cannot do */
function chatRequest(chat: ChatAdapter, request: MessagesRequest, target: Target): ChatRequest {
  const hub = isClaude(chat) ? toHubRequest(request) : toPortableRequest(request, portableOptions(chat, target));
  return settled(chat.wire === "gemini" ? hub : withPlainToolCallIds(hub), chat, target);
}

function portableOptions(chat: ChatAdapter, target: Target): PortableOptions {
  const { info, dropParams } = target;
  const isGemini = chat.wire === "gemini";
  const takesWholeResults = chat.takesWholeResults?.(target) ?? false;
  const claudesTools = chat.claudesTools?.(target);
  return {
    searches: takesSearches(chat, target) && (info === undefined || info["supports_web_search"] === true),
    mediaInResults: isGemini || takesWholeResults,
    failuresInResults: takesWholeResults,
    claudesTools,
    knowsClaudesParams: isGemini || claudesTools !== undefined,
    highestEffort:
      isGemini || claudesTools ? undefined : info?.["supports_xhigh_reasoning_effort"] === true ? "xhigh" : "high",
    maxOutputTokens: info?.max_output_tokens,
    dropParams,
  };
}

function takesSearches(chat: ChatAdapter, target: Target): boolean {
  const supported = chat.supportedParams(target);
  return [supported, target.allowedParams ?? []].some(
    (names) => names === "all" || [...names].includes("web_search_options"),
  );
}

/** What makes the answer what it is: a model that lacks it cannot do what was asked. */
const ESSENTIAL: ReadonlySet<string> = new Set(["response_format", "stop", "tools", "web_search_options"]);

/**
 * The parameters the model takes. Whoever speaks this format chose how a Claude is to sample and how hard it is to
 * think: a model that has no such choice answers all the same.
 */
function settled(request: ChatRequest, chat: ChatAdapter, target: Target): ChatRequest {
  const supported = chat.supportedParams(target);
  if (supported === "all") return request;
  const { provider, dropParams = false, allowedParams = [] } = target;
  const isLeftOut = (name: string) => !supported.has(name) && !ESSENTIAL.has(name) && !allowedParams.includes(name);
  const lacking: readonly string[] = OPENAI_CHAT_PARAMS.filter(isLeftOut);
  const kept = Object.entries(request).filter(([name]) => !lacking.includes(name));
  // model and messages are no parameters, and still there
  const asked = Object.fromEntries(kept) as ChatRequest;
  return settleParams(asked, supported, { dropParams, allowedOpenaiParams: allowedParams }, provider);
}

/** The same of values: a model may take a parameter at its default alone. */
function lenient(chat: ChatAdapter, target: Target): Target {
  return isClaude(chat) ? target : { ...target, dropParams: true };
}

/** `generateContent` of providers that are not Google: by their chat. */
import { toGeneratedContent } from "../../formats/gemini/answer.ts";
import type { PartOptions } from "../../formats/gemini/answer-parts.ts";
import { GeneratedContentStream } from "../../formats/gemini/answer-stream.ts";
import { AS_CHAT, type GenerateContentCall } from "../../formats/gemini/as-chat.ts";
import { functionNames, outputFacts, toChat } from "../../formats/gemini/call.ts";
import { originalNames } from "../../formats/gemini/portable-names.ts";
import type { ChatAdapter, Exchange, GenerateContentAdapter, Target } from "../provider.ts";

export function generateContentByChat(chat: ChatAdapter): GenerateContentAdapter {
  const inChat = ({ request, ...rest }: Exchange<GenerateContentCall>) => ({ ...rest, request: asChat(request) });
  return {
    wire: chat.wire,
    rewritesAnswers: true,
    supportedParams: chat.supportedParams,

    request: (request, target) => chat.request(asChat(request), forgiving(target)),

    response: (body, exchange) =>
      toGeneratedContent(chat.response(body, inChat(exchange)), partOptions(exchange.request)),

    stream(exchange) {
      const decoder = chat.stream(inChat(exchange));
      const stream = new GeneratedContentStream(partOptions(exchange.request));
      return {
        event: (event) => decoder.event(event).map((chunk) => stream.chunk(chunk)),
        end: () => [...decoder.end().map((chunk) => stream.chunk(chunk)), ...stream.end()],
      };
    },

    error: (failure) => chat.error(failure),
  };
}

/** The chat it was settled as; where nobody settled it, as it is. */
function asChat(request: GenerateContentCall) {
  return request[AS_CHAT] ?? toChat(request);
}

/** A client of Gemini's knows no other model's rules of sampling and thinking: what breaks them goes. */
function forgiving(target: Target): Target {
  return { ...target, dropParams: true, modifyParams: true };
}

/** How its answers are told. */
export function partOptions(request: GenerateContentCall): PartOptions {
  return { showsThoughts: outputFacts(request).showsThoughts, toolNames: originalNames(functionNames(request)) };
}

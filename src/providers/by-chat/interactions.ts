/** Google's Interactions API for providers that do not have it: by their chat, asked as `generateContent` is. */
import { type InteractionHead, InteractionStream } from "../../formats/gemini/interactions/stream.ts";
import { toContent } from "../../formats/gemini/interactions/to-content.ts";
import { AS_CONTENT, type InteractionRequest } from "../../formats/gemini/interactions/types.ts";
import { toInteraction } from "../../formats/gemini/interactions/whole.ts";
import type { ChatAdapter, Exchange, InteractionsAdapter } from "../provider.ts";
import { generateContentByChat } from "./generate-content.ts";

export function interactionsByChat(chat: ChatAdapter): InteractionsAdapter {
  const content = generateContentByChat(chat);
  const inContent = ({ request, ...rest }: Exchange<InteractionRequest>) => ({ ...rest, request: asContent(request) });
  return {
    wire: chat.wire,
    rewritesAnswers: true,
    supportedParams: chat.supportedParams,

    request: (request, target) => content.request(asContent(request), target),

    response: (body, exchange) => toInteraction(content.response(body, inContent(exchange)), headOf(exchange)),

    stream(exchange) {
      const decoder = content.stream(inContent(exchange));
      const stream = new InteractionStream(headOf(exchange));
      return {
        event: (event) => decoder.event(event).flatMap((chunk) => stream.chunk(chunk)),
        end: () => [...decoder.end().flatMap((chunk) => stream.chunk(chunk)), ...stream.end()],
      };
    },

    error: (failure) => chat.error(failure),
  };
}

/** What it was settled as; where nobody settled it, as it is. */
function asContent(request: InteractionRequest) {
  return request[AS_CONTENT] ?? toContent(request);
}

function headOf({ id, request, target, now }: Exchange<InteractionRequest>): InteractionHead {
  return { ...(request.store !== false && { id }), model: target.model, created: now };
}

/** Chat with models that are served by the Responses API alone. */
import { UnsupportedParamsError } from "../formats/errors.ts";
import { asRecord } from "../formats/json.ts";
import type { ChatRequest } from "../formats/openai/chat.ts";
import { CHAT_PARAMS_BY_RESPONSES, toResponsesRequest } from "../formats/openai/responses/from-chat-request.ts";
import { ChatStream, toCompletion } from "../formats/openai/responses/to-chat.ts";
import type { ResponsesRequest } from "../formats/openai/responses/types.ts";
import type { ChatAdapter, Exchange, Provider, ResponsesAdapter, Target } from "./provider.ts";

/** How to chat with this model of a provider: by its chat, or where it has none by its Responses API. */
export function chatAdapterOf({ chat, responses }: Provider, target: Target): ChatAdapter | undefined {
  return responses !== undefined && speaksOnlyResponses(target) ? chatByResponses(responses) : chat;
}

/** Is there no chat with this model? By the catalogue, or as LiteLLM's `openai/responses/<model>` says. */
function speaksOnlyResponses({ api, info }: Target): boolean {
  return api === "responses" || (api === undefined && info?.mode === "responses");
}

export function chatByResponses(responses: ResponsesAdapter): ChatAdapter {
  const inResponses = ({ request, ...rest }: Exchange<ChatRequest>): Exchange<ResponsesRequest> => ({
    ...rest,
    request: asked(request, rest.target),
  });
  const supported = new Set(CHAT_PARAMS_BY_RESPONSES);
  return {
    wire: responses.wire,
    rewritesAnswers: true,
    supportedParams: () => supported,

    request(request, target) {
      if ((request.n ?? 1) > 1)
        throw new UnsupportedParamsError(
          `litellm.UnsupportedParamsError: ${target.provider} serves ${target.model} by its Responses API, which gives one answer: n cannot be ${request.n}`,
          { param: "n", provider: target.provider, model: target.model },
        );
      return responses.request(asked(request, target), target);
    },

    response: (body, exchange) => toCompletion(responses.response(body, inResponses(exchange)), defaultsOf(exchange)),

    stream(exchange) {
      const decoder = responses.stream(inResponses(exchange));
      const chunks = new ChatStream(defaultsOf(exchange));
      return {
        event: (event) => decoder.event(event).flatMap((one) => chunks.event(one)),
        end: () => decoder.end().flatMap((one) => chunks.event(one)),
      };
    },

    error: (failure) => responses.error(failure),
  };
}

function asked(request: ChatRequest, { info }: Target): ResponsesRequest {
  return toResponsesRequest(request, { reasons: info?.supports_reasoning === true });
}

function defaultsOf({ request, id, now, target }: Exchange<ChatRequest>) {
  const names = (request.tools ?? []).map(({ custom }) => asRecord(custom)["name"]);
  const customTools = new Set(names.filter((name) => typeof name === "string"));
  return { id, created: now, model: target.model, customTools };
}

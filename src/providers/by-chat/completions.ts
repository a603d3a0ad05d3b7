/** Text completions of providers that have chat alone. */
import { UnsupportedParamsError } from "../../formats/errors.ts";
import { type CompletionRequest, OPENAI_COMPLETION_PARAMS } from "../../formats/openai/completions.ts";
import { ChatToTextStream, toChatRequest, toTextCompletion } from "../../formats/openai/text-by-chat.ts";
import type { ChatAdapter, CompletionAdapter, Exchange, Target, UpstreamRequest } from "../provider.ts";

/** Where it is not asked as chat, but answers as chat does (Mistral's fill-in-the-middle). */
interface Asked {
  supportedParams(target: Target): ReadonlySet<string>;
  request(request: CompletionRequest, target: Target): UpstreamRequest;
}

export function completionsByChat(chat: ChatAdapter, asked: Asked = askedAsChat(chat)): CompletionAdapter {
  const inChat = ({ request, ...rest }: Exchange<CompletionRequest>) => ({ ...rest, request: toChatRequest(request) });
  return {
    wire: chat.wire,
    rewritesAnswers: true,
    mostInputs: 1,
    supportedParams: asked.supportedParams,

    request(request, target) {
      if (request.echo && typeof request.logprobs === "number")
        throw new UnsupportedParamsError(
          `litellm.UnsupportedParamsError: ${target.provider} completes text by chat, which tells no logprobs of the prompt: echo and logprobs do not go together`,
          { param: "echo", provider: target.provider, model: target.model },
        );
      return asked.request(request, target);
    },

    response: (body, exchange) => toTextCompletion(chat.response(body, inChat(exchange)), exchange.request),

    stream(exchange) {
      const decoder = chat.stream(inChat(exchange));
      const text = new ChatToTextStream(exchange.request);
      return {
        event: (event) => decoder.event(event).flatMap((chunk) => text.chunk(chunk)),
        end: () => decoder.end().flatMap((chunk) => text.chunk(chunk)),
      };
    },

    error: (failure) => chat.error(failure),
  };
}

function askedAsChat(chat: ChatAdapter): Asked {
  return {
    supportedParams: (target) => supported(chat.supportedParams(target)),
    request: (request, target) => chat.request(toChatRequest(request), target),
  };
}

/** Parameters of text completions that chat has, too. The gateway repeats prompts itself. */
function supported(byChat: ReadonlySet<string> | "all"): ReadonlySet<string> {
  const has = (name: string) => byChat === "all" || byChat.has(name);
  return new Set(
    OPENAI_COMPLETION_PARAMS.filter((name) => {
      switch (name) {
        case "echo":
          return true;
        case "best_of":
        case "suffix":
          return false;
        case "max_tokens":
          return has("max_tokens") || has("max_completion_tokens");
        default:
          return has(name);
      }
    }),
  );
}

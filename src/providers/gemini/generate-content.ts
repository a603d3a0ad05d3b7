/** Google's `generateContent` for its own clients: the body up as it came, the answer down as it is. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { AS_CHAT, type GenerateContentCall, type GeneratedContent } from "../../formats/gemini/as-chat.ts";
import { nativeBody } from "../../formats/gemini/call.ts";
import { withoutPackedThinking } from "../../formats/gemini/opaque-state.ts";
import { toCompletion } from "../../formats/gemini/response.ts";
import { type AnswerContext, GeminiStream } from "../../formats/gemini/stream.ts";
import { responseSchema } from "../../formats/gemini/types.ts";
import { usageOf } from "../../formats/gemini/usage.ts";
import { asRecord, isRecord } from "../../formats/json.ts";
import type { ChatCompletion } from "../../formats/openai/chat.ts";
import type { Exchange, GenerateContentAdapter } from "../provider.ts";
import { failureOfEvent, parseEvent } from "./errors.ts";
import { aiStudio, type GeminiHost } from "./host.ts";

export function generateContentAdapter({
  endpoint,
  headers,
  fail,
  nativeBody: settle = (body) => body,
}: GeminiHost): GenerateContentAdapter {
  return {
    wire: "gemini",
    supportedParams: () => "all",

    request(request, target) {
      return {
        method: "POST",
        url: endpoint(target, request.stream === true ? "streamGenerateContent?alt=sse" : "generateContent"),
        headers: headers(target),
        body: { json: settle(withoutPackedThinking(nativeBody(request))) },
      };
    },

    response: (body, exchange) => generated(body, exchange, fail),

    stream(exchange) {
      const stream = new GeminiStream(contextOf(exchange));
      let counted = false;
      return {
        event({ data }) {
          const body = parseEvent(data);
          counted ||= isRecord(body) && isRecord(body["usageMetadata"]);
          const chunks = stream.response(body, (error) => fail(failureOfEvent(error, exchange)));
          return [{ ...asRecord(body), [AS_CHAT]: chunks }];
        },
        end() {
          try {
            return [{ [AS_CHAT]: stream.end() }];
          } catch (error) {
            if (counted && error instanceof APIResponseValidationError) return []; // no candidate: see `silentAnswer`
            throw error;
          }
        },
      };
    },

    error: fail,
  };
}

export const generateContent: GenerateContentAdapter = generateContentAdapter(aiStudio);

function contextOf({ target, id, now }: Exchange<GenerateContentCall>): AnswerContext {
  return { provider: target.provider, model: target.model, id, now };
}

function generated(body: unknown, exchange: Exchange<GenerateContentCall>, fail: GeminiHost["fail"]): GeneratedContent {
  const context = contextOf(exchange);
  try {
    const completion = toCompletion(body, context, (error) => fail(failureOfEvent(error, exchange)));
    return { ...asRecord(body), [AS_CHAT]: completion };
  } catch (error) {
    const silent = error instanceof APIResponseValidationError ? silentAnswer(body, context) : undefined;
    if (silent === undefined) throw error;
    return { ...asRecord(body), [AS_CHAT]: silent };
  }
}

/** Google may answer with no candidate, but with what it counted, or what it thinks of the prompt: that is an answer, too. */
function silentAnswer(body: unknown, { id, now, model }: AnswerContext): ChatCompletion | undefined {
  const parsed = responseSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { candidates, promptFeedback, usageMetadata } = parsed.data;
  if (!candidates && !promptFeedback && !usageMetadata) return undefined;
  const usage = usageMetadata && usageOf(usageMetadata);
  return { id, object: "chat.completion", created: now, model, choices: [], ...(usage && { usage }) };
}

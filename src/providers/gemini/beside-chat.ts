/** `countTokens`, `embedContent` and `batchEmbedContents` for Google's own clients: bodies up and answers down as they are. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { ownBody } from "../../formats/gemini/call.ts";
import { type CountAnswer, countedCall } from "../../formats/gemini/count-tokens.ts";
import { type EmbedAnswer, type EmbedCall, isBatch, nativeEmbedBody } from "../../formats/gemini/embed.ts";
import { withoutPackedThinking } from "../../formats/gemini/opaque-state.ts";
import { isRecord } from "../../formats/json.ts";
import type { CountContentAdapter, EmbedContentAdapter, Exchange } from "../provider.ts";
import { endpoint, headers, resourceName } from "./endpoint.ts";
import { geminiError, LABEL } from "./errors.ts";

export const countContent: CountContentAdapter = {
  wire: "gemini",
  supportedParams: () => "all",

  request(request, target) {
    const body = withoutPackedThinking(ownBody(countedCall(request)));
    const isBare = "contents" in request;
    const whole = { generateContentRequest: { ...body, model: resourceName(target.model) } };
    return {
      method: "POST",
      url: endpoint(target, "countTokens"),
      headers: headers(target),
      body: { json: isBare ? body : whole },
    };
  },

  response(body, exchange): CountAnswer {
    if (isRecord(body) && (body["totalTokens"] === undefined || typeof body["totalTokens"] === "number")) return body;
    throw noAnswer(body, exchange);
  },

  error: (failure) => geminiError(failure),
};

/** Contents in one batch. */
const MOST_CONTENTS = 100;

export const embedContent: EmbedContentAdapter = {
  wire: "gemini",
  supportedParams: () => "all",
  mostInputs: MOST_CONTENTS,

  request: (request, target) => ({
    method: "POST",
    url: endpoint(target, isBatch(request) ? "batchEmbedContents" : "embedContent"),
    headers: headers(target),
    body: { json: nativeEmbedBody(request, resourceName(target.model)) },
  }),

  response(body, exchange): EmbedAnswer {
    if (isRecord(body) && (isRecord(body["embedding"]) || Array.isArray(body["embeddings"])))
      return body as EmbedAnswer; // Google's own; only its usage is read
    throw noAnswer(body, exchange);
  },

  error: (failure) => geminiError(failure),
};

function noAnswer(body: unknown, { target }: Exchange<EmbedCall>): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${LABEL}Exception - this is no answer: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider: target.provider, model: target.model },
  );
}

/** `countTokens` and `embedContent` for Google's own clients. Source: Vertex AI reference, `CountTokensRequest`. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { nativeBody } from "../../formats/gemini/call.ts";
import { withoutCallIds } from "../../formats/gemini/call-ids.ts";
import { type CountAnswer, countedCall } from "../../formats/gemini/count-tokens.ts";
import {
  type EmbedAnswer,
  isBatch,
  nativeEmbedBody,
  requestsOf,
  toEmbeddingRequest,
} from "../../formats/gemini/embed.ts";
import { camelCase } from "../../formats/gemini/json.ts";
import { camelCased } from "../../formats/gemini/names.ts";
import { withoutPackedThinking } from "../../formats/gemini/opaque-state.ts";
import { asRecord, defined, isRecord, recordsIn } from "../../formats/json.ts";
import { embedContentByEmbeddings } from "../embed-content-by-embeddings.ts";
import type { CountContentAdapter, EmbedContentAdapter, Target } from "../provider.ts";
import { embeddings, embedsContent } from "./embeddings.ts";
import { LABEL, vertexError } from "./errors.ts";
import { vertexHeaders } from "./gemini.ts";
import { methodUrl } from "./place.ts";

/** It counts less than all that can be asked, and refuses the rest. */
const COUNTED = new Set(["contents", "systemInstruction", "tools", "generationConfig"]);

export const countContent: CountContentAdapter = {
  wire: "gemini",
  supportedParams: () => "all",

  request(request, target) {
    const body = withoutCallIds(withoutPackedThinking(nativeBody(countedCall(request))));
    const counted = Object.entries(body).filter(([name]) => COUNTED.has(camelCase(name)));
    return {
      method: "POST",
      url: methodUrl(target, "countTokens"),
      headers: vertexHeaders(target),
      body: { json: Object.fromEntries(counted) },
    };
  },

  response(body, { target }): CountAnswer {
    if (isRecord(body) && (body["totalTokens"] === undefined || typeof body["totalTokens"] === "number")) return body;
    throw noAnswer(body, target);
  },

  error: vertexError,
};

/** By `embedContent` where the model has it: one content in each call, as there are no batches. */
const natively: EmbedContentAdapter = {
  wire: "gemini",
  supportedParams: () => "all",
  mostInputs: 1,

  request(request, target) {
    const [only] = recordsIn(request["requests"]);
    const { model: _, ...body } = nativeEmbedBody(only === undefined ? request : { ...only, model: request.model }, "");
    return {
      method: "POST",
      url: methodUrl(target, "embedContent", true),
      headers: vertexHeaders(target),
      body: { json: body },
    };
  },

  response(body, { request, target }): EmbedAnswer {
    if (!isRecord(body) || !isRecord(body["embedding"])) throw noAnswer(body, target);
    const answer = body as EmbedAnswer; // Google's own; only its usage is read
    if (!isBatch(request)) return answer;
    const { embedding, ...rest } = answer;
    return { ...rest, embeddings: embedding === undefined ? [] : [embedding] };
  },

  error: vertexError,
};

/** By `predict` otherwise, which knows what vectors are for, too: one purpose for all in a call. */
const byPredict: EmbedContentAdapter = {
  ...embedContentByEmbeddings(embeddings),
  request(request, target) {
    const { outputDimensionality, taskType, title } = asRecord(camelCased(requestsOf(request)[0]));
    return embeddings.request(
      {
        ...toEmbeddingRequest(request),
        ...defined({ taskType, title }),
        ...(typeof outputDimensionality === "number" && { dimensions: outputDimensionality }),
      },
      target,
    );
  },
};

export function embedContentFor(target: Pick<Target, "model">): EmbedContentAdapter {
  return embedsContent(target) ? natively : byPredict;
}

function noAnswer(body: unknown, { provider, model }: Target): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${LABEL}Exception - this is no answer: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider, model },
  );
}

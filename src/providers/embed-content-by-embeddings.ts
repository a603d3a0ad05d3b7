/** Google's `embedContent` of providers that are not Google: by their embeddings. */
import { UnsupportedParamsError } from "../formats/errors.ts";
import { type EmbedCall, toEmbedAnswer, toEmbeddingRequest } from "../formats/gemini/embed.ts";
import type { EmbeddingRequest } from "../formats/openai/embeddings.ts";
import type { EmbedContentAdapter, EmbeddingAdapter, Target } from "./provider.ts";

export function embedContentByEmbeddings(embeddings: EmbeddingAdapter): EmbedContentAdapter {
  const { mostInputs } = embeddings;
  return {
    wire: embeddings.wire,
    rewritesAnswers: true,
    supportedParams: () => "all",
    ...(mostInputs !== undefined && { mostInputs }),
    request: (request, target) => embeddings.request(settled(request, target, embeddings), target),
    response: (body, { request, ...exchange }) =>
      toEmbedAnswer(embeddings.response(body, { ...exchange, request: toEmbeddingRequest(request) }), request),
    error: (failure) => embeddings.error(failure),
  };
}

function settled(call: EmbedCall, target: Target, { supportedParams }: EmbeddingAdapter): EmbeddingRequest {
  const { dimensions, ...request } = toEmbeddingRequest(call);
  const supported = supportedParams(target);
  if (dimensions === undefined || supported === "all" || supported.has("dimensions"))
    return { ...request, ...(dimensions !== undefined && { dimensions }) };
  if (target.dropParams) return request;
  throw new UnsupportedParamsError(
    `litellm.UnsupportedParamsError: ${target.provider} does not support outputDimensionality for ${target.model}`,
    { param: "outputDimensionality", provider: target.provider, model: target.model },
  );
}

/** Embeddings by InvokeModel. Most models take one text at a time. */
import { countIn } from "../../formats/bedrock/invoke/usage.ts";
import { familyName } from "../../formats/bedrock/traits.ts";
import { APIResponseValidationError, BadRequestError } from "../../formats/errors.ts";
import { asRecord, recordsIn } from "../../formats/json.ts";
import { type EmbeddingUsage, inputsOf } from "../../formats/openai/embeddings.ts";
import type { EmbeddingAdapter, Target } from "../provider.ts";
import { type EmbeddingModel, embeddingModel } from "./embedding-models.ts";
import { bedrockError, LABEL } from "./errors.ts";
import { invokeRequest } from "./invoke/request.ts";
import { knownName } from "./model.ts";

export const embeddings: EmbeddingAdapter = {
  wire: "native",
  mostInputs: (target) => modelOf(target).most,
  pictures: "urls",
  supportedParams: (target) => new Set(["encoding_format", ...(modelOf(target).shortens ? ["dimensions"] : [])]),

  request({ model: _, input, dimensions, encoding_format: _format, user: _user, ...rest }, target) {
    // Tokens were made texts before.
    const inputs = inputsOf(input).map(String);
    return invokeRequest(target, modelOf(target).body(inputs, dimensions ?? undefined, rest), false);
  },

  response(answer, { target, headers }) {
    const body = asRecord(answer);
    // What stands before Bedrock may answer in OpenAI's format.
    const isOpenais = Array.isArray(body["data"]) && body["embeddings"] === undefined;
    const vectors = isOpenais
      ? recordsIn(body["data"]).map((item) => item["embedding"])
      : modelOf(target).vectors(body);
    if (vectors.length === 0 || !vectors.every(isVector)) throw noEmbeddings(answer, target);
    const usage = usageOf(countIn(headers["x-amzn-bedrock-input-token-count"]) ?? body["inputTextTokenCount"]);
    return {
      object: "list",
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
      model: target.model,
      ...(usage && { usage }),
    };
  },

  error: bedrockError,
};

/** @throws BadRequestError where it is none that embeds */
function modelOf(target: Target): EmbeddingModel {
  const { model } = target;
  const found = embeddingModel(familyName(knownName(target)));
  if (found !== undefined) return found;
  throw new BadRequestError(`litellm.BadRequestError: ${model} is no model of Bedrock's that embeds`, {
    provider: "bedrock",
    model,
    param: "model",
  });
}

function usageOf(tokens: unknown): EmbeddingUsage | undefined {
  return typeof tokens === "number" ? { prompt_tokens: tokens, total_tokens: tokens } : undefined;
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && typeof value[0] === "number";
}

function noEmbeddings(body: unknown, { provider, model }: Target): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${LABEL}Exception - the answer has no embeddings: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider, model },
  );
}

import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import {
  type EmbeddingRequest,
  type EmbeddingResponse,
  embeddingRequestSchema,
  inFormat,
  inputsOf,
  isInFormat,
  joinEmbeddings,
  OPENAI_EMBEDDING_PARAMS,
  withInputs,
} from "../formats/openai/embeddings.ts";
import { cacheableEmbeddings } from "./cacheable-answers.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { Parts } from "./operation.ts";
import { countLongest, countTexts, textOfTokens } from "./token-texts.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Embeddings: OpenAI's format for the client, any provider behind it. */
export const embeddings: WholeOperation<EmbeddingRequest, EmbeddingResponse> = wholeOperation({
  name: "embeddings",
  summary: "Embed texts",
  paths: [
    "/v1/embeddings",
    "/embeddings",
    "/engines/:model{.+}/embeddings",
    "/v1/engines/:model{.+}/embeddings",
    "/openai/deployments/:model{.+}/embeddings",
    "/v1/openai/deployments/:model{.+}/embeddings",
  ],
  request: embeddingRequestSchema,
  wire: "openai",
  idPrefix: "",
  params: OPENAI_EMBEDDING_PARAMS,
  adapter: (provider) => provider.embeddings,
  async prepare(request, { takesTokens }) {
    const inputs = inputsOf(request.input);
    if (takesTokens || inputs.every((input) => typeof input === "string")) return request;
    const texts = inputs.map((input) => (typeof input === "string" ? input : textOfTokens(input, "input")));
    return { ...request, input: await Promise.all(texts) };
  },
  parts: batches(),
  cacheable: cacheableEmbeddings,
  countInput: ({ input, model }) => countTexts(inputsOf(input), model),
  countLongest: ({ input, model }) => countLongest(inputsOf(input), model),
  isDialect: (response, request) => !isInFormat(response, request),
  shown: inFormat,
  usageOf: ({ usage }) => usage && { ...usage, completion_tokens: 0 },
  mock: mockEmbeddings,
});

function batches(): Parts<EmbeddingRequest, EmbeddingResponse, never> {
  return {
    split(request, most) {
      const inputs = inputsOf(request.input);
      if (inputs.length <= most) return [request];
      return Array.from({ length: Math.ceil(inputs.length / most) }, (_, batch) =>
        withInputs(request, inputs.slice(batch * most, (batch + 1) * most)),
      );
    },
    join: (responses, { model }) => joinEmbeddings(responses, model),
  };
}

/** A list of numbers is the vector of every input; a whole answer is the answer. */
async function mockEmbeddings(
  mock: MockOptions,
  request: EmbeddingRequest,
  { model }: { model: string },
): Promise<EmbeddingResponse> {
  throwMockError(mock, model);
  const { response } = mock;
  if (isAnswer(response)) return response;
  if (!isVector(response))
    throw new BadRequestError(
      "litellm.BadRequestError: mock_response of embeddings must be a list of numbers or an answer",
      { param: "mock_response" },
    );
  const inputs = inputsOf(request.input);
  const tokens = await countTexts(inputs, model);
  return {
    object: "list",
    data: inputs.map((_, index) => ({ object: "embedding", index, embedding: response })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function isAnswer(value: unknown): value is EmbeddingResponse {
  return isRecord(value) && Array.isArray(value["data"]);
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((number) => typeof number === "number");
}

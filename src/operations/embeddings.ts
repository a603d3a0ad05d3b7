import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import { asString, asText, isDataUrl, partsOf } from "../formats/openai/embedding-parts.ts";
import {
  type EmbeddingInput,
  type EmbeddingInputItem,
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
import type { Measured } from "../models/units.ts";
import { providerFor } from "../providers/registry.ts";
import { cacheableEmbeddings } from "./cacheable-answers.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { Parts } from "./operation.ts";
import { countTexts, textOfTokens } from "./token-texts.ts";
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
  async prepare(request, { takesTokens, pictures }) {
    const inputs = inputsOf(request.input);
    if (inputs.every((input) => typeof input === "string")) return request;
    const texts = inputs.map((input) => {
      if (Array.isArray(input)) return takesTokens ? input : textOfTokens(input, "input");
      if (typeof input === "string" || pictures === "parts") return input;
      return pictures === "urls" ? asString(input) : asText(input);
    });
    return withInputs(request, await Promise.all(texts));
  },
  parts: batches(),
  cacheable: cacheableEmbeddings,
  countInput: ({ input, model }) => countInputs(inputsOf(input), model),
  async countLongest({ input, model }) {
    let longest = 0;
    for (const one of inputsOf(input)) longest = Math.max(longest, await countInput(one, model));
    return longest;
  },
  estimateInput({ input, model }, target) {
    const seesUrls = providerFor(target)?.embeddings?.pictures !== undefined;
    const isByThePiece = target.info?.["input_cost_per_image"] !== undefined;
    return countInputs(inputsOf(input), model, { seesUrls, picture: isByThePiece ? 0 : PICTURE_TOKENS });
  },
  termsOf: ({ input }) => measured(input),
  billedFor: (_, { input }) => measured(input),
  isDialect: (response, request) => !isInFormat(response, request),
  shown: inFormat,
  usageOf: ({ usage }) => usage && { ...usage, completion_tokens: 0 },
  mock: mockEmbeddings,
});

/** Tokens of a picture, at least: providers count by its size, and tell. */
const PICTURE_TOKENS = 1300;

/** Pictures that are billed by the piece, where the model has such a price. */
function measured(input: EmbeddingInput): { measured?: Measured } {
  const parts = inputsOf(input).flatMap((one) => (Array.isArray(one) ? [] : partsOf(one)));
  const inputImages = parts.filter((part) => "url" in part && !/^data:(?:audio|video)\//i.test(part.url)).length;
  return inputImages > 0 ? { measured: { inputImages } } : {};
}

interface Counting {
  /** A data URL in place of a text is a picture. Unless that is known it counts as the text it may be: no limit is passed. */
  seesUrls: boolean;
  /** Tokens of a picture. */
  picture: number;
}

const AS_TEXT: Counting = { seesUrls: false, picture: PICTURE_TOKENS };

async function countInput(input: EmbeddingInputItem, model: string, counting = AS_TEXT): Promise<number> {
  const isText = typeof input === "string" && !(counting.seesUrls && isDataUrl(input));
  if (isText || Array.isArray(input)) return countTexts([input], model);
  let tokens = 0;
  for (const part of partsOf(input)) tokens += "text" in part ? await countTexts([part.text], model) : counting.picture;
  return tokens;
}

async function countInputs(inputs: readonly EmbeddingInputItem[], model: string, counting = AS_TEXT): Promise<number> {
  let tokens = 0;
  for (const input of inputs) tokens += await countInput(input, model, counting);
  return tokens;
}

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
  const tokens = await countInputs(inputs, model);
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

import {
  documentText,
  hasDocumentsAsAsked,
  RERANK_PARAMS,
  type RerankRequest,
  type RerankResponse,
  rerankRequestSchema,
  withDocumentsAsAsked,
} from "../formats/cohere/rerank.ts";
import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { cacheableRanking } from "./cacheable-answers.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import { plausibleMeasure } from "./plausible.ts";
import { countLongest, countTexts } from "./token-texts.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Rerank: Cohere's format for the client, any provider behind it. */
export const rerank: WholeOperation<RerankRequest, RerankResponse> = wholeOperation({
  name: "rerank",
  summary: "Rank documents by what they say to a query",
  paths: ["/rerank", "/v1/rerank", "/v2/rerank"],
  request: rerankRequestSchema,
  wire: "cohere",
  idPrefix: "",
  params: RERANK_PARAMS,
  adapter: (provider) => provider.rerank,
  cacheable: cacheableRanking,
  async prepare(request, { pictures }) {
    const { query } = request;
    if (typeof query === "string" || pictures !== undefined) return request;
    if (typeof query["text"] === "string") return { ...request, query: query["text"] };
    throw new BadRequestError("litellm.BadRequestError: Invalid value for 'query': this model reads no pictures", {
      param: "query",
    });
  },
  countInput: ({ query, documents, model }) =>
    countTexts(
      [query, ...documents].map((text) => documentText(text)),
      model,
    ),
  countLongest: ({ query, documents, model }) =>
    countLongest(
      documents.map((document) => documentText(query) + documentText(document)),
      model,
    ),
  isDialect: (response, request) => !hasDocumentsAsAsked(response, request),
  shown: withDocumentsAsAsked,
  usageOf,
  termsOf: (request) => ({ measured: { queries: searchesOf(request) } }),
  billedFor: ({ meta }) => {
    const units = plausibleMeasure(meta?.billed_units?.search_units);
    return units === undefined ? {} : { measured: { queries: units } };
  },
  mock: mockRanking,
});

function usageOf({ meta }: RerankResponse): Usage | undefined {
  const tokens = meta?.tokens?.input_tokens ?? meta?.billed_units?.total_tokens;
  if (tokens === undefined) return undefined;
  const completion_tokens = meta?.tokens?.output_tokens ?? 0;
  return { prompt_tokens: tokens, completion_tokens, total_tokens: tokens + completion_tokens };
}

/** Cohere: "A single search unit is a query with up to 100 documents"; each 500 tokens of a long one count as one. */
const DOCUMENTS_OF_A_SEARCH = 100;
const TOKENS_OF_A_DOCUMENT = 500;
/** Where a document is cut, unless the request says otherwise. */
const LONGEST_DOCUMENT = 4096;

/** Search units at most: a token is a character or more. */
function searchesOf({ query, documents, max_tokens_per_doc }: RerankRequest): number {
  const { length } = documentText(query);
  const most = (max_tokens_per_doc ?? LONGEST_DOCUMENT) + length;
  const chunks = documents.map((document) =>
    Math.ceil(Math.min(documentText(document).length + length, most) / TOKENS_OF_A_DOCUMENT),
  );
  return Math.ceil(chunks.reduce((sum, count) => sum + count, 0) / DOCUMENTS_OF_A_SEARCH);
}

/** A whole answer is the answer. */
async function mockRanking(mock: MockOptions, _: RerankRequest, { model }: { model: string }): Promise<RerankResponse> {
  throwMockError(mock, model);
  if (isAnswer(mock.response)) return mock.response;
  throw new BadRequestError("litellm.BadRequestError: mock_response of rerank must be an answer", {
    param: "mock_response",
  });
}

function isAnswer(value: unknown): value is RerankResponse {
  return isRecord(value) && Array.isArray(value["results"]);
}

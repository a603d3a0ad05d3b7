import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import {
  queriesOf,
  type SearchRequest,
  type SearchResponse,
  searchRequestSchema,
} from "../formats/perplexity/search.ts";
import type { Measured } from "../models/units.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Results of a search that asks for no number of them. */
const USUAL_RESULTS = 10;

/** Web search: Perplexity's format, any provider behind it. The model is the search tool. */
export const search: WholeOperation<SearchRequest, SearchResponse> = wholeOperation<SearchRequest, SearchResponse>({
  name: "search",
  summary: "Search the web",
  paths: [], // a tool is chosen, not a model: see the gateway's own routes
  request: searchRequestSchema,
  wire: "openai",
  idPrefix: "",
  params: [],
  adapter: (provider) => provider.search,
  parts: {
    split: (request, most) => {
      const queries = queriesOf(request);
      const count = Math.ceil(queries.length / most);
      return Array.from({ length: count }, (_, part) => {
        const own = queries.slice(part * most, (part + 1) * most);
        return { ...request, query: own.length === 1 ? (own[0] ?? "") : own };
      });
    },
    join: (responses) => ({ object: "search", results: responses.flatMap(({ results }) => results) }),
  },
  countInput: async () => 0, // it is paid for by the query
  termsOf: (request) => ({ measured: measured(request) }),
  usageOf: () => ({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
  billedFor: (_, request) => ({ measured: measured(request) }),
  mock: mockSearch,
});

function measured(request: SearchRequest): Measured {
  return { queries: queriesOf(request).length, results: request.max_results ?? USUAL_RESULTS };
}

/** A whole answer is the answer. */
async function mockSearch(mock: MockOptions, _: SearchRequest, { model }: { model: string }): Promise<SearchResponse> {
  throwMockError(mock, model);
  if (isAnswer(mock.response)) return mock.response;
  throw new BadRequestError("litellm.BadRequestError: mock_response of search must be an answer", {
    param: "mock_response",
  });
}

function isAnswer(value: unknown): value is SearchResponse {
  return isRecord(value) && Array.isArray(value["results"]);
}

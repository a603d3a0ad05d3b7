import { BadRequestError } from "../formats/errors.ts";
import {
  type EmbedAnswer,
  type EmbedCall,
  embedCallSchema,
  isBatch,
  requestsOf,
  textsOf,
} from "../formats/gemini/embed.ts";
import { toGoogleError } from "../formats/gemini/error.ts";
import { embeddingUsageOf } from "../formats/gemini/usage.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { OPENAI_EMBEDDING_PARAMS } from "../formats/openai/embeddings.ts";
import { embedContentByEmbeddings } from "../providers/embed-content-by-embeddings.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { Parts } from "./operation.ts";
import { countLongest, countTexts } from "./token-texts.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Google's `embedContent` and `batchEmbedContents`: its format for the client, any provider behind it. */
export const embedContent: WholeOperation<EmbedCall, EmbedAnswer> = {
  ...wholeOperation<EmbedCall, EmbedAnswer>({
    name: "embed_content",
    summary: "Embed contents (Google's format)",
    paths: [], // the model stands in the path: see the routes of Google's API
    request: embedCallSchema,
    wire: "gemini",
    idPrefix: "",
    params: OPENAI_EMBEDDING_PARAMS,
    adapter: (provider) =>
      provider.embedContent ?? (provider.embeddings && embedContentByEmbeddings(provider.embeddings)),
    parts: batches(),
    countInput: (request) => countTexts(textIn(request), request.model),
    countLongest: (request) => countLongest(textIn(request), request.model),
    usageOf,
    mock: mockVectors,
  }),
  errorBody: toGoogleError,
};

/** What can be counted here: media are for the provider to count. */
function textIn(request: EmbedCall): string[] {
  try {
    return textsOf(request);
  } catch {
    return [JSON.stringify(requestsOf(request)).replaceAll(/"data":"[^"]*"/g, "")];
  }
}

function batches(): Parts<EmbedCall, EmbedAnswer, never> {
  return {
    split(request, most) {
      const requests = requestsOf(request);
      if (!isBatch(request) || requests.length <= most) return [request];
      return Array.from({ length: Math.ceil(requests.length / most) }, (_, part) => ({
        ...request,
        requests: requests.slice(part * most, (part + 1) * most),
      }));
    },
    join(answers) {
      const usages = answers.map(usageOf);
      const counted = usages.every((usage) => usage !== undefined);
      const promptTokenCount = usages.reduce((sum, usage) => sum + (usage?.prompt_tokens ?? 0), 0);
      return {
        embeddings: answers.flatMap(({ embeddings = [] }) => embeddings),
        ...(counted && { usageMetadata: { promptTokenCount } }),
      };
    },
  };
}

function usageOf({ usageMetadata }: EmbedAnswer): Usage | undefined {
  const usage = embeddingUsageOf(usageMetadata);
  return usage && { ...usage, completion_tokens: 0 };
}

/** A list of numbers is the vector of every content; a whole answer is the answer. */
async function mockVectors(mock: MockOptions, request: EmbedCall, { model }: { model: string }): Promise<EmbedAnswer> {
  throwMockError(mock, model);
  const { response } = mock;
  if (isRecord(response) && ("embedding" in response || "embeddings" in response)) return response as EmbedAnswer; // the admin's own words
  if (!Array.isArray(response) || response.length === 0 || response.some((number) => typeof number !== "number"))
    throw new BadRequestError(
      "litellm.BadRequestError: mock_response of embeddings must be a list of numbers or an answer",
      { param: "mock_response" },
    );
  const vectors = requestsOf(request).map(() => ({ values: response as number[] })); // just checked
  const [first] = vectors;
  return isBatch(request) || first === undefined ? { embeddings: vectors } : { embedding: first };
}

/** What stands beside creating at a Responses API: compaction, and the count of a request's tokens. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import type { CompactedResponse, InputTokens, ResponsesRequest } from "../../formats/openai/responses/types.ts";
import type { ResponsesAdapter, WholeAdapter } from "../provider.ts";

export function compactAdapter(responses: ResponsesAdapter): WholeAdapter<ResponsesRequest, CompactedResponse> {
  return besideAdapter(responses, "/compact", isCompacted);
}

export function inputTokensAdapter(responses: ResponsesAdapter): WholeAdapter<ResponsesRequest, InputTokens> {
  return besideAdapter(responses, "/input_tokens", isCount);
}

function besideAdapter<Answer>(
  responses: ResponsesAdapter,
  path: string,
  isAnswer: (body: unknown) => body is Answer,
): WholeAdapter<ResponsesRequest, Answer> {
  return {
    wire: responses.wire,
    supportedParams: () => "all",
    request(request, target) {
      const create = responses.request(request, target);
      return { ...create, url: besides(create.url, path) };
    },
    response(body, { target: { provider, model } }) {
      if (isAnswer(body)) return body;
      const said = JSON.stringify(body)?.slice(0, 500);
      throw new APIResponseValidationError(
        `litellm.APIResponseValidationError: ${provider} answered ${path} with something else: ${said}`,
        { provider, model },
      );
    },
    error: (failure) => responses.error(failure),
  };
}

function isCompacted(body: unknown): body is CompactedResponse {
  return isRecord(body) && Array.isArray(body["output"]);
}

function isCount(body: unknown): body is InputTokens {
  return isRecord(body) && typeof body["input_tokens"] === "number";
}

/** @example besides("https://host/responses?api-version=1", "/resp_1?limit=2") // "https://host/responses/resp_1?api-version=1&limit=2" */
export function besides(url: string, path: string): string {
  const [address, query] = splitOnce(url);
  const [tail, more] = splitOnce(path);
  const queries = [query, more].filter((text) => text !== "");
  return `${address.replace(/\/+$/, "")}${tail}${queries.length === 0 ? "" : `?${queries.join("&")}`}`;
}

function splitOnce(url: string): [string, string] {
  const mark = url.indexOf("?");
  return mark === -1 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
}

import { countableRequest } from "../formats/anthropic/countable.ts";
import {
  type CountTokensRequest,
  type CountTokensResponse,
  countTokensRequestSchema,
} from "../formats/anthropic/types.ts";
import { countMessages } from "../models/tokens.ts";
import { countTokensHere } from "../providers/count-tokens-here.ts";
import { settleParams } from "../providers/params.ts";
import { ANTHROPIC_HEADERS, errorBody, errorStatus, messages } from "./messages.ts";
import { throwMockError } from "./mock.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Anthropic's count of the tokens of a message that is yet to be sent. It costs nothing, and uses no tokens itself. */
export const countTokens: WholeOperation<CountTokensRequest, CountTokensResponse> = {
  ...wholeOperation<CountTokensRequest, CountTokensResponse>({
    name: "count_tokens",
    summary: "Count the tokens of a message (Anthropic's Messages API)",
    paths: messages.paths.map((path) => `${path}/count_tokens`),
    request: countTokensRequestSchema,
    wire: "anthropic",
    adapter: (provider) => provider.countTokens ?? countTokensHere,
    idPrefix: "msg_",
    params: [],
    countInput: async () => 0,
    usageOf: () => ({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
    async mock(mock, request, { model }) {
      throwMockError(mock, model);
      return { input_tokens: await countMessages(countableRequest(request), model) };
    },
  }),
  forwardedHeaders: ANTHROPIC_HEADERS,
  defaultsFor: () => ({}), // none of them makes the prompt longer
  settleParams: (request, _, { provider }, policy) => settleParams(request, "all", policy, provider),
  errorBody,
  errorStatus,
};

import { toChat } from "../formats/gemini/call.ts";
import {
  type CountAnswer,
  type CountCall,
  countCallSchema,
  countedCall,
  toCountAnswer,
} from "../formats/gemini/count-tokens.ts";
import { toGoogleError } from "../formats/gemini/error.ts";
import { isRecord } from "../formats/json.ts";
import { countMessages } from "../models/tokens.ts";
import type { CountContentAdapter, Target } from "../providers/provider.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Google's `countTokens`: by Google for its own models, by the gateway for all others. It costs nothing. */
export const countContent: WholeOperation<CountCall, CountAnswer> = {
  ...wholeOperation<CountCall, CountAnswer>({
    name: "count_content_tokens",
    summary: "Count the tokens of contents (Google's format)",
    paths: [], // the model stands in the path: see the routes of Google's API
    request: countCallSchema,
    wire: "gemini",
    idPrefix: "",
    params: [],
    adapter: (provider) => provider.countContent ?? countedHere,
    countInput: async () => 0, // nothing of it is used
    usageOf: () => ({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
    mock: mockCount,
  }),
  errorBody: toGoogleError,
};

const countedHere: CountContentAdapter = {
  wire: "gemini",
  supportedParams: () => "all",
  answer: count,
  request: asksNobody,
  response: asksNobody,
  error: asksNobody,
};

function asksNobody(): never {
  throw new TypeError("what is counted here is asked of nobody");
}

async function count(request: CountCall, { model }: Pick<Target, "model">): Promise<CountAnswer> {
  return toCountAnswer(await countMessages(toChat(countedCall(request)), model));
}

/** A whole answer is the answer; anything else is counted. */
async function mockCount(mock: MockOptions, request: CountCall, { model }: { model: string }): Promise<CountAnswer> {
  throwMockError(mock, model);
  return isRecord(mock.response) ? mock.response : count(request, { model });
}

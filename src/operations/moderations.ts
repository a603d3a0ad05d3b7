import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import {
  type ModerationRequest,
  type ModerationResponse,
  moderatedTexts,
  moderationRequestSchema,
} from "../formats/openai/moderations.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import { countLongest, countTexts } from "./token-texts.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Moderations: OpenAI's format. */
export const moderations: WholeOperation<ModerationRequest, ModerationResponse> = wholeOperation({
  name: "moderations",
  summary: "Classify text and images by what is harmful in them",
  paths: ["/v1/moderations", "/moderations"],
  request: moderationRequestSchema,
  usual: { model: "omni-moderation-latest", mode: "moderation" },
  wire: "openai",
  idPrefix: "modr-",
  params: [],
  adapter: (provider) => provider.moderations,
  countInput: (request) => countTexts(moderatedTexts(request), request.model),
  countLongest: (request) => countLongest(moderatedTexts(request), request.model),
  usageOf: () => undefined,
  mock: mockModeration,
});

/** A whole answer is the answer. */
async function mockModeration(
  mock: MockOptions,
  _: ModerationRequest,
  { model }: { model: string },
): Promise<ModerationResponse> {
  throwMockError(mock, model);
  if (isAnswer(mock.response)) return mock.response;
  throw new BadRequestError("litellm.BadRequestError: mock_response of moderations must be an answer", {
    param: "mock_response",
  });
}

function isAnswer(value: unknown): value is ModerationResponse {
  return isRecord(value) && Array.isArray(value["results"]);
}

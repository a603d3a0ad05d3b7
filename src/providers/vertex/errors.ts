import { BadRequestError, RateLimitError, type SluiceError } from "../../formats/errors.ts";
import { claudeRules } from "../anthropic/errors.ts";
import type { ErrorRule } from "../failure.ts";
import { geminiError } from "../gemini/errors.ts";
import type { UpstreamFailure } from "../provider.ts";

export const LABEL = "VertexAI";

/** LiteLLM's rules for Vertex AI, beside those for Google. */
const RULES: readonly ErrorRule[] = [
  {
    pattern: /Vertex AI API has not been used in project|Unable to find your project/,
    error: BadRequestError,
  },
  { pattern: /Quota exceeded for/, error: RateLimitError, statuses: [400, 403, 429] },
];

/** Of Google itself, or of a maker whose model it hosts. */
export function vertexError(failure: UpstreamFailure): SluiceError {
  return geminiError(failure, LABEL, [...RULES, ...claudeRules]);
}

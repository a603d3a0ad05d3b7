import {
  AuthenticationError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  type SluiceError,
} from "../../formats/errors.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { UpstreamFailure } from "../provider.ts";

export const LABEL = "Anthropic";

/** LiteLLM's rules for Anthropic, and the API's other way to say that prompt and answer do not fit together. */
export const claudeRules: readonly ErrorRule[] = [
  {
    pattern: /prompt is too long|prompt: length|exceed context limit/,
    error: ContextWindowExceededError,
    statuses: [400, 413],
  },
  { pattern: /overloaded_error|Overloaded/, error: InternalServerError, statuses: [500, 502, 503, 529] },
  { pattern: /Invalid API Key/i, error: AuthenticationError, statuses: [400, 401, 403] },
  { pattern: /content filtering policy/, error: ContentPolicyViolationError },
];

export function anthropicError(failure: UpstreamFailure): SluiceError {
  return toError(failure, LABEL, claudeRules);
}

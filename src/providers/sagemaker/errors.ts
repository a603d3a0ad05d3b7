import { AuthenticationError, ContextWindowExceededError, type SluiceError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { UpstreamFailure } from "../provider.ts";

export const LABEL = "Sagemaker";

const RULES: readonly ErrorRule[] = [
  {
    pattern: /`inputs` tokens \+ `max_new_tokens` must be <=|instance type with more CPU capacity or memory/,
    error: ContextWindowExceededError,
  },
  {
    pattern: /security token included in the request is (?:invalid|expired)|InvalidSignatureException|ExpiredToken/,
    error: AuthenticationError,
    statuses: [400, 401, 403],
  },
];

/** What the container itself said stands within AWS's error (`ModelError`): with its own status. */
export function sagemakerError(failure: UpstreamFailure): SluiceError {
  const own = originalOf(failure.body);
  return toError({ ...failure, ...own }, LABEL, RULES);
}

function originalOf(body: string): { status?: number; body?: string } {
  try {
    const parsed: unknown = JSON.parse(body);
    const status = isRecord(parsed) ? parsed["OriginalStatusCode"] : undefined;
    const message = isRecord(parsed) ? parsed["OriginalMessage"] : undefined;
    return {
      ...(typeof status === "number" && status >= 400 && status < 600 && { status }),
      ...(typeof message === "string" && message !== "" && { body: message }),
    };
  } catch {
    return {};
  }
}

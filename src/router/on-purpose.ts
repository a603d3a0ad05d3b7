import {
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  RateLimitError,
} from "../formats/errors.ts";
import type { RouteRequest } from "./request.ts";

type Tested = Pick<RouteRequest, "testing" | "model">;

/** LiteLLM's switches for trying out fallbacks (`mock_testing_fallbacks`, ...): the group asked for fails unasked. */
export function failGroupOnPurpose({ testing, model }: Tested): void {
  switch (testing) {
    case "fallbacks":
      throw new InternalServerError(message("InternalServerError", model), { model });
    case "context_window":
      throw new ContextWindowExceededError(message("ContextWindowExceededError", model), { model });
    case "content_policy":
      throw new ContentPolicyViolationError(message("ContentPolicyViolationError", model), { model });
  }
}

/** `mock_testing_rate_limit_error`: only the first attempt fails, so that retries can be tried out. */
export function failAttemptOnPurpose({ testing, model }: Tested): void {
  if (testing === "rate_limit") throw new RateLimitError(message("RateLimitError", model), { model });
}

function message(kind: string, model: string): string {
  return `litellm.${kind}: a mock error, asked for by the request. model=${model}`;
}

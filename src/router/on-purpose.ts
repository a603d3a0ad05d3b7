import {
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  RateLimitError,
} from "../formats/errors.ts";
import type { RouteRequest } from "./request.ts";

/** LiteLLM's switches for trying out fallbacks (`mock_testing_fallbacks`, ...): the first attempt fails unasked. */
export function failOnPurpose({ testing, model }: Pick<RouteRequest, "testing" | "model">): void {
  const message = (kind: string) => `litellm.${kind}: a mock error, asked for by the request. model=${model}`;
  switch (testing) {
    case "fallbacks":
      throw new InternalServerError(message("InternalServerError"), { model });
    case "context_window":
      throw new ContextWindowExceededError(message("ContextWindowExceededError"), { model });
    case "content_policy":
      throw new ContentPolicyViolationError(message("ContentPolicyViolationError"), { model });
    case "rate_limit":
      throw new RateLimitError(message("RateLimitError"), { model });
  }
}

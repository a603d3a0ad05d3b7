import { RateLimitError } from "../../formats/errors.ts";
import type { Filter } from "../request.ts";

/** Passes over deployments whose limits or budgets are used up. */
export const open: Filter = (candidates, request, { isClosed }) => {
  if (isClosed === undefined || candidates.length === 0) return candidates;
  const left = candidates.filter(({ deployment }) => !isClosed(deployment.id));
  if (left.length > 0) return left;
  throw new RateLimitError(
    `litellm.RateLimitError: No deployments available - crossed budget or rate limit. Passed model=${request.model}`,
    { model: request.model, headers: { "retry-after": "1" }, blameless: true },
  );
};

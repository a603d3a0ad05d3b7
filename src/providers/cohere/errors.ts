import { BadRequestError, ContextWindowExceededError, NotFoundError } from "../../formats/errors.ts";
import { COMMON_RULES, type ErrorRule } from "../failure.ts";

export const LABEL = "Cohere";

/** Source: Cohere's list of HTTP statuses; LiteLLM's rules for it. */
export const cohereRules: readonly ErrorRule[] = [
  { pattern: /too many tokens/i, error: ContextWindowExceededError, statuses: [400, 422] },
  ...COMMON_RULES,
  { pattern: /model '.{1,200}' not found/, error: NotFoundError, statuses: [400, 404] },
  { pattern: /^/, error: BadRequestError, statuses: [422] },
];

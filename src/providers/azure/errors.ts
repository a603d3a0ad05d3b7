import {
  BadRequestError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  NotFoundError,
} from "../../formats/errors.ts";
import type { ErrorRule } from "../failure.ts";
import { openaiRules } from "../openai/errors.ts";

export const LABEL = "Azure";

/** LiteLLM's rules for Azure, before those of OpenAI. Source: Microsoft, "Content filtering" (errors), "Quotas and limits". */
export const azureRules: readonly ErrorRule[] = [
  {
    pattern: /This model's maximum context length is/,
    error: ContextWindowExceededError,
    statuses: [400, 413, 422, 500],
  },
  { pattern: /DeploymentNotFound/, error: NotFoundError, statuses: [400, 404] },
  {
    pattern:
      /content_policy_violation|content_filter|contentFilter|ResponsibleAIPolicyViolation|content management policy|safety system/,
    error: ContentPolicyViolationError,
    statuses: [400, 403, 422],
  },
  { pattern: /invalid_encrypted_content|could not be verified/, error: BadRequestError, statuses: [400, 404, 422] },
  { pattern: /Internal server error/, error: InternalServerError, statuses: [500, 502, 503] },
  ...openaiRules,
];

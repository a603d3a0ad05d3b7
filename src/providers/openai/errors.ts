/**
 * How OpenAI, and whoever speaks its format, says what went wrong.
 * Source: LiteLLM's exception mapping for `openai` and the compatible providers; the providers' error references.
 */
import {
  AuthenticationError,
  BadRequestError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  type SluiceError,
  Timeout,
} from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import { COMMON_RULES, type ErrorRule, toError } from "../failure.ts";
import type { Target } from "../provider.ts";
import type { Json } from "./json.ts";

/** Some providers answer 400, 413 or 5xx where OpenAI answers 429. */
const NOT_429 = [400, 403, 413, 500, 502, 503];

/** Rules of OpenAI itself; the compatible providers have them too. */
export const openaiRules: readonly ErrorRule[] = [
  { pattern: /rate[ _]limit|Request too large for|token_quota_reached/i, error: RateLimitError, statuses: NOT_429 },
  { pattern: /Incorrect API key provided|invalid_api_key/i, error: AuthenticationError, statuses: [400, 403] },
  ...COMMON_RULES,
  { pattern: /model_not_found/, error: NotFoundError, statuses: [400, 403] },
  {
    pattern: /A timeout occurred|Request timed out|Timed out generating response|The read operation timed out/i,
    error: Timeout,
  },
  {
    pattern: /Web server is returning an unknown error|The server had an error processing your request/i,
    error: InternalServerError,
  },
  // LiteLLM tells clients 400 where the upstream said 422 or 424, so that they do not retry.
  { pattern: /^/, error: BadRequestError, statuses: [422, 424] },
];

/** Texts of single providers; each names itself clearly enough to be looked for everywhere. */
export const compatibleRules: readonly ErrorRule[] = [
  {
    pattern:
      // in turn: Perplexity, Ollama, Moonshot, MiniMax, Z.ai, DashScope, Together and TGI, Cerebras
      /too_many_prompt_tokens|prompt too long; exceeded|exceeded model token limit|context window exceeds limit|Prompt exceeds max length|Range of input length should be|`inputs` tokens \+ `max_new_tokens` must be|model's maximum context limit/i,
    error: ContextWindowExceededError,
    statuses: [400, 413, 422, 500],
  },
  {
    pattern:
      // in turn: DashScope, DeepSeek, Z.ai, Volcengine, Moonshot, OpenRouter
      /data_inspection_failed|Content Exists Risk|unsafe or sensitive content|SensitiveContentDetected|considered high risk|requires moderation on/i,
    error: ContentPolicyViolationError,
    statuses: [400, 403, 422, 451],
  },
  ...openaiRules,
];

/** Providers LiteLLM calls OpenAI-like: a 403 of theirs is a bad credential. */
export const openaiLikeRules: readonly ErrorRule[] = [
  { pattern: /^/, error: AuthenticationError, statuses: [403] },
  { pattern: /authorization denied for/i, error: AuthenticationError },
  ...compatibleRules,
];

/** The status of an error object that came with status 200, or inside a stream. */
const STATUS_BY_NAME: Readonly<Record<string, number>> = {
  authentication_error: 401,
  content_filter: 400,
  context_length_exceeded: 400,
  insufficient_quota: 429,
  invalid_api_key: 401,
  invalid_request_error: 400,
  model_not_found: 404,
  not_found_error: 404,
  overloaded_error: 503,
  permission_denied: 403,
  permission_error: 403,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  request_timeout: 408,
  service_unavailable: 503,
};

/** The error for an error object (or text) in a body with status 200, or in an event. */
export function embeddedError(
  error: unknown,
  label: string,
  rules: readonly ErrorRule[],
  { target, headers }: { target: Target; headers: Record<string, string> },
): SluiceError {
  const failure = { status: statusOf(error), body: JSON.stringify({ error }), target };
  return toError({ ...failure, headers: { ...waitTold(error), ...headers } }, label, rules);
}

const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** The headers are those of a 200: how long to wait stands in the words alone ("Please try again in 1m2.5s"). */
function waitTold(error: unknown): Record<string, string> {
  const words = isRecord(error) ? error["message"] : error;
  const [, told] = /try again in ((?:\d+(?:\.\d+)?(?:ms|[hms]))+)/.exec(typeof words === "string" ? words : "") ?? [];
  if (told === undefined) return {};
  const parts = [...told.matchAll(/([\d.]+)(ms|[hms])/g)];
  const seconds = parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (SECONDS[unit] ?? 0), 0);
  return { "retry-after": String(Math.ceil(seconds)) };
}

function statusOf(error: unknown): number {
  if (!isRecord(error)) return 500;
  const values = STATUS_FIELDS.map((field) => error[field]);
  const status = values.map(Number).find((value) => value >= 400 && value < 600);
  const name = values.find((value) => typeof value === "string" && Object.hasOwn(STATUS_BY_NAME, value));
  return status ?? STATUS_BY_NAME[String(name)] ?? 500;
}

const STATUS_FIELDS: readonly (keyof Json)[] = ["status_code", "status", "raw_status_code", "code", "type"];

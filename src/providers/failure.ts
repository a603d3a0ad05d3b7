/**
 * From a provider's failure to an error of the gateway: rules of the provider first, then the status.
 * Source of the classes and statuses: LiteLLM's exception mapping, `docs/library.md`.
 */

import {
  APIError,
  AuthenticationError,
  BadGatewayError,
  BadRequestError,
  ConflictError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  type ErrorDetails,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServiceUnavailableError,
  type SluiceError,
  Timeout,
  UnprocessableEntityError,
} from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { UpstreamFailure } from "./provider.ts";

export type ErrorClass = new (message: string, details?: ErrorDetails) => SluiceError;

/** One rule: the first whose pattern is found in the provider's message (or body) names the class. */
export interface ErrorRule {
  pattern: RegExp;
  error: ErrorClass;
  /** The rule holds only for these statuses. */
  statuses?: readonly number[];
}

/** Texts by which any provider says that the prompt is longer than the model's window. */
const CONTEXT_WINDOW =
  /context[_ ]length[_ ]exceeded|maximum context length|context window|prompt is too long|input is too long|exceeds? the (?:maximum|max) (?:number of )?tokens? allowed|exceeds? the (?:available )?context size|longer than the model's context|too many (?:input )?tokens|exceeds the model's (?:maximum )?context|string too long\. Expected a string with maximum length|max(?:imum)? (?:prompt|input) length/i;

/** Texts by which any provider says that a filter refused prompt or answer. */
const CONTENT_POLICY =
  /content[_ ]policy[_ ]violation|content_filter|content filtering policy|content management policy|violat\w{1,9} our usage polic|rejected as a result of (?:the|our) safety system|responsible ?ai ?policy/i;

/** The rules that hold for every provider; a provider whose own rules are broad puts these before them. */
export const COMMON_RULES: readonly ErrorRule[] = [
  { pattern: CONTEXT_WINDOW, error: ContextWindowExceededError, statuses: [400, 413, 422, 500] },
  { pattern: CONTENT_POLICY, error: ContentPolicyViolationError, statuses: [400, 403, 422] },
];

function byStatus(status: number): ErrorClass {
  switch (status) {
    case 400:
    case 402:
    case 405:
    case 413:
      return BadRequestError;
    case 401:
      return AuthenticationError;
    case 403:
      return PermissionDeniedError;
    case 404:
      return NotFoundError;
    case 409:
      return ConflictError;
    case 408:
    case 504:
    case 524:
      return Timeout;
    case 422:
      return UnprocessableEntityError;
    case 429:
      return RateLimitError;
    case 500:
    case 529:
      return InternalServerError;
    case 502:
      return BadGatewayError;
    case 503:
      return ServiceUnavailableError;
    default:
      return APIError;
  }
}

/** Patterns look at no more than this of a message, and of a body: what an upstream says has no limit. */
const SEARCHED = 8000;

/**
 * The error for a failure. Its message is `litellm.<Class>: <Label>Exception - <the provider's own words>`.
 * The class settles the status, but for those LiteLLM hands through (`APIError`).
 */
export function toError(failure: UpstreamFailure, label: string, rules: readonly ErrorRule[] = []): SluiceError {
  const body = failure.target.apiKey?.hideIn(failure.body) ?? failure.body; // some repeat the key they refuse
  const upstream = parseBody(body);
  const message = messageOf(upstream) ?? (body.trim().slice(0, 2000) || `HTTP ${failure.status}`);
  const haystack = `${message.slice(0, SEARCHED)}\n${body.slice(0, SEARCHED)}`;
  const rule = [...rules, ...COMMON_RULES].find(
    ({ pattern, statuses }) => (statuses?.includes(failure.status) ?? true) && pattern.test(haystack),
  );
  const Class = rule?.error ?? byStatus(failure.status);
  const object = errorObject(upstream);
  const error = new Class(`${label}Exception - ${message}`, {
    ...(Class === APIError ? { status: failure.status >= 400 && failure.status < 600 ? failure.status : 500 } : {}),
    ...(typeof object?.["type"] === "string" ? { type: object["type"] } : {}),
    ...(typeof object?.["param"] === "string" ? { param: object["param"] } : {}),
    provider: failure.target.provider,
    model: failure.target.model,
    upstream: object,
    headers: failure.headers,
  });
  error.message = `litellm.${error.name}: ${error.message}`;
  return error;
}

function parseBody(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body);
    return Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed; // Gemini's streams wrap errors in an array
  } catch {
    return undefined;
  }
}

/** The error object within a body: `{error: {...}}`, or the body itself. */
function errorObject(body: unknown): Record<string, unknown> | undefined {
  if (!isRecord(body)) return undefined;
  return isRecord(body["error"]) ? body["error"] : body;
}

/** The words for a person in the shapes providers use: error.message, error, message, detail, errors. */
function messageOf(body: unknown): string | undefined {
  if (typeof body === "string") return body || undefined;
  if (Array.isArray(body)) {
    const messages = body.map(messageOf).filter((text) => text !== undefined);
    return messages.length > 0 ? messages.join("; ") : undefined;
  }
  if (!isRecord(body)) return undefined;
  for (const key of ["error", "message", "detail", "msg", "errors", "error_message", "description"]) {
    const message = messageOf(body[key]);
    if (message !== undefined) return message;
  }
  return undefined;
}

import {
  AuthenticationError,
  BadRequestError,
  ContextWindowExceededError,
  InternalServerError,
  PermissionDeniedError,
  RateLimitError,
  ServiceUnavailableError,
  type SluiceError,
  Timeout,
} from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { UpstreamFailure } from "../provider.ts";

export const LABEL = "Bedrock";

/** LiteLLM's rules for Bedrock. AWS says 403 to keys it does not know, and to those that may not use the model. */
const RULES: readonly ErrorRule[] = [
  {
    pattern:
      /too many tokens|expected maxLength:|Input is too long|prompt is too long|prompt: length: 1\.\.|Too many input tokens/,
    error: ContextWindowExceededError,
    statuses: [400, 413, 422, 424, 500],
  },
  {
    pattern:
      /Conversation blocks and tool result blocks cannot be provided in the same turn\.|Malformed input request|A conversation must start with a user message\./,
    error: BadRequestError,
  },
  {
    pattern:
      /Unable to locate credentials|security token included in the request is (?:invalid|expired)|UnrecognizedClientException|InvalidSignatureException|ExpiredTokenException|IncompleteSignature|MissingAuthenticationToken|InvalidClientTokenId|signature we calculated does not match/,
    error: AuthenticationError,
    statuses: [400, 401, 403],
  },
  { pattern: /AccessDeniedException/, error: PermissionDeniedError, statuses: [400, 401, 403] },
  { pattern: /[Tt]hrottlingException|ServiceQuotaExceededException/, error: RateLimitError },
  {
    pattern: /Connect timeout on endpoint URL|ModelTimeoutException|timed out/,
    error: Timeout,
    statuses: [408, 424, 500, 504],
  },
  { pattern: /Could not process image/, error: InternalServerError, statuses: [500] },
  { pattern: /^/, error: ServiceUnavailableError, statuses: [500] },
  // The model failed (ModelErrorException), which another try or another model may not.
  { pattern: /^/, error: InternalServerError, statuses: [424] },
];

/** The error for an answer with a status of 400 and above. AWS names its exception in a header. */
export function bedrockError(failure: UpstreamFailure): SluiceError {
  const { headers, body } = failure;
  const name = exceptionName(headers["x-amzn-errortype"]);
  const said = name === undefined || body.includes(name) ? body : withName(body, name);
  return toError({ ...failure, body: said }, LABEL, RULES);
}

/** `ValidationException:http://internal.amazon.com/…` */
function exceptionName(header: string | undefined): string | undefined {
  return header?.split(":")[0]?.trim() || undefined;
}

function withName(body: string, name: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isRecord(parsed)) return JSON.stringify({ __type: name, ...parsed });
  } catch {
    // a page of something before AWS
  }
  return body;
}

/** Statuses of what breaks a stream off. Source: Bedrock's API reference, "ResponseStream", "ConverseStreamOutput". */
const STATUSES: Readonly<Record<string, number>> = {
  accessdeniedexception: 403,
  internalserverexception: 500,
  modelerrorexception: 424,
  modelnotreadyexception: 429,
  modelstreamerrorexception: 424,
  modeltimeoutexception: 408,
  resourcenotfoundexception: 404,
  servicequotaexceededexception: 400,
  serviceunavailableexception: 503,
  throttlingexception: 429,
  validationexception: 400,
};

/** The failure that an exception within a stream stands for. */
export function exceptionInStream(
  exception: string,
  body: string,
  origin: Pick<UpstreamFailure, "headers" | "target">,
): UpstreamFailure {
  return { ...origin, status: STATUSES[exception.toLowerCase()] ?? 500, body: withName(body, exception) };
}

/** The error for an event that is none of the answer's: an exception, by its name. */
export function bedrockException(
  { event = "", data }: ServerEvent,
  origin: Pick<UpstreamFailure, "headers" | "target">,
): SluiceError {
  return bedrockError(exceptionInStream(event, data, origin));
}

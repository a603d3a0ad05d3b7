import { isRecord } from "../json.ts";

/** The HTTP status Anthropic documents for an `error.type`; error events of a stream come without one. */
export function statusOfErrorType(type: unknown): number {
  switch (type) {
    case "invalid_request_error":
      return 400;
    case "authentication_error":
      return 401;
    case "billing_error":
      return 402;
    case "permission_error":
      return 403;
    case "not_found_error":
      return 404;
    case "conflict_error":
      return 409;
    case "request_too_large":
      return 413;
    case "rate_limit_error":
      return 429;
    case "timeout_error":
      return 504;
    case "overloaded_error":
      return 529;
    default: // api_error
      return 500;
  }
}

/** The same for a whole error event. */
export function statusOfErrorEvent(event: unknown): number {
  const error = isRecord(event) ? event["error"] : undefined;
  return statusOfErrorType(isRecord(error) ? error["type"] : undefined);
}

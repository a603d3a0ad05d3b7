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

/** The `error.type` of a status, for errors that are not Anthropic's own. */
export function errorTypeOf(status: number): string {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 408:
    case 504:
      return "timeout_error";
    case 409:
      return "conflict_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

/** The same for a whole error event. */
export function statusOfErrorEvent(event: unknown): number {
  const error = isRecord(event) ? event["error"] : undefined;
  return statusOfErrorType(isRecord(error) ? error["type"] : undefined);
}

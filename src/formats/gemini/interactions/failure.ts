/** How the Interactions API says that something failed. */
import type { SluiceError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import { toGoogleError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import type { InteractionEvent } from "./types.ts";

/** Its own errors have a word for a code; what does not come from there is told as by the rest of Google's API. */
export function toInteractionError(error: SluiceError): { error: JsonObject } {
  const own = ofInteractions(error.upstream);
  return own === undefined ? { error: { ...toGoogleError(error).error } } : { error: own };
}

/** The event that ends a stream which has begun. */
export function errorEvent(error: SluiceError): InteractionEvent {
  const { upstream } = error;
  const own = ofInteractions(upstream);
  const { message, status } = toGoogleError(error).error;
  return {
    event_type: "error",
    error: own ?? { code: status === "INVALID_ARGUMENT" ? "invalid_request" : status.toLowerCase(), message },
  };
}

function ofInteractions(upstream: unknown): JsonObject | undefined {
  return isRecord(upstream) &&
    typeof upstream["code"] === "string" &&
    typeof upstream["message"] === "string" &&
    upstream["type"] === undefined
    ? upstream
    : undefined;
}

/** The status that a code in an error event stands for, a word or a number. */
export function statusOfCode(code: unknown): number {
  if (typeof code === "number") return code >= 400 && code < 600 ? code : 500;
  switch (typeof code === "string" ? code.toLowerCase() : undefined) {
    case "failed_precondition":
    case "invalid_argument":
    case "invalid_request":
    case "out_of_range":
      return 400;
    case "unauthenticated":
      return 401;
    case "forbidden":
    case "permission_denied":
      return 403;
    case "not_found":
      return 404;
    case "aborted":
    case "already_exists":
      return 409;
    case "rate_limit_exceeded":
    case "resource_exhausted":
    case "too_many_requests":
      return 429;
    case "overloaded":
    case "unavailable":
      return 503;
    case "deadline_exceeded":
    case "gateway_timeout":
      return 504;
    default:
      return 500;
  }
}

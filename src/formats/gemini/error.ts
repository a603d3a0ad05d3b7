/**
 * Errors as Google's APIs have them: `{ error: { code, message, status, details } }`.
 * Source: Google Cloud API design guide, "Errors"; `google.rpc.Code` and its HTTP mapping.
 */
import type { SluiceError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { JsonObject } from "./json.ts";

export interface GoogleError {
  error: { code: number; message: string; status: string; details?: unknown[] };
}

/** Where the upstream was Google, its own words, status and details go on. */
export function toGoogleError(error: SluiceError): GoogleError {
  const { status: code } = error;
  const upstream = ofGoogle(error.upstream);
  const isSame = upstream?.["code"] === undefined || upstream["code"] === code; // the gateway tells a wrong key as 401
  const status = isSame ? upstream?.["status"] : undefined;
  const own = upstream?.["details"];
  const details = Array.isArray(own) ? own : detailsOf(error);
  return {
    error: {
      code,
      message: typeof upstream?.["message"] === "string" ? upstream["message"] : error.message,
      status: typeof status === "string" ? status : statusName(code),
      ...((details.length > 0 || details === own) && { details }),
    },
  };
}

/** An error object of Google's; other providers' have no `status` that is a word. */
function ofGoogle(upstream: unknown): JsonObject | undefined {
  return isRecord(upstream) && typeof upstream["status"] === "string" && typeof upstream["message"] === "string"
    ? upstream
    : undefined;
}

/** What Google's clients read: which field is wrong, and how long to wait. */
function detailsOf({ param, message, retryAfter, status }: SluiceError): JsonObject[] {
  const details: JsonObject[] = [];
  if (param && status === 400)
    details.push({
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      fieldViolations: [{ field: param, description: message }],
    });
  if (retryAfter !== undefined)
    details.push({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${Math.ceil(retryAfter)}s` });
  return details;
}

function statusName(code: number): string {
  switch (code) {
    case 401:
      return "UNAUTHENTICATED";
    case 402:
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 408:
    case 504:
      return "DEADLINE_EXCEEDED";
    case 409:
      return "ABORTED";
    case 499:
      return "CANCELLED";
    case 501:
      return "UNIMPLEMENTED";
    case 502:
    case 503:
    case 529:
      return "UNAVAILABLE";
    default:
      return code >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  }
}

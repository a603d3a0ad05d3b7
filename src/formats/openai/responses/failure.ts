/** How a stream of the Responses API says that it failed. */
import { BadRequestError, ContextWindowExceededError, RateLimitError, type SluiceError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { ResponseEvent, ResponseObject } from "./types.ts";

/** OpenAI's own words, which clients act on: kept where the upstream said them. */
const CODES: ReadonlySet<string> = new Set([
  "bio_policy",
  "context_length_exceeded",
  "insufficient_quota",
  "invalid_prompt",
  "rate_limit_exceeded",
  "server_error",
  "usage_not_included",
  "vector_store_timeout",
]);

function codeOf(error: SluiceError): string {
  const said = isRecord(error.upstream) ? [error.upstream["code"], error.upstream["type"]] : [];
  const known = said.find((code): code is string => typeof code === "string" && CODES.has(code));
  if (known !== undefined) return known;
  if (error instanceof ContextWindowExceededError) return "context_length_exceeded";
  if (error instanceof RateLimitError)
    return /exceeded your current quota|insufficient.quota/i.test(error.message)
      ? "insufficient_quota"
      : "rate_limit_exceeded";
  return error instanceof BadRequestError ? "invalid_prompt" : "server_error";
}

const WAIT = /try again in\s*\d/i;

/** `message` says how long to wait where that is known: Codex reads it there. */
function failureOf(error: SluiceError): { code: string; message: string } {
  const code = codeOf(error);
  const { retryAfter, upstream } = error;
  const said = isRecord(upstream) ? upstream["message"] : undefined;
  const message = typeof said === "string" && said !== "" ? said : error.message; // whoever speaks the format is passed on
  const tellsWait = code !== "rate_limit_exceeded" || retryAfter === undefined || WAIT.test(message);
  return {
    code,
    message: tellsWait ? message : `${message.replace(/\.?\s*$/, ".")} Please try again in ${retryAfter}s.`,
  };
}

/** The event that ends a stream which has begun, after `sequence`. */
export function failedEvent(error: SluiceError, begun: ResponseObject | undefined, sequence: number): ResponseEvent {
  const base = begun ?? { id: "resp_failed", object: "response", created_at: 0, model: error.model ?? "", output: [] };
  return {
    type: "response.failed",
    sequence_number: sequence + 1,
    response: { ...base, object: "response", status: "failed", error: failureOf(error) },
  };
}

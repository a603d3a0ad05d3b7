import {
  AuthenticationError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  RateLimitError,
  type SluiceError,
} from "../../formats/errors.ts";
import { parseObject } from "../../formats/gemini/json.ts";
import { isRecord } from "../../formats/json.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { UpstreamFailure } from "../provider.ts";

export const LABEL = "Gemini";

/** LiteLLM's rules for Google. Google says 400 to a key it does not know. */
const RULES: readonly ErrorRule[] = [
  { pattern: /API key not valid|API key expired|API_KEY_INVALID/, error: AuthenticationError, statuses: [400, 401] },
  {
    pattern: /Request payload size exceeds|input token count.{0,100}exceeds|exceeds the maximum number of tokens/i,
    error: ContextWindowExceededError,
    statuses: [400, 413],
  },
  { pattern: /None Unknown Error\.|Content has no parts\./, error: InternalServerError },
  {
    // The last of Imagen: "… violate Google's Responsible AI practices".
    pattern: /The response was blocked\.|Output blocked by content filtering policy|Responsible AI practices/,
    error: ContentPolicyViolationError,
  },
  {
    pattern: /Quota exceeded|Resource (?:has been )?exhausted|RESOURCE_EXHAUSTED|temporarily out of capacity/i,
    error: RateLimitError,
    statuses: [400, 403, 429, 500, 503],
  },
  { pattern: /The model is overloaded/, error: InternalServerError },
];

/**
 * The error for an answer of Google's with a status of 400 and above, on AI Studio and on Vertex AI.
 * @param more rules that go before
 */
export function geminiError(failure: UpstreamFailure, label = LABEL, more: readonly ErrorRule[] = []): SluiceError {
  return toError({ ...failure, headers: { ...retryAfter(failure.body), ...failure.headers } }, label, [
    ...more,
    ...RULES,
  ]);
}

/** Google names the time to wait in the body: `{"@type": ".../google.rpc.RetryInfo", "retryDelay": "34.4s"}`. */
function retryAfter(body: string): Record<string, string> {
  const delay = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body)?.[1];
  return delay === undefined ? {} : { "retry-after": String(Math.ceil(Number(delay))) };
}

/** The failure that an error object within a stream stands for. */
export function failureOfEvent(
  error: Record<string, unknown>,
  origin: Pick<UpstreamFailure, "headers" | "target">,
): UpstreamFailure {
  const code = error["code"];
  const status = typeof code === "number" && code >= 400 && code < 600 ? code : 500;
  return { ...origin, status, body: JSON.stringify({ error }) };
}

/** An event's data: JSON, or nothing that Google sends. */
export function parseEvent(data: string): unknown {
  const body = parseObject(data);
  if (body !== undefined) return body;
  try {
    const list: unknown = JSON.parse(data);
    // Errors may come wrapped in an array.
    return Array.isArray(list) && isRecord(list[0]) ? list[0] : list;
  } catch {
    return undefined;
  }
}

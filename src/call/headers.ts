/** The headers LiteLLM's users read. Values that are not known are left out. */
import type { SluiceError } from "../formats/errors.ts";
import type { CallRecord } from "../ledger/record.ts";
import { formatUsd } from "../models/cost.ts";
import { limitHeaders } from "./limit-headers.ts";
import type { Reservation } from "./reservation.ts";
import { VERSION } from "./version.ts";

/** Headers of the upstream that describe its connection, or would set something for the gateway's own host. */
const NOT_PASSED =
  /^(?:connection|keep-alive|transfer-encoding|content-length|content-encoding|content-type|set-cookie2?|trailer|upgrade|te|proxy-.*|strict-transport-security|alt-svc|x-litellm-.*|access-control-.*|content-security-policy)$/;

/** What a refusal of the gateway's own says of the limit. */
const LIMIT_HEADERS = ["rate_limit_type", "reset_at"] as const;

/** Rate-limit headers OpenAI's SDKs read, passed under their own names too. */
const RATE_LIMIT = /^x-ratelimit-(?:limit|remaining|reset)-(?:requests|tokens)$/;

/** Anthropic's of the same meaning, which are passed under OpenAI's names too, as LiteLLM does. */
const ANTHROPIC_RATE_LIMIT = /^anthropic-ratelimit-(requests|tokens)-(limit|remaining|reset)$/;

/** What headers tell of: the record of a call, and what was reserved for it. */
export interface Told {
  record: CallRecord;
  reservation: Reservation | undefined;
}

export function replyHeaders({ record, reservation }: Told, upstream: Record<string, string>): Record<string, string> {
  const headers = callHeaders(record);
  for (const [name, value] of Object.entries(upstream)) {
    if (NOT_PASSED.test(name)) continue;
    headers[`llm_provider-${name}`] = value;
    if (RATE_LIMIT.test(name)) headers[name] = value;
    const [, what, figure] = ANTHROPIC_RATE_LIMIT.exec(name) ?? [];
    if (what !== undefined) headers[`x-ratelimit-${figure}-${what}`] = value;
  }
  if (reservation === undefined) return headers;
  return Object.assign(headers, limitHeaders(reservation.standings, reservation.subjects, record.cost ?? 0));
}

export function errorHeaders(told: Told, error: SluiceError): Record<string, string> {
  const headers = replyHeaders(told, error.headers);
  for (const name of LIMIT_HEADERS) if (error.headers[name] !== undefined) headers[name] = error.headers[name];
  if (error.retryAfter !== undefined) headers["retry-after"] = String(Math.ceil(error.retryAfter));
  const milliseconds = error.headers["retry-after-ms"];
  if (milliseconds !== undefined) headers["retry-after-ms"] = milliseconds;
  return headers;
}

function callHeaders(record: CallRecord): Record<string, string> {
  const elapsed =
    (record.endedAt > record.startedAt ? record.endedAt : (record.firstContentAt ?? record.startedAt)) -
    record.startedAt;
  const headers: Record<string, string> = {
    "x-litellm-call-id": record.id,
    "x-litellm-version": VERSION,
    "x-litellm-response-duration-ms": String(elapsed),
    "x-litellm-overhead-duration-ms": String(Math.max(0, elapsed - upstreamTime(record))),
  };
  if (record.deploymentId !== undefined) headers["x-litellm-model-id"] = asHeader(record.deploymentId);
  if (record.modelGroup !== "") headers["x-litellm-model-group"] = asHeader(record.modelGroup);
  if (record.model !== undefined) headers["x-litellm-model-name"] = asHeader(`${record.provider}/${record.model}`);
  const apiBase = record.attempts.at(-1)?.apiBase;
  if (apiBase !== undefined) headers["x-litellm-model-api-base"] = asHeader(apiBase);
  if (record.attempts.length > 0) {
    headers["x-litellm-attempted-retries"] = String(record.retries);
    headers["x-litellm-attempted-fallbacks"] = String(record.fallbacks);
    if (record.hedges > 0) headers["x-sluice-hedged"] = String(record.hedges);
  }
  if (record.cacheHit !== undefined) headers["x-litellm-cache-hit"] = String(record.cacheHit);
  if (record.cacheKey !== undefined) headers["x-litellm-cache-key"] = record.cacheKey;
  if (record.cost !== undefined) headers["x-litellm-response-cost"] = formatUsd(record.cost);
  if (record.surcharged !== undefined) {
    const { original, discount, margin, marginShare } = record.surcharged;
    headers["x-litellm-response-cost-original"] = formatUsd(original);
    headers["x-litellm-response-cost-discount-amount"] = formatUsd(discount);
    headers["x-litellm-response-cost-margin-amount"] = formatUsd(margin);
    headers["x-litellm-response-cost-margin-percent"] = String(marginShare * 100);
  }
  return headers;
}

/** Names come from clients and from configurations: what a header cannot carry is escaped. */
function asHeader(value: string): string {
  const text = value.slice(0, 500).toWellFormed();
  return text.replace(/[^\x20-\x7e]/gu, encodeURIComponent).slice(0, 500);
}

/** Milliseconds in which an upstream was waited for, up to its answer or the first content. */
function upstreamTime({ attempts, firstContentAt, endedAt }: CallRecord): number {
  const until = firstContentAt ?? endedAt;
  const waits = attempts.map(
    ({ startedAt, answeredAt }, index) => (answeredAt ?? attempts[index + 1]?.startedAt ?? until) - startedAt,
  );
  return waits.reduce((sum, wait) => sum + Math.max(0, wait), 0);
}

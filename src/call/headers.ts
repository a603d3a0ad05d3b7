/** The headers LiteLLM's users read. Values that are not known are left out. */
import type { SluiceError } from "../formats/errors.ts";
import { formatUsd } from "../models/cost.ts";
import type { TimedRecord } from "./settlement.ts";
import { VERSION } from "./version.ts";

/** Headers of the upstream that describe its connection, or would set something for the gateway's own host. */
const NOT_PASSED =
  /^(?:connection|keep-alive|transfer-encoding|content-length|content-encoding|content-type|set-cookie2?|trailer|upgrade|te|proxy-.*|strict-transport-security|alt-svc|x-litellm-.*|access-control-.*|content-security-policy)$/;

/** Rate-limit headers OpenAI's SDKs read, passed under their own names too. */
const RATE_LIMIT = /^x-ratelimit-(?:limit|remaining|reset)-(?:requests|tokens)$/;

export function replyHeaders(record: TimedRecord, upstream: Record<string, string>): Record<string, string> {
  const headers = callHeaders(record);
  for (const [name, value] of Object.entries(upstream)) {
    if (NOT_PASSED.test(name)) continue;
    headers[`llm_provider-${name}`] = value;
    if (RATE_LIMIT.test(name)) headers[name] = value;
  }
  return headers;
}

export function errorHeaders(record: TimedRecord, error: SluiceError): Record<string, string> {
  const headers = replyHeaders(record, error.headers);
  if (error.retryAfter !== undefined) headers["retry-after"] = String(Math.ceil(error.retryAfter));
  return headers;
}

function callHeaders(record: TimedRecord): Record<string, string> {
  const elapsed =
    (record.endedAt > record.startedAt ? record.endedAt : (record.firstContentAt ?? record.startedAt)) -
    record.startedAt;
  const headers: Record<string, string> = {
    "x-litellm-call-id": record.id,
    "x-litellm-version": VERSION,
    "x-litellm-response-duration-ms": String(elapsed),
    "x-litellm-overhead-duration-ms": String(Math.max(0, elapsed - record.upstreamMilliseconds)),
  };
  if (record.deploymentId !== undefined) headers["x-litellm-model-id"] = record.deploymentId;
  if (record.modelGroup !== "") headers["x-litellm-model-group"] = asHeader(record.modelGroup);
  if (record.model !== undefined) headers["x-litellm-model-name"] = asHeader(`${record.provider}/${record.model}`);
  if (record.apiBase !== undefined) headers["x-litellm-model-api-base"] = record.apiBase;
  if (record.cost !== undefined) headers["x-litellm-response-cost"] = formatUsd(record.cost);
  return headers;
}

/** Model names come from clients: what a header cannot carry is escaped. */
function asHeader(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character)).slice(0, 500);
}

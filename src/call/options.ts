/**
 * A client's body carries two things: the request for the model, and options for the gateway. This file tells
 * them apart. Options never go upstream; what would choose a host or a credential is refused.
 */
import type { GivenControls } from "../cache/controls.ts";
import { BadRequestError } from "../formats/errors.ts";
import { isRecord, stringsIn } from "../formats/json.ts";
import type { CallOptions } from "../operations/attempt.ts";
import { type RoutingOptions, routingOptions } from "./routing.ts";

/** Chooses an upstream host or a credential: an admin's decision, never a client's. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "api_base",
  "api_key",
  "api_version",
  "azure_ad_token",
  "base_url",
  "custom_llm_provider",
  "litellm_credential_name",
  "model_list",
  "organization",
  "proxy_server_request",
  "region_name",
  "user_config",
  "vertex_ai_credentials",
  "vertex_ai_location",
  "vertex_ai_project",
]);
const FORBIDDEN_PREFIXES = ["aws_", "vertex_", "azure_", "watsonx_", "oci_", "gcs_", "s3_"];

/** Read by the gateway. Those without a meaning yet are taken out all the same: no provider knows them. */
const OPTIONS: ReadonlySet<string> = new Set([
  "additional_drop_params",
  "allowed_openai_params",
  "cache",
  "caching",
  "content_policy_fallbacks",
  "context_window_fallbacks",
  "disable_fallbacks",
  "drop_params",
  "extra_body",
  "extra_headers",
  "extra_query",
  "fallbacks",
  "fastest_response",
  "guardrail_config",
  "guardrails",
  "headers",
  "hedge_after",
  "litellm_call_id",
  "litellm_logging_obj",
  "litellm_metadata",
  "litellm_session_id",
  "litellm_trace_id",
  "max_fallbacks",
  "max_retries",
  "merge_reasoning_content_in_choices",
  "mock_response",
  "mock_testing_content_policy_fallbacks",
  "mock_testing_context_fallbacks",
  "mock_testing_fallbacks",
  "mock_testing_rate_limit_error",
  "mock_timeout",
  "mock_tool_calls",
  "modify_params",
  "no-log",
  "num_retries",
  "policies",
  "priority",
  "prompt_id",
  "prompt_label",
  "prompt_variables",
  "prompt_version",
  "request_timeout",
  "retry_policy",
  "stream_timeout",
  "tags",
  "timeout",
  "ttl",
]);

/** Headers that authenticate, or that belong to the connection: not a client's to set upstream. */
const GUARDED_HEADER =
  /^(?:authorization|proxy-.*|cookie|host|connection|keep-alive|accept-encoding|content-(?:encoding|length|type)|transfer-encoding|te|trailer|upgrade|expect|openai-organization|openai-project|forwarded|x-forwarded-.*|x-real-ip|cf-.*|.*api-?key|x-amz-.*|x-goog-.*)$/i;

export function isGuardedHeader(name: string): boolean {
  return GUARDED_HEADER.test(name);
}

/**
 * Splits a body into the request and the options.
 * @throws BadRequestError for fields only an admin may set, and for options of the wrong type
 */
export function splitOptions<Body extends Record<string, unknown>>(
  body: Body,
  headers: Headers,
): { request: Body; options: CallOptions; routing: RoutingOptions; cache: GivenControls } {
  const merged: Record<string, unknown> = isRecord(body["extra_body"]) ? { ...body, ...body["extra_body"] } : body;
  const fields: [string, unknown][] = [];
  const given: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(merged)) {
    if (OPTIONS.has(field)) given[field] = value;
    else if (isForbidden(field)) {
      if (value !== null && value !== undefined) refuse(field);
    } else fields.push([field, value]);
  }
  const request: Record<string, unknown> = Object.fromEntries(fields); // a field named `__proto__` stays a field
  request["model"] = body["model"]; // extra_body may not change what was authorised
  const options: CallOptions = {
    extraHeaders: extraHeaders(given["extra_headers"] ?? given["headers"]),
    tags: [
      ...strings(given["tags"], "tags"),
      ...metadataTags(request["metadata"]),
      ...headerList(headers.get("x-litellm-tags")),
    ],
    mock: {},
  };
  const timeout = seconds(headers.get("x-litellm-timeout") ?? given["timeout"] ?? given["request_timeout"], "timeout");
  if (timeout !== undefined) options.timeout = timeout;
  const stream = seconds(headers.get("x-litellm-stream-timeout") ?? given["stream_timeout"], "stream_timeout");
  if (stream !== undefined) options.streamTimeout = stream;
  if (typeof given["drop_params"] === "boolean") options.dropParams = given["drop_params"];
  if (typeof given["modify_params"] === "boolean") options.modifyParams = given["modify_params"];
  if (given["additional_drop_params"])
    options.additionalDropParams = strings(given["additional_drop_params"], "additional_drop_params");
  if (given["allowed_openai_params"])
    options.allowedOpenaiParams = strings(given["allowed_openai_params"], "allowed_openai_params");
  if (given["mock_response"] !== undefined) options.mock.response = given["mock_response"];
  if (given["mock_tool_calls"] !== undefined) options.mock.toolCalls = given["mock_tool_calls"];
  if (given["mock_timeout"] === true) options.mock.timeout = true;
  for (const fallback of Array.isArray(given["fallbacks"]) ? given["fallbacks"] : [])
    if (isRecord(fallback))
      for (const field of Object.keys(fallback)) if (isForbidden(field)) refuse(`fallbacks.${field}`);
  const cache = { cache: given["cache"], caching: given["caching"], header: headers.get("cache-control") };
  // only named options were taken out, none of which Body requires
  return { request: request as Body, options, routing: routingOptions(given, headers), cache };
}

function isForbidden(field: string): boolean {
  return FORBIDDEN.has(field) || FORBIDDEN_PREFIXES.some((prefix) => field.startsWith(prefix));
}

function refuse(field: string): never {
  throw new BadRequestError(
    `litellm.BadRequestError: Rejected Request: ${field} is not allowed in the request body. Hosts and credentials of upstreams are set by the gateway's admin.`,
    { param: field },
  );
}

function extraHeaders(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isRecord(value))
    throw new BadRequestError("litellm.BadRequestError: extra_headers must be an object", { param: "extra_headers" });
  const headers: Record<string, string> = {};
  for (const [name, content] of Object.entries(value)) {
    if (isGuardedHeader(name))
      throw new BadRequestError(`litellm.BadRequestError: the header ${name} may not be set by a client`, {
        param: `extra_headers.${name}`,
      });
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(String(content)))
      throw new BadRequestError(`litellm.BadRequestError: ${JSON.stringify(name)} is not a header that can be sent`, {
        param: "extra_headers",
      });
    headers[name.toLowerCase()] = String(content);
  }
  return headers;
}

function seconds(value: unknown, param: string): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const number = Number(value);
  if (!Number.isFinite(number) || number <= 0)
    throw new BadRequestError(`litellm.BadRequestError: ${param} must be a number of seconds above 0`, { param });
  return number;
}

function strings(value: unknown, param: string): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new BadRequestError(`litellm.BadRequestError: ${param} must be a list of strings`, { param });
}

/** `metadata.tags`, LiteLLM's other place for them; metadata is the client's own, so anything else there is no error. */
function metadataTags(metadata: unknown): string[] {
  return stringsIn(isRecord(metadata) ? metadata["tags"] : undefined);
}

function headerList(value: string | null): string[] {
  return (value ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
}

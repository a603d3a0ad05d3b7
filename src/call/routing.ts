/** What a client says of the way its call is routed, and what the router is told of it. */
import { BadRequestError } from "../formats/errors.ts";
import type { CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { Fallback, FallbackTable, RouteRequest } from "../router/request.ts";
import type { CallInput } from "./call.ts";

/** Routing options of one call. */
export type RoutingOptions = Pick<
  RouteRequest,
  | "fallbacks"
  | "contextWindowFallbacks"
  | "contentPolicyFallbacks"
  | "disableFallbacks"
  | "maxFallbacks"
  | "numRetries"
  | "testing"
>;

/** @throws BadRequestError for options of the wrong type */
export function routingOptions(given: Readonly<Record<string, unknown>>, headers: Headers): RoutingOptions {
  const numRetries = count(headers.get("x-litellm-num-retries") ?? given["num_retries"], "num_retries");
  const maxFallbacks = count(given["max_fallbacks"], "max_fallbacks");
  const fallbacks = fallbackList(given["fallbacks"]);
  const contextWindow = fallbackTable(given["context_window_fallbacks"], "context_window_fallbacks");
  const contentPolicy = fallbackTable(given["content_policy_fallbacks"], "content_policy_fallbacks");
  const testing = testingOf(given);
  return {
    ...(numRetries !== undefined && { numRetries }),
    ...(maxFallbacks !== undefined && { maxFallbacks }),
    ...(fallbacks !== undefined && { fallbacks }),
    ...(contextWindow !== undefined && { contextWindowFallbacks: contextWindow }),
    ...(contentPolicy !== undefined && { contentPolicyFallbacks: contentPolicy }),
    ...(given["disable_fallbacks"] === true && { disableFallbacks: true }),
    ...(testing !== undefined && { testing }),
  };
}

function testingOf(given: Readonly<Record<string, unknown>>): RouteRequest["testing"] {
  if (given["mock_testing_fallbacks"] === true) return "fallbacks";
  if (given["mock_testing_context_fallbacks"] === true) return "context_window";
  if (given["mock_testing_content_policy_fallbacks"] === true) return "content_policy";
  if (given["mock_testing_rate_limit_error"] === true) return "rate_limit";
  return undefined;
}

function count(value: unknown, param: string): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= 100) return number;
  throw new BadRequestError(`litellm.BadRequestError: ${param} must be a whole number from 0 to 100`, { param });
}

function fallbackList(value: unknown): readonly Fallback[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every(isFallback)) return value;
  throw new BadRequestError("litellm.BadRequestError: fallbacks must be a list of model names or of parameter sets", {
    param: "fallbacks",
  });
}

function isFallback(value: unknown): value is Fallback {
  return typeof value === "string" || (typeof value === "object" && value !== null && !Array.isArray(value));
}

function fallbackTable(value: unknown, param: string): FallbackTable | undefined {
  if (value === undefined || value === null) return undefined;
  const isRow = (row: unknown): row is FallbackTable[number] =>
    typeof row === "object" &&
    row !== null &&
    Object.values(row).every((list) => Array.isArray(list) && list.every(isFallback));
  if (Array.isArray(value) && value.every(isRow)) return value;
  throw new BadRequestError(`litellm.BadRequestError: ${param} must be a list of {group: [fallback, ...]}`, { param });
}

/** What the router is told. Tokens are counted only if it asks. */
export function routeRequest<Request extends BaseRequest, Response, Chunk>(
  operation: Pick<
    Operation<Request, Response, Chunk>,
    "countInput" | "countLongest" | "isOnce" | "paramsOf" | "affinityOf"
  >,
  request: Request,
  options: CallOptions,
  routing: RoutingOptions,
  { headers, signal, caller }: Pick<CallInput, "headers" | "signal" | "caller">,
  region?: string,
): RouteRequest {
  let counted: Promise<number> | undefined;
  const session = headers.get("x-litellm-session-id") ?? headers.get("x-litellm-trace-id");
  const userAgent = headers.get("user-agent");
  return {
    model: request.model,
    ...(caller.attribution.teamId !== undefined && { team: caller.attribution.teamId }),
    stream: request.stream === true,
    ...(operation.isOnce && { isOnce: true as const }),
    ...(region !== undefined && { region }),
    tags: options.tags,
    ...(userAgent !== null && { userAgent }),
    inputTokens: () => {
      counted ??= operation.countInput(request);
      return counted;
    },
    ...(operation.countLongest && { longestInput: () => operation.countLongest?.(request) ?? Promise.resolve(0) }),
    params: operation.paramsOf(request),
    affinity: operation.affinityOf(request, session ?? undefined),
    ...(options.dropParams !== undefined && { dropParams: options.dropParams }),
    mayUse: (model) => caller.refuseModel(model) === undefined,
    signal,
    ...caller.routing,
    ...routing,
  };
}

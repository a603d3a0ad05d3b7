/** When a failed attempt is tried again, and after how long. Source: LiteLLM's router (`headers-and-routing`, 4.3). */
import {
  AnswerTooLargeError,
  AuthenticationError,
  BadRequestError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  type SluiceError,
  Timeout,
} from "../formats/errors.ts";
import type { Deployment } from "./deployment.ts";
import type { PolicyByError, RouteRequest, RoutingSettings } from "./request.ts";

/** What surrounds a failure. */
export interface FailureContext {
  /** Deployments of the group. */
  size: number;
  /** Of these, those that could still be chosen. */
  healthy: number;
  /** Of these, those that are not the one that failed. */
  others: number;
  hasFallbacks: boolean;
}

/**
 * How many retries an error allows in all. 0 for errors no retry mends.
 * A retry policy names the classes it speaks of; for those it settles both whether and how often.
 */
export function retriesFor(
  error: SluiceError,
  deployment: Pick<Deployment, "numRetries">,
  group: string,
  request: Pick<RouteRequest, "numRetries">,
  settings: RoutingSettings,
  context: FailureContext,
): number {
  if (context.healthy === 0) return 0;
  const policy = settings.groupRetryPolicies[group] ?? settings.retryPolicy;
  const stated = policy && countFor(error, policy);
  if (stated !== undefined) return stated;
  return isRetryable(error, settings, context)
    ? (deployment.numRetries ?? request.numRetries ?? settings.numRetries)
    : 0;
}

function isRetryable(error: SluiceError, settings: RoutingSettings, { size, hasFallbacks, healthy }: FailureContext) {
  if (error instanceof NotFoundError || error instanceof AnswerTooLargeError) return false;
  if (error instanceof ContextWindowExceededError && settings.contextWindowFallbacks !== undefined) return false;
  if (error instanceof ContentPolicyViolationError && settings.contentPolicyFallbacks !== undefined) return false;
  if (error instanceof RateLimitError && healthy === 0 && hasFallbacks) return false;
  if (error.status === 401 || error.status === 403) return size > 1;
  return error.status === 408 || error.status === 409 || error.status === 429 || error.status >= 500;
}

/** The count a policy has for this error, if it speaks of it. */
export function countFor(error: SluiceError, policy: PolicyByError): number | undefined {
  // more particular classes first: ContentPolicyViolationError is a BadRequestError too
  if (error instanceof ContentPolicyViolationError && policy.ContentPolicyViolation !== undefined)
    return policy.ContentPolicyViolation;
  if (error instanceof BadRequestError) return policy.BadRequest;
  if (error instanceof AuthenticationError) return policy.Authentication;
  if (error instanceof Timeout) return policy.Timeout;
  if (error instanceof RateLimitError) return policy.RateLimit;
  if (error instanceof InternalServerError) return policy.InternalServer;
  return undefined;
}

const FIRST_PAUSE = 0.5;
const LONGEST_PAUSE = 8;
const JITTER = 0.75;
/** A provider that asks for more than a minute is not waited for. */
const LONGEST_RETRY_AFTER = 60;

/**
 * Seconds to wait before retry `number` (from 0): none where another deployment is there to ask, else what the provider
 * asked for, else twice as long each time, with jitter.
 */
export function pauseBefore(
  number: number,
  error: SluiceError,
  settings: Pick<RoutingSettings, "retryAfter">,
  { others }: FailureContext,
  random: () => number,
): number {
  if (others > 0) return 0;
  const asked = error.retryAfter;
  if (asked !== undefined && asked > 0 && asked <= LONGEST_RETRY_AFTER) return asked;
  const doubling = Math.min(FIRST_PAUSE * 2 ** number, LONGEST_PAUSE);
  return Math.max(doubling, settings.retryAfter) + random() * JITTER;
}

/**
 * Keeps an outage from being amplified: of the requests of the last ten seconds at most a share may be retried in vain,
 * a few always. Retries that help cost nothing, so that one bad deployment of many is never a client's concern. For each
 * group of each isolate.
 */
export class RetryBudget {
  static readonly #SECONDS = 10;
  static readonly #ALWAYS = 10;
  static readonly #SHARE = 0.2;
  /** The last seconds, oldest first. */
  #seconds: { second: number; requests: number; failed: number }[] = [];

  request(now: number): void {
    this.#second(now).requests += 1;
  }

  /** A retry was in vain. */
  failed(now: number): void {
    this.#second(now).failed += 1;
  }

  mayRetry(now: number): boolean {
    this.#second(now); // so that what is too old is gone
    const failed = this.#seconds.reduce((sum, second) => sum + second.failed, 0);
    const requests = this.#seconds.reduce((sum, second) => sum + second.requests, 0);
    return failed < RetryBudget.#ALWAYS || failed + 1 <= requests * RetryBudget.#SHARE;
  }

  #second(now: number) {
    const second = Math.floor(now / 1000);
    let last = this.#seconds.at(-1);
    if (last === undefined || last.second < second) {
      last = { second, requests: 0, failed: 0 };
      this.#seconds.push(last);
      this.#seconds = this.#seconds.filter((entry) => entry.second > second - RetryBudget.#SECONDS);
    }
    return last;
  }
}

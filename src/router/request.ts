/** What the router is told of one call, and the settings it goes by. It sees no body and no wire format. */
import type { AffinityMemory } from "./affinity-memory.ts";
import type { Deployment } from "./deployment.ts";
import type { DeploymentStats } from "./state.ts";

/** A deployment that may be chosen, with what is known of it. */
export interface Candidate {
  deployment: Deployment;
  stats: DeploymentStats;
}

/** A fallback: another model's name, or params that replace the request's own (`model` among them). */
export type Fallback = string | Readonly<Record<string, unknown>>;

/** LiteLLM's `[{group: [fallback, ...]}]`. */
export type FallbackTable = readonly Readonly<Record<string, readonly Fallback[]>>[];

export interface RouteRequest {
  model: string;
  /** The client's team, whose own models it may use beside those of everybody. */
  team?: string;
  stream: boolean;
  /** It makes something that stays: a slow deployment is waited for, and no second one asked. */
  isOnce?: true;
  tags: readonly string[];
  /** `User-Agent` of the client, for `tag_regex`. */
  userAgent?: string;
  /** Tokens of the prompt; counted only where something asks for it. */
  inputTokens(): Promise<number>;
  /** Tokens a model's window must hold, where the request has several inputs: those of the longest. */
  longestInput?(): Promise<number>;
  /** Names of the OpenAI parameters the request has. */
  params: readonly string[];
  /** Whether parameters a provider lacks are left out, as request and settings have it; absent: as the deployment has it. */
  dropParams?: boolean;
  /** Whoever has the same goes to the same deployment: session, user, response id, prompt prefix. */
  affinity: {
    session?: string;
    user?: string;
    responseId?: string;
    /** Ids of items in the request whose content only the deployment that made them can read. */
    encryptedItems?: readonly string[];
    promptPrefix?: string;
  };
  /** Region the client demands (`allowed_model_region`). */
  region?: string;
  /** This request's own. */
  fallbacks?: readonly Fallback[];
  contextWindowFallbacks?: FallbackTable;
  contentPolicyFallbacks?: FallbackTable;
  disableFallbacks?: boolean;
  maxFallbacks?: number;
  numRetries?: number;
  /** May the client use this model? Asked for fallbacks the client named. */
  mayUse(model: string): boolean;
  /** Fail on purpose, before anything is asked: LiteLLM's `mock_testing_*`. */
  testing?: "fallbacks" | "context_window" | "content_policy" | "rate_limit";
  /** Ids of deployments to be asked only if there is no other, and no fallback. */
  avoid?: readonly string[];
  /** The client has left. */
  signal?: AbortSignal;
}

/** Counts of retries or allowed failures by LiteLLM's class names. */
export type PolicyByError = Partial<
  Record<
    "BadRequest" | "Authentication" | "Timeout" | "RateLimit" | "ContentPolicyViolation" | "InternalServer",
    number
  >
>;

export type StrategyName =
  | "simple-shuffle"
  | "least-busy"
  | "usage-based-routing"
  | "usage-based-routing-v2"
  | "latency-based-routing"
  | "cost-based-routing"
  | "power-of-two-choices";

export interface RoutingSettings {
  strategy: StrategyName;
  /** `routing_strategy_args`. */
  strategyArgs: { ttl?: number; lowestLatencyBuffer?: number; maxLatencyListSize?: number };
  numRetries: number;
  /** Least seconds between retries. */
  retryAfter: number;
  retryPolicy?: PolicyByError;
  groupRetryPolicies: Readonly<Record<string, PolicyByError>>;
  /** Failures within `cooldownTime` before a deployment cools; 3 means LiteLLM's error-share rules. */
  allowedFails: number;
  allowedFailsPolicy?: PolicyByError;
  /** Seconds. */
  cooldownTime: number;
  disableCooldowns: boolean;
  fallbacks: FallbackTable;
  /** Absent: such errors take the ordinary fallbacks. */
  contextWindowFallbacks?: FallbackTable;
  contentPolicyFallbacks?: FallbackTable;
  defaultFallbacks: readonly string[];
  maxFallbacks: number;
  preCallChecks: boolean;
  tagFiltering: boolean;
  /** A deployment needs one of the request's tags, not all. */
  tagMatchAny: boolean;
  /** `optional_pre_call_checks`. */
  affinityChecks: readonly string[];
  /** Seconds an affinity is kept. */
  affinityTtl: number;
  /** Seconds until a second request goes to another deployment, or `p95` and the like. */
  hedgeAfter?: number | string;
  /** Share of requests that may be hedged. */
  hedgeBudget: number;
  /** Go on from what was delivered where a stream breaks off. */
  midStreamFallback: "continue" | "end";
}

/** LiteLLM's defaults. */
export const DEFAULT_ROUTING: RoutingSettings = {
  strategy: "simple-shuffle",
  strategyArgs: {},
  numRetries: 2,
  retryAfter: 0,
  groupRetryPolicies: {},
  allowedFails: 3,
  cooldownTime: 5,
  disableCooldowns: false,
  fallbacks: [],
  defaultFallbacks: [],
  maxFallbacks: 5,
  preCallChecks: false,
  tagFiltering: false,
  tagMatchAny: true,
  affinityChecks: [],
  affinityTtl: 3600,
  hedgeBudget: 0.05,
  midStreamFallback: "end",
};

/** What strategies and filters may look at beside the candidates. */
export interface ChoiceContext {
  /** The group that was asked for. */
  group: string;
  settings: RoutingSettings;
  /** Milliseconds since the epoch. */
  now: number;
  /** From 0 to 1, 1 excluded. */
  random(): number;
  /** Absent: nothing is remembered. */
  affinity?: AffinityMemory;
  /** In place of the one the settings name. */
  strategy?: Strategy;
  /** Did the last health check of this deployment fail? Absent: nobody checks. */
  isUnhealthy?(id: string): boolean;
  /** Are its limits or budgets used up, as far as is known here? */
  isClosed?(id: string): boolean;
  /** Ids of the deployments this call has asked already. */
  tried?: ReadonlySet<string>;
}

/** Picks one of at least one candidate; `undefined` where none is within its limits. */
export type Strategy = (
  candidates: readonly Candidate[],
  request: RouteRequest,
  context: ChoiceContext,
) => Deployment | undefined | Promise<Deployment | undefined>;

/**
 * Leaves those candidates that may serve the request.
 * @throws SluiceError where none may, if there is more to say than that there is none
 */
export type Filter = (
  candidates: readonly Candidate[],
  request: RouteRequest,
  context: ChoiceContext,
) => readonly Candidate[] | Promise<readonly Candidate[]>;

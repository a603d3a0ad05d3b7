/** From `router_settings` to what the engine goes by. */

import { defined, isRecord } from "../../formats/json.ts";
import { DEFAULT_ROUTING, type FallbackTable, type PolicyByError, type RoutingSettings } from "../request.ts";
import type { ROUTER_SETTINGS } from "./router.ts";
import type { Values } from "./table.ts";

/** @param base where nothing is said: LiteLLM's defaults, unless others are given */
export function routingSettings(given: Values<typeof ROUTER_SETTINGS>, base = DEFAULT_ROUTING): RoutingSettings {
  const { routing_strategy_args: args, model_group_retry_policy: policies } = given;
  const contextWindow = fallbackTable(given.context_window_fallbacks);
  const contentPolicy = fallbackTable(given.content_policy_fallbacks);
  return {
    ...base,
    ...defined({
      strategy: given.routing_strategy,
      numRetries: given.num_retries,
      retryAfter: given.retry_after,
      retryPolicy: given.retry_policy && policy(given.retry_policy, "Retries"),
      allowedFails: given.allowed_fails,
      allowedFailsPolicy: given.allowed_fails_policy && policy(given.allowed_fails_policy, "AllowedFails"),
      cooldownTime: given.cooldown_time,
      disableCooldowns: given.disable_cooldowns,
      fallbacks: fallbackTable(given.fallbacks),
      contextWindowFallbacks: contextWindow,
      contentPolicyFallbacks: contentPolicy,
      defaultFallbacks: given.default_fallbacks,
      maxFallbacks: given.max_fallbacks,
      preCallChecks: given.enable_pre_call_checks ?? given.enable_pre_call_check,
      tagFiltering: given.enable_tag_filtering,
      tagMatchAny: given.tag_filtering_match_any,
      affinityChecks: given.optional_pre_call_checks,
      affinityTtl: given.deployment_affinity_ttl_seconds,
      hedgeAfter: hedgeAfter(given.hedge_after),
      hedgeBudget: given.hedge_budget,
      midStreamFallback: given.mid_stream_fallback,
    }),
    ...(args && {
      strategyArgs: defined({
        ttl: numberOf(args["ttl"]),
        lowestLatencyBuffer: numberOf(args["lowest_latency_buffer"]),
        maxLatencyListSize: numberOf(args["max_latency_list_size"]),
      }),
    }),
    ...(policies && {
      groupRetryPolicies: Object.fromEntries(
        Object.entries(policies).map(([group, value]) => [group, policy(value, "Retries")]),
      ),
    }),
  };
}

/** LiteLLM's names, `BadRequestErrorRetries` and `BadRequestErrorAllowedFails`, to the classes' own. */
function policy(value: unknown, suffix: "Retries" | "AllowedFails"): PolicyByError {
  const entries = Object.entries(isRecord(value) ? value : {}).flatMap(([name, count]) => {
    const match = /^(\w+?)Error(Retries|AllowedFails)$/.exec(name);
    const number = numberOf(count);
    return match?.[2] === suffix && match[1] !== undefined && number !== undefined ? [[match[1], number] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** Rows that are no lists are left out: `parseConfig` has told of them. */
function fallbackTable(value: readonly unknown[] | undefined): FallbackTable | undefined {
  return value?.filter((row): row is FallbackTable[number] => isRecord(row) && Object.values(row).every(Array.isArray));
}

/** Seconds, or a percentile such as `p95`. */
function hedgeAfter(value: unknown): number | string | undefined {
  return typeof value === "string" && /^p\d/i.test(value) ? value : numberOf(value);
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

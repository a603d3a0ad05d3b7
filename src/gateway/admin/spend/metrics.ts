/** Sums in LiteLLM's names, money in US dollars. */
import { toUsd } from "../../../models/cost.ts";
import type { Metrics } from "../../../store/spend/sums.ts";

const NOTHING: Metrics = {
  spend: 0,
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
  requests: 0,
  successful: 0,
  failed: 0,
};

/** LiteLLM's `SpendMetrics`. */
export function metricsView(metrics: Metrics) {
  return {
    spend: toUsd(metrics.spend),
    prompt_tokens: metrics.promptTokens,
    completion_tokens: metrics.completionTokens,
    cache_read_input_tokens: metrics.cacheReadTokens,
    cache_creation_input_tokens: metrics.cacheCreationTokens,
    total_tokens: metrics.totalTokens,
    successful_requests: metrics.successful,
    failed_requests: metrics.failed,
    api_requests: metrics.requests,
  };
}

/** LiteLLM's `DailySpendMetadata`, without the page. */
export function totalsView(metrics: Metrics) {
  return {
    total_spend: toUsd(metrics.spend),
    total_prompt_tokens: metrics.promptTokens,
    total_completion_tokens: metrics.completionTokens,
    total_tokens: metrics.totalTokens,
    total_api_requests: metrics.requests,
    total_successful_requests: metrics.successful,
    total_failed_requests: metrics.failed,
    total_cache_read_input_tokens: metrics.cacheReadTokens,
    total_cache_creation_input_tokens: metrics.cacheCreationTokens,
  };
}

/** Nano-dollars, tokens and calls stay whole, so nothing is lost. */
export function sumOf(metrics: readonly Metrics[]): Metrics {
  return metrics.reduce(
    (sum, one) => ({
      spend: sum.spend + one.spend,
      promptTokens: sum.promptTokens + one.promptTokens,
      completionTokens: sum.completionTokens + one.completionTokens,
      totalTokens: sum.totalTokens + one.totalTokens,
      cacheReadTokens: sum.cacheReadTokens + one.cacheReadTokens,
      cacheCreationTokens: sum.cacheCreationTokens + one.cacheCreationTokens,
      requests: sum.requests + one.requests,
      successful: sum.successful + one.successful,
      failed: sum.failed + one.failed,
    }),
    NOTHING,
  );
}

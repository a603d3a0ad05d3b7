/** Anthropic's usage → OpenAI's, and the two usages of a stream made one. */

import { isRecord } from "../json.ts";
import type { Usage } from "../openai/chat.ts";
import { count } from "./fields.ts";

/** Fields `toUsage` translates; all others (`service_tier`, `inference_geo`, `iterations`, ...) are kept as they are. */
const TRANSLATED: ReadonlySet<string> = new Set([
  "input_tokens",
  "output_tokens",
  "output_tokens_details",
  "cache_creation",
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
]);

/**
 * Tokens of one call. `input_tokens` upstream leaves out what was read from or written to the cache; here
 * `prompt_tokens` is all of the input. Compaction is billed on top of the top-level figures, so it is added;
 * iterations of other models (`advisor_message`) are not, they have other prices and stay in `iterations`.
 */
export function toUsage(value: unknown): Usage {
  const usage = isRecord(value) ? value : {};
  const parts = [usage, ...compactions(usage["iterations"])];
  const sum = (field: string) => parts.reduce((total, part) => total + (count(part[field]) ?? 0), 0);
  const read = sum("cache_read_input_tokens");
  const written = sum("cache_creation_input_tokens");
  const prompt = sum("input_tokens") + read + written;
  const completion = sum("output_tokens");
  const result: Usage = {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: read, cache_creation_tokens: written },
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
  };
  const lifetimes = parts.map((part) => part["cache_creation"]).filter(isRecord);
  if (lifetimes.length > 0 && result.prompt_tokens_details) {
    const kept = (field: string) => lifetimes.reduce((total, part) => total + (count(part[field]) ?? 0), 0);
    result.prompt_tokens_details.cache_creation_token_details = {
      ephemeral_5m_input_tokens: kept("ephemeral_5m_input_tokens"),
      ephemeral_1h_input_tokens: kept("ephemeral_1h_input_tokens"),
    };
  }
  const details = usage["output_tokens_details"];
  const reasoning = isRecord(details) ? count(details["thinking_tokens"]) : undefined;
  if (reasoning !== undefined)
    result.completion_tokens_details = {
      reasoning_tokens: reasoning,
      text_tokens: Math.max(0, completion - reasoning),
    };
  for (const [field, kept] of Object.entries(usage))
    if (!TRANSLATED.has(field) && kept !== null && kept !== undefined) result[field] = kept;
  return result;
}

function compactions(iterations: unknown): Record<string, unknown>[] {
  return Array.isArray(iterations)
    ? iterations.filter(isRecord).filter((iteration) => iteration["type"] === "compaction")
    : [];
}

/** Fields of the hub's usage that Anthropic says in its own words. */
const SAID: ReadonlySet<string> = new Set([
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
  "completion_tokens",
  "completion_tokens_details",
  "prompt_tokens",
  "prompt_tokens_details",
  "total_tokens",
]);

/** What of the details Anthropic has a word for; text is the rest. */
const SAID_DETAILS: ReadonlySet<string> = new Set([
  "cache_creation_token_details",
  "cache_creation_tokens",
  "cached_tokens",
  "reasoning_tokens",
  "text_tokens",
]);

/**
 * The hub's usage in Anthropic's words; `toUsage` makes it again. What Anthropic has no word for stays under its own
 * name: kinds of tokens that have other prices (audio, images), and what else a provider bills for.
 */
export function fromUsage(usage: Usage): Record<string, unknown> {
  const input = usage.prompt_tokens_details;
  const output = usage.completion_tokens_details;
  const read = input?.cached_tokens ?? usage.cache_read_input_tokens ?? 0;
  const written = input?.cache_creation_tokens ?? usage.cache_creation_input_tokens ?? 0;
  const kept = input?.cache_creation_token_details;
  const others = Object.entries(usage).filter(([field, value]) => !SAID.has(field) && value !== null);
  return {
    input_tokens: Math.max(0, usage.prompt_tokens - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    ...(kept && { cache_creation: kept }),
    output_tokens: usage.completion_tokens,
    ...(output?.reasoning_tokens && { output_tokens_details: { thinking_tokens: output.reasoning_tokens } }),
    ...Object.fromEntries(others),
    ...(hasMore(input) && { prompt_tokens_details: input }),
    ...(hasMore(output) && { completion_tokens_details: output }),
  };
}

function hasMore(details: Record<string, unknown> | null | undefined): boolean {
  return Object.entries(details ?? {}).some(([field, value]) => !SAID_DETAILS.has(field) && Boolean(value));
}

/**
 * The usage of a stream: `message_start` tells input and cache, `message_delta` all of it so far, and wins. Its input
 * may be smaller (context was cleared, compacted), but a bare 0 is the habit of look-alike servers that count input
 * with the start alone. `output_tokens` of the start is a placeholder and never counts.
 */
export function mergeUsage(start: unknown, delta: unknown): Record<string, unknown> {
  const merged: Record<string, unknown> = isRecord(start) ? { ...start } : {};
  delete merged["output_tokens"];
  if (!isRecord(delta)) return merged;
  for (const [field, value] of Object.entries(delta)) {
    if (value === null || value === undefined) continue;
    if (value === 0 && !("iterations" in delta) && count(merged[field]) !== undefined) continue;
    merged[field] = value;
  }
  return merged;
}

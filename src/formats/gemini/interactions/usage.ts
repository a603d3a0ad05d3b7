/** Usage of interactions, as `generateContent` tells it, and the other way round. */
import { isRecord, recordsIn } from "../../json.ts";
import type { Usage } from "../../openai/chat.ts";
import { toUsageMetadata } from "../answer-usage.ts";
import { geminiModel, isGemini3 } from "../model.ts";
import type { UsageMetadata } from "../types.ts";
import { usageOf } from "../usage.ts";
import type { Interaction, InteractionUsage } from "./types.ts";

/** What an interaction of Google's has used; `undefined` where it does not say. */
export function toHubUsage({ usage, steps, model }: Interaction): Usage | undefined {
  const counted = [usage?.total_input_tokens, usage?.total_output_tokens, usage?.total_tokens];
  if (!isRecord(usage) || counted.every((count) => numberOf(count) === undefined)) return undefined;
  const metadata: UsageMetadata = {
    promptTokenCount: numberOf(usage.total_input_tokens),
    candidatesTokenCount: numberOf(usage.total_output_tokens),
    thoughtsTokenCount: numberOf(usage.total_thought_tokens),
    cachedContentTokenCount: numberOf(usage.total_cached_tokens),
    toolUsePromptTokenCount: numberOf(usage.total_tool_use_tokens),
    totalTokenCount: numberOf(usage.total_tokens),
    promptTokensDetails: counts(usage["input_tokens_by_modality"]),
    cacheTokensDetails: counts(usage["cached_tokens_by_modality"]),
    candidatesTokensDetails: counts(usage["output_tokens_by_modality"]),
    toolUsePromptTokensDetails: counts(usage["tool_use_tokens_by_modality"]),
  };
  return usageOf(metadata, searchesOf(usage, steps, typeof model === "string" ? model : ""));
}

export function toInteractionUsage(usage: Usage): InteractionUsage {
  const metadata = toUsageMetadata(usage);
  const searches = usage.server_tool_use?.web_search_requests ?? 0;
  return {
    total_tokens: usage.total_tokens,
    total_input_tokens: usage.prompt_tokens,
    ...byModality("input_tokens_by_modality", metadata["promptTokensDetails"]),
    total_cached_tokens: numberOf(metadata["cachedContentTokenCount"]) ?? 0,
    total_output_tokens: numberOf(metadata["candidatesTokenCount"]) ?? 0,
    ...byModality("output_tokens_by_modality", metadata["candidatesTokensDetails"]),
    total_tool_use_tokens: 0,
    total_thought_tokens: numberOf(metadata["thoughtsTokenCount"]) ?? 0,
    ...(searches > 0 && { grounding_tool_count: [{ type: "google_search", count: searches }] }),
  };
}

/** Google bills each search since Gemini 3, before it each answer that searched. */
function searchesOf(usage: InteractionUsage, steps: Interaction["steps"], model: string): number {
  const counted = recordsIn(usage["grounding_tool_count"]).filter(({ type }) => type === "google_search");
  const calls = recordsIn(steps).filter(({ type }) => type === "google_search_call");
  const searches =
    counted.length > 0
      ? sum(counted.map(({ count }) => numberOf(count) ?? 0))
      : sum(calls.map(({ arguments: given }) => queriesOf(given)));
  return isGemini3(geminiModel(model)) ? searches : Math.min(searches, 1);
}

function queriesOf(given: unknown): number {
  const queries = (given as { queries?: unknown } | null | undefined)?.queries; // whatever it is, it is asked for no more than a field
  return Array.isArray(queries) ? queries.length : 1;
}

function counts(list: unknown): { modality: string; tokenCount: number }[] {
  return recordsIn(list).flatMap(({ modality, tokens }) =>
    typeof modality === "string" && typeof tokens === "number"
      ? [{ modality: modality.toUpperCase(), tokenCount: tokens }]
      : [],
  );
}

function byModality(name: string, list: unknown): Record<string, unknown> {
  const tokens = recordsIn(list).map(({ modality, tokenCount }) => ({
    modality: String(modality).toLowerCase(),
    tokens: tokenCount,
  }));
  return tokens.length === 0 ? {} : { [name]: tokens };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

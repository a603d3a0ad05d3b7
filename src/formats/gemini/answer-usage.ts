/** Usage of the hub as Gemini's `usageMetadata`. */
import type { Usage } from "../openai/chat.ts";
import type { JsonObject } from "./json.ts";

type Details = Usage["prompt_tokens_details"] | Usage["completion_tokens_details"];

/** OpenAI counts reasoning among the output, Gemini beside it; cached tokens are a part of the prompt to both. */
export function toUsageMetadata(usage: Usage): JsonObject {
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage;
  const thoughts = Math.min(usage.completion_tokens_details?.reasoning_tokens ?? 0, completion);
  const cached = usage.prompt_tokens_details?.cached_tokens ?? usage.cache_read_input_tokens ?? 0;
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: completion - thoughts,
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    totalTokenCount: total,
    ...(prompt > 0 && { promptTokensDetails: modalities(prompt, usage.prompt_tokens_details) }),
    ...(completion > thoughts && {
      candidatesTokensDetails: modalities(completion - thoughts, usage.completion_tokens_details),
    }),
  };
}

const MODALITIES = [
  ["IMAGE", "image_tokens"],
  ["VIDEO", "video_tokens"],
  ["AUDIO", "audio_tokens"],
] as const;

/** What is none of the others is text. */
function modalities(total: number, details: Details): { modality: string; tokenCount: number }[] {
  const others = MODALITIES.flatMap(([modality, field]) => {
    const tokenCount = (details as Record<string, unknown> | null | undefined)?.[field]; // the two sides differ in which of the fields they name
    return typeof tokenCount === "number" && tokenCount > 0 ? [{ modality, tokenCount }] : [];
  });
  const text = total - others.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return text > 0 ? [{ modality: "TEXT", tokenCount: text }, ...others] : others;
}

/** Tokens of a turn, as Gemini's Live API counts them, in OpenAI's realtime words. */
import { type JsonObject, recordsIn } from "../../json.ts";

/** `usageMetadata` of the Live API: an answer is `response…` where other methods have `candidates…`. */
export function realtimeUsage(metadata: JsonObject): JsonObject {
  const count = (name: string) => (typeof metadata[name] === "number" ? metadata[name] : 0);
  const thoughts = count("thoughtsTokenCount");
  const cached = count("cachedContentTokenCount");
  const input_tokens = count("promptTokenCount") + count("toolUsePromptTokenCount");
  const output_tokens = (count("responseTokenCount") || count("candidatesTokenCount")) + thoughts;
  const input = [metadata["promptTokensDetails"], metadata["toolUsePromptTokensDetails"]];
  const output = [metadata["responseTokensDetails"] ?? metadata["candidatesTokensDetails"]];
  return {
    total_tokens: count("totalTokenCount") || input_tokens + output_tokens,
    input_tokens,
    output_tokens,
    input_token_details: {
      cached_tokens: cached,
      ...byModality(input),
      ...(cached > 0 && { cached_tokens_details: byModality([metadata["cacheTokensDetails"]]) }),
    },
    output_token_details: { ...byModality(output), ...(thoughts > 0 && { reasoning_tokens: thoughts }) },
  };
}

const FIELDS: Readonly<Record<string, string>> = {
  TEXT: "text_tokens",
  DOCUMENT: "text_tokens",
  AUDIO: "audio_tokens",
  IMAGE: "image_tokens",
  VIDEO: "video_tokens",
};

function byModality(lists: readonly unknown[]): Record<string, number> {
  const tokens: Record<string, number> = {};
  for (const { modality, tokenCount } of lists.flatMap((list) => recordsIn(list))) {
    const field = FIELDS[String(modality)];
    if (field !== undefined && typeof tokenCount === "number") tokens[field] = (tokens[field] ?? 0) + tokenCount;
  }
  return tokens;
}

/** Tokens of a turn, as Gemini's Live API counts them, in OpenAI's realtime words. */
import type { JsonObject } from "../../json.ts";
import { modalities } from "../usage.ts";

/** `usageMetadata` of the Live API: an answer is `response…` where other methods have `candidates…`. */
export function realtimeUsage(metadata: JsonObject): JsonObject {
  const count = (name: string) => (typeof metadata[name] === "number" ? metadata[name] : 0);
  const thoughts = count("thoughtsTokenCount");
  const cached = count("cachedContentTokenCount");
  const input_tokens = count("promptTokenCount") + count("toolUsePromptTokenCount");
  const output_tokens = (count("responseTokenCount") || count("candidatesTokenCount")) + thoughts;
  return {
    total_tokens: count("totalTokenCount") || input_tokens + output_tokens,
    input_tokens,
    output_tokens,
    input_token_details: {
      cached_tokens: cached,
      ...modalities(metadata["promptTokensDetails"], metadata["toolUsePromptTokensDetails"]),
      ...(cached > 0 && { cached_tokens_details: modalities(metadata["cacheTokensDetails"]) }),
    },
    output_token_details: {
      ...modalities(metadata["responseTokensDetails"] ?? metadata["candidatesTokensDetails"]),
      ...(thoughts > 0 && { reasoning_tokens: thoughts }),
    },
  };
}

import { asRecord, recordsIn } from "../json.ts";
import type { Usage } from "../openai/chat.ts";
import type { EmbeddingUsage } from "../openai/embeddings.ts";
import type { UsageMetadata } from "./types.ts";

/**
 * Tokens of an answer. Gemini counts prompt, tool use, answer and thoughts apart; OpenAI's `prompt_tokens` are the first
 * two, its `completion_tokens` the last two.
 * @param webSearches searches that are billed
 */
export function usageOf(metadata: UsageMetadata, webSearches = 0): Usage {
  const prompt = (metadata.promptTokenCount ?? 0) + (metadata.toolUsePromptTokenCount ?? 0);
  const thoughts = metadata.thoughtsTokenCount ?? 0;
  const candidates = metadata.candidatesTokenCount ?? 0;
  // Some versions of the API count thoughts among the candidates' tokens; the total tells.
  const inclusive = thoughts > 0 && candidates >= thoughts && prompt + candidates === metadata.totalTokenCount;
  const completion = inclusive ? candidates : candidates + thoughts;
  const cached = metadata.cachedContentTokenCount ?? 0;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: metadata.totalTokenCount ?? prompt + completion,
    prompt_tokens_details: {
      cached_tokens: cached,
      ...modalities(metadata.promptTokensDetails, metadata.toolUsePromptTokensDetails),
      ...cachedModalities(metadata.cacheTokensDetails),
    },
    completion_tokens_details: {
      reasoning_tokens: thoughts,
      ...modalities(metadata.candidatesTokensDetails),
    },
    ...(cached > 0 ? { cache_read_input_tokens: cached } : {}),
    ...(webSearches > 0 ? { server_tool_use: { web_search_requests: webSearches } } : {}),
  };
}

/** Tokens of what was embedded. Pictures and sound have prices of their own. The older models count nothing. */
export function embeddingUsageOf(metadata: unknown): EmbeddingUsage | undefined {
  const { promptTokenCount: tokens, promptTokenDetails, promptTokensDetails } = asRecord(metadata);
  if (typeof tokens !== "number") return undefined;
  const details = modalities(promptTokenDetails, promptTokensDetails);
  return {
    prompt_tokens: tokens,
    total_tokens: tokens,
    ...(Object.keys(details).length > 0 && { prompt_tokens_details: details }),
  };
}

type ModalityTokens = Partial<Record<"text_tokens" | "audio_tokens" | "image_tokens" | "video_tokens", number>>;

/** Sums by modality of lists of `ModalityTokenCount`; documents are billed as text. */
export function modalities(...lists: unknown[]): ModalityTokens {
  const tokens: ModalityTokens = {};
  for (const { modality, tokenCount } of lists.flatMap((list) => recordsIn(list))) {
    const field = modalityField(modality);
    if (field !== undefined && typeof tokenCount === "number") tokens[field] = (tokens[field] ?? 0) + tokenCount;
  }
  return tokens;
}

/** Which of the cached tokens are of what: they are counted among those of the prompt, and have prices of their own. */
function cachedModalities(list: unknown): { cached_tokens_details?: ModalityTokens } {
  const tokens = modalities(list);
  return Object.keys(tokens).length === 0 ? {} : { cached_tokens_details: tokens };
}

function modalityField(modality: unknown): keyof ModalityTokens | undefined {
  switch (modality) {
    case "TEXT":
    case "DOCUMENT":
      return "text_tokens";
    case "AUDIO":
      return "audio_tokens";
    case "IMAGE":
      return "image_tokens";
    case "VIDEO":
      return "video_tokens";
    default:
      return undefined;
  }
}

import { count } from "../anthropic/fields.ts";
import { isRecord, recordsIn } from "../json.ts";
import type { Usage } from "../openai/chat.ts";

/** Tokens of one call. `inputTokens` leaves out what was read from or written to the cache; `prompt_tokens` is all. */
export function toUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const read = count(value["cacheReadInputTokens"]) ?? count(value["cacheReadInputTokenCount"]) ?? 0;
  const written = count(value["cacheWriteInputTokens"]) ?? count(value["cacheWriteInputTokenCount"]) ?? 0;
  const prompt = (count(value["inputTokens"]) ?? 0) + read + written;
  const completion = count(value["outputTokens"]) ?? 0;
  const kept = keptFor(value["cacheDetails"]);
  const server = value["serverToolUsage"];
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: read,
      cache_creation_tokens: written,
      ...(kept !== undefined && { cache_creation_token_details: kept }),
    },
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    ...(isRecord(server) && Object.keys(server).length > 0 && { server_tool_usage: server }),
  };
}

/** Tokens written by how long they are kept: `[{ ttl: "5m", inputTokens }]`. */
function keptFor(details: unknown) {
  const parts = recordsIn(details);
  if (parts.length === 0) return undefined;
  const of = (ttl: string) =>
    parts.filter((part) => part["ttl"] === ttl).reduce((sum, part) => sum + (count(part["inputTokens"]) ?? 0), 0);
  return { ephemeral_5m_input_tokens: of("5m"), ephemeral_1h_input_tokens: of("1h") };
}

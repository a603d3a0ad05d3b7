/** Tokens, where Bedrock itself counts them: beside the model's own answer, whatever its format. */
import { asRecord, type JsonObject } from "../../json.ts";
import type { Usage } from "../../openai/chat.ts";

/** In the last chunk of a stream. */
const METRICS = "amazon-bedrock-invocationMetrics";

export function usageOfMetrics(chunk: JsonObject): Usage | undefined {
  const metrics = asRecord(chunk[METRICS]);
  const usage = usageOf(metrics["inputTokenCount"], metrics["outputTokenCount"]);
  const cached = metrics["cacheReadInputTokenCount"];
  if (usage === undefined || typeof cached !== "number" || cached === 0) return usage;
  return { ...usage, prompt_tokens_details: { cached_tokens: cached } };
}

/** The last chunk of every stream has them. */
export function hasMetrics(chunk: JsonObject): boolean {
  return METRICS in chunk;
}

/** In the headers of a whole answer. */
export function usageOfHeaders(headers: Readonly<Record<string, string>>): Usage | undefined {
  return usageOf(
    countIn(headers["x-amzn-bedrock-input-token-count"]),
    countIn(headers["x-amzn-bedrock-output-token-count"]),
  );
}

export function countIn(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}

/** @returns nothing where either is missing */
export function usageOf(prompt: unknown, completion: unknown): Usage | undefined {
  if (typeof prompt !== "number" || typeof completion !== "number") return undefined;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** Systems that ask several models for one answer (Groq's Compound): each is paid for at its own price. */
import { asRecord, recordsIn } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { findModel, type ModelInfo } from "../models/catalogue.ts";
import { type CostOptions, cost } from "../models/cost.ts";
import { normaliseUsage } from "../providers/openai/usage.ts";
import { isPlausible } from "./plausible.ts";

const NO_TOKENS: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

/**
 * Nano-dollars; `undefined` where one price holds for all of it, or the answer does not tell who was asked. A model whose
 * price nobody knows is reckoned with at that of the system.
 *
 * The usage itself is the sum of all. Groq's streams name the whole of it for each model, so each has an equal share then.
 */
export function splitCost(
  usage: Usage,
  { provider, info }: { provider: string; info: ModelInfo },
  terms: CostOptions,
): number | undefined {
  if (info.split_pricing !== true) return undefined;
  const parts = recordsIn(asRecord(usage["usage_breakdown"])["models"]).flatMap(({ model, usage: told }) => {
    const used = normaliseUsage(told);
    const row = typeof model === "string" ? findModel(model, provider) : undefined;
    return isPlausible(used) ? [{ used, row: row ?? info }] : [];
  });
  const told = parts.reduce((sum, { used }) => sum + tokensOf(used), 0);
  if (told === 0) return undefined;
  const tokens = parts.reduce((sum, { used, row }) => sum + (cost(used, row, terms)?.total ?? 0), 0);
  const searches = cost({ ...NO_TOKENS, server_tool_use: usage.server_tool_use }, info, terms)?.total ?? 0;
  return Math.round((tokens * tokensOf(usage)) / told) + searches;
}

/** What is paid for, whatever total is told beside it. */
function tokensOf({ prompt_tokens, completion_tokens }: Usage): number {
  return prompt_tokens + completion_tokens;
}

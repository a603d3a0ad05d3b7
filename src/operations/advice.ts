/** Models that were asked on the way to an answer: Anthropic's advisor, who is billed apart, at its own model's prices. */
import { toUsage } from "../formats/anthropic/usage.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { findModel, type ModelInfo } from "../models/catalogue.ts";
import { type CostOptions, cost } from "../models/cost.ts";
import { isPlausible } from "./plausible.ts";

/**
 * Nano-dollars, beside what the tokens of the answering model cost. An advisor whose price nobody knows is reckoned with at
 * that of the model it advised. Source: Anthropic, "Advisor tool", on `usage.iterations`.
 * @param target who answered, and what is known of its model
 */
export function adviceCost(
  usage: Usage,
  { provider, info }: { provider: string; info: ModelInfo },
  { serviceTier, at, geo, speed }: CostOptions,
): number {
  const iterations = usage["iterations"];
  if (!Array.isArray(iterations)) return 0;
  const terms = Object.fromEntries(
    Object.entries({ serviceTier, at, geo, speed }).filter(([, value]) => value !== undefined),
  );
  const costs = iterations.filter(isRecord).map(({ type, model, ...told }) => {
    const used = type === "advisor_message" ? toUsage(told) : undefined;
    if (!isPlausible(used)) return 0;
    const row = typeof model === "string" ? findModel(model, provider) : undefined;
    return cost(used, row ?? info, terms)?.total ?? 0;
  });
  return costs.reduce((sum, one) => sum + one, 0);
}

/**
 * How much the model shall think: OpenAI's `reasoning_effort` and Anthropic's `thinking` as Gemini's `thinkingConfig`.
 * Gemini 2.5 takes a budget in tokens, Gemini 3 a level; budgets for efforts are LiteLLM's.
 * Source: Gemini API, "Thinking" and "OpenAI compatibility".
 */
import { BadRequestError } from "../errors.ts";
import type { ChatRequest } from "../openai/chat.ts";
import { type GeminiModel, isGemini3 } from "./model.ts";

export interface ThinkingConfig {
  includeThoughts?: boolean;
  /** Tokens; 0 is off, -1 lets the model decide. Excludes `thinkingLevel`. */
  thinkingBudget?: number;
  thinkingLevel?: string;
}

export function thinkingConfig(request: ChatRequest, model: GeminiModel): ThinkingConfig | undefined {
  const { thinking, reasoning_effort: effort } = request;
  // Anthropic's way to think without showing it.
  const includeThoughts = thinking?.["display"] !== "omitted";
  switch (thinking?.type) {
    case "disabled":
      return { ...smallest(model), includeThoughts: false };
    case "enabled":
      if (typeof thinking.budget_tokens === "number")
        return { thinkingBudget: thinking.budget_tokens, includeThoughts };
      break;
    case "adaptive":
      if (!effort) return isGemini3(model) ? { includeThoughts } : { thinkingBudget: -1, includeThoughts };
      break;
  }
  if (!effort) return thinking ? { includeThoughts } : undefined;
  if (effort === "none" || effort === "disable") return { ...smallest(model), includeThoughts: false };
  return { ...(isGemini3(model) ? { thinkingLevel: level(effort, model) } : budget(effort, model)), includeThoughts };
}

/** Off, or as near to it as the model goes. */
function smallest(model: GeminiModel): ThinkingConfig {
  if (isGemini3(model)) return { thinkingLevel: model.family === "pro" ? "low" : "minimal" };
  return { thinkingBudget: model.family === "pro" ? 128 : 0 };
}

function level(effort: string, model: GeminiModel): string {
  switch (effort) {
    case "minimal":
      return model.family === "pro" ? "low" : "minimal";
    case "low":
      return "low";
    case "medium":
      // Gemini 3 Pro came with two levels, 3.1 Pro has three.
      return model.family === "pro" && model.version === 3 ? "high" : "medium";
    case "high":
    case "xhigh":
    case "max":
      return "high";
    default:
      throw unknownEffort(effort);
  }
}

function budget(effort: string, model: GeminiModel): ThinkingConfig {
  switch (effort) {
    case "minimal":
      return { thinkingBudget: model.family === "pro" ? 128 : model.family === "flash-lite" ? 512 : 1 };
    case "low":
      return { thinkingBudget: 1024 };
    case "medium":
      return { thinkingBudget: 2048 };
    case "high":
      return { thinkingBudget: 4096 };
    case "xhigh":
      return { thinkingBudget: 8192 };
    case "max":
      return { thinkingBudget: model.family === "pro" ? 32_768 : 24_576 };
    default:
      throw unknownEffort(effort);
  }
}

function unknownEffort(effort: string): BadRequestError {
  return new BadRequestError(`reasoning_effort ${JSON.stringify(effort)} is not known`, { param: "reasoning_effort" });
}

/** `thinking` and `reasoning_effort` → Anthropic's `thinking` and `output_config.effort`. */
import { BadRequestError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatRequest } from "../openai/chat.ts";
import { text } from "./fields.ts";
import { type ModelTraits, modelTraits } from "./model-traits.ts";

export interface ThinkingParams {
  thinking?: Record<string, unknown>;
  effort?: string;
}

/** LiteLLM's budgets in tokens; the API takes none below 1024. The two above `high` are ours. */
function budgetOf(effort: string): number | undefined {
  switch (effort) {
    case "minimal":
    case "low":
      return 1024;
    case "medium":
      return 2048;
    case "high":
      return 4096;
    case "xhigh":
      return 8192;
    case "max":
      return 16_384;
    default:
      return undefined;
  }
}

/**
 * What the client said natively (`thinking`, `output_config.effort`) wins over `reasoning_effort`.
 * @throws BadRequestError for an effort that is none of OpenAI's or Anthropic's words
 */
export function toThinking(request: ChatRequest, traits: ModelTraits, repair: boolean): ThinkingParams {
  const params: ThinkingParams = {};
  const native = isRecord(request["output_config"]) ? text(request["output_config"]["effort"]) : "";
  const effort = request.reasoning_effort ?? undefined;
  const level = effort === undefined || native !== "" ? undefined : effortLevel(effort, traits.efforts);
  if (level !== undefined) params.effort = level;
  if (request.thinking) {
    params.thinking = repair ? repaired(request.thinking, traits) : { ...request.thinking };
    if (repair && params.effort === undefined && native === "" && isConverted(request.thinking, params.thinking)) {
      const converted = effortOfBudget(request.thinking.budget_tokens ?? 0);
      if (traits.efforts.includes(converted)) params.effort = converted;
    }
    return params;
  }
  if (effort === undefined || native !== "" || !traits.thinking) return params;
  if (effort === "none") {
    if (traits.thinksByDefault && traits.canStopThinking) params.thinking = { type: "disabled" };
    return params;
  }
  const budget = budgetOf(effort);
  if (traits.adaptive) params.thinking = { type: "adaptive" };
  else if (budget !== undefined) params.thinking = { type: "enabled", budget_tokens: budget };
  return params;
}

/** Tokens that `max_tokens` may be raised by for the thinking, above what the request allows or is bounded to. */
export function thinkingRoom(request: ChatRequest, model: string): number {
  const { thinking, adaptive } = modelTraits(model);
  const effort = thinking && !adaptive ? budgetOf(request.reasoning_effort ?? "") : undefined;
  const budget = request.thinking ? (request.thinking.budget_tokens ?? 0) : (effort ?? 0);
  const limit = request.max_completion_tokens ?? request.max_tokens;
  return typeof limit === "number" && limit > budget ? 0 : Math.max(0, budget);
}

/** The level the model has; where it lacks it, the next below. */
function effortLevel(effort: string, levels: readonly string[]): string | undefined {
  if (effort === "none") return undefined;
  if (budgetOf(effort) === undefined)
    throw new BadRequestError(
      `reasoning_effort must be one of none, minimal, low, medium, high, xhigh and max, not ${JSON.stringify(effort)}.`,
      { param: "reasoning_effort" },
    );
  if (levels.length === 0) return undefined;
  const order = ["low", "medium", "high", "xhigh", "max"];
  const wanted = order.slice(0, order.indexOf(effort === "minimal" ? "low" : effort) + 1);
  return wanted.findLast((level) => levels.includes(level));
}

/** A budget where only adaptive thinking is taken (and the other way round) is refused upstream. */
function repaired(thinking: Record<string, unknown>, traits: ModelTraits): Record<string, unknown> {
  const { type, budget_tokens, ...rest } = thinking;
  if (type === "enabled" && !traits.budget && traits.adaptive) return { ...rest, type: "adaptive" };
  if (type === "adaptive" && !traits.adaptive && traits.budget)
    return { ...rest, type: "enabled", budget_tokens: budgetOf("high") };
  return { ...thinking };
}

function isConverted(before: Record<string, unknown>, after: Record<string, unknown>): boolean {
  return before["type"] === "enabled" && after["type"] === "adaptive";
}

function effortOfBudget(tokens: number): string {
  if (tokens <= 1024) return "low";
  return tokens <= 2048 ? "medium" : "high";
}

export function isThinking(thinking: unknown): boolean {
  return isRecord(thinking) && (thinking["type"] === "enabled" || thinking["type"] === "adaptive");
}

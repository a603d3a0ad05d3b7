/** `thinking` and `reasoning_effort` → what each family has for it in `additionalModelRequestFields`. */
import { text } from "../anthropic/fields.ts";
import { modelTraits } from "../anthropic/model-traits.ts";
import { toThinking } from "../anthropic/thinking.ts";
import { BadRequestError } from "../errors.ts";
import { isRecord, type JsonObject } from "../json.ts";
import type { ChatRequest } from "../openai/chat.ts";
import type { ConverseTraits } from "./traits.ts";

/** @throws BadRequestError for an effort that is none of OpenAI's words */
export function toReasoning(request: ChatRequest, model: string, traits: ConverseTraits, repair: boolean): JsonObject {
  if (traits.reasoning === "claude") {
    const { thinking, effort } = toThinking(request, modelTraits(model), repair);
    return {
      ...(thinking !== undefined && { thinking }),
      ...(effort !== undefined && { output_config: { effort } }),
    };
  }
  const level = levelOf(request);
  if (level === undefined) return {};
  switch (traits.reasoning) {
    case "nova":
      return {
        reasoningConfig: level === "none" ? { type: "disabled" } : { type: "enabled", maxReasoningEffort: level },
      };
    case "effort":
      return level === "none" ? {} : { reasoning_effort: level };
    case "config":
      return level === "none" ? {} : { reasoning_config: level };
    case "none":
      return {};
  }
}

type Level = "none" | "low" | "medium" | "high";

/** The three levels there are; a budget of Claude's is the level it stands for. */
function levelOf({ reasoning_effort: effort, thinking }: ChatRequest): Level | undefined {
  switch (effort) {
    case undefined:
    case null:
      return thinking ? levelOfThinking(thinking) : undefined;
    case "none":
    case "low":
    case "medium":
    case "high":
      return effort;
    case "minimal":
      return "low";
    case "xhigh":
    case "max":
      return "high";
    default:
      throw new BadRequestError(
        `reasoning_effort must be one of none, minimal, low, medium, high, xhigh and max, not ${JSON.stringify(effort)}.`,
        { param: "reasoning_effort" },
      );
  }
}

function levelOfThinking({ type, budget_tokens }: NonNullable<ChatRequest["thinking"]>): Level {
  if (type === "disabled") return "none";
  const budget = budget_tokens ?? 2048;
  if (budget <= 1024) return "low";
  return budget <= 2048 ? "medium" : "high";
}

/** Is the model told to think by these fields? */
export function thinks({ thinking, reasoning_config, reasoningConfig }: JsonObject): boolean {
  return [thinking, reasoning_config, reasoningConfig].some(
    (said) => isRecord(said) && ["enabled", "adaptive"].includes(text(said["type"])),
  );
}

/** A grader that asks a model: what that has used. */
import { asRecord, isRecord, type JsonObject } from "../../../formats/json.ts";
import type { Usage } from "../../../formats/openai/chat.ts";
import { addUsage } from "../../../formats/openai/continuation.ts";
import { countTokens } from "../../../models/tokens.ts";
import type { ForwardAnswer, ForwardReading } from "../../../operations/forward.ts";
import type { Meter } from "../../../operations/operation.ts";
import { normaliseUsage } from "../../../providers/openai/usage.ts";
import { gradersIn } from "./runs/eval-run.ts";

/** Tokens of an answer of a grader that bounds none: they are a grade, and why. */
const USUAL_OUTPUT = 8192;

/** Several graders of one call are priced as the first. */
export function graderModel(body: JsonObject): string | undefined {
  const [grader] = gradersIn([body["grader"]]);
  return grader && String(grader["model"]);
}

export function graderReading(body: JsonObject): ForwardReading {
  const graders = gradersIn([body["grader"]]);
  const output = graders
    .map(({ sampling_params: limits }) => boundOf(asRecord(limits)["max_completions_tokens"]))
    .reduce((sum, tokens) => sum + tokens, 0);
  return {
    countInput: async () => {
      const told = await countTokens(JSON.stringify(body), graderModel(body) ?? "");
      return told * graders.length;
    },
    outputBound: output,
    meter: () => new GraderMeter(),
  };
}

function boundOf(tokens: unknown): number {
  return typeof tokens === "number" && tokens > 0 ? tokens : USUAL_OUTPUT; // of others it is the provider's to say that they are wrong
}

class GraderMeter implements Meter<ForwardAnswer, never> {
  answer: ForwardAnswer;
  readonly terms = {};

  chunk(): void {}

  response(response: ForwardAnswer): void {
    this.answer = response;
  }

  /** By model, else the total alone. Graders that ask nobody use nothing. */
  get usage(): Usage {
    const { model_grader_token_usage_per_model: byModel, metadata } = asRecord(this.answer);
    const told = Object.values(asRecord(byModel)).flatMap((used) => usageIn(used) ?? []);
    const total = usageIn(asRecord(metadata)["token_usage"]);
    return told.length > 0 ? told.reduce(addUsage) : (total ?? NOTHING);
  }

  async estimate(): Promise<Usage> {
    return this.usage;
  }
}

const NOTHING: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

function usageIn(told: unknown): Usage | undefined {
  if (typeof told === "number") return { prompt_tokens: told, completion_tokens: 0, total_tokens: told };
  return isRecord(told) ? normaliseUsage(told) : undefined;
}

/** Prices of training, which the catalogue's source does not have. */
import type { ModelInfo } from "./catalogue.ts";
import { withoutDate } from "./names.ts";

/**
 * OpenAI, "Pricing", fine-tuning: US dollars for a million tokens, each epoch counted. Azure asks the same for training
 * anywhere in the world (`globalStandard`); in one region it is dearer.
 */
const A_MILLION_TOKENS: Readonly<Record<string, number>> = {
  "gpt-4.1": 25,
  "gpt-4.1-mini": 5,
  "gpt-4.1-nano": 1.5,
  "gpt-4o": 25,
  "gpt-4o-mini": 3,
  "gpt-3.5-turbo": 8,
  "gpt-35-turbo": 8,
  "davinci-002": 6,
  "babbage-002": 0.4,
};

/** OpenAI, "Billing guide for the Reinforcement Fine-Tuning API": US dollars for an hour of the training loop. */
const AN_HOUR: Readonly<Record<string, number>> = { "o4-mini": 100 };

/** A fine-tuned model is trained on as its base is; older snapshots have a month and a day (`-0125`). */
const ORIGIN_OR_VERSION = /^ft:|-\d{4}$/g;

const TRAINERS = /^(?:azure|openai|text-completion-openai)$/;

/** The row with what training the model costs, where that is known. What it says itself holds. */
export function withTrainingPrices(name: string, row: ModelInfo): ModelInfo {
  if (!TRAINERS.test(row.litellm_provider ?? "")) return row;
  const model = withoutDate(name.split("/").at(-1) ?? name).replace(ORIGIN_OR_VERSION, "");
  const tokens = A_MILLION_TOKENS[model];
  if (tokens !== undefined) return { training_cost_per_token: tokens / 1e6, ...row };
  const hour = AN_HOUR[model];
  return hour === undefined ? row : { training_cost_per_hour: hour, ...row };
}

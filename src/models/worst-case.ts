/** The most a call can cost before anything is known but its size: what a budget reserves for it. */
import type { Usage } from "../formats/openai/chat.ts";
import type { ModelInfo } from "./catalogue.ts";
import { cost } from "./cost.ts";

/** Tokens are counted here by other rules than the provider's: so much more of the prompt is reckoned with. */
const COUNTING_ERROR = 1.05;

/** Output of a model whose limit nobody has stated, in tokens. */
const UNKNOWN_OUTPUT = 8192;

/** The longest answer of a model, in tokens. */
export function longestOutput(info: ModelInfo | undefined): number {
  return info?.max_output_tokens || UNKNOWN_OUTPUT;
}

/** Nano-dollars; 0 where the price of the model is not known. Whatever the prompt's cache does, it costs no more. */
export function worstCase(info: ModelInfo | undefined, input: number, output: number, at: number): number {
  if (info === undefined) return 0;
  const prompt = Math.ceil(input * COUNTING_ERROR);
  const total = { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output };
  const variants: Usage[] = [total];
  if (info.cache_creation_input_token_cost !== undefined) {
    const written = { cache_creation_tokens: prompt };
    const hourly = { ...written, cache_creation_token_details: { ephemeral_1h_input_tokens: prompt } };
    variants.push({ ...total, prompt_tokens_details: written }, { ...total, prompt_tokens_details: hourly });
  }
  if (info["output_cost_per_reasoning_token"] !== undefined)
    variants.push({ ...total, completion_tokens_details: { reasoning_tokens: output } });
  return Math.max(...variants.map((usage) => cost(usage, info, { at })?.total ?? 0));
}

/**
 * How many tokens of output so much money pays for, after the prompt; 0 where it does not even pay for that.
 * @param price what the operator makes of a cost
 */
export function affordableOutput(
  info: ModelInfo | undefined,
  input: number,
  money: number,
  at: number,
  price = (cost: number) => cost,
): number {
  let low = 0;
  let high = longestOutput(info);
  if (price(worstCase(info, input, high, at)) <= money) return high;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2); // prices may rise in steps: no division tells
    if (price(worstCase(info, input, middle, at)) <= money) low = middle;
    else high = middle;
  }
  return low;
}

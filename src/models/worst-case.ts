/** The most a call can cost before anything is known but its size: what a budget reserves for it. */
import type { Usage } from "../formats/openai/chat.ts";
import type { ModelInfo } from "./catalogue.ts";
import { type CostOptions, cost } from "./cost.ts";
import { possibleSearches } from "./search-prices.ts";
import type { Measured } from "./units.ts";

/**
 * Tokens are counted here by other rules than the provider's: so much more of the prompt is reckoned with. Claude's own
 * tokenizer is not public, and counts up to a third more.
 */
const COUNTING_ERROR = 1.05;
const COUNTING_ERROR_OF_CLAUDE = 1.35;

/** Output of a model whose limit nobody has stated, in tokens. */
const UNKNOWN_OUTPUT = 8192;

/** What a request says that makes the same tokens dearer. */
export interface AskedTerms extends Pick<CostOptions, "serviceTier" | "geo" | "speed"> {
  /** Web searches it may make, and how large each. */
  searches?: number;
  searchContextSize?: string | null;
  /** There is audio in the prompt; the answer may be spoken. */
  hasAudio?: boolean;
  mayTalk?: boolean;
  /** What is billed by other units than tokens, at most. */
  measured?: Measured;
}

/** The longest answer of a model, in tokens. */
export function longestOutput(info: ModelInfo | undefined): number {
  return info?.max_output_tokens || UNKNOWN_OUTPUT;
}

/**
 * Nano-dollars; 0 where the price of the model is not known. Whatever the prompt's cache does, and whether or not the
 * provider grants the terms, it costs no more.
 */
export function worstCase(
  info: ModelInfo | undefined,
  input: number,
  output: number,
  at: number,
  { hasAudio, mayTalk, ...asked }: AskedTerms = {},
): number {
  if (info === undefined) return 0;
  const prompt = Math.ceil(input * (isClaude(info) ? COUNTING_ERROR_OF_CLAUDE : COUNTING_ERROR));
  const total = { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output };
  const variants: Usage[] = [total];
  if (info.cache_creation_input_token_cost !== undefined) {
    const written = { cache_creation_tokens: prompt };
    const hourly = { ...written, cache_creation_token_details: { ephemeral_1h_input_tokens: prompt } };
    variants.push({ ...total, prompt_tokens_details: written }, { ...total, prompt_tokens_details: hourly });
  }
  if (info["output_cost_per_reasoning_token"] !== undefined)
    variants.push({ ...total, completion_tokens_details: { reasoning_tokens: output } });
  if (info["output_cost_per_image_token"] !== undefined)
    variants.push({ ...total, completion_tokens_details: { image_tokens: output } });
  if (info["input_cost_per_image_token"] !== undefined)
    variants.push({ ...total, prompt_tokens_details: { image_tokens: prompt } });
  if (hasAudio || mayTalk)
    variants.push({
      ...total,
      ...(hasAudio && { prompt_tokens_details: { audio_tokens: prompt } }),
      ...(mayTalk && { completion_tokens_details: { audio_tokens: output } }),
    });
  const { searchContextSize, measured } = asked;
  const searches = possibleSearches(info, asked.searches);
  const standard = {
    at,
    ...(searches !== undefined && { searches, searchContextSize: searchContextSize ?? dearestSize(info) }),
    ...(measured && { measured }),
  };
  const isDearer = asked.serviceTier || asked.geo || asked.speed;
  const terms: CostOptions[] = isDearer
    ? [standard, { ...standard, ...asked, ...(searches !== undefined && { searches }) }]
    : [standard];
  return Math.max(...variants.flatMap((usage) => terms.map((options) => cost(usage, info, options)?.total ?? 0)));
}

/** Where the request says nothing of it, the provider may choose. */
function dearestSize({ search_context_cost_per_query: prices, least_searches: always }: ModelInfo): string | null {
  if (always === undefined || prices === undefined) return null;
  const [dearest] = Object.entries(prices).toSorted(([, one], [, other]) => other - one);
  return dearest?.[0].replace("search_context_size_", "") ?? null;
}

interface AffordableOptions {
  longest?: number;
  terms?: AskedTerms;
  price?(cost: number): number;
}

/**
 * How many tokens of output so much money pays for, after the prompt; 0 where it does not even pay for that.
 * @param longest tokens the model may answer with
 * @param price what the operator makes of a cost
 */
export function affordableOutput(
  info: ModelInfo | undefined,
  input: number,
  money: number,
  at: number,
  { longest = longestOutput(info), terms, price = (cost: number) => cost }: AffordableOptions = {},
): number {
  let low = 0;
  let high = longest;
  if (price(worstCase(info, input, high, at, terms)) <= money) return high;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2); // prices may rise in steps: no division tells
    if (price(worstCase(info, input, middle, at, terms)) <= money) low = middle;
    else high = middle;
  }
  return low;
}

function isClaude({ litellm_provider: provider }: ModelInfo): boolean {
  return typeof provider === "string" && /anthropic/.test(provider);
}

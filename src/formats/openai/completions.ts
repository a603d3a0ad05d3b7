/**
 * OpenAI's text completions, the API before chat. Source: OpenAI API reference, "Create completion" (legacy).
 * Fields not named here survive.
 */
import { z } from "zod";
import type { FinishReason, Usage } from "./chat.ts";

const tokensSchema = z.array(z.int().min(0)).min(1);

export const completionRequestSchema = z.looseObject({
  model: z.string().min(1),
  /** One prompt, or a list of them, each answered by itself; a prompt may be given as its tokens. */
  prompt: z.union(
    [z.string(), z.array(z.string()).min(1), tokensSchema, z.array(tokensSchema).min(1)],
    "it must be a text, its tokens, or a list of these, and not empty",
  ),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  /** What follows the completion: the model fills in what stands between. */
  suffix: z.string().nullish(),
  max_tokens: z.int().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  /** Answers to each prompt. */
  n: z.int().min(1).nullish(),
  /** Answers made for each prompt, of which the best `n` are given. */
  best_of: z.int().min(1).nullish(),
  /** The most likely tokens to be told of at each place. */
  logprobs: z.int().min(0).nullish(),
  /** Repeat the prompt before the answer. */
  echo: z.boolean().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  seed: z.number().nullish(),
  user: z.string().nullish(),
});
export type CompletionRequest = z.infer<typeof completionRequestSchema>;
type Prompt = CompletionRequest["prompt"];

/** OpenAI's parameters beyond `model`, `prompt` and `stream`. Anything else is a provider's own. */
export const OPENAI_COMPLETION_PARAMS = [
  "best_of",
  "echo",
  "frequency_penalty",
  "logit_bias",
  "logprobs",
  "max_tokens",
  "n",
  "presence_penalty",
  "seed",
  "stop",
  "stream_options",
  "suffix",
  "temperature",
  "top_p",
  "user",
] as const;

/** How likely each token was; offsets are characters of prompt and completion. */
export interface TextLogprobs {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[] | null;
  text_offset: number[];
}

export interface TextChoice {
  index: number;
  text: string;
  finish_reason: FinishReason | (string & {}) | null;
  logprobs: unknown;
  [key: string]: unknown;
}

/** A whole answer; a chunk of one has the same shape. */
export interface TextCompletion {
  id: string;
  object: "text_completion";
  /** Unix seconds. */
  created: number;
  model: string;
  choices: TextChoice[];
  usage?: Usage | null;
  [key: string]: unknown;
}

/** The prompts one by one: a text, or the tokens of one. */
export function promptsOf(prompt: Prompt): (string | number[])[] {
  if (typeof prompt === "string") return [prompt];
  return isTokens(prompt) ? [prompt] : prompt;
}

function isTokens(prompt: Exclude<Prompt, string>): prompt is number[] {
  return typeof prompt[0] === "number";
}

/** Answers a request asks for, all prompts together. Choices come prompt by prompt. */
export function answersTo({ prompt, n }: CompletionRequest): number {
  return promptsOf(prompt).length * (n ?? 1);
}

/** Does the chunk carry something of the answer? */
export function isTextContent({ choices }: TextCompletion): boolean {
  return choices.some(({ text, finish_reason }) => text !== "" || (finish_reason ?? null) !== null);
}

/** A whole answer as the chunks of a stream: its choices, then usage. */
export function chunksOfText({ usage, ...completion }: TextCompletion): TextCompletion[] {
  return usage ? [completion, { ...completion, choices: [], usage }] : [completion];
}

/** Joins the chunks of a stream into the answer they make. */
export class TextBuilder {
  #completion: TextCompletion | undefined;

  add({ choices, usage, ...head }: TextCompletion): void {
    this.#completion ??= { ...head, choices: [] };
    if (usage) this.#completion.usage = usage;
    const known = this.#completion.choices;
    for (const choice of choices) {
      const before = known.find(({ index }) => index === choice.index);
      if (before === undefined) known.push({ ...choice });
      else Object.assign(before, { ...choice, text: before.text + choice.text });
    }
  }

  get completion(): TextCompletion | undefined {
    return this.#completion;
  }
}

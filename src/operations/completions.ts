import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import {
  answersTo,
  type CompletionRequest,
  chunksOfText,
  completionRequestSchema,
  isTextContent,
  OPENAI_COMPLETION_PARAMS,
  promptsOf,
  TextBuilder,
  type TextCompletion,
} from "../formats/openai/completions.ts";
import { addUsage, FreshText } from "../formats/openai/continuation.ts";
import { DONE_EVENT, formatEvent } from "../formats/sse.ts";
import type { CostOptions } from "../models/cost.ts";
import { countTokens } from "../models/tokens.ts";
import { completionsByChat } from "../providers/by-chat/completions.ts";
import { chatAdapterOf } from "../providers/chat-by-responses.ts";
import { settleParams, withoutNulls } from "../providers/params.ts";
import type { CompletionAdapter, Provider, Target } from "../providers/provider.ts";
import { cacheableText } from "./cacheable-answers.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { ChunkJoiner, Meter, Operation, Parts } from "./operation.ts";
import { wantsStreamUsage, withoutUsage, withStreamUsage } from "./stream-usage.ts";
import { countLongest, countTexts, textOfTokens } from "./token-texts.ts";

/** Text completions: OpenAI's older format for the client; any provider behind it, by chat where it has nothing else. */
export const completions: Operation<CompletionRequest, TextCompletion, TextCompletion> = {
  name: "completions",
  summary: "Complete a text",
  paths: [
    "/v1/completions",
    "/completions",
    "/engines/:model{.+}/completions",
    "/v1/engines/:model{.+}/completions",
    "/openai/deployments/:model{.+}/completions",
    "/v1/openai/deployments/:model{.+}/completions",
  ],
  request: completionRequestSchema,
  wire: "openai",
  idPrefix: "cmpl-",
  adapter: adapterOf,
  settleParams: (request, { supportedParams }, target, policy) =>
    settleParams(withoutNulls(request), supportedParams(target), policy, target.provider, OPENAI_COMPLETION_PARAMS),
  async prepare(request, { takesTokens }) {
    const prompts = promptsOf(request.prompt);
    if (takesTokens || prompts.every((prompt) => typeof prompt === "string")) return request;
    const texts = prompts.map((prompt) => (typeof prompt === "string" ? prompt : textOfTokens(prompt, "prompt")));
    return { ...request, prompt: await Promise.all(texts) };
  },
  parts: byPrompt(),
  cacheable: cacheableText,
  countInput: ({ prompt, suffix, model }) => countTexts([...promptsOf(prompt), suffix ?? ""], model),
  countLongest: ({ prompt, suffix, model }) =>
    countLongest(
      promptsOf(prompt).map((text) => (typeof text === "string" ? text + (suffix ?? "") : text)),
      model,
    ),
  // Nothing, 0 and -1 are "no limit" to some servers.
  outputBound: (request) =>
    typeof request.max_tokens === "number" && request.max_tokens > 0
      ? request.max_tokens * answersMade(request)
      : undefined,
  answersOf: answersMade,
  termsOf: () => ({}),
  bounded: (request, tokens) => ({
    ...request,
    max_tokens: Math.max(1, Math.floor(tokens / answersMade(request))),
  }),
  paramsOf: (request) =>
    OPENAI_COMPLETION_PARAMS.filter((name) => request[name] !== undefined && request[name] !== null),
  affinityOf: ({ user }, session) => ({ session, user: user ?? undefined, promptPrefix: undefined }),
  isContent: isTextContent,
  chunksOf: chunksOfText,
  isDialect: () => false,
  mock: mockText,
  wantsStreamUsage,
  askForUsage: withStreamUsage,
  encodeWhole: (completion) => JSON.stringify(completion),
  encode(chunk, request) {
    const shown = wantsStreamUsage(request) ? chunk : withoutUsage(chunk);
    return shown && formatEvent(JSON.stringify(shown));
  },
  done: DONE_EVENT,
  encodeError: (error) => formatEvent(JSON.stringify(error.toBody())),
  errorBody: (error) => error.toBody(),
  meter: (request) => new TextMeter(request),
  continuation(request, { answer }, usage) {
    const rest = answer && continueText(request, answer);
    if (answer === undefined || rest === undefined) return undefined;
    const joiner = new TextContinuation(answer, usage);
    return { request: () => rest, join: (chunk) => joiner.join(chunk) };
  },
};

/** What was said is a part of the prompt now; `undefined` where that is not all: several answers, or tokens for a prompt. */
function continueText(request: CompletionRequest, { choices }: TextCompletion): CompletionRequest | undefined {
  const { prompt, echo, suffix } = request;
  const [said, ...others] = choices;
  const isOne = answersMade(request) === 1 && typeof prompt === "string" && others.length === 0;
  if (!isOne || echo || suffix || said === undefined || said.finish_reason) return undefined;
  return { ...request, prompt: prompt + said.text };
}

/** Makes the chunks of a continuation those of the stream they continue. */
class TextContinuation {
  readonly #fresh: FreshText;
  readonly #head: Pick<TextCompletion, "id" | "created" | "model">;
  readonly #usage: Usage;

  /** @param usage of what was delivered, added to that of the continuation */
  constructor({ id, created, model, choices }: TextCompletion, usage: Usage) {
    this.#head = { id, created, model };
    this.#fresh = new FreshText(choices[0]?.text ?? "");
    this.#usage = usage;
  }

  join(chunk: TextCompletion): TextCompletion[] {
    const choices = chunk.choices.map((choice) => ({
      ...choice,
      text: this.#fresh.of(choice.text, Boolean(choice.finish_reason)),
    }));
    return [{ ...chunk, ...this.#head, choices, ...(chunk.usage && { usage: addUsage(this.#usage, chunk.usage) }) }];
  }
}

function adapterOf(provider: Provider, target: Target): CompletionAdapter | undefined {
  const { completions: native } = provider;
  if (native !== undefined && (native.serves?.(target) ?? true)) return native;
  const chat = chatAdapterOf(provider, target);
  return chat && completionsByChat(chat);
}

/** Answers that are made, and paid for, given or not. */
function answersMade(request: CompletionRequest): number {
  return Math.max(answersTo(request), promptsOf(request.prompt).length * (request.best_of ?? 1));
}

function byPrompt(): Parts<CompletionRequest, TextCompletion, TextCompletion> {
  return {
    split(request, most) {
      const prompts = promptsOf(request.prompt);
      if (prompts.length <= most) return [request];
      return Array.from({ length: Math.ceil(prompts.length / most) }, (_, part) => ({
        ...request,
        // all texts, or all tokens: as the request had it
        prompt: prompts.slice(part * most, (part + 1) * most) as CompletionRequest["prompt"],
      }));
    },
    join(parts, request) {
      const usages = parts.map(({ usage }) => usage);
      const usage = usages.reduce((sum, one) => (sum && one ? addUsage(sum, one) : undefined));
      const { usage: _, ...head } = parts[0] as TextCompletion; // there is a part for each prompt
      const choices = parts.flatMap((part, at) => inPlace(part, at, request).choices);
      return { ...head, choices, ...(usage && { usage }) };
    },
    joiner: (request) => new TextJoiner(request),
  };
}

/** A part's choices by the numbers they have in the whole. */
function inPlace(part: TextCompletion, at: number, { n }: CompletionRequest): TextCompletion {
  return { ...part, choices: part.choices.map((choice) => ({ ...choice, index: at * (n ?? 1) + choice.index })) };
}

class TextJoiner implements ChunkJoiner<TextCompletion> {
  readonly #request: CompletionRequest;
  #head: Pick<TextCompletion, "id" | "object" | "created" | "model"> | undefined;
  #usage: Usage | undefined;

  constructor(request: CompletionRequest) {
    this.#request = request;
  }

  chunk(part: number, { usage, ...chunk }: TextCompletion): TextCompletion[] {
    const { id, object, created, model } = chunk;
    this.#head ??= { id, object, created, model };
    if (usage) this.#usage = this.#usage === undefined ? usage : addUsage(this.#usage, usage);
    return chunk.choices.length === 0 ? [] : [{ ...inPlace(chunk, part, this.#request), ...this.#head }];
  }

  end(): TextCompletion[] {
    return this.#head && this.#usage ? [{ ...this.#head, choices: [], usage: this.#usage }] : [];
  }
}

class TextMeter implements Meter<TextCompletion, TextCompletion> {
  readonly #request: CompletionRequest;
  readonly #builder = new TextBuilder();
  #response: TextCompletion | undefined;
  readonly terms: CostOptions = {};

  constructor(request: CompletionRequest) {
    this.#request = request;
  }

  chunk(chunk: TextCompletion): void {
    this.#builder.add(chunk);
  }

  response(response: TextCompletion): void {
    this.#response = response;
  }

  get answer(): TextCompletion | undefined {
    return this.#response ?? this.#builder.completion;
  }

  get usage(): Usage | undefined {
    return this.answer?.usage ?? undefined;
  }

  async estimate(model: string): Promise<Usage> {
    const { prompt, suffix, n, echo } = this.#request;
    const prompts = promptsOf(prompt);
    const prompt_tokens = await countTexts([...prompts, suffix ?? ""], model);
    const texts = (this.answer?.choices ?? []).map(({ index, text }) => {
      const repeated = echo ? prompts[Math.floor(index / (n ?? 1))] : undefined;
      return typeof repeated === "string" && text.startsWith(repeated) ? text.slice(repeated.length) : text;
    });
    const completion_tokens = await countTokens(texts.join(""), model);
    return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  }
}

/** A text is every answer; a whole answer is the answer. */
async function mockText(
  mock: MockOptions,
  request: CompletionRequest,
  { id, now, model }: { id: string; now: number; model: string },
): Promise<TextCompletion> {
  throwMockError(mock, model);
  const { response } = mock;
  if (isAnswer(response)) return response;
  const text = typeof response === "string" ? response : JSON.stringify(response ?? "");
  const choices = Array.from({ length: answersTo(request) }, (_, index) => ({
    index,
    text,
    logprobs: null,
    finish_reason: "stop",
  }));
  const prompt_tokens = await countTexts(promptsOf(request.prompt), model);
  const completion_tokens = choices.length * (await countTokens(text, model));
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  return { id: `cmpl-${id}`, object: "text_completion", created: now, model, choices, usage };
}

function isAnswer(value: unknown): value is TextCompletion {
  return isRecord(value) && Array.isArray(value["choices"]);
}

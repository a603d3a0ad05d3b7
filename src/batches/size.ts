/** What a batch may use at most, as far as its input tells: by model, since limits may hold for one alone. */
import { isRecord, type JsonObject } from "../formats/json.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import { longestOutput, worstCase } from "../models/worst-case.ts";
import type { AnyOperation } from "../operations/operation.ts";
import type { Target } from "../providers/provider.ts";

export interface BatchSize {
  requests: number;
  /** Of the prompts. */
  tokens: number;
  /** Nano-dollars: prompts as they are, answers as long as they may be. */
  cost: number;
}

/** Money set aside for one batch. */
export interface BatchHold {
  id: string;
  /** Nano-dollars, by scope and the id of its meter. */
  scopes: Record<string, Record<string, number>>;
  /** By model: what is charged if nobody ever tells what it cost. */
  sizes: Record<string, BatchSize>;
}

/** Bytes of lines whose tokens are counted; of what comes after they are reckoned by its length, which takes less time. */
const COUNTED_BYTES = 1024 * 1024;
/** Bytes of text that are a token at least: no language has fewer in the mean. */
const SHORTEST_TOKEN = 2;
/** Tokens of what stands in a line as bytes (an image, a document), where they are not counted. */
const TOKENS_OF_DATA = 3000;

export interface Measuring {
  operation: AnyOperation;
  /** Where a line of this model goes. */
  targetFor(model: string): Target;
  /** What the operator makes of a cost. */
  price(cost: number, provider: string): number;
  /** Milliseconds since the epoch. */
  now: number;
}

export class BatchMeasure {
  readonly #by: Measuring;
  readonly #sizes = new Map<string, BatchSize>();
  #bytes = 0;

  constructor(by: Measuring) {
    this.#by = by;
  }

  /** @param bytes of the line it stands in */
  async add(body: JsonObject, model: string, bytes: number): Promise<void> {
    const { operation, targetFor, price, now } = this.#by;
    const target = targetFor(model);
    this.#bytes += bytes;
    const parsed = operation.request.safeParse({ ...body, model });
    const request: unknown = parsed.success ? parsed.data : undefined; // what is wrong with it is for the provider to say
    const isCounted = request !== undefined && this.#bytes <= COUNTED_BYTES;
    const tokens = isCounted ? await operation.countInput(request) : reckonedTokens(body);
    const row = request === undefined ? undefined : operation.rowFor?.(request, target);
    const info = batchRow(row ?? target.info);
    const bound = request === undefined ? undefined : operation.outputBound(request);
    const answers = request === undefined ? 1 : operation.answersOf(request);
    const room = request === undefined ? 0 : (operation.roomFor?.(request, target) ?? 0);
    const output = bound === undefined ? longestOutput(info) * answers : bound + room;
    const terms = request === undefined ? {} : operation.termsOf(request);
    const cost = price(worstCase(info, tokens, output, now, terms), target.provider);
    const before = this.#sizes.get(model) ?? { requests: 0, tokens: 0, cost: 0 };
    this.#sizes.set(model, {
      requests: before.requests + 1,
      tokens: before.tokens + tokens,
      cost: before.cost + cost,
    });
  }

  get sizes(): ReadonlyMap<string, BatchSize> {
    return this.#sizes;
  }
}

/** The row at the price of batches: its own, else half, as OpenAI and Anthropic have it. */
function batchRow(info: ModelInfo | undefined): ModelInfo | undefined {
  if (info === undefined) return undefined;
  const hasPrices = info["input_cost_per_token_batches"] !== undefined;
  const prices = Object.entries(info).flatMap(([name, price]): [string, unknown][] => {
    if (typeof price !== "number" || !/_cost(?:_|$)/.test(name)) return [];
    return hasPrices ? [[name, info[`${name}_batches`] ?? price]] : [[name, price / 2]];
  });
  return { ...info, ...Object.fromEntries(prices) };
}

function reckonedTokens(value: unknown): number {
  return Math.ceil(lengthOf(value) / SHORTEST_TOKEN);
}

/** Characters that are read; those outside ASCII count as the bytes they are. */
function lengthOf(value: unknown): number {
  if (typeof value === "string")
    return isData(value) ? TOKENS_OF_DATA * SHORTEST_TOKEN : new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + lengthOf(one), 2);
  if (!isRecord(value)) return 4;
  return Object.entries(value).reduce((sum, [name, one]) => sum + name.length + 2 + lengthOf(one), 2);
}

function isData(text: string): boolean {
  return text.startsWith("data:") || (text.length > 2000 && /^[A-Za-z0-9+/\r\n]+={0,2}$/.test(text));
}

/** What an operation says of its answers, so that the response cache can give them again. */
import type { JsonObject } from "../formats/json.ts";

export interface Cacheable<Request, Response> {
  /**
   * The fields of a request that decide its answer; `undefined` where the answer is for this request alone: it is kept by
   * somebody, goes on from something that is kept, or does something in the world. Fields that only say how the answer is
   * sent, or on whose behalf, are left out.
   */
  decisive(request: Request): Readonly<JsonObject> | undefined;
  /** Would asking again give nothing better? What was cut by a filter or is not finished is not given again. */
  isLasting(response: Response): boolean;
  /** The answer as JSON holds it; as it is, unless said. */
  pack?(response: Response): unknown;
  /** The answer in what was stored; `undefined` where it is none: anything may stand in a store that others can write to. */
  unpack(stored: unknown): Response | undefined;
  /** How a request with many inputs is the same as many with one each. Unless said, it is one question. */
  inputs?: CacheableInputs<Request, Response>;
}

export interface CacheableInputs<Request, Response> {
  /** The request for each input by itself; a list of one where there is one. */
  each(request: Request): Request[];
  /** The request with these of its inputs alone. */
  only(request: Request, places: readonly number[]): Request;
  /** How much of the whole each input is. */
  weights(request: Request): number[];
  /** The answers to the inputs, in order; `undefined` where the answer has not one for each. */
  split(response: Response, request: Request): Response[] | undefined;
  /** The answers to all inputs, in order, as the one to the request. */
  join(responses: Response[], request: Request): Response;
}

/** Fields that say how the answer is sent. */
const SENDING = ["stream", "stream_options"];

/** The fields of a request but for these; `null` is the same as not said. */
export function fieldsWithout(request: Readonly<JsonObject>, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(request).filter(
      ([name, value]) => value !== undefined && value !== null && !SENDING.includes(name) && !names.includes(name),
    ),
  );
}

/** Whom a chat is for, and what its provider's own cache goes by. */
export const WHOSE = ["user", "safety_identifier", "metadata", "prompt_cache_key", "prompt_cache_retention"] as const;

/**
 * Do the tools leave nothing behind? Functions are the client's to call, and searches only read. Whatever runs code, asks a
 * server of the client's, or reads its files has a state of its own, or does something that a repeat is meant to do again.
 */
export function areToolsStateless(tools: unknown): boolean {
  if (tools === undefined || tools === null) return true;
  return Array.isArray(tools) && tools.every((tool) => isStateless(tool?.["type"]));
}

function isStateless(type: unknown): boolean {
  if (type === undefined || type === null) return true;
  return typeof type === "string" && /^(?:function|custom|web_(?:search|fetch)\w*)$/.test(type);
}

/** Shares of a whole number by weight, which add up to it. */
export function shares(whole: number, weights: readonly number[]): number[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  let before = 0;
  let seen = 0;
  return weights.map((weight) => {
    seen += weight;
    const until = Math.round((whole * seen) / all);
    const share = until - before;
    before = until;
    return share;
  });
}

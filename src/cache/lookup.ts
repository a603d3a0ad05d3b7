/**
 * Recall: is there an answer to this request already, and under which name is the one that comes to be kept?
 *
 * Many who ask the same at once, before there is an answer, are each answered by a deployment, and the last answer stays:
 * a lock would make all of them wait for one, and fail with it.
 */
import type { Usage } from "../formats/openai/chat.ts";
import { type Cacheable, type CacheableInputs, shares } from "../operations/cacheable.ts";
import type { Deployment } from "../router/deployment.ts";
import type { CacheControls } from "./controls.ts";
import { type Entry, type Maker, readEntry, writeEntry } from "./entry.ts";
import type { GuardedCache } from "./guarded.ts";
import { cacheKey } from "./key.ts";
import type { CacheSettings } from "./settings.ts";
import type { Kept } from "./store.ts";

export interface CacheUse {
  cache: GuardedCache;
  settings: CacheSettings;
}

/** What decides an answer beside the request's own fields. */
export interface CacheFacts {
  /** Name of the operation. */
  operation: string;
  /** The model group that answers. */
  group: string;
  /** Who that is: where a group comes to be others, its answers are others. */
  models: readonly string[];
  /** Whose answers these are; all with the same share them. */
  tenant: string;
  /** Headers and options that change what goes upstream, or who is asked: JSON. */
  besides: unknown;
  controls: CacheControls;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Who a group is: the models behind its name, and the hosts they are at. */
export function modelsOf(deployments: readonly Pick<Deployment, "target">[]): string[] {
  return deployments.map(({ target: { provider, model, apiBase } }) =>
    JSON.stringify([provider, model, apiBase ?? ""]),
  );
}

/** What an answer was made by, and cost. */
export interface Made {
  usage: Usage | undefined;
  /** Nano-dollars. */
  cost: number | undefined;
  by: Maker;
}

export interface Found<Response> extends Made {
  answer: Response;
}

export interface Lookup<Request, Response> {
  /** Name of the answer; absent where each input has one of its own. */
  key: string | undefined;
  /** The whole answer, where it is known. */
  found: Found<Response> | undefined;
  /** The request without what is known already. */
  lacking(request: Request): Request;
  /** The answer to that with what was known; absent where nothing was. */
  complete?(answer: Response): Response;
  /** Keeps an answer to what was lacking. Never fails. */
  keep(answer: Response, made: Made): Promise<void>;
}

/** Inputs of a request for whose answers one looks by themselves: each may be a request to the store. */
const MOST_INPUTS = { together: 2048, apart: 50 };

/** `undefined` where the cache has no part in the call. */
export async function lookUp<Request extends { model: string }, Response>(
  { cache, settings }: CacheUse,
  cacheable: Cacheable<Request, Response>,
  request: Request,
  facts: CacheFacts,
): Promise<Lookup<Request, Response> | undefined> {
  if (!isMeant(settings, facts)) return undefined;
  const { inputs } = cacheable;
  const each = inputs?.each(request) ?? [request];
  const most = cache.store.getMany === undefined ? MOST_INPUTS.apart : MOST_INPUTS.together;
  const asked = each.length > most ? [request] : each;
  const keys = await keysOf(asked, cacheable, settings, facts);
  if (keys === undefined) return undefined;
  const shelf = new Shelf(cache, cacheable, settings, facts);
  const found = await shelf.find(keys);
  if (inputs !== undefined && asked.length > 1) return ofInputs(shelf, inputs, request, keys, found);
  const [key = ""] = keys;
  return {
    key,
    found: found[0],
    lacking: (whole) => whole,
    keep: (answer, made) => shelf.keep([{ key, answer, ...made }]),
  };
}

function isMeant({ operations, mode }: CacheSettings, { operation, controls }: CacheFacts): boolean {
  if (operations !== undefined && !operations.has(operation)) return false;
  if (mode === "default_off" && !controls.useCache) return false;
  return !(controls.noCache && controls.noStore);
}

/** `undefined` where an answer is for its request alone. */
async function keysOf<Request extends { model: string }, Response>(
  requests: readonly Request[],
  { decisive }: Cacheable<Request, Response>,
  settings: CacheSettings,
  { operation, group, models, tenant, besides, controls }: CacheFacts,
): Promise<string[] | undefined> {
  const namespace = controls.namespace ?? settings.namespace;
  // Of groups that stand for each other the names are enough: they are others.
  const alike = settings.groups.find((names) => names.includes(group))?.toSorted();
  const whom = alike ?? { group, models: [...new Set(models)].sort() };
  const facts = [operation, whom, settings.share === "all" ? "" : tenant, besides];
  const keys = requests.map(async (request) => {
    const said = decisive(request);
    if (said === undefined) return undefined;
    const { model: _, ...fields } = said;
    return cacheKey({ namespace, fields, facts });
  });
  const known = (await Promise.all(keys)).filter((key) => key !== undefined);
  return known.length === requests.length ? known : undefined;
}

/** Answers of one operation in the store. */
class Shelf<Request, Response> {
  readonly #cache: GuardedCache;
  readonly #cacheable: Cacheable<Request, Response>;
  readonly #settings: CacheSettings;
  readonly #facts: CacheFacts;

  constructor(
    cache: GuardedCache,
    cacheable: Cacheable<Request, Response>,
    settings: CacheSettings,
    facts: CacheFacts,
  ) {
    this.#cache = cache;
    this.#cacheable = cacheable;
    this.#settings = settings;
    this.#facts = facts;
  }

  async find(keys: readonly string[]): Promise<(Found<Response> | undefined)[]> {
    const { controls, now } = this.#facts;
    if (controls.noCache) return keys.map(() => undefined);
    const texts = await this.#cache.read(keys);
    const at = now();
    return keys.map((key, place) => this.#read(readEntry(texts[place], key, at), at));
  }

  #read(entry: Entry | undefined, now: number): Found<Response> | undefined {
    const { maxAge = Number.POSITIVE_INFINITY } = this.#facts.controls;
    if (entry === undefined || now - entry.at > maxAge * 1000) return undefined;
    const answer = this.#cacheable.unpack(entry.answer);
    if (answer === undefined || !this.#cacheable.isLasting(answer)) return undefined;
    return { answer, usage: entry.usage, cost: entry.cost, by: entry.by };
  }

  async keep(answers: readonly (Found<Response> & { key: string })[]): Promise<void> {
    const { controls, now } = this.#facts;
    const ttl = controls.ttl ?? this.#settings.ttl;
    if (controls.noStore || ttl <= 0) return;
    const at = now();
    const values = answers.flatMap(({ key, answer, usage, cost, by }): Kept[] => {
      if (!this.#cacheable.isLasting(answer)) return [];
      const packed = this.#cacheable.pack?.(answer) ?? answer;
      const told = { ...(usage && { usage }), ...(cost !== undefined && { cost }) };
      const value = writeEntry({ key, at, until: at + ttl * 1000, answer: packed, ...told, by });
      return value === undefined ? [] : [{ key, value, ttl }];
    });
    if (values.length > 0) await this.#cache.write(values);
  }
}

function ofInputs<Request, Response>(
  shelf: Shelf<Request, Response>,
  inputs: CacheableInputs<Request, Response>,
  request: Request,
  keys: readonly string[],
  found: readonly (Found<Response> | undefined)[],
): Lookup<Request, Response> {
  const known = found.filter((one) => one !== undefined);
  const places = found.flatMap((one, place) => (one === undefined ? [place] : []));
  const isAll = places.length === 0;
  const isSome = known.length > 0 && !isAll;
  const lacking = isSome ? inputs.only(request, places) : request;
  return {
    key: undefined,
    found: isAll ? joined(known, inputs, request) : undefined,
    lacking: (whole) => (isSome ? inputs.only(whole, places) : whole),
    ...(isSome && {
      complete(answer) {
        const parts = inputs.split(answer, lacking);
        if (parts === undefined) return answer;
        let next = 0;
        const all = found.map((one) => one?.answer ?? parts[next++]);
        return inputs.join(
          all.filter((one) => one !== undefined),
          request,
        );
      },
    }),
    async keep(answer, { usage, cost, by }) {
      const parts = inputs.split(answer, lacking);
      if (parts === undefined) return;
      const weights = inputs.weights(lacking);
      const costs = cost === undefined ? undefined : shares(cost, weights);
      const usages = usage && usageShares(usage, weights);
      const answers = parts.flatMap((part, at) => {
        const key = keys[places[at] ?? -1];
        return key === undefined ? [] : [{ key, answer: part, usage: usages?.[at], cost: costs?.[at], by }];
      });
      await shelf.keep(answers);
    },
  };
}

function joined<Request, Response>(
  known: readonly Found<Response>[],
  { join }: CacheableInputs<Request, Response>,
  request: Request,
): Found<Response> {
  const sum = (of: (one: Found<Response>) => number | undefined) =>
    known.reduce<number | undefined>((total, one) => {
      const more = of(one);
      return total === undefined || more === undefined ? undefined : total + more;
    }, 0);
  const answers = known.map(({ answer }) => answer);
  const [input, output, total] = [
    sum(({ usage }) => usage?.prompt_tokens),
    sum(({ usage }) => usage?.completion_tokens),
    sum(({ usage }) => usage?.total_tokens),
  ];
  const isTold = input !== undefined && output !== undefined && total !== undefined;
  return {
    answer: join(answers, request),
    usage: isTold ? { prompt_tokens: input, completion_tokens: output, total_tokens: total } : undefined,
    cost: sum(({ cost }) => cost),
    by: known[0]?.by ?? {},
  };
}

function usageShares(usage: Usage, weights: readonly number[]): Usage[] {
  const input = shares(usage.prompt_tokens, weights);
  const output = shares(usage.completion_tokens, weights);
  return weights.map((_, at) => {
    const [prompt_tokens = 0, completion_tokens = 0] = [input[at], output[at]];
    return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  });
}

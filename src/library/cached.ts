/** Answers of before, for whoever hands a cache in. */
import { cacheControls } from "../cache/controls.ts";
import { type GuardedCache, guarded } from "../cache/guarded.ts";
import { type Lookup, lookUp } from "../cache/lookup.ts";
import { type CacheSettings, USUAL_SETTINGS } from "../cache/settings.ts";
import type { ResponseCache } from "../cache/store.ts";
import type { CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";

/** Those in use, each with what is known of its failures. */
const known = new WeakMap<ResponseCache, GuardedCache>();

function guardOf(cache: ResponseCache): GuardedCache {
  const guard = known.get(cache) ?? guarded(cache);
  known.set(cache, guard);
  return guard;
}

export interface Cached {
  options: Pick<AskOptions, "cache">;
  params: Pick<LibraryOptions, "cache" | "caching">;
  /** Whose answers do for it: the model's name, or its group; and who that is. */
  group: string;
  models?: readonly string[];
  /** Who is asked where the name alone does not say. */
  connection?: Readonly<Record<string, unknown>>;
  settings?: Partial<CacheSettings>;
}

/**
 * `undefined` where there is no cache, or it has no part in the call.
 * @throws BadRequestError where `cache` of the params is wrong
 */
export async function lookUpAnswer<Request extends BaseRequest, Response, Chunk>(
  { name, cacheable }: Pick<Operation<Request, Response, Chunk>, "name" | "cacheable">,
  request: Request,
  call: CallOptions,
  { options: { cache }, params, group, models = [], connection, settings }: Cached,
): Promise<Lookup<Request, Response> | undefined> {
  if (cache === undefined || cacheable === undefined) return undefined;
  const { api_key: _key, ...place } = connection ?? {}; // whose key it is decides nothing
  const { timeout: _timeout, streamTimeout: _stream, tags: _tags, ...changing } = call;
  const use = { cache: guardOf(cache), settings: { ...USUAL_SETTINGS, ...settings } };
  const controls = cacheControls(params);
  const besides = { place, changing };
  const facts = { operation: name, group, models, tenant: "", besides, controls, now: Date.now };
  return lookUp(use, cacheable, request, facts);
}

/** The response cache, for admins: LiteLLM's `/cache/*`. Settings are the file's, and are only shown. */
import { z } from "zod";
import { Secret } from "../../credentials/secret.ts";
import { BadRequestError, ServiceUnavailableError } from "../../formats/errors.ts";
import type { OpenCache } from "../cache/open.ts";
import { CACHE_PARAMS } from "../config/settings/cache.ts";
import type { Gateway } from "../gateway.ts";
import type { Route, RouteCall } from "../route.ts";
import { bodyOf } from "./admin-call.ts";

const MOST_KEYS = 1000;
const Keys = z.object({ keys: z.array(z.string().min(1).max(1000)).min(1).max(MOST_KEYS) });

export const cacheRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/cache/ping"],
    access: "admin_view",
    summary: "Can the response cache be reached?",
    tag: "cache",
    async handle({ context, gateway }) {
      const cache = cacheOf(gateway);
      await told(cache.cache.store.ping(), "cache_ping_error");
      return context.json({
        status: "healthy",
        cache_type: cache.type,
        ping_response: true,
        set_cache_response: null, // nothing is written for the sake of asking
        litellm_cache_params: JSON.stringify(shownSettings(cache)),
        health_check_cache_params: null,
      });
    },
  },
  {
    method: "POST",
    paths: ["/cache/delete"],
    access: "admin",
    summary: "Forget answers by their names (`x-litellm-cache-key`)",
    tag: "cache",
    body: Keys,
    async handle(call) {
      const { cache } = cacheOf(call.gateway);
      const { keys } = await bodyOf(call, Keys);
      await told(cache.store.delete(keys));
      return call.context.json({ status: "success" });
    },
  },
  {
    method: "POST",
    paths: ["/cache/flushall"],
    access: "admin",
    summary: "Forget all answers of this gateway",
    tag: "cache",
    async handle({ context, gateway }) {
      await told(cacheOf(gateway).cache.store.flush());
      return context.json({ status: "success" });
    },
  },
  {
    method: "GET",
    paths: ["/cache/redis/info"],
    access: "admin_view",
    summary: "What Redis tells of itself",
    tag: "cache",
    async handle({ context, gateway }) {
      const { type, cache } = cacheOf(gateway);
      const { info } = cache.store;
      if (type !== "redis" || info === undefined)
        throw new BadRequestError(`litellm.BadRequestError: the response cache is ${type}, and no Redis`);
      return context.json(await told(info()));
    },
  },
  {
    method: "GET",
    paths: ["/cache/settings"],
    access: "admin_view",
    summary: "The settings of the response cache, as the configuration has them",
    tag: "cache",
    handle: showSettings,
  },
];

/** @throws ServiceUnavailableError where nothing is cached */
function cacheOf({ cache }: Gateway): OpenCache {
  if (cache !== undefined) return cache;
  throw new ServiceUnavailableError("There is no response cache: set litellm_settings.cache.", {
    type: "cache_ping_error",
  });
}

/** @throws ServiceUnavailableError, without the store's own words: they may name hosts and users */
async function told<Result>(work: Promise<Result>, type = "cache_error"): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw new ServiceUnavailableError("The response cache cannot be reached.", { type, cause });
  }
}

function shownSettings({ type, settings }: OpenCache) {
  const { mode, ttl, namespace = null, share, operations } = settings;
  return { type, mode, ttl, namespace, share, supported_operations: operations && [...operations] };
}

function showSettings({ context, gateway }: RouteCall): Response {
  const values = gateway.config.settings.litellm.cache_params ?? {};
  const fields = Object.entries(CACHE_PARAMS).filter(([, { state }]) => state === "in force");
  return context.json({
    fields: fields.map(([name, { kind, meaning }]) => ({
      field_name: name,
      ui_field_name: name,
      field_type: kind.label,
      field_description: meaning,
      field_value: shown(values[name]),
      field_default: null,
    })),
    current_values: Object.fromEntries(
      fields.flatMap(([name]) => (name in values ? [[name, shown(values[name])]] : [])),
    ),
    redis_type_descriptions: { node: "One Redis, or whatever speaks as it does." },
  });
}

/** A secret shows that it is set, and no more. */
function shown(value: unknown): unknown {
  return value instanceof Secret ? "********" : (value ?? null);
}

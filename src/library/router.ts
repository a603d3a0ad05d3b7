import { BadRequestError } from "../formats/errors.ts";
import { type ChatChunk, type ChatCompletion, chatRequestSchema } from "../formats/openai/chat.ts";
import { countMessages } from "../models/tokens.ts";
import type { CallSettings } from "../operations/attempt.ts";
import { chat } from "../operations/chat.ts";
import { RoutingEngine } from "../router/engine.ts";
import { ModelGroups } from "../router/groups.ts";
import { loadDeployments } from "../router/load.ts";
import { registeredProviders } from "../router/lookup.ts";
import type { RouteRequest, Strategy } from "../router/request.ts";
import { readSection } from "../router/settings/read.ts";
import { ROUTER_SETTINGS } from "../router/settings/router.ts";
import { routingSettings } from "../router/settings/routing.ts";
import type { Values } from "../router/settings/table.ts";
import { MemoryRouterState, type RouterState } from "../router/state.ts";
import { type AskOptions, ask, processEnvironment, splitParams } from "./ask.ts";
import type { CompletionParams } from "./completion.ts";

/** LiteLLM's `router_settings`, and where the library runs. */
export interface RouterOptions extends AskOptions, Omit<Values<typeof ROUTER_SETTINGS>, "model_list"> {
  /** LiteLLM's list: `{ model_name, litellm_params: { model, api_key, ... }, model_info? }`. */
  model_list: readonly Record<string, unknown>[];
  drop_params?: boolean;
  modify_params?: boolean;
  /** A way to choose of your own, in place of `routing_strategy`. */
  strategy?: Strategy;
  /** What is known of the deployments; default: kept by this Router alone. */
  state?: RouterState;
}

/** Routing options of one call, LiteLLM's names. */
export interface RouterCallOptions {
  num_retries?: number;
  fallbacks?: RouteRequest["fallbacks"];
  context_window_fallbacks?: RouteRequest["contextWindowFallbacks"];
  content_policy_fallbacks?: RouteRequest["contentPolicyFallbacks"];
  disable_fallbacks?: boolean;
  max_fallbacks?: number;
  tags?: string[];
}

type Params = CompletionParams & RouterCallOptions;

/**
 * Many deployments behind one name, as LiteLLM's Router: it chooses, retries, cools down and falls back.
 *
 * @example
 * const router = new Router({
 *   model_list: [
 *     { model_name: "fast", litellm_params: { model: "openai/gpt-5-mini", weight: 3 } },
 *     { model_name: "fast", litellm_params: { model: "groq/llama-3.3-70b-versatile", weight: 1 } },
 *     { model_name: "smart", litellm_params: { model: "anthropic/claude-sonnet-4-5" } },
 *   ],
 *   fallbacks: [{ fast: ["smart"] }],
 * });
 * const answer = await router.completion({ model: "fast", messages });
 */
export class Router {
  readonly #engine: RoutingEngine;
  readonly #settings: Partial<CallSettings>;
  readonly #options: AskOptions;

  /** @throws BadRequestError naming what cannot be served, or a setting of the wrong type */
  constructor({
    model_list,
    signal,
    fetch,
    env,
    state,
    strategy,
    drop_params,
    modify_params,
    ...given
  }: RouterOptions) {
    const { deployments, notices } = loadDeployments({ model_list }, env ?? processEnvironment(), registeredProviders);
    const { values, misfits } = readSection(ROUTER_SETTINGS, given);
    const wrong = [...notices, ...misfits.map(({ path, message }) => `${path.join(".")} ${message}`)];
    if (wrong.length > 0) throw new BadRequestError(`litellm.BadRequestError: ${wrong.join("; ")}`);
    const aliases = Object.entries(values.model_group_alias ?? {}).map(
      ([name, model]) => [name, { model: String(model), hidden: false }] as const,
    );
    this.#engine = new RoutingEngine({
      groups: new ModelGroups(deployments, new Map(aliases)),
      settings: routingSettings(values),
      state: state ?? new MemoryRouterState(),
      strategy,
    });
    this.#settings = {
      ...(values.timeout !== undefined && { timeout: values.timeout }),
      streamTimeout: values.stream_timeout,
      dropParams: drop_params,
      modifyParams: modify_params,
    };
    this.#options = { signal, fetch, env };
  }

  /** Public model names. */
  getModelNames(): string[] {
    return this.#engine.groups.names().map(({ name }) => name);
  }

  /** As `completion()`, by a deployment of `params.model` or of its fallbacks. @throws SluiceError */
  completion(params: Params & { stream: true }, options?: AskOptions): Promise<AsyncIterable<ChatChunk>>;
  completion(params: Params & { stream?: false | null }, options?: AskOptions): Promise<ChatCompletion>;
  async completion(params: Params, options: AskOptions = {}): Promise<ChatCompletion | AsyncIterable<ChatChunk>> {
    const { request, routing } = splitRouting(params);
    const { request: asked, call } = splitParams(request, chatRequestSchema.shape);
    const signal = options.signal ?? this.#options.signal;
    const route: RouteRequest = {
      model: asked.model,
      stream: asked.stream === true,
      tags: routing.tags ?? [],
      inputTokens: () => countMessages(asked, asked.model),
      params: chat.paramsOf(asked),
      affinity: chat.affinityOf(asked, undefined),
      numRetries: routing.num_retries,
      fallbacks: routing.fallbacks,
      contextWindowFallbacks: routing.context_window_fallbacks,
      contentPolicyFallbacks: routing.content_policy_fallbacks,
      disableFallbacks: routing.disable_fallbacks,
      maxFallbacks: routing.max_fallbacks,
      mayUse: () => true,
      signal,
    };
    const { value } = await this.#engine.run(route, ({ deployment, overrides, ticket, signal: stop }) =>
      ask(
        chat,
        { ...asked, ...overrides },
        { ...deployment, extraBody: { ...deployment.extraBody, ...params.extra_body } },
        call,
        this.#settings,
        { ...this.#options, ...options, signal: stop },
        ticket,
      ),
    );
    return value;
  }
}

const ROUTING = [
  "num_retries",
  "fallbacks",
  "context_window_fallbacks",
  "content_policy_fallbacks",
  "disable_fallbacks",
  "max_fallbacks",
  "tags",
] as const satisfies readonly (keyof RouterCallOptions)[];

function splitRouting(params: Params): { request: CompletionParams; routing: RouterCallOptions } {
  const request: Record<string, unknown> = { ...params };
  for (const name of ROUTING) delete request[name];
  return { request: request as CompletionParams, routing: params }; // what was taken out is RouterCallOptions' alone
}

import { modelsOf } from "../cache/lookup.ts";
import { MemoryResponseCache } from "../cache/memory.ts";
import { BadRequestError } from "../formats/errors.ts";
import { stringsIn } from "../formats/json.ts";
import { validate } from "../formats/validate.ts";
import type { CallOptions, CallSettings } from "../operations/attempt.ts";
import type { BaseRequest } from "../operations/operation.ts";
import { usualModel } from "../operations/usual-model.ts";
import { RoutingEngine } from "../router/engine.ts";
import { type ModelGroup, ModelGroups } from "../router/groups.ts";
import { loadDeployments } from "../router/load.ts";
import { registeredProviders } from "../router/lookup.ts";
import type { RouteRequest, Strategy } from "../router/request.ts";
import { readSection } from "../router/settings/read.ts";
import { ROUTER_SETTINGS } from "../router/settings/router.ts";
import { routingSettings } from "../router/settings/routing.ts";
import type { Values } from "../router/settings/table.ts";
import { MemoryRouterState, type RouterState } from "../router/state.ts";
import { type AskOptions, processEnvironment } from "./ask.ts";
import { lookUpAnswer } from "./cached.ts";
import { type Completion, completionMethod } from "./completion.ts";
import { type EmbeddingCall, embeddingMethod } from "./embedding.ts";
import {
  type GenerateContentCall,
  type GenerateContentStreamCall,
  generateContentMethod,
  generateContentStreamMethod,
} from "./generate-content.ts";
import {
  type ImageEditCall,
  type ImageGenerationCall,
  type ImageVariationCall,
  imageEditMethod,
  imageGenerationMethod,
  imageVariationMethod,
} from "./images.ts";
import { type InteractionsCall, interactionsMethod } from "./interactions.ts";
import { type MessagesCall, messagesMethod } from "./messages.ts";
import { type AnyMethod, carryOut, type NamedParams, readParams, recalled } from "./method.ts";
import { type ModerationCall, moderationMethod } from "./moderation.ts";
import { type OcrCall, ocrMethod } from "./ocr.ts";
import { type RerankCall, rerankMethod } from "./rerank.ts";
import { type ResponsesCall, responsesMethod } from "./responses.ts";
import { type SpeechCall, speechMethod } from "./speech.ts";
import { type TextCompletionCall, textCompletionMethod } from "./text-completion.ts";
import {
  type TranscriptionCall,
  type TranslationCall,
  transcriptionMethod,
  translationMethod,
} from "./transcription.ts";

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
  /** Models that stand for each other in the cache (`caching_groups`). */
  readonly #alike: readonly string[][];

  /** @throws BadRequestError naming what cannot be served, or a setting of the wrong type */
  constructor({
    model_list,
    signal,
    fetch,
    env,
    cache,
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
    this.#options = {
      signal,
      fetch,
      env,
      cache: cache ?? (values.cache_responses ? new MemoryResponseCache() : undefined),
    };
    this.#alike = (values.caching_groups ?? []).map(stringsIn);
  }

  /** Each as the function of the same name, by a deployment of `params.model` or of its fallbacks. @throws SluiceError */
  readonly completion = this.#routed<Completion<RouterCallOptions>>(completionMethod);
  readonly textCompletion = this.#routed<TextCompletionCall<RouterCallOptions>>(textCompletionMethod);
  readonly embedding = this.#routed<EmbeddingCall<RouterCallOptions>>(embeddingMethod);
  readonly moderation = this.#routed<ModerationCall<RouterCallOptions>>(moderationMethod);
  readonly rerank = this.#routed<RerankCall<RouterCallOptions>>(rerankMethod);
  readonly imageGeneration = this.#routed<ImageGenerationCall<RouterCallOptions>>(imageGenerationMethod);
  readonly imageEdit = this.#routed<ImageEditCall<RouterCallOptions>>(imageEditMethod);
  readonly imageVariation = this.#routed<ImageVariationCall<RouterCallOptions>>(imageVariationMethod);
  readonly speech = this.#routed<SpeechCall<RouterCallOptions>>(speechMethod);
  readonly transcription = this.#routed<TranscriptionCall<RouterCallOptions>>(transcriptionMethod);
  readonly translation = this.#routed<TranslationCall<RouterCallOptions>>(translationMethod);
  readonly responses = this.#routed<ResponsesCall<RouterCallOptions>>(responsesMethod);
  readonly interactions = this.#routed<InteractionsCall<RouterCallOptions>>(interactionsMethod);
  readonly messages = this.#routed<MessagesCall<RouterCallOptions>>(messagesMethod);
  readonly generateContent = this.#routed<GenerateContentCall<RouterCallOptions>>(generateContentMethod);
  readonly generateContentStream =
    this.#routed<GenerateContentStreamCall<RouterCallOptions>>(generateContentStreamMethod);
  readonly ocr = this.#routed<OcrCall<RouterCallOptions>>(ocrMethod);

  /** Public model names. */
  getModelNames(): string[] {
    return this.#engine.groups.names().map(({ name }) => name);
  }

  /** @typeParam Call its overloads: what it gives depends on what the params say, which no code can prove */
  #routed<Call>(method: AnyMethod): Call {
    const call = (params: NamedParams & RouterCallOptions, options?: AskOptions) => this.#run(method, params, options);
    return call as Call; // see above
  }

  async #run(method: AnyMethod, params: NamedParams & RouterCallOptions, options: AskOptions = {}): Promise<unknown> {
    const { given, routing } = splitRouting(params);
    const { operation } = method;
    const named = { ...given, model: params.model ?? usualModel(operation, this.#engine.groups) };
    const { request, call } = await readParams(method, named);
    const signal = options.signal ?? this.#options.signal;
    const dropParams = call.dropParams ?? this.#settings.dropParams;
    const route: RouteRequest = {
      model: request.model,
      stream: request.stream === true,
      tags: routing.tags ?? [],
      inputTokens: () => operation.countInput(request),
      ...(operation.countLongest && { longestInput: () => operation.countLongest?.(request) ?? Promise.resolve(0) }),
      params: operation.paramsOf(request),
      affinity: operation.affinityOf(request, undefined),
      ...(dropParams !== undefined && { dropParams }),
      numRetries: routing.num_retries,
      fallbacks: routing.fallbacks,
      contextWindowFallbacks: routing.context_window_fallbacks,
      contentPolicyFallbacks: routing.content_policy_fallbacks,
      disableFallbacks: routing.disable_fallbacks,
      maxFallbacks: routing.max_fallbacks,
      mayUse: () => true,
      signal,
    };
    const asked = this.#engine.groups.find(request.model);
    const lookup =
      asked && (await this.#lookUp(method, request, call, asked, { ...this.#options, ...options }, params));
    if (lookup?.found !== undefined) return recalled(method, lookup.found.answer, request);
    const { value } = await this.#engine.run(
      route,
      async ({ deployment, overrides, ticket, signal: stop, ...choice }) =>
        carryOut(
          method,
          Object.keys(overrides).length === 0 ? request : validate(operation.request, { ...request, ...overrides }),
          { ...deployment, extraBody: { ...deployment.extraBody, ...params.extra_body } },
          call,
          this.#settings,
          { ...this.#options, ...options, signal: stop },
          // What another group answers in its place is not kept.
          { ticket, lookup: choice.group === asked?.name && Object.keys(overrides).length === 0 ? lookup : undefined },
        ),
    );
    return value;
  }

  #lookUp(
    { operation }: AnyMethod,
    request: BaseRequest,
    call: CallOptions,
    { name: group, deployments }: ModelGroup,
    options: AskOptions,
    params: NamedParams,
  ) {
    const models = modelsOf(deployments);
    const settings = { groups: this.#alike };
    return lookUpAnswer(operation, request, call, { options, params, group, models, settings });
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

function splitRouting({ ...given }: NamedParams & RouterCallOptions): {
  given: NamedParams;
  routing: RouterCallOptions;
} {
  const routing: RouterCallOptions = { ...given };
  for (const name of ROUTING) delete given[name];
  return { given, routing };
}

import { BadRequestError } from "../formats/errors.ts";
import type { ChatChunk, ChatCompletion } from "../formats/openai/chat.ts";
import type { CallSettings } from "../operations/attempt.ts";
import { loadDeployments } from "../router/load.ts";
import { registeredProviders } from "../router/lookup.ts";
import { Router as Chooser } from "../router/router.ts";
import { type AskOptions, ask, processEnvironment, splitParams } from "./ask.ts";
import type { CompletionParams } from "./completion.ts";

export interface RouterOptions extends AskOptions {
  /** LiteLLM's list: `{ model_name, litellm_params: { model, api_key, ... }, model_info? }`. */
  model_list: readonly Record<string, unknown>[];
  /** Further names for groups. */
  model_group_alias?: Record<string, string>;
  /** Seconds. */
  timeout?: number;
  stream_timeout?: number;
  drop_params?: boolean;
  modify_params?: boolean;
}

/**
 * Many deployments behind one name, as LiteLLM's Router.
 *
 * @example
 * const router = new Router({ model_list: [
 *   { model_name: "fast", litellm_params: { model: "openai/gpt-5-mini", weight: 3 } },
 *   { model_name: "fast", litellm_params: { model: "groq/llama-3.3-70b-versatile", weight: 1 } },
 * ] });
 * const answer = await router.completion({ model: "fast", messages });
 */
export class Router {
  readonly #chooser: Chooser;
  readonly #settings: Partial<CallSettings>;
  readonly #options: AskOptions;

  /** @throws BadRequestError naming the items that cannot be served */
  constructor(options: RouterOptions) {
    const {
      model_list,
      model_group_alias = {},
      timeout,
      stream_timeout,
      drop_params,
      modify_params,
      ...rest
    } = options;
    const { deployments, notices } = loadDeployments(
      { model_list },
      rest.env ?? processEnvironment(),
      registeredProviders,
    );
    if (notices.length > 0)
      throw new BadRequestError(`litellm.BadRequestError: ${notices.join("; ")}`, { param: "model_list" });
    const aliases = new Map(Object.entries(model_group_alias).map(([name, model]) => [name, { model, hidden: false }]));
    this.#chooser = new Chooser(deployments, { aliases });
    this.#settings = {
      ...(timeout !== undefined && { timeout }),
      ...(stream_timeout !== undefined && { streamTimeout: stream_timeout }),
      ...(drop_params !== undefined && { dropParams: drop_params }),
      ...(modify_params !== undefined && { modifyParams: modify_params }),
    };
    this.#options = rest;
  }

  /** Public model names. */
  getModelNames(): string[] {
    return this.#chooser.names().map(({ name }) => name);
  }

  /** As `completion()`, by one of the deployments of `params.model`. @throws SluiceError */
  completion(params: CompletionParams & { stream: true }, options?: AskOptions): Promise<AsyncIterable<ChatChunk>>;
  completion(params: CompletionParams & { stream?: false | null }, options?: AskOptions): Promise<ChatCompletion>;
  async completion(params: CompletionParams, options: AskOptions = {}) {
    const { request, call } = splitParams(params);
    const { deployment } = this.#chooser.route(params.model);
    return ask(request, deployment, call, this.#settings, { ...this.#options, ...options });
  }
}

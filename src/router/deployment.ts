/** A deployment: one way to serve a public model name. Everything about it is settled; nothing waits for a request. */
import type { ModelInfo } from "../models/catalogue.ts";
import type { ParamPolicy } from "../providers/params.ts";
import type { Target } from "../providers/provider.ts";

export interface Deployment {
  /** `model_info.id`, or a digest of name and params as they are written: the same after every restart. */
  id: string;
  /** The public name; deployments of one name are a model group. With stars it is a pattern. */
  modelName: string;
  /** The team it is for alone, which knows it by `modelName`, and the name it is stored under, which is unique. */
  team?: { id: string; internalName: string };
  /** It is in the database, not in the file. */
  isStored?: true;
  /** `litellm_params.model` as it is written, prefix and stars included. */
  litellmModel: string;
  /**
   * Where the model is. Of a wildcard: as far as it is known without a requested name. `openai/*` has provider
   * `openai` and model `*`; a bare `*` has an empty provider.
   */
  target: Target;
  /**
   * Wildcards only: the deployment for one requested name, with its own target. `undefined` where the name does not
   * match `modelName`. The id stays; `modelName` becomes the requested name.
   * @throws BadRequestError where no provider is found for the model the name asks for
   */
  bind?: (requested: string) => Deployment | undefined;
  /** What the deployment itself says of parameters; absent fields leave it to `litellm_settings`. */
  policy: ParamPolicy;
  /** Parameters of the request, sent unless the client's request has them (`temperature`, `max_tokens`, `top_k`, ...). */
  defaults: Record<string, unknown>;
  /** Fields for the upstream's body, whatever the adapter makes of the rest. */
  extraBody?: Record<string, unknown>;
  /** Seconds for a whole answer. */
  timeout?: number;
  /** Seconds until the first content of a stream. */
  streamTimeout?: number;
  maxRetries?: number;
  /** Retries of a call that fails here, in place of the router's. */
  numRetries?: number;
  /** Seconds it is left alone after failing. */
  cooldownTime?: number;
  /** Weights of the shuffle, best first: `weight`, else `rpm`, else `tpm`. */
  weight?: number;
  /** Requests a minute. */
  rpm?: number;
  /** Tokens a minute. */
  tpm?: number;
  /** Lower is tried first. */
  order?: number;
  tags?: string[];
  /** Matched against `User-Agent: …`, wherever in it. */
  tagRegex?: RegExp[];
  /** The gateway's own answer: a text, or a whole answer. No provider is asked. */
  mockResponse?: string | Record<string, unknown>;
  /** Model groups that get its requests too, in the background. */
  silentModels?: string[];
  /** The model whose prices and limits hold, where the model's own name tells nothing. */
  baseModel?: string;
  /** What `model_info` and the prices in `litellm_params` say; it wins over the catalogue. */
  info: ModelInfo;
  /** All of `litellm_params` and `model_info`: variables resolved, whatever is secret by its name a `Secret`. */
  raw: { params: Record<string, unknown>; info: Record<string, unknown> };
}

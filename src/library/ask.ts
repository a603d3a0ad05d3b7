/** What all functions share: params told apart, and the deployment they make. */
import type { ResponseCache } from "../cache/store.ts";
import { BadRequestError } from "../formats/errors.ts";
import type { AttemptPorts, CallOptions } from "../operations/attempt.ts";
import type { Deployment } from "../router/deployment.ts";
import { loadDeployments } from "../router/load.ts";
import { registeredProviders } from "../router/lookup.ts";
import { CONNECTION_PARAMS, CONNECTION_PREFIXES, DEPLOYMENT_PARAMS } from "../router/settings/deployment.ts";
import type { Environment } from "../router/settings/environment.ts";
import { settingOf } from "../router/settings/read.ts";

/** LiteLLM's options of a call, beside OpenAI's request. */
export interface LibraryOptions {
  api_key?: string;
  api_base?: string;
  base_url?: string;
  api_version?: string;
  organization?: string;
  custom_llm_provider?: string;
  /** Seconds for a whole answer. */
  timeout?: number;
  /** Seconds until the first content of a stream. */
  stream_timeout?: number;
  drop_params?: boolean;
  modify_params?: boolean;
  additional_drop_params?: string[];
  allowed_openai_params?: string[];
  extra_headers?: Record<string, string>;
  extra_body?: Record<string, unknown>;
  /** An answer made here: nothing is fetched. */
  mock_response?: string | Record<string, unknown>;
  mock_tool_calls?: unknown;
  /** `false`: neither look for an answer of before nor keep this one. */
  caching?: boolean;
  /** What the call says of the cache: `{ ttl: 60 }`, `{ "no-cache": true }`, ... */
  cache?: {
    /** Seconds. */
    ttl?: number;
    /** Seconds that an answer may be old. */
    "s-maxage"?: number;
    "no-cache"?: boolean;
    "no-store"?: boolean;
    namespace?: string;
  };
}

/** What belongs to where the library runs, not to the call. */
export interface AskOptions {
  /** Stops the provider. */
  signal?: AbortSignal;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Environment variables; default: those of the process, where there is one. */
  env?: Environment;
  /** Answers of before, which are given again to whoever asks the same. */
  cache?: ResponseCache;
}

/** LiteLLM's `request_timeout`, in seconds. */
export const TIMEOUT = 6000;

/**
 * Tells the request from what says how it is carried out.
 * @param fields of the request
 */
export function splitParams<Request extends object>(params: Request & LibraryOptions, fields: object) {
  const request: Record<string, unknown> = {};
  const connection: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || name === "mock_tool_calls") continue;
    if (!Object.hasOwn(fields, name) && isConnection(name)) connection[name] = value;
    else request[name] = value;
  }
  return { request: request as Request, connection, call: callOptions(params) }; // what was taken out is not the request's
}

/**
 * The deployment that `provider/model` and the connection's params make.
 * @throws BadRequestError where they make none
 */
export function deploymentOf(model: string, connection: object, env: Environment = processEnvironment()): Deployment {
  const model_list = [{ model_name: model, litellm_params: { ...connection, model } }];
  const { deployments, notices } = loadDeployments({ model_list }, env, registeredProviders);
  const [deployment] = deployments;
  if (deployment !== undefined) return deployment;
  throw new BadRequestError(`litellm.BadRequestError: ${notices.join("; ")}`, { param: "model" });
}

function callOptions(params: LibraryOptions): CallOptions {
  const headers = Object.entries(params.extra_headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const mock = { response: params.mock_response, toolCalls: params.mock_tool_calls };
  return {
    timeout: params.timeout,
    streamTimeout: params.stream_timeout,
    dropParams: params.drop_params,
    modifyParams: params.modify_params,
    additionalDropParams: params.additional_drop_params,
    allowedOpenaiParams: params.allowed_openai_params,
    extraHeaders: Object.fromEntries(headers),
    tags: [],
    mock: mock.response === undefined && mock.toolCalls === undefined ? {} : mock,
  };
}

function isConnection(name: string): boolean {
  return (
    settingOf(DEPLOYMENT_PARAMS, name) !== undefined ||
    settingOf(CONNECTION_PARAMS, name) !== undefined ||
    CONNECTION_PREFIXES.some((prefix) => name.startsWith(prefix))
  );
}

export function portsOf({ fetch, signal }: AskOptions): AttemptPorts {
  return { fetch: fetch ?? globalThis.fetch, now: Date.now, ...(signal && { signal }), id: crypto.randomUUID() };
}

/** `process.env` where there is a process; nothing elsewhere. */
export function processEnvironment(): Environment {
  const scope: { process?: { env?: Environment } } = globalThis;
  return scope.process?.env ?? {};
}

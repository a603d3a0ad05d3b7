/** What `completion()` and `Router` share: params told apart, a deployment asked, the answer as an iterable. */
import type { z } from "zod";
import { BadRequestError, SluiceError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { validate } from "../formats/validate.ts";
import { type AttemptPorts, attempt, type CallOptions, type CallSettings } from "../operations/attempt.ts";
import type { BaseRequest, Meter, Operation } from "../operations/operation.ts";
import type { WholeOperation } from "../operations/whole.ts";
import type { Answer } from "../providers/speak.ts";
import type { Deployment } from "../router/deployment.ts";
import { loadDeployments } from "../router/load.ts";
import { registeredProviders } from "../router/lookup.ts";
import { CONNECTION_PARAMS, CONNECTION_PREFIXES, DEPLOYMENT_PARAMS } from "../router/settings/deployment.ts";
import type { Environment } from "../router/settings/environment.ts";
import { settingOf } from "../router/settings/read.ts";
import type { Ticket } from "../router/ticket.ts";

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
}

/** What belongs to where the library runs, not to the call. */
export interface AskOptions {
  /** Stops the provider. */
  signal?: AbortSignal;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Environment variables; default: those of the process, where there is one. */
  env?: Environment;
}

/** LiteLLM's `request_timeout`, in seconds. */
const TIMEOUT = 6000;

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

/**
 * @param ticket told how it goes, where a router chose the deployment
 * @throws SluiceError
 */
export async function ask<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  deployment: Deployment,
  call: CallOptions,
  settings: Partial<CallSettings>,
  options: AskOptions,
  ticket?: Ticket,
): Promise<Response | AsyncIterable<Chunk>> {
  const { valid, answer, meter } = await answerTo(operation, request, deployment, call, settings, options);
  if (answer.kind === "stream") return chunksOf(answer, meter, operation.wantsStreamUsage(valid), ticket);
  if (answer.kind === "bytes") throw new TypeError(`answers of ${operation.name} are no bytes`);
  meter.response(answer.body);
  tell(ticket, meter.usage);
  return answer.body;
}

/** The answer as it came, whole, as a stream or as bytes. @throws SluiceError */
export async function answerTo<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  deployment: Deployment,
  call: CallOptions,
  settings: Partial<CallSettings>,
  options: AskOptions,
) {
  const fields =
    operation.read === undefined ? request : await operation.read(Object.fromEntries(Object.entries(request)));
  const valid = validate(operation.request, fields);
  const limits = { timeout: TIMEOUT, ...settings };
  return { valid, ...(await attempt(operation, valid, deployment, call, limits, portsOf(options))) };
}

/** One whole answer, by an operation that has no streams. @throws SluiceError */
export async function askWhole<Request extends BaseRequest, Response>(
  operation: WholeOperation<Request, Response>,
  schema: z.ZodObject,
  params: Request & LibraryOptions,
  options: AskOptions,
): Promise<Response> {
  const { request, connection, call } = splitParams(params, schema.shape);
  const deployment = deploymentOf(params.model, connection, options.env);
  const valid = validate(operation.request, request);
  const { answer } = await attempt(operation, valid, deployment, call, { timeout: TIMEOUT }, portsOf(options));
  if (answer.kind !== "complete") throw new TypeError(`answers of ${operation.name} come whole`);
  return operation.shown(answer.body, valid);
}

function portsOf({ fetch, signal }: AskOptions): AttemptPorts {
  return { fetch: fetch ?? globalThis.fetch, now: Date.now, ...(signal && { signal }), id: crypto.randomUUID() };
}

function tell(ticket: Ticket | undefined, usage: Usage | undefined): void {
  ticket?.succeeded({ tokens: usage?.total_tokens ?? 0, completionTokens: usage?.completion_tokens ?? 0 });
}

/** The chunks as the client asked for them. Whoever stops reading stops the provider. */
export async function* chunksOf<Response, Chunk>(
  { chunks, abort }: Extract<Answer<Response, Chunk>, { kind: "stream" }>,
  meter: Meter<Response, Chunk>,
  showsUsage: boolean,
  ticket?: Ticket,
): AsyncGenerator<Chunk> {
  ticket?.contentBegan();
  let ended = false;
  try {
    for (;;) {
      const read = await chunks.read();
      if (read === undefined) break;
      for (const chunk of read) {
        if (ticket !== undefined) meter.chunk(chunk); // nobody else asks what was used
        if (!showsUsage && isUsageAlone(chunk)) continue;
        yield chunk;
      }
    }
    ended = true;
    tell(ticket, meter.usage);
  } catch (error) {
    if (error instanceof SluiceError) ticket?.failed(error);
    throw error;
  } finally {
    ticket?.released();
    if (!ended) {
      abort(new DOMException("the stream is no longer read", "AbortError"));
      await chunks.cancel();
    }
  }
}

/** OpenAI's last chunk, which only the gateway asked for. */
function isUsageAlone(chunk: unknown): boolean {
  if (!isRecord(chunk) || !isRecord(chunk["usage"])) return false;
  return Array.isArray(chunk["choices"]) && chunk["choices"].length === 0;
}

/** `process.env` where there is a process; nothing elsewhere. */
export function processEnvironment(): Environment {
  const scope: { process?: { env?: Environment } } = globalThis;
  return scope.process?.env ?? {};
}

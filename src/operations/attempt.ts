/** One deployment, asked once: what gateway and library share below their own ways of choosing and replying. */
import { walked } from "../formats/depth.ts";
import { BadRequestError, Timeout } from "../formats/errors.ts";
import { ChunkSource } from "../providers/chunk-source.ts";
import type { ParamPolicy } from "../providers/params.ts";
import type { Adapter, Target } from "../providers/provider.ts";
import { findProvider, providerFor } from "../providers/registry.ts";
import type { Answer } from "../providers/speak.ts";
import type { Deployment } from "../router/deployment.ts";
import type { MockOptions } from "./mock.ts";
import type { BaseRequest, Meter, Operation } from "./operation.ts";
import { speakInParts } from "./parts.ts";

/** What one call says of how it is to be carried out; each wins over what the deployment says. */
export interface CallOptions {
  /** Seconds for a whole answer. */
  timeout?: number;
  /** Seconds until the first content of a stream. */
  streamTimeout?: number;
  dropParams?: boolean;
  modifyParams?: boolean;
  additionalDropParams?: string[];
  allowedOpenaiParams?: string[];
  /** Headers to send upstream; names in lower case. */
  extraHeaders: Record<string, string>;
  /** Those that go to upstreams of the client's own format alone. */
  forwardedHeaders?: Record<string, string>;
  tags: string[];
  /** `mock_response` and its kin: answers made without a provider. */
  mock: MockOptions;
}

/** What holds where neither call nor deployment says otherwise. */
export interface CallSettings extends ParamPolicy {
  modifyParams?: boolean;
  /** Seconds. */
  timeout: number;
  streamTimeout?: number;
  /** The largest answer of an upstream that is read whole. */
  maxResponseBytes?: number;
}

export interface AttemptPorts {
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Aborts the upstream: the client has left. */
  signal?: AbortSignal;
  /** Id of the call; answers without an id of their own get it. */
  id: string;
}

export interface Attempt<Request, Response, Chunk> {
  adapter: Adapter<Request, Response, Chunk>;
  target: Target;
  meter: Meter<Response, Chunk>;
  answer: Answer<Response, Chunk>;
}

/** Told how an attempt goes on. */
export interface AttemptObserver<Response, Chunk> {
  /** All is settled, and the upstream is about to be asked. */
  begins(meter: Meter<Response, Chunk>, target: Target): void;
  /** Where the request goes. */
  asks(url: string): void;
  /** A part of the answer was made, and nobody will get it. */
  lost?(meter: Meter<Response, Chunk>): void;
}

/**
 * Asks a deployment.
 * @throws SluiceError for everything that goes wrong before the answer, or before the first content of its stream
 */
export async function attempt<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  deployment: Deployment,
  options: CallOptions,
  settings: CallSettings,
  ports: AttemptPorts,
  observer?: AttemptObserver<Response, Chunk>,
): Promise<Attempt<Request, Response, Chunk>> {
  const { adapter, target, request: settled } = await settle(operation, request, deployment, options, settings);
  const meter = operation.meter(settled, target);
  observer?.begins(meter, target);
  const mock = mockOf(deployment, options);
  const seconds = timeLimit(settled, deployment, options, settings);
  const answer = mock
    ? await answerMock(operation, mock, settled, target, seconds, ports)
    : adapter.answer
      ? { kind: "complete" as const, body: await adapter.answer(settled, target), headers: {} }
      : await speakInParts(
          operation,
          adapter,
          settled,
          target,
          {
            fetch: ports.fetch,
            authorize: findProvider(target.provider)?.authorize,
            signal: ports.signal,
            timeout: seconds,
            timeoutIsClients:
              (settled.stream ? (options.streamTimeout ?? options.timeout) : options.timeout) === seconds,
            stream: settled.stream === true,
            extraBody: deployment.extraBody,
            isContent: operation.isContent,
            chunksOf: operation.chunksOf,
            ...(settings.maxResponseBytes !== undefined && { maxResponseBytes: settings.maxResponseBytes }),
            now: ports.now,
            id: operation.newId?.() ?? `${operation.idPrefix}${ports.id}`,
            onRequest: (url) => observer?.asks(url),
          },
          (response) => {
            const lost = operation.meter(settled, target);
            lost.response(response);
            observer?.lost?.(lost);
          },
        );
  return { adapter, target, meter, answer };
}

/** A request as a deployment is asked for it, and what translates it. */
export interface Settled<Request, Response, Chunk> {
  adapter: Adapter<Request, Response, Chunk>;
  target: Target;
  request: Request;
}

/** @throws SluiceError where it cannot be asked for it */
export async function settle<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  deployment: Deployment,
  options: CallOptions,
  settings: CallSettings,
): Promise<Settled<Request, Response, Chunk>> {
  const reached = priced(operation, request, targetOf(deployment, options, settings));
  const adapter = adapterOf(operation, reached);
  const policy = policyOf(deployment, options, reached);
  const target = forAdapter(reached, adapter.wire === operation.wire ? options.forwardedHeaders : undefined, policy);
  const defaults = operation.defaultsFor?.(adapter, deployment.defaults) ?? deployment.defaults;
  const chosen = walked(() => operation.settleParams(withDefaults(defaults, request), adapter, target, policy));
  return { adapter, target, request: (await operation.prepare?.(chosen, adapter, deployment)) ?? chosen };
}

/** The admin's defaults for what the request does not say; either name of the longest answer says it. */
function withDefaults<Request extends BaseRequest>(defaults: Deployment["defaults"], request: Request): Request {
  const isBounded = OUTPUT_LIMITS.some((name) => (request as Record<string, unknown>)[name] != null); // whatever its type, an object
  if (!isBounded) return { ...defaults, ...request };
  const kept = Object.entries(defaults).filter(([name]) => !OUTPUT_LIMITS.includes(name));
  return { ...Object.fromEntries(kept), ...request };
}

const OUTPUT_LIMITS = ["max_tokens", "max_completion_tokens"];

/** The target with what is known of its model for this request. */
function priced<Request extends BaseRequest, Response, Chunk>(
  { rowFor }: Operation<Request, Response, Chunk>,
  request: Request,
  target: Target,
): Target {
  const info = rowFor?.(request, target);
  return info === undefined ? target : { ...target, info };
}

function targetOf({ target, policy }: Deployment, options: CallOptions, settings: CallSettings): Target {
  return {
    ...target,
    headers: mergeHeaders(options.extraHeaders, target.headers ?? {}),
    modifyParams: options.modifyParams ?? target.modifyParams ?? settings.modifyParams ?? false,
    dropParams: options.dropParams ?? policy.dropParams ?? settings.dropParams ?? false,
  };
}

/** With what only this adapter is to have. */
function forAdapter(
  target: Target,
  forwarded: Record<string, string> | undefined,
  { allowedOpenaiParams = [] }: ParamPolicy,
): Target {
  return {
    ...target,
    ...(forwarded && { headers: mergeHeaders(forwarded, target.headers ?? {}) }),
    ...(allowedOpenaiParams.length > 0 && { allowedParams: allowedOpenaiParams }),
  };
}

/** The admin's headers win over the client's; betas of both are sent. */
function mergeHeaders(client: Record<string, string>, admin: Record<string, string>): Record<string, string> {
  const betas = [admin["anthropic-beta"], client["anthropic-beta"]].filter(Boolean).join(",");
  return { ...client, ...admin, ...(betas !== "" && { "anthropic-beta": betas }) };
}

function adapterOf<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  target: Target,
): Adapter<Request, Response, Chunk> {
  const { provider: slug, model } = target;
  const provider = providerFor(target);
  const adapter = provider && operation.adapter(provider, target);
  if (adapter !== undefined) return adapter;
  throw new BadRequestError(`litellm.BadRequestError: ${slug} does not do ${operation.name} (model=${model})`, {
    provider: slug,
    model,
  });
}

function policyOf({ policy }: Deployment, options: CallOptions, { dropParams = false }: Target): ParamPolicy {
  return {
    dropParams,
    additionalDropParams: [...(policy.additionalDropParams ?? []), ...(options.additionalDropParams ?? [])],
    allowedOpenaiParams: [...(policy.allowedOpenaiParams ?? []), ...(options.allowedOpenaiParams ?? [])],
  };
}

/** Seconds for the whole answer, or until the first content of a stream. */
function timeLimit(request: BaseRequest, deployment: Deployment, options: CallOptions, settings: CallSettings): number {
  const whole = options.timeout ?? deployment.timeout ?? settings.timeout;
  if (request.stream !== true) return whole;
  return options.streamTimeout ?? deployment.streamTimeout ?? settings.streamTimeout ?? whole;
}

/** The mock that stands in for the upstream, if call or deployment asks for one. */
function mockOf(deployment: Deployment, { mock }: CallOptions): MockOptions | undefined {
  const response = mock.response ?? deployment.mockResponse;
  if (response === undefined && Object.keys(mock).length === 0) return undefined;
  return response === undefined ? mock : { ...mock, response };
}

/** Answers in the upstream's place, in the shape `speak` has. */
async function answerMock<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  mock: MockOptions,
  request: Request,
  { model }: Target,
  seconds: number,
  { now, id, signal }: AttemptPorts,
): Promise<Answer<Response, Chunk>> {
  if (mock.timeout) {
    await new Promise((resolve, reject) => {
      setTimeout(resolve, seconds * 1000);
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
    throw new Timeout(`litellm.Timeout: mock timeout after ${seconds} seconds`, { model });
  }
  // A call's id may be its client's word. Where answers are found by theirs later, one could be another's.
  const own = operation.newId === undefined ? id : crypto.randomUUID();
  return answerWith(
    operation,
    await operation.mock(mock, request, { id: own, now: Math.floor(now() / 1000), model }),
    request,
  );
}

/** An answer that is here already, in the shape `speak` has. */
export async function answerWith<Request extends BaseRequest, Response, Chunk>(
  operation: Pick<Operation<Request, Response, Chunk>, "chunksOf" | "isContent">,
  body: Response,
  request: Request,
): Promise<Extract<Answer<Response, Chunk>, { kind: "complete" | "stream" }>> {
  if (!request.stream) return { kind: "complete", body, headers: {} };
  const empty = () => new Blob([]).stream();
  const chunks = new ChunkSource(empty(), { event: () => [], end: () => operation.chunksOf(body) });
  await chunks.begin(operation.isContent);
  return { kind: "stream", chunks, body: empty(), relayable: false, headers: {}, abort: () => {} };
}

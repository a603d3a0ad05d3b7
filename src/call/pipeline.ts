/**
 * The way of one call, the same for every operation: admit, guard, recall, route, speak, guard, settle.
 * Rooms that are not built yet are simply not on the way.
 */
import { InternalServerError, NotFoundError, SluiceError } from "../formats/errors.ts";
import { validate } from "../formats/validate.ts";
import type { ParamPolicy } from "../providers/params.ts";
import type { Adapter, Provider, Target } from "../providers/provider.ts";
import { type Answer, speak } from "../providers/speak.ts";
import type { Deployment } from "../router/deployment.ts";
import type { Router } from "../router/router.ts";
import type { Log } from "../telemetry/log.ts";
import { errorHeaders, replyHeaders } from "./headers.ts";
import { mockOf, speakMock } from "./mock.ts";
import type { BaseRequest, Meter, Operation } from "./operation.ts";
import { type CallOptions, splitOptions } from "./options.ts";
import { type Passage, relay, translate } from "./relay.ts";
import { Settlement } from "./settlement.ts";

/** What the pipeline needs of the world. */
export interface CallDependencies {
  router: Router;
  findProvider(slug: string): Provider | undefined;
  log: Log;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Keeps the process of the call alive until the promise is done. */
  waitUntil(promise: Promise<unknown>): void;
  settings: CallSettings;
}

/** Settings of the whole gateway that bear on a call. */
export interface CallSettings extends ParamPolicy {
  modifyParams?: boolean;
  /** Seconds, where neither request nor deployment says otherwise. */
  timeout: number;
  streamTimeout?: number;
  /** Give usage in every stream, as if the client had asked (`always_include_stream_usage`). */
  alwaysIncludeStreamUsage?: boolean;
}

/** One call as it comes in: authenticated, its body parsed as JSON but not looked at. */
export interface CallInput {
  id: string;
  body: Record<string, unknown>;
  headers: Headers;
  /** Aborts when the client leaves. */
  signal: AbortSignal;
  /** May this client ask for mock answers? */
  mayMock: boolean;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | ReadableStream<Uint8Array>;
}

/** Carries one call through. Every failure is a reply in the client's format; nothing is thrown. */
export async function perform<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
): Promise<Reply> {
  const settlement = new Settlement(dependencies, operation.name, input.id);
  dependencies.waitUntil(settlement.done);
  try {
    const admitted = admit(dependencies, operation, input);
    settlement.admitted(admitted.request, admitted.options);
    const routed = dependencies.router.route(admitted.request.model);
    settlement.routed(routed);
    const spoken = await attempt(dependencies, operation, input, admitted, routed.deployment, settlement);
    return spoken.answer.kind === "complete"
      ? await replyWhole(operation, admitted.request, spoken, spoken.answer, settlement)
      : replyStream(operation, input, admitted.request, spoken, spoken.answer, settlement);
  } catch (cause) {
    if (!(cause instanceof SluiceError)) dependencies.log.fault(input.id, cause);
    const error = toSluiceError(cause);
    settlement.fail(error, input.signal.aborted);
    return {
      status: error.status,
      headers: { "content-type": "application/json", ...errorHeaders(settlement.record, error) },
      body: JSON.stringify(operation.errorBody(error)),
    };
  }
}

interface Admitted<Request> {
  request: Request;
  options: CallOptions;
}

/** Admit: what the client asks, told apart and checked. */
function admit<Request extends BaseRequest, Response, Chunk>(
  { settings }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
): Admitted<Request> {
  const { request: body, options } = splitOptions(input.body, input.headers);
  if (!input.mayMock) options.mock = {};
  const request = validate(operation.request, body);
  return { request: settings.alwaysIncludeStreamUsage ? operation.askForUsage(request) : request, options };
}

/** One deployment, asked once. */
interface Spoken<Request, Response, Chunk> {
  adapter: Adapter<Request, Response, Chunk>;
  answer: Answer<Response, Chunk>;
  meter: Meter<Response, Chunk>;
}

async function attempt<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  { request, options }: Admitted<Request>,
  deployment: Deployment,
  settlement: Settlement,
): Promise<Spoken<Request, Response, Chunk>> {
  const target = targetOf(deployment, options, dependencies.settings);
  const provider = dependencies.findProvider(target.provider);
  const adapter = provider && operation.adapter(provider);
  if (adapter === undefined)
    throw new NotFoundError(
      `litellm.NotFoundError: ${target.provider} does not do ${operation.name} (model=${target.model})`,
      { provider: target.provider, model: target.model },
    );
  const policy: ParamPolicy = {
    dropParams: target.dropParams ?? false,
    additionalDropParams: [...(deployment.policy.additionalDropParams ?? []), ...(options.additionalDropParams ?? [])],
    allowedOpenaiParams: [...(deployment.policy.allowedOpenaiParams ?? []), ...(options.allowedOpenaiParams ?? [])],
  };
  const settled = operation.settleParams({ ...deployment.defaults, ...request }, adapter, target, policy);
  const meter = operation.meter(settled);
  settlement.upstreamBegins(meter, target);
  const mock = mockOf(deployment, options);
  const limits = timeLimits(deployment, options, dependencies.settings);
  const answer = mock
    ? await speakMock(operation, mock, settled, target, limits, dependencies.now)
    : await speak(adapter, settled, target, {
        fetch: dependencies.fetch,
        signal: input.signal,
        timeout: settled.stream ? limits.first : limits.whole,
        stream: settled.stream === true,
        extraBody: deployment.extraBody,
        isContent: operation.isContent,
        chunksOf: operation.chunksOf,
        now: dependencies.now,
        id: `chatcmpl-${input.id}`,
      });
  settlement.upstreamAnswered();
  return { adapter, answer, meter };
}

function targetOf({ target, policy }: Deployment, options: CallOptions, settings: CallSettings): Target {
  return {
    ...target,
    headers: { ...target.headers, ...options.extraHeaders },
    modifyParams: options.modifyParams ?? target.modifyParams ?? settings.modifyParams ?? false,
    dropParams: options.dropParams ?? policy.dropParams ?? settings.dropParams ?? false,
  };
}

/** Seconds for a whole answer, and until the first content of a stream: the request's word before the deployment's before the gateway's. */
function timeLimits(deployment: Deployment, options: CallOptions, settings: CallSettings) {
  const whole = options.timeout ?? deployment.timeout ?? settings.timeout;
  const first = options.streamTimeout ?? deployment.streamTimeout ?? settings.streamTimeout ?? whole;
  return { whole, first };
}

/** Sends a whole answer. The upstream's own text goes on untouched where the client speaks its format. */
async function replyWhole<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  { adapter, meter }: Spoken<Request, Response, Chunk>,
  answer: Extract<Answer<Response, Chunk>, { kind: "complete" }>,
  settlement: Settlement,
): Promise<Reply> {
  meter.response(answer.body);
  await settlement.succeed();
  const untouched = speaksTheSame(operation, adapter) && !operation.isDialect(answer.body) ? answer.text : undefined;
  return {
    status: 200,
    headers: { "content-type": "application/json", ...replyHeaders(settlement.record, answer.headers) },
    body: untouched ?? operation.encodeWhole(answer.body, request),
  };
}

function replyStream<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  request: Request,
  { adapter, meter }: Spoken<Request, Response, Chunk>,
  answer: Extract<Answer<Response, Chunk>, { kind: "stream" }>,
  settlement: Settlement,
): Reply {
  const passage: Passage<Chunk> = {
    chunks: answer.chunks,
    body: answer.body,
    abort: answer.abort,
    clientGone: () => input.signal.aborted,
    encode: (chunk) => operation.encode(chunk, request),
    done: operation.done,
    encodeError: operation.encodeError,
    observe: (chunk) => meter.chunk(chunk),
    over: (end) => settlement.streamOver(end),
  };
  const untouched =
    answer.relayable &&
    speaksTheSame(operation, adapter) &&
    !answer.chunks.begun.some(operation.isDialect) &&
    operation.wantsStreamUsage(request) && // where it does not, the usage the gateway asked for is taken out
    typeof IdentityTransformStream === "function";
  return {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-accel-buffering": "no", // nginx would gather the chunks
      ...replyHeaders(settlement.record, answer.headers),
    },
    body: untouched ? relay(passage) : translate(passage),
  };
}

function speaksTheSame<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  adapter: Adapter<Request, Response, Chunk>,
): boolean {
  return adapter.wire === operation.wire && !adapter.rewritesAnswers;
}

/** A failure of our own code is the client's 500, and says nothing of the inside. */
function toSluiceError(cause: unknown): SluiceError {
  return cause instanceof SluiceError
    ? cause
    : new InternalServerError("litellm.InternalServerError: the gateway failed; the call id is in the headers", {
        cause,
      });
}

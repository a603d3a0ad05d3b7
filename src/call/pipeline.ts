/**
 * The way of one call, the same for every operation: admit, guard, recall, route, speak, guard, settle.
 * Rooms that are not built yet are simply not on the way.
 */
import type { SluiceError } from "../formats/errors.ts";
import { validate } from "../formats/validate.ts";
import { type Attempt, attempt, type CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { Adapter } from "../providers/provider.ts";
import type { Answer } from "../providers/speak.ts";
import type { Choice } from "../router/engine.ts";
import type { CallDependencies, CallInput, Reply } from "./call.ts";
import { continueStream, type Rest } from "./continue.ts";
import { errorHeaders, replyHeaders } from "./headers.ts";
import { splitOptions } from "./options.ts";
import { type Passage, relay, translate } from "./relay.ts";
import { type RoutingOptions, routeRequest } from "./routing.ts";
import { Settlement } from "./settlement.ts";

/** Carries one call through. Every failure is a reply in the client's format; nothing is thrown. */
export async function perform<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
): Promise<Reply> {
  const settlement = new Settlement(dependencies, operation.name, input);
  dependencies.waitUntil(settlement.done);
  try {
    const admitted = admit(dependencies, operation, input, input.body);
    const { request } = admitted;
    settlement.admitted(request, admitted.options);
    const route = routeRequest(operation, request, admitted.options, admitted.routing, input);
    const askDeployment = (choice: Choice) => {
      const asked = withOverrides(dependencies, operation, input, admitted, choice);
      return ask(dependencies, operation, input, asked, choice, settlement);
    };
    const outcome = await dependencies.router.run(route, askDeployment, settlement.record);
    settlement.answered(outcome);
    const { answer } = outcome.value;
    if (answer.kind === "complete") return await replyWhole(operation, request, outcome.value, answer, settlement);
    const broken = {
      operation,
      request,
      attempt: outcome.value,
      choice: outcome.choice,
      route,
      router: dependencies.router,
      settlement,
      ask: (choice: Choice, rest: Request) =>
        ask(dependencies, operation, input, { ...admitted, request: rest }, choice, settlement),
    };
    const isContinued = dependencies.router.settings.midStreamFallback === "continue";
    return replyStream(operation, input, request, outcome.value, answer, settlement, isContinued, (error) =>
      continueStream(broken, error),
    );
  } catch (cause) {
    const error = settlement.toError(cause);
    settlement.fail(error, input.signal.aborted);
    return {
      status: error.status,
      headers: { "content-type": "application/json", ...errorHeaders(settlement.record, error) },
      body: JSON.stringify(operation.errorBody(error)),
      ended: settlement.done,
    };
  }
}

interface Admitted<Request> {
  request: Request;
  options: CallOptions;
  routing: RoutingOptions;
}

/** Admit: what the client asks, told apart and checked. */
function admit<Request extends BaseRequest, Response, Chunk>(
  { settings }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  { headers, mayMock }: CallInput,
  body: Record<string, unknown>,
): Admitted<Request> {
  const { request: given, options, routing } = splitOptions(body, headers);
  if (!mayMock) options.mock = {};
  const request = validate(operation.request, given);
  return { request: settings.alwaysIncludeStreamUsage ? operation.askForUsage(request) : request, options, routing };
}

/** A fallback's own params take the place of the request's, and are checked as those were. */
function withOverrides<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  admitted: Admitted<Request>,
  { overrides }: Choice,
): Admitted<Request> {
  if (Object.keys(overrides).length === 0) return admitted;
  return admit(dependencies, operation, input, { ...input.body, ...overrides });
}

/** Speak: asks the deployment the router chose. */
function ask<Request extends BaseRequest, Response, Chunk>(
  { fetch, now, settings }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  { id, onAsked }: CallInput,
  { request, options }: Admitted<Request>,
  choice: Choice,
  settlement: Settlement,
): Promise<Attempt<Request, Response, Chunk>> {
  const ports = { fetch, now, signal: choice.signal, id };
  const asked = attempt(operation, request, choice.deployment, options, settings, ports, settlement.attempt(choice));
  onAsked?.(choice);
  return asked;
}

/** Sends a whole answer. The upstream's own text goes on untouched where the client speaks its format. */
async function replyWhole<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  { adapter, meter }: Attempt<Request, Response, Chunk>,
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
    ended: settlement.done,
  };
}

function replyStream<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  request: Request,
  { adapter, meter }: Attempt<Request, Response, Chunk>,
  answer: Extract<Answer<Response, Chunk>, { kind: "stream" }>,
  settlement: Settlement,
  isContinued: boolean,
  goOn: (error: SluiceError) => Promise<Rest<Chunk> | undefined>,
): Reply {
  let rest: Rest<Chunk> | undefined;
  const passage: Passage<Chunk> = {
    chunks: answer.chunks,
    body: answer.body,
    async recover(error) {
      if (rest !== undefined) return undefined; // it has been continued once
      rest = await goOn(error);
      return rest;
    },
    abort: (reason) => (rest ?? answer).abort(reason),
    clientGone: () => input.signal.aborted,
    encode: (chunk) => operation.encode(chunk, request),
    done: operation.done,
    encodeError: operation.encodeError,
    toError: (cause) => settlement.toError(cause),
    observe: (chunk) => {
      if (rest === undefined) meter.chunk(chunk); // what is continued reads its own
    },
    over: (end) => settlement.streamOver(end),
  };
  const untouched =
    answer.relayable &&
    !isContinued &&
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
    ended: settlement.done,
  };
}

function speaksTheSame<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  adapter: Adapter<Request, Response, Chunk>,
): boolean {
  return adapter.wire === operation.wire && !adapter.rewritesAnswers;
}

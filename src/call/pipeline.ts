/**
 * The way of one call, the same for every operation: admit, guard, recall, route, speak, guard, settle.
 * Rooms that are not built yet are simply not on the way.
 */
import { type CacheControls, cacheControls } from "../cache/controls.ts";
import type { SluiceError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import { validate } from "../formats/validate.ts";
import { type Attempt, answerWith, attempt, type CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { Adapter } from "../providers/provider.ts";
import type { Answer } from "../providers/speak.ts";
import type { Choice } from "../router/engine.ts";
import { isInRegion } from "../router/filters/region.ts";
import { BudgetExceededError } from "../tenancy/limit-refusals.ts";
import { passBytes } from "./bytes.ts";
import type { CallDependencies, CallInput, Reply } from "./call.ts";
import type { Caller, Place } from "./caller.ts";
import { ownUpstream } from "./client-credentials.ts";
import { continueStream, type Rest } from "./continue.ts";
import { errorHeaders, replyHeaders } from "./headers.ts";
import { limitsOf } from "./limits-of.ts";
import { splitOptions } from "./options.ts";
import { passedHeaders } from "./passed-headers.ts";
import { isOfGroup, keepAnswer, type Recall, recall } from "./recall.ts";
import { type Passage, relay, translate } from "./relay.ts";
import { checkRequest } from "./request-rules.ts";
import { Reservation, type Size } from "./reservation.ts";
import { type RoutingOptions, routeRequest } from "./routing.ts";
import { Settlement } from "./settlement.ts";

/** Carries one call through. Every failure is a reply in the client's format; nothing is thrown. */
export async function perform<Request extends BaseRequest, Response, Chunk>(
  given: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  asIs: CallInput,
): Promise<Reply> {
  const settlement = new Settlement(given, operation.name, asIs);
  given.waitUntil(settlement.done);
  try {
    const { dependencies, input } = ownUpstream(given, asIs) ?? { dependencies: given, input: asIs };
    const place = await input.caller.place();
    const asked = inPlace(
      dependencies,
      operation,
      input,
      await admit(dependencies, operation, input, input.body),
      place,
    );
    settlement.admitted(asked.request, asked.options);
    settlement.asked(asked.request);
    const { admitted, reservation } = await reserveOrFallBack(dependencies, operation, input, asked);
    const { request } = admitted;
    settlement.reserved(reservation);
    const region = place?.region;
    const recalled =
      dependencies.cache && (await recall(dependencies, operation, input, { ...admitted, region }, settlement));
    if (recalled?.lookup.found !== undefined)
      return await replyRecalled(operation, input, request, recalled, settlement);
    const route = routeRequest(operation, request, admitted.options, admitted.routing, input, region);
    const askDeployment = async (choice: Choice) => {
      const asked = await withOverrides(dependencies, operation, input, admitted, choice);
      return ask(dependencies, operation, input, lacking(operation, asked, recalled, choice), choice, settlement);
    };
    const outcome = await dependencies.router.run(route, askDeployment, settlement.record);
    settlement.answered(outcome);
    const { answer } = outcome.value;
    const own = recalled && isOfGroup(recalled, outcome.choice) ? recalled : undefined;
    if (own !== undefined) keepAnswer(dependencies, own, outcome.value.meter, settlement);
    const retell = retelling(operation, input, request, outcome.choice);
    if (answer.kind === "complete")
      return await replyWhole(operation, request, outcome.value, answer, settlement, {
        retell,
        complete: own?.lookup.complete,
      });
    if (answer.kind === "bytes") return replyBytes(input, outcome.value, answer, settlement);
    const broken = {
      operation,
      request,
      attempt: outcome.value,
      choice: outcome.choice,
      route,
      router: dependencies.router,
      settlement,
      ask: (choice: Choice, rest: Request) =>
        ask(
          dependencies,
          operation,
          input,
          { ...admitted, request: rest, size: sizeOf(operation, rest) },
          choice,
          settlement,
        ),
    };
    const isContinued = dependencies.router.settings.midStreamFallback === "continue";
    const { value } = outcome;
    const readsAll = own !== undefined || dependencies.settings.storePrompts || input.onAnswer !== undefined;
    const ways = { isContinued, retell, readsAll };
    return replyStream(operation, input, request, value, answer, settlement, ways, (error) =>
      continueStream(broken, error),
    );
  } catch (cause) {
    const error = settlement.toError(cause);
    settlement.fail(error, asIs.signal.aborted);
    return {
      status: operation.errorStatus?.(error) ?? error.status,
      headers: { "content-type": "application/json", ...errorHeaders(settlement, error) },
      body: JSON.stringify(operation.errorBody(error)),
      ended: settlement.done,
      ...(error instanceof BudgetExceededError && { mayPass: true }),
    };
  }
}

interface Admitted<Request> {
  request: Request;
  /** What decides how much it may use. */
  size: Size;
  options: CallOptions;
  routing: RoutingOptions;
  /** What it says of the cache, where there is one. */
  controls: CacheControls;
}

/** Admit: what the client asks, told apart and checked. */
async function admit<Request extends BaseRequest, Response, Chunk>(
  { settings, cache }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  { headers, caller }: CallInput,
  body: Record<string, unknown>,
): Promise<Admitted<Request>> {
  if (operation.wire !== "native") checkRequest(body, headers, caller, settings); // no format has fields of its own there
  const { request: given, options, routing, cache: said } = splitOptions(body, headers);
  if (!caller.mayMock) options.mock = {};
  options.forwardedHeaders = headersNamed(operation.forwardedHeaders ?? [], headers);
  const ofHeaders = (settings.tagHeaders ?? []).flatMap((name) =>
    headers.has(name) ? [`${name}: ${headers.get(name)}`] : [],
  );
  options.tags = [...new Set([...options.tags, ...ofHeaders, ...caller.tags])];
  const fields = operation.read === undefined ? given : await operation.read(given);
  const request = named(validate(operation.request, fields), caller);
  return {
    request: settings.alwaysIncludeStreamUsage ? operation.askForUsage(request) : request,
    size: sizeOf(operation, request),
    options,
    routing,
    controls: cache === undefined || operation.cacheable === undefined ? {} : cacheControls(said, caller.cacheControls),
  };
}

/** Those of the headers that are there. */
function headersNamed(names: readonly string[], headers: Headers): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? ""]] : [])));
}

/** Tokens are counted once, and only for whoever asks. */
function sizeOf<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
): Size {
  let counted: Promise<number> | undefined;
  const input = () => {
    counted ??= operation.countInput(request);
    return counted;
  };
  return {
    model: request.model,
    input,
    output: operation.outputBound(request),
    roomFor: (target) => operation.roomFor?.(request, target) ?? 0,
    ...(operation.rowFor && { rowFor: (target) => operation.rowFor?.(request, target) }),
    answers: operation.answersOf(request),
    terms: operation.termsOf(request),
  };
}

/** The request under the name the caller's aliases give its model. @throws SluiceError where it may not use it */
function named<Request extends BaseRequest>(request: Request, caller: Caller): Request {
  const model = caller.modelFor(request.model);
  const isAlias = model !== request.model;
  const refusal = isAlias ? caller.refuseAlias(request.model, model) : caller.refuseModel(model);
  if (refusal !== undefined) throw refusal;
  for (const other of othersNamed(request)) {
    const refused = caller.refuseModel(other);
    if (refused !== undefined) throw refused;
  }
  return isAlias ? { ...request, model } : request;
}

/** Models a request names beside its own: of tools that ask another (Anthropic's advisor), or as stand-ins (OpenRouter). */
function othersNamed(request: BaseRequest): string[] {
  const { tools, models } = request as { tools?: unknown; models?: unknown }; // any operation may pass such fields on
  const ofTools = Array.isArray(tools) ? tools.map((tool) => (isRecord(tool) ? tool["model"] : undefined)) : [];
  return [...ofTools, ...(Array.isArray(models) ? models : [])].filter((name) => typeof name === "string");
}

/** The request as its customer's may be answered: by a model that is where they must be, if the customer has one for that. */
function inPlace<Request extends BaseRequest, Response, Chunk>(
  { router }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  { caller }: CallInput,
  asked: Admitted<Request>,
  place: Place | undefined,
): Admitted<Request> {
  const model = place?.defaultModel;
  if (place === undefined || model === undefined || caller.refuseModel(model) !== undefined) return asked;
  const group = router.groups.find(asked.request.model, caller.attribution.teamId);
  if (group?.deployments.some(({ target }) => isInRegion(target, place.region.toLowerCase()))) return asked;
  const request = { ...asked.request, model };
  return { ...asked, request, size: sizeOf(operation, request) };
}

/** Reserves; where a budget refuses, for the models the caller named for that case. */
async function reserveOrFallBack<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  asked: Admitted<Request>,
): Promise<{ admitted: Admitted<Request>; reservation: Reservation }> {
  try {
    return { admitted: asked, reservation: await reserve(dependencies, input, asked) };
  } catch (error) {
    if (!(error instanceof BudgetExceededError)) throw error;
    for (const model of input.caller.budgetFallbacks(asked.request.model)) {
      if (input.caller.refuseModel(model) !== undefined) continue;
      const request = { ...asked.request, model };
      const admitted = { ...asked, request, size: sizeOf(operation, request) };
      const reservation = await reserve(dependencies, input, admitted).catch(() => undefined);
      if (reservation !== undefined) return { admitted, reservation };
    }
    throw error;
  }
}

/** Reserves what the call may use of every limit and budget it counts for. */
async function reserve(
  dependencies: CallDependencies,
  { id, caller }: CallInput,
  { request, size, options }: Admitted<BaseRequest>,
): Promise<Reservation> {
  const { served, subjects, ports } = await limitsOf(dependencies, caller, request.model, options.tags);
  return Reservation.make(id, subjects, served, size, ports);
}

/** A fallback's own params take the place of the request's, and are checked as those were. */
async function withOverrides<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  admitted: Admitted<Request>,
  { overrides }: Choice,
): Promise<Admitted<Request>> {
  if (Object.keys(overrides).length === 0) return admitted;
  return admit(dependencies, operation, input, { ...input.body, ...overrides });
}

/** Of a request with many inputs, those whose answers are not known. */
function lacking<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  asked: Admitted<Request>,
  recalled: Recall<Request, Response> | undefined,
  choice: Choice,
): Admitted<Request> {
  if (recalled === undefined || !isOfGroup(recalled, choice)) return asked;
  const request = recalled.lookup.lacking(asked.request);
  return request === asked.request ? asked : { ...asked, request, size: sizeOf(operation, request) };
}

/** Speak: asks the deployment the router chose. */
async function ask<Request extends BaseRequest, Response, Chunk>(
  { fetch, now, settings, gate }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  { id, onAsked, headers, caller }: CallInput,
  { request, size, options: given }: Admitted<Request>,
  choice: Choice,
  settlement: Settlement,
): Promise<Attempt<Request, Response, Chunk>> {
  const ports = { fetch, now, signal: choice.signal, id };
  const { passing } = settings;
  const options = passing
    ? {
        ...given,
        extraHeaders: passedHeaders(passing, given.extraHeaders, { headers, attribution: caller.attribution }, choice),
      }
    : given;
  const admission = await gate.enter(id, choice.deployment, size);
  const served = { name: choice.group, deployments: [choice.deployment] };
  const bound = await settlement.reservation?.cover(choice, served, size).catch((error: unknown) => {
    admission?.settle({ tokens: 0, cost: 0 });
    throw error;
  });
  const affordable = bound === undefined ? request : operation.bounded(request, bound);
  const asked = attempt(
    operation,
    affordable,
    choice.deployment,
    options,
    settings,
    ports,
    settlement.attempt(choice, admission),
  );
  onAsked?.(choice);
  try {
    return await asked;
  } catch (error) {
    settlement.failedAttempt(choice, error);
    throw error;
  }
}

/** What tells the client another thing than the deployment said; `undefined` where nothing is retold. */
function retelling<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  { shadow }: CallInput,
  request: Request,
  { deployment }: Choice,
): Retell<Response, Chunk> | undefined {
  if (operation.retold === undefined || shadow) return undefined;
  return (part) => operation.retold?.(part, request, deployment) ?? part;
}

/** The answer to a part of a request, with what was known of the rest. */
type Complete<Response> = (answer: Response) => Response;

type Retell<Response, Chunk> = <Part extends Response | Chunk>(part: Part) => Part | Promise<Part>;

/** Sends an answer of before, as the request wants it. */
async function replyRecalled<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  request: Request,
  { lookup: { found }, group }: Recall<Request, Response>,
  settlement: Settlement,
): Promise<Reply> {
  const target = group.deployments[0]?.target;
  if (found === undefined || target === undefined) throw new TypeError("nothing was recalled");
  settlement.recalled(found);
  const made = { adapter: undefined, meter: operation.meter(request, target) };
  const answer = await answerWith(operation, found.answer, request);
  if (answer.kind === "complete") return replyWhole(operation, request, made, answer, settlement, {});
  return replyStream(operation, input, request, made, answer, settlement, {}, async () => undefined);
}

/** What replies are made by: a deployment's attempt, or nobody's. */
type Made<Request, Response, Chunk> = Pick<Attempt<Request, Response, Chunk>, "meter"> & {
  adapter: Adapter<Request, Response, Chunk> | undefined;
};

/** Sends a whole answer. The upstream's own text goes on untouched where the client speaks its format. */
async function replyWhole<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  { adapter, meter }: Made<Request, Response, Chunk>,
  answer: Extract<Answer<Response, Chunk>, { kind: "complete" }>,
  settlement: Settlement,
  { retell, complete }: { retell?: Retell<Response, Chunk> | undefined; complete?: Complete<Response> | undefined },
): Promise<Reply> {
  meter.response(answer.body);
  await settlement.succeed();
  const isSame = speaksTheSame(operation, adapter) && !operation.isDialect(answer.body, request);
  const whole = complete?.(answer.body) ?? answer.body;
  const told = retell === undefined ? whole : await retell(whole);
  const untouched = isSame && told === answer.body ? answer.text : undefined;
  const contentType = operation.contentType?.(answer.body, request) ?? "application/json";
  return {
    status: answer.status ?? 200,
    headers: { "content-type": contentType, ...replyHeaders(settlement, answer.headers) },
    body: untouched ?? operation.encodeWhole(told, request),
    ended: settlement.done,
  };
}

/** Sends an answer as the bytes it is, as they come. */
function replyBytes<Request, Response, Chunk>(
  { signal }: CallInput,
  { meter }: Attempt<Request, Response, Chunk>,
  { body, contentType, status, headers, abort }: Extract<Answer<Response, Chunk>, { kind: "bytes" }>,
  settlement: Settlement,
): Reply {
  return {
    status,
    headers: { "content-type": contentType, ...replyHeaders(settlement, headers) },
    body: passBytes(body, {
      abort,
      clientGone: () => signal.aborted,
      observe: (piece) => meter.bytes?.(piece, contentType),
      toError: (cause) => settlement.toError(cause),
      over: (end) => settlement.streamOver(end),
    }),
    ended: settlement.done,
  };
}

interface StreamWays<Response, Chunk> {
  /** May it go on elsewhere where it breaks off? */
  isContinued?: boolean;
  retell?: Retell<Response, Chunk> | undefined;
  /** Is the whole answer wanted once it is over? */
  readsAll?: boolean | undefined;
}

function replyStream<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  request: Request,
  { adapter, meter }: Made<Request, Response, Chunk>,
  answer: Extract<Answer<Response, Chunk>, { kind: "stream" }>,
  settlement: Settlement,
  { isContinued = false, retell, readsAll = false }: StreamWays<Response, Chunk>,
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
    encode(chunk) {
      const told = retell?.(chunk) ?? chunk;
      if (told instanceof Promise) return told.then((chunk) => operation.encode(chunk, request));
      return operation.encode(told, request);
    },
    done: operation.done,
    encodeError: (error) => rest?.encodeError?.(error) ?? operation.encodeError(error, meter),
    toError: (cause) => settlement.toError(cause),
    observe: (chunk) => {
      if (rest === undefined) meter.chunk(chunk); // what is continued reads its own
    },
    readsAll,
    over: (end) => settlement.streamOver(end),
  };
  const untouched =
    answer.relayable &&
    !isContinued &&
    retell === undefined &&
    speaksTheSame(operation, adapter) &&
    !answer.chunks.begun.some((chunk) => operation.isDialect(chunk, request)) &&
    operation.wantsStreamUsage(request) && // where it does not, the usage the gateway asked for is taken out
    typeof IdentityTransformStream === "function";
  return {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-accel-buffering": "no", // nginx would gather the chunks
      ...replyHeaders(settlement, answer.headers),
    },
    body: untouched ? relay(passage) : translate(passage),
    ended: settlement.done,
  };
}

function speaksTheSame<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  adapter: Adapter<Request, Response, Chunk> | undefined,
): boolean {
  return adapter !== undefined && adapter.wire === operation.wire && !adapter.rewritesAnswers;
}

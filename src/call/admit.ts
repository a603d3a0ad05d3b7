/** Admit: what the client asks, told apart, checked, and reserved for. */
import { type CacheControls, cacheControls } from "../cache/controls.ts";
import { refuseDepth } from "../formats/depth.ts";
import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import { validate } from "../formats/validate.ts";
import type { CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { PriceMemory } from "../operations/price-memory.ts";
import type { Choice } from "../router/engine.ts";
import { isInRegion } from "../router/filters/region.ts";
import { BudgetExceededError } from "../tenancy/limit-refusals.ts";
import type { CallDependencies, CallInput } from "./call.ts";
import type { Caller, Place } from "./caller.ts";
import { limitsOf } from "./limits-of.ts";
import { splitOptions } from "./options.ts";
import { isOfGroup, type Recall } from "./recall.ts";
import { checkRequest } from "./request-rules.ts";
import { Reservation, type Size } from "./reservation.ts";
import type { RoutingOptions } from "./routing.ts";

export interface Admitted<Request> {
  request: Request;
  /** What decides how much it may use. */
  size: Size;
  options: CallOptions;
  routing: RoutingOptions;
  /** What it says of the cache, where there is one. */
  controls: CacheControls;
}

/** Admit: what the client asks, told apart and checked. */
export async function admit<Request extends BaseRequest, Response, Chunk>(
  { settings, cache, prices }: Pick<CallDependencies, "settings" | "cache"> & Partial<Pick<CallDependencies, "prices">>,
  operation: Operation<Request, Response, Chunk>,
  { headers, caller }: Pick<CallInput, "headers" | "caller">,
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
    size: sizeOf(operation, request, prices),
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
export function sizeOf<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: Request,
  prices?: PriceMemory,
): Size {
  let counted: Promise<number> | undefined;
  const input = () => {
    // A schema may be read, and yet be nested too deeply to be written down.
    counted ??= operation.countInput(request).catch(refuseDepth);
    return counted;
  };
  return {
    model: request.model,
    input,
    output: operation.outputBound(request),
    roomFor: (target) => operation.roomFor?.(request, target) ?? 0,
    rowFor: (target) => operation.rowFor?.(request, target) ?? prices?.rowOf(target),
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
export function inPlace<Request extends BaseRequest, Response, Chunk>(
  { router, prices }: CallDependencies,
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
  return { ...asked, request, size: sizeOf(operation, request, prices) };
}

/** Reserves; where a budget refuses, for the models the caller named for that case. */
export async function reserveOrFallBack<Request extends BaseRequest, Response, Chunk>(
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
      const admitted = { ...asked, request, size: sizeOf(operation, request, dependencies.prices) };
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

/** A picture's `background` is another: a word. */
export function asksForBackground({ background, extra_body: extra }: Readonly<Record<string, unknown>>): boolean {
  return background === true || (isRecord(extra) && extra["background"] === true);
}

/** What is made in the background is held for before anybody is asked. @throws BadRequestError where a fallback asks for it */
function refuseBackground(overrides: Readonly<Record<string, unknown>>): void {
  if (!asksForBackground(overrides)) return;
  throw new BadRequestError(
    "litellm.BadRequestError: a fallback cannot ask for background: true, only the request as a whole can",
    { param: "fallbacks.background" },
  );
}

/**
 * A fallback's own params take the place of the request's, and are checked as those were.
 * @throws SluiceError where they may not be asked for
 */
export async function withOverrides<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  admitted: Admitted<Request>,
  { overrides }: Choice,
): Promise<Admitted<Request>> {
  if (Object.keys(overrides).length === 0) return admitted;
  if (input.body["background"] !== true) refuseBackground(overrides);
  return admit(dependencies, operation, input, { ...input.body, ...overrides });
}

/** Of a request with many inputs, those whose answers are not known. */
export function lacking<Request extends BaseRequest, Response, Chunk>(
  { prices }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  asked: Admitted<Request>,
  recalled: Recall<Request, Response> | undefined,
  choice: Choice,
): Admitted<Request> {
  if (recalled === undefined || !isOfGroup(recalled, choice)) return asked;
  const request = recalled.lookup.lacking(asked.request);
  return request === asked.request ? asked : { ...asked, request, size: sizeOf(operation, request, prices) };
}

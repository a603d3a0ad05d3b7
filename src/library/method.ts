/** A function of the library, declared once: it asks the deployment its params make, or one that a Router chooses. */
import type { Lookup } from "../cache/lookup.ts";
import { validate } from "../formats/validate.ts";
import { answerWith, attempt, type CallOptions, type CallSettings } from "../operations/attempt.ts";
import type { BaseRequest, Meter, Operation } from "../operations/operation.ts";
import type { WholeOperation } from "../operations/whole.ts";
import type { Target } from "../providers/provider.ts";
import type { Deployment } from "../router/deployment.ts";
import type { Ticket } from "../router/ticket.ts";
import { bytesOf, chunksOf, tell } from "./answers.ts";
import { type AskOptions, deploymentOf, type LibraryOptions, portsOf, splitParams, TIMEOUT } from "./ask.ts";
import { lookUpAnswer } from "./cached.ts";

/** Params by name, the model among them. */
export type NamedParams = LibraryOptions & { model: string; [param: string]: unknown };

export interface Method<Request extends BaseRequest, Response, Chunk> {
  operation: Operation<Request, Response, Chunk>;
  /** The request's own fields: they are that also where LiteLLM has a setting of the same name. */
  fields: object;
  /** The params as the operation has its request; as they are, unless said. */
  asked?(params: NamedParams): NamedParams;
  /** What code gets for a whole answer, a stream, and bytes; each as it comes, unless said. */
  whole?(response: Response, request: Request): unknown;
  streamed?(chunks: AsyncIterable<Chunk>): AsyncIterable<unknown>;
  bytes?(body: ReadableStream<Uint8Array>, contentType: string): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: a Router holds methods of different types, and never looks inside
export type AnyMethod = Method<any, any, any>;

/** By an operation whose answers come whole. */
export function wholeMethod<Request extends BaseRequest, Response>(
  operation: WholeOperation<Request, Response>,
  fields: object,
): Method<Request, Response, never> {
  return { operation, fields, whole: operation.shown };
}

/** Params told apart, and the request checked. @throws BadRequestError */
export async function readParams<Request extends BaseRequest, Response, Chunk>(
  { operation, fields, asked }: Method<Request, Response, Chunk>,
  params: NamedParams,
): Promise<{ request: Request; connection: Record<string, unknown>; call: CallOptions }> {
  const { request, connection, call } = splitParams<Record<string, unknown>>(asked?.(params) ?? params, fields);
  return { request: validate(operation.request, (await operation.read?.(request)) ?? request), connection, call };
}

/**
 * One deployment's answer, as code gets it.
 * @throws SluiceError
 */
export async function carryOut<Request extends BaseRequest, Response, Chunk>(
  { operation, whole, streamed, bytes }: Method<Request, Response, Chunk>,
  request: Request,
  deployment: Deployment,
  call: CallOptions,
  settings: Partial<CallSettings>,
  options: AskOptions,
  { ticket, lookup }: Surroundings<Request, Response> = {},
): Promise<unknown> {
  const limits = { timeout: TIMEOUT, ...settings };
  const asked = lookup?.lacking(request) ?? request;
  const { answer, meter, target } = await attempt(operation, asked, deployment, call, limits, portsOf(options));
  const keep = lookup && (() => keepAnswer(lookup, meter, deployment, target));
  if (answer.kind === "stream") {
    const chunks = chunksOf(answer, meter, operation.wantsStreamUsage(request), ticket, keep);
    return streamed?.(chunks) ?? chunks;
  }
  if (answer.kind === "bytes") {
    if (bytes === undefined) throw new TypeError(`answers of ${operation.name} are no bytes`);
    return bytes(bytesOf(answer, meter, ticket), answer.contentType);
  }
  meter.response(answer.body);
  tell(ticket, meter.usage);
  keep?.();
  const body = lookup?.complete?.(answer.body) ?? answer.body;
  return whole === undefined ? body : whole(body, request);
}

/** What a call has beside its deployment. */
export interface Surroundings<Request, Response> {
  /** Told how it goes, where a router chose the deployment. */
  ticket?: Ticket;
  /** Where answers of before are, and this one is kept. */
  lookup?: Lookup<Request, Response> | undefined;
}

/** Nobody waits for it, and it never fails. */
function keepAnswer<Request, Response, Chunk>(
  lookup: Lookup<Request, Response>,
  { answer, usage }: Meter<Response, Chunk>,
  { id: deploymentId }: Deployment,
  { provider, model }: Target,
): void {
  if (answer !== undefined) void lookup.keep(answer, { usage, cost: undefined, by: { deploymentId, provider, model } });
}

/** An answer of before, as code gets it. */
export async function recalled<Request extends BaseRequest, Response, Chunk>(
  { operation, whole, streamed }: Method<Request, Response, Chunk>,
  found: Response,
  request: Request,
): Promise<unknown> {
  const answer = await answerWith(operation, found, request);
  if (answer.kind === "complete") return whole === undefined ? found : whole(found, request);
  const chunks = chunksOf(answer, NOBODY, operation.wantsStreamUsage(request));
  return streamed?.(chunks) ?? chunks;
}

/** Nobody asks what was used for an answer of before. */
const NOBODY = { usage: undefined, chunk() {} };

/**
 * The function that asks the deployment its params make.
 * @typeParam Call its overloads: what it gives depends on what the params say, which no code can prove
 */
export function direct<Call>(method: AnyMethod): Call {
  const call = async (params: NamedParams, options: AskOptions = {}) => {
    const { request, connection, call } = await readParams(method, params);
    const cached = { options, params, group: request.model, connection };
    const lookup = await lookUpAnswer(method.operation, request, call, cached);
    if (lookup?.found !== undefined) return recalled(method, lookup.found.answer, request);
    const deployment = deploymentOf(request.model, connection, options.env);
    return carryOut(method, request, deployment, call, {}, options, { lookup });
  };
  return call as Call; // see above
}

/** A function of the library, declared once: it asks the deployment its params make, or one that a Router chooses. */
import { validate } from "../formats/validate.ts";
import { attempt, type CallOptions, type CallSettings } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { WholeOperation } from "../operations/whole.ts";
import type { Deployment } from "../router/deployment.ts";
import type { Ticket } from "../router/ticket.ts";
import { bytesOf, chunksOf, tell } from "./answers.ts";
import { type AskOptions, deploymentOf, type LibraryOptions, portsOf, splitParams, TIMEOUT } from "./ask.ts";

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
 * @param ticket told how it goes, where a router chose the deployment
 * @throws SluiceError
 */
export async function carryOut<Request extends BaseRequest, Response, Chunk>(
  { operation, whole, streamed, bytes }: Method<Request, Response, Chunk>,
  request: Request,
  deployment: Deployment,
  call: CallOptions,
  settings: Partial<CallSettings>,
  options: AskOptions,
  ticket?: Ticket,
): Promise<unknown> {
  const limits = { timeout: TIMEOUT, ...settings };
  const { answer, meter } = await attempt(operation, request, deployment, call, limits, portsOf(options));
  if (answer.kind === "stream") {
    const chunks = chunksOf(answer, meter, operation.wantsStreamUsage(request), ticket);
    return streamed?.(chunks) ?? chunks;
  }
  if (answer.kind === "bytes") {
    if (bytes === undefined) throw new TypeError(`answers of ${operation.name} are no bytes`);
    return bytes(bytesOf(answer, meter, ticket), answer.contentType);
  }
  meter.response(answer.body);
  tell(ticket, meter.usage);
  return whole === undefined ? answer.body : whole(answer.body, request);
}

/**
 * The function that asks the deployment its params make.
 * @typeParam Call its overloads: what it gives depends on what the params say, which no code can prove
 */
export function direct<Call>(method: AnyMethod): Call {
  const call = async (params: NamedParams, options: AskOptions = {}) => {
    const { request, connection, call } = await readParams(method, params);
    return carryOut(method, request, deploymentOf(request.model, connection, options.env), call, {}, options);
  };
  return call as Call; // see above
}

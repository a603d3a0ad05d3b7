/**
 * An operation (chat, embeddings, ...) declared once: where it is served, what it takes and gives, how its
 * usage is read. The pipeline is the same code for all of them.
 */
import type { z } from "zod";
import type { SluiceError } from "../formats/errors.ts";
import type { Usage } from "../formats/openai/chat.ts";
import type { CostOptions } from "../models/cost.ts";
import type { ParamPolicy } from "../providers/params.ts";
import type { Adapter, Provider, Target, Wire } from "../providers/provider.ts";
import type { RouteRequest } from "../router/request.ts";
import type { MockOptions } from "./mock.ts";

/** The fields every request has. */
export interface BaseRequest {
  model: string;
  stream?: boolean | null;
}

export interface Operation<Request extends BaseRequest, Response, Chunk> {
  name: string;
  /** One line for the API's description. */
  summary: string;
  /** Hono paths under which it is served with POST; `:model{.+}` takes the model from the path. */
  paths: readonly string[];
  request: z.ZodType<Request>;
  /** The format its clients speak. */
  wire: Wire;
  adapter(provider: Provider): Adapter<Request, Response, Chunk> | undefined;
  /** @throws UnsupportedParamsError */
  settleParams(
    request: Request,
    adapter: Adapter<Request, Response, Chunk>,
    target: Target,
    policy: ParamPolicy,
  ): Request;
  /** Tokens of the prompt, counted here. */
  countInput(request: Request): Promise<number>;
  /** Tokens of output the client allows, of all its choices together; `undefined` where it says nothing. */
  outputBound(request: Request): number | undefined;
  /** The request with an answer of at most so many tokens. */
  bounded(request: Request, tokens: number): Request;
  /** Names of the parameters a provider may lack. */
  paramsOf(request: Request): readonly string[];
  /** What ties the request to others: whoever has the same is best served by the same deployment. */
  affinityOf(request: Request, session: string | undefined): RouteRequest["affinity"];
  /** Does this chunk carry something of the answer? Before the first that does, a failure is an ordinary error. */
  isContent(chunk: Chunk): boolean;
  /** A whole answer as chunks. */
  chunksOf(response: Response): Chunk[];
  /** Is this said in a dialect of the client's format, so that the answer must be rewritten for it? */
  isDialect(part: Response | Chunk): boolean;
  /** The answer the gateway makes itself. @throws SluiceError where the mock asks for an error */
  mock(mock: MockOptions, request: Request, head: { id: string; now: number; model: string }): Promise<Response>;
  /** Did the client ask to see usage in its stream? Where it did not, the gateway reads it and leaves it out. */
  wantsStreamUsage(request: Request): boolean;
  /** The request as if the client had asked for it. */
  askForUsage(request: Request): Request;
  /** A whole answer as the client gets it. */
  encodeWhole(response: Response, request: Request): string;
  /** One chunk as the client gets it, or `undefined` where it gets none. */
  encode(chunk: Chunk, request: Request): string | undefined;
  /** Ends the client's stream. */
  done: string;
  /** An error after the stream has begun. */
  encodeError(error: SluiceError): string;
  /** The body of an error before it. */
  errorBody(error: SluiceError): unknown;
  meter(request: Request): Meter<Response, Chunk>;
  /**
   * How to go on with a stream that broke off, from what the client has read of it; `undefined` where it cannot be.
   * @param usage of what was delivered
   */
  continuation(request: Request, meter: Meter<Response, Chunk>, usage: Usage): Continuation<Request, Chunk> | undefined;
}

/** The rest of a stream, asked of another deployment. */
export interface Continuation<Request, Chunk> {
  /** What to ask a deployment for; whether its model goes on from an unfinished message is known by then. */
  request(prefill: boolean): Request;
  /** The chunks as parts of the stream they continue. */
  join(chunk: Chunk): Chunk[];
}

/** Reads usage off an answer as it passes. */
export interface Meter<Response, Chunk> {
  chunk(chunk: Chunk): void;
  response(response: Response): void;
  /** The whole answer as far as it has come. */
  readonly answer: Response | undefined;
  /** What the upstream reported, if it did. */
  readonly usage: Usage | undefined;
  /** What besides usage decides the price: tier, region, speed, size of searches. */
  readonly terms: CostOptions;
  /** Tokens counted here, for an upstream that reported none or a stream that broke off. */
  estimate(model: string): Promise<Usage>;
}

/** An operation whatever its types: for tables of operations, which never look inside. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds operations of different types, and each is used with its own only
export type AnyOperation = Operation<any, any, any>;

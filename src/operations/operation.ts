/**
 * An operation (chat, embeddings, ...) declared once: where it is served, what it takes and gives, how its
 * usage is read. The pipeline is the same code for all of them.
 */
import type { z } from "zod";
import type { SluiceError } from "../formats/errors.ts";
import type { Usage } from "../formats/openai/chat.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { CostOptions } from "../models/cost.ts";
import type { AskedTerms } from "../models/worst-case.ts";
import type { ParamPolicy } from "../providers/params.ts";
import type { Adapter, Provider, Target, Wire } from "../providers/provider.ts";
import type { Deployment } from "../router/deployment.ts";
import type { RouteRequest } from "../router/request.ts";
import type { Cacheable } from "./cacheable.ts";
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
  /** Clients may send forms with files (`multipart/form-data`) instead of JSON. */
  takesForms?: true;
  /**
   * The fields of a request as its schema has them, before they are checked: forms have texts alone, and what must be
   * looked up in files is looked up here. As they are, unless said.
   * @throws SluiceError
   */
  read?(fields: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The model of requests that name none: this one, or where it is not served, the first of this mode. */
  usual?: { model: string; mode: string };
  /** The format its clients speak. */
  wire: Wire;
  /** Headers of the client that are a part of the format, in lower case: they go on to upstreams that speak it. */
  forwardedHeaders?: readonly string[];
  /** What speaks to a provider, or to this model of it. */
  adapter(provider: Provider, target: Target): Adapter<Request, Response, Chunk> | undefined;
  /** Begins the ids of answers whose upstream gives none. */
  idPrefix: string;
  /** The id of such an answer; the call's, with the prefix, unless said. */
  newId?(): string;
  /** @throws UnsupportedParamsError */
  settleParams(
    request: Request,
    adapter: Adapter<Request, Response, Chunk>,
    target: Target,
    policy: ParamPolicy,
  ): Request;
  /**
   * The request as the adapter can take it, where more is to be done than to choose parameters.
   * @throws SluiceError where that cannot be
   */
  prepare?(request: Request, adapter: Adapter<Request, Response, Chunk>, deployment: Deployment): Promise<Request>;
  /** The admin's defaults, which have chat's names, as requests to this adapter have them. As they are, unless said. */
  defaultsFor?(
    adapter: Adapter<Request, Response, Chunk>,
    defaults: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>>;
  /** How a request becomes several, for an adapter that takes only so many inputs at once. Unless said, it never does. */
  parts?: Parts<Request, Response, Chunk>;
  /** How its answers are given again to whoever asks the same; absent: they never are. */
  cacheable?: Cacheable<Request, Response>;
  /** Tokens of the prompt, counted here. */
  countInput(request: Request): Promise<number>;
  /** Tokens of the longest input, where each is looked at by itself. Unless said, all are one prompt. */
  countLongest?(request: Request): Promise<number>;
  /** Tokens of output the client allows, of all its answers together; `undefined` where it says nothing. */
  outputBound(request: Request): number | undefined;
  /** Answers it asks for at once: each may be as long as the model gives. */
  answersOf(request: Request): number;
  /** Tokens of output the provider is allowed beyond `outputBound`, or beyond what the request is `bounded` to. */
  roomFor?(request: Request, target: Target): number;
  /** What is known of the model for this request, where its price depends on more than tokens (an image of a size). */
  rowFor?(request: Request, target: Target): ModelInfo | undefined;
  /** What it asks for that makes the same tokens dearer. */
  termsOf(request: Request): AskedTerms;
  /** Whoever is asked makes something that stays, so that two are not asked to see who is faster, nor another to compare. */
  isOnce?: true;
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
  /** Is this said otherwise than the client's format has it, or the request asks, so that it must be rewritten? */
  isDialect(part: Response | Chunk, request: Request): boolean;
  /** The answer the gateway makes itself. @throws SluiceError where the mock asks for an error */
  mock(mock: MockOptions, request: Request, head: { id: string; now: number; model: string }): Promise<Response>;
  /** Did the client ask to see usage in its stream? Where it did not, the gateway reads it and leaves it out. */
  wantsStreamUsage(request: Request): boolean;
  /** The request as if the client had asked for it. */
  askForUsage(request: Request): Request;
  /** A whole answer as the client gets it. */
  encodeWhole(response: Response, request: Request): string | Uint8Array<ArrayBuffer>;
  /**
   * What the client is told in place of an answer, or of a chunk of one, by this deployment: other ids for what its provider
   * keeps. The same part where there is nothing to change; the client waits for a promise.
   */
  retold?<Part extends Response | Chunk>(part: Part, request: Request, deployment: Deployment): Part | Promise<Part>;
  /** Content type of a whole answer; JSON, unless said. */
  contentType?(response: Response, request: Request): string;
  /** One chunk as the client gets it, or `undefined` where it gets none. */
  encode(chunk: Chunk, request: Request): string | undefined;
  /** Ends the client's stream. */
  done: string;
  /**
   * An error after the stream has begun.
   * @param meter has read what came before it
   */
  encodeError(error: SluiceError, meter: Meter<Response, Chunk>): string;
  /** The body of an error before it. */
  errorBody(error: SluiceError): unknown;
  /** Its status; the error's own, unless said. */
  errorStatus?(error: SluiceError): number;
  /** @param target by whom it is answered */
  meter(request: Request, target: Target): Meter<Response, Chunk>;
  /**
   * How to go on with a stream that broke off, from what the client has read of it; `undefined` where it cannot be.
   * @param usage of what was delivered
   */
  continuation(request: Request, meter: Meter<Response, Chunk>, usage: Usage): Continuation<Request, Chunk> | undefined;
}

/** A request in parts, each asked for by itself at the same deployment, and its answers as one. */
export interface Parts<Request, Response, Chunk> {
  /** The parts in order, of at most `most` inputs each; a single one where the request is small enough. */
  split(request: Request, most: number): Request[];
  /** The answers to the parts, in order, as the one to the request. */
  join(responses: Response[], request: Request): Response;
  /** For streams: takes the chunks of each part as they come, and gives them as chunks of the whole. */
  joiner?(request: Request): ChunkJoiner<Chunk>;
}

export interface ChunkJoiner<Chunk> {
  chunk(part: number, chunk: Chunk): Chunk[];
  /** All parts have ended: whatever is still owed. */
  end(): Chunk[];
}

/** The rest of a stream, asked of another deployment. */
export interface Continuation<Request, Chunk> {
  /** What to ask a deployment for; whether its model goes on from an unfinished message is known by then. */
  request(prefill: boolean): Request;
  /** The chunks as parts of the stream they continue. */
  join(chunk: Chunk): Chunk[];
  /** An error after it, too, has broken off; as of any stream, unless said. */
  encodeError?(error: SluiceError): string;
}

/** Reads usage off an answer as it passes. */
export interface Meter<Response, Chunk> {
  chunk(chunk: Chunk): void;
  response(response: Response): void;
  /** A piece of an answer that goes on as the bytes it is. */
  bytes?(piece: Uint8Array, contentType: string): void;
  /** The whole answer as far as it has come. */
  readonly answer: Response | undefined;
  /** The model that has answered, as the answer says, where `answer.model` does not. */
  readonly model?: string | undefined;
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

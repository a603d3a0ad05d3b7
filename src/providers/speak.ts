/**
 * Speaks to one upstream once: translate, fetch, translate back. It knows nothing of retries or clients.
 */
import { AWS_EVENT_STREAM, AwsEventStreamDecoder } from "../formats/aws-event-stream.ts";
import { APIResponseValidationError, BadRequestError, SluiceError, Timeout } from "../formats/errors.ts";
import { formatEvent } from "../formats/sse.ts";
import { ChunkSource, connectionError } from "./chunk-source.ts";
import { lastAnswer } from "./follow.ts";
import { type IdleLimit, withinIdleLimit } from "./idle.ts";
import { refusePage } from "./media.ts";
import { type Hide, Proofs } from "./proofs.ts";
import type { Adapter, Authorize, Exchange, Target, UpstreamRequest } from "./provider.ts";
import { errorText, wholeEvents, wholeText } from "./whole-body.ts";

export interface SpeakOptions<Response, Chunk> {
  fetch: typeof fetch;
  /** Of the provider; asked for each request. */
  authorize?: Authorize;
  /** Aborts the upstream: the client has left. */
  signal?: AbortSignal;
  /** Seconds until the answer is whole; of a stream until its first content, and between two pieces. */
  timeout?: number;
  /** The limit is the client's own: reaching it says nothing of the deployment. */
  timeoutIsClients?: boolean;
  stream: boolean;
  /** Fields for the upstream's JSON body, over what the adapter made of the request. */
  extraBody?: Record<string, unknown>;
  /** Does this chunk carry something of the answer (not only a role or a ping)? */
  isContent(chunk: Chunk): boolean;
  /** Whole answers as chunks, for an upstream that was asked for a stream and did not stream. */
  chunksOf(response: Response): Chunk[];
  /** The largest answer that is read whole. */
  maxResponseBytes?: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Id of answers whose upstream gives none. */
  id: string;
  /** Told the URL that is about to be asked. */
  onRequest?(url: string): void;
}

export type Answer<Response, Chunk> =
  | {
      kind: "bytes";
      /** Its beginning has come already. */
      body: ReadableStream<Uint8Array>;
      contentType: string;
      status: number;
      headers: Record<string, string>;
      /** Stops the upstream. */
      abort(reason: unknown): void;
    }
  | {
      kind: "complete";
      body: Response;
      /** The upstream's, where it may be another than 200. */
      status?: number;
      /** The upstream's own text; absent where there was no upstream. */
      text?: string;
      headers: Record<string, string>;
    }
  | {
      kind: "stream";
      chunks: ChunkSource<Chunk>;
      /** The upstream's own body, of which `chunks` has read the beginning. */
      body: ReadableStream<Uint8Array>;
      /** The body is a stream in the provider's format: its bytes may go on as they are. */
      relayable: boolean;
      headers: Record<string, string>;
      /** Stops the upstream. */
      abort(reason: unknown): void;
    };

/** @throws SluiceError for everything that goes wrong before the answer (or the first content of its stream) */
export async function speak<Request, Response, Chunk>(
  adapter: Adapter<Request, Response, Chunk>,
  request: Request,
  target: Target,
  options: SpeakOptions<Response, Chunk>,
): Promise<Answer<Response, Chunk>> {
  const upstream = compose(adapter, request, target, options.extraBody);
  options.onRequest?.(upstream.url);
  const controller = new AbortController();
  const abort = (reason: unknown) => controller.abort(reason);
  const clientGone = () => abort(options.signal?.reason);
  options.signal?.addEventListener("abort", clientGone, { once: true });
  if (options.signal?.aborted) clientGone();
  const tooSlow = (what: string) => {
    const { provider, model } = target;
    const message = `litellm.Timeout: ${provider}/${model} ${what} ${options.timeout} seconds`;
    return new Timeout(message, { provider, model, blameless: options.timeoutIsClients });
  };
  const silent = () => {
    const error = tooSlow("went silent for");
    abort(error);
    return error;
  };
  let streams = false;
  const timer =
    options.timeout === undefined
      ? undefined
      : startTimer(options.timeout, () => abort(tooSlow("did not answer within")));

  const proofs = new Proofs(target.apiKey);
  const { hide } = proofs;
  try {
    const send = sender(target, options, controller.signal, proofs);
    const first = await send(upstream);
    const response = await lastAnswer(adapter, request, target, first, (next) =>
      send({ method: "GET", ...next }, next.isSigned ?? isSameHost(next.url, upstream.url)),
    );
    const headers = headersOf(response, hide);
    if (!response.ok) {
      const body = hide(await errorText(response));
      throw adapter.error({ status: response.status, body, headers, target });
    }
    const exchange: Exchange<Request> = {
      request,
      target,
      headers,
      now: Math.floor(options.now() / 1000),
      id: options.id,
    };
    const kind = kindOf(adapter, request, target, options.stream, response);
    if (kind === "json" && isAwsEventStream(response)) {
      // Some stream to everyone: whoever did not ask for it gets the events as a list.
      const events = await wholeEvents(response, new AwsEventStreamDecoder(), options.maxResponseBytes);
      return { kind: "complete", body: adapter.response(events, exchange), status: response.status, headers };
    }
    if (kind === "json" || kind === "text") {
      const text = await wholeText(response, options.maxResponseBytes);
      if (text === "" && mayBeAnything(adapter, request, target)) return nothing(response, headers, abort);
      const said = kind === "json" ? parseJson(text, target, hide) : text;
      return { kind: "complete", body: adapter.response(said, exchange), text, status: response.status, headers };
    }
    const { timeout } = options;
    const idle = timeout === undefined ? undefined : { seconds: timeout, expire: () => silent() };
    if (kind === "bytes") {
      const contentType = response.headers.get("content-type") ?? "application/octet-stream";
      const isMedia = adapter.answers?.(request, target) === "media";
      const body = await begunBytes(response, idle, (first) => {
        if (isMedia) refusePage(first, contentType, target, hide);
      });
      streams = true;
      return { kind, body, contentType, status: response.status, headers, abort };
    }
    const body = response.body ?? new Blob([]).stream();
    const streamed = await asEventStream(response, body, adapter, exchange, options, hide);
    const chunks = new ChunkSource(streamed.body, streamed.decoder, streamed.framing);
    await chunks.begin(options.isContent);
    streams = true;
    chunks.idle = idle;
    return { kind: "stream", chunks, body: streamed.body, relayable: streamed.relayable, headers, abort };
  } catch (cause) {
    // A fetch that was aborted does not always say why; the signal does.
    const error = controller.signal.aborted ? connectionError(controller.signal.reason) : cause;
    abort(error); // frees the connection where the failure was found in the body
    throw settleError(error, target, hide);
  } finally {
    clearTimeout(timer);
    if (!streams) options.signal?.removeEventListener("abort", clientGone); // the signal may outlive many calls
  }
}

function kindOf<Request, Response, Chunk>(
  adapter: Adapter<Request, Response, Chunk>,
  request: Request,
  target: Target,
  isStream: boolean,
  response: globalThis.Response,
): "json" | "text" | "bytes" | "events" {
  if (isStream) return "events";
  const kind = adapter.answers?.(request, target) ?? "json";
  if (kind !== "any" && kind !== "media") return kind;
  return /\bjson\b/i.test(response.headers.get("content-type") ?? "") ? "json" : "bytes";
}

/** Some answer with JSON that is not there: to HEAD, with 204 or 205. */
function mayBeAnything<Request, Response, Chunk>(
  { answers }: Adapter<Request, Response, Chunk>,
  request: Request,
  target: Target,
): boolean {
  return answers?.(request, target) === "any";
}

function nothing(
  { status }: globalThis.Response,
  headers: Record<string, string>,
  abort: (reason: unknown) => void,
): Extract<Answer<never, never>, { kind: "bytes" }> {
  const contentType = headers["content-type"] ?? "application/octet-stream";
  return { kind: "bytes", body: new Blob([]).stream(), contentType, status, headers, abort };
}

function isAwsEventStream({ headers }: globalThis.Response): boolean {
  return headers.get("content-type")?.startsWith(AWS_EVENT_STREAM) === true;
}

/** The upstream's, in which what it was asked with may be repeated. */
function headersOf({ headers }: globalThis.Response, hide: Hide): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name, hide(value)]));
}

/** The body, once its first bytes are here and looked at; until then a failure is an ordinary error. */
async function begunBytes(
  response: globalThis.Response,
  idle: IdleLimit | undefined,
  check: (first: Uint8Array) => void,
): Promise<ReadableStream<Uint8Array>> {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await reader.read().catch(broken);
  check(first.value ?? new Uint8Array());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = first ?? (await withinIdleLimit(reader.read(), idle).catch(broken));
        first = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** A request as it is fetched. */
interface SentRequest extends Omit<UpstreamRequest, "body"> {
  body?: string | FormData | Uint8Array | ReadableStream<Uint8Array>;
}

/** Sends a request, with what proves who asks. */
function sender<Response, Chunk>(
  target: Target,
  { fetch, authorize, now }: SpeakOptions<Response, Chunk>,
  signal: AbortSignal,
  proofs: Proofs,
) {
  return async ({ url, method, headers, body }: SentRequest, isSigned = true): Promise<globalThis.Response> => {
    const known = typeof body === "string" || body instanceof Uint8Array ? body : undefined;
    const proof = isSigned
      ? await authorize?.({ method, url, headers, ...(known !== undefined && { body: known }) }, target, {
          fetch,
          now,
          signal,
        })
      : undefined;
    // Credentials are bound to their host: a redirect is an answer like any other, and never followed.
    const sent = { ...headers, ...proof };
    proofs.add(sent);
    const init: RequestInit = { method, headers: sent, redirect: "manual", signal };
    if (body !== undefined) init.body = body as Exclude<typeof body, Uint8Array> | Uint8Array<ArrayBuffer>; // bytes made here are never shared memory
    if (body instanceof ReadableStream) Object.assign(init, { duplex: "half" }); // Node asks for it
    return fetch(url, init).catch(broken);
  };
}

function isSameHost(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).host === new URL(other).host;
}

/**
 * The request as it is fetched.
 * @throws BadRequestError also where it is nested more deeply than it can be walked
 */
function compose<Request, Response, Chunk>(
  adapter: Adapter<Request, Response, Chunk>,
  request: Request,
  target: Target,
  extraBody?: Record<string, unknown>,
): SentRequest {
  try {
    const { body, ...upstream } = composed(adapter, request, target, extraBody);
    if (body === undefined) return upstream;
    return { ...upstream, body: "json" in body ? JSON.stringify(body.json) : body };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const { provider, model } = target;
    const message = "litellm.BadRequestError: the request is too deeply nested";
    throw new BadRequestError(message, { provider, model, cause });
  }
}

/** The request as the adapter makes it, with the fields that are the admin's. @throws SluiceError */
export function composed<Request, Response, Chunk>(
  adapter: Adapter<Request, Response, Chunk>,
  request: Request,
  target: Target,
  extraBody?: Record<string, unknown>,
): UpstreamRequest {
  const { body, ...upstream } = adapter.request(request, target);
  if (body instanceof FormData) addFields(body, extraBody);
  if (body === undefined) return upstream;
  if (!("json" in body)) return { ...upstream, body };
  const json = { ...body.json, ...extraBody };
  return { ...upstream, body: { json: adapter.finish?.(json, target) ?? json } };
}

function addFields(form: FormData, fields: Record<string, unknown> = {}): void {
  for (const [name, value] of Object.entries(fields))
    form.set(name, typeof value === "string" ? value : JSON.stringify(value));
}

/** Milliseconds; Node's timers fire at once where it is more. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The error of `expire` is the abort reason, so that `fetch` and the body reader fail with it. */
function startTimer(seconds: number, expire: () => void) {
  return setTimeout(expire, Math.min(seconds * 1000, LONGEST_TIMER));
}

/**
 * An upstream that was asked for a stream may answer with JSON, or with a page. A JSON array is the stream's events in
 * a list (Gemini without `alt=sse`).
 */
async function asEventStream<Request, Response, Chunk>(
  response: globalThis.Response,
  body: ReadableStream<Uint8Array>,
  adapter: Adapter<Request, Response, Chunk>,
  exchange: Exchange<Request>,
  options: SpeakOptions<Response, Chunk>,
  hide: Hide,
) {
  const type = response.headers.get("content-type") ?? "";
  const mayBeText = /text\/plain/i.test(type) && adapter.answers?.(exchange.request, exchange.target) === "text";
  if (!mayBeText && !/application\/json|text\/html/i.test(type))
    return {
      body,
      decoder: adapter.stream(exchange),
      ...(isAwsEventStream(response)
        ? { relayable: false, framing: () => new AwsEventStreamDecoder() }
        : { relayable: true, framing: undefined }),
    };
  const text = await wholeText(new Response(body), options.maxResponseBytes);
  const isEvents = /^\s*(?:data|event|id|:)/.test(text);
  const json = isEvents ? undefined : mayBeText ? text : parseJson(text, exchange.target, hide);
  if (isEvents || Array.isArray(json)) {
    const events = Array.isArray(json) ? json.map((item) => formatEvent(JSON.stringify(item))).join("") : text;
    return {
      body: new Blob([events]).stream(),
      decoder: adapter.stream(exchange),
      relayable: false,
      framing: undefined,
    };
  }
  const chunks = options.chunksOf(adapter.response(json, exchange));
  return {
    body: new Blob([]).stream(),
    decoder: { event: () => [], end: () => chunks },
    relayable: false,
    framing: undefined,
  };
}

function parseJson(text: string, target: Target, hide: Hide): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const shown = hide(text).trim().slice(0, 500);
    throw new APIResponseValidationError(
      `litellm.APIResponseValidationError: ${target.provider} answered with something that is not JSON: ${shown}`,
      { provider: target.provider, model: target.model, cause },
    );
  }
}

function broken(cause: unknown): never {
  throw connectionError(cause);
}

/**
 * Names provider and model in what the connection or the clock threw; a fault of our own passes as it is. An answer that is
 * none is quoted, and may be the echo of the request.
 */
function settleError(error: unknown, target: Target, hide: Hide): unknown {
  if (!(error instanceof SluiceError)) return error;
  error.message = hide(error.message);
  if (error.provider !== undefined) return error;
  const { provider, model } = target;
  const Class = error.constructor as new (message: string, details: object) => SluiceError; // the class it already has
  return new Class(error.message, {
    provider,
    model,
    headers: error.headers,
    param: error.param,
    cause: error.cause,
    blameless: error.blameless,
  });
}

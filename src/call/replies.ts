/** What the client gets: an answer as a whole, as bytes, as a stream, or one of before. */
import type { SluiceError } from "../formats/errors.ts";
import { type Attempt, answerWith } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { Adapter } from "../providers/provider.ts";
import type { Answer } from "../providers/speak.ts";
import type { Choice } from "../router/engine.ts";
import { passBytes } from "./bytes.ts";
import type { CallInput, Reply } from "./call.ts";
import type { Rest } from "./continue.ts";
import { replyHeaders } from "./headers.ts";
import type { Recall } from "./recall.ts";
import { type Passage, relay, translate } from "./relay.ts";
import type { Settlement } from "./settlement.ts";

/** What tells the client another thing than the deployment said; `undefined` where nothing is retold. */
export function retelling<Request extends BaseRequest, Response, Chunk>(
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
export async function replyRecalled<Request extends BaseRequest, Response, Chunk>(
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
export async function replyWhole<Request extends BaseRequest, Response, Chunk>(
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
export function replyBytes<Request, Response, Chunk>(
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

export function replyStream<Request extends BaseRequest, Response, Chunk>(
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

/** Going on with a stream that broke off after the client has read a part of it (`mid_stream_fallback: continue`). */
import type { SluiceError } from "../formats/errors.ts";
import type { Attempt } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { Choice, RoutingEngine } from "../router/engine.ts";
import type { RouteRequest } from "../router/request.ts";
import type { ChunkReader } from "./relay.ts";
import type { Settlement } from "./settlement.ts";

interface Broken<Request extends BaseRequest, Response, Chunk> {
  operation: Operation<Request, Response, Chunk>;
  request: Request;
  /** The attempt that broke off, and the deployment it was made at. */
  attempt: Attempt<Request, Response, Chunk>;
  choice: Choice;
  route: RouteRequest;
  router: RoutingEngine;
  settlement: Settlement;
  /** Asks a deployment for the rest. */
  ask(choice: Choice, request: Request): Promise<Attempt<Request, Response, Chunk>>;
}

/** The rest of the stream, and what stops it. */
export interface Rest<Chunk> extends ChunkReader<Chunk> {
  abort(reason: unknown): void;
  /** As of `Continuation`. */
  encodeError?(error: SluiceError): string;
}

/**
 * Asks the group again for the rest, other deployments first.
 * @returns `undefined` where it cannot go on: the stream ends with the error it broke off with
 */
export async function continueStream<Request extends BaseRequest, Response, Chunk>(
  { operation, request, attempt, choice, route, router, settlement, ask }: Broken<Request, Response, Chunk>,
  error: SluiceError,
): Promise<Rest<Chunk> | undefined> {
  if (router.settings.midStreamFallback !== "continue" || route.disableFallbacks) return undefined;
  const usage = await attempt.meter.estimate(attempt.target.model);
  const continuation = operation.continuation(request, attempt.meter, usage);
  if (continuation === undefined) return undefined;
  settlement.brokeOff(error, usage);
  const again: RouteRequest = { ...route, avoid: [choice.deployment.id], testing: undefined };
  const outcome = await router
    .run(again, (next) => ask(next, continuation.request(takesPrefill(next))), settlement.record)
    .catch(() => undefined); // nobody can go on: the first error is the one to tell
  if (outcome === undefined) return undefined;
  settlement.answered(outcome);
  const { answer, meter } = outcome.value;
  if (answer.kind !== "stream") return undefined;
  return {
    async read() {
      const chunks = await answer.chunks.read();
      return chunks?.flatMap((chunk) => {
        meter.chunk(chunk);
        return continuation.join(chunk);
      });
    },
    cancel: (reason) => answer.chunks.cancel(reason),
    abort: answer.abort,
    ...(continuation.encodeError && { encodeError: (error) => continuation.encodeError?.(error) ?? "" }),
  };
}

function takesPrefill({ deployment }: Choice): boolean {
  return deployment.target.info?.["supports_assistant_prefill"] === true;
}

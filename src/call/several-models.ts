/**
 * One request to several models: `model: "a,b"`, LiteLLM's batch completion. Each is a call of its own, with its own
 * record. The answer is the list of all, or with `fastest_response` the first that succeeds.
 */

import { BadRequestError, type SluiceError } from "../formats/errors.ts";
import { formatUsd } from "../models/cost.ts";
import { NANO } from "../models/money.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { CallDependencies, CallInput, Reply } from "./call.ts";
import { errorHeaders } from "./headers.ts";
import { Settlement } from "./settlement.ts";
import { performWithShadows } from "./shadow.ts";
import { VERSION } from "./version.ts";

/** Models one request may ask. */
const MOST_MODELS = 10;

/** Carries a client's request through: one call, or one for each of the models it names. */
export function performForModels<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
): Promise<Reply> {
  const { groups } = dependencies.router;
  const models = modelsOf(input.body["model"], (name) => groups.isNamed(name, input.caller.attribution.teamId));
  if (models === undefined) return performWithShadows(dependencies, operation, input);
  const refused = refusal(models, input);
  if (refused !== undefined) return refuse(dependencies, operation, input, refused);
  const call = (index: number, signal: AbortSignal) => {
    const body = { ...input.body, model: models[index] };
    return performWithShadows(dependencies, operation, {
      ...input,
      id: `${input.id}-${index + 1}`,
      isOwnId: false,
      body,
      signal,
    });
  };
  return isFastestWanted(input) ? fastest(models, input.signal, call) : all(models, input.signal, call);
}

/** The models named, where there are several; what is itself the name of one is not taken apart. */
export function modelsOf(model: unknown, isNamed: (name: string) => boolean): string[] | undefined {
  if (typeof model !== "string" || !model.includes(",") || isNamed(model)) return undefined;
  const names = model.split(",").map((name) => name.trim());
  return names.filter((name) => name !== "");
}

function isFastestWanted({ body }: CallInput): boolean {
  return body["fastest_response"] === true;
}

function refusal(models: readonly string[], input: CallInput): BadRequestError | undefined {
  if (models.length === 0)
    return new BadRequestError("litellm.BadRequestError: model names no model", { param: "model" });
  if (models.length > MOST_MODELS)
    return new BadRequestError(
      `litellm.BadRequestError: model names ${models.length} models; one request may ask ${MOST_MODELS} at most`,
      { param: "model" },
    );
  if (input.body["stream"] === true && !isFastestWanted(input))
    return new BadRequestError(
      "litellm.BadRequestError: several models cannot be streamed at once; ask without stream, or with fastest_response: true for the first to answer",
      { param: "stream" },
    );
  return undefined;
}

/** A failure before any model is asked; it too is on the ledger. */
async function refuse<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
  error: SluiceError,
): Promise<Reply> {
  const settlement = new Settlement(dependencies, operation.name, input);
  dependencies.waitUntil(settlement.done);
  settlement.fail(error, false);
  return {
    status: operation.errorStatus?.(error) ?? error.status,
    headers: { "content-type": "application/json", ...errorHeaders(settlement, error) },
    body: JSON.stringify(operation.errorBody(error)),
    ended: settlement.done,
  };
}

type Call = (index: number, signal: AbortSignal) => Promise<Reply>;

/** The list of the answers in the models' order; what failed stands there as its error. If all did, the first error. */
async function all(models: readonly string[], signal: AbortSignal, call: Call): Promise<Reply> {
  const replies = await Promise.all(models.map((_, index) => call(index, signal)));
  const [first] = replies;
  if (first !== undefined && replies.every(isFailure)) return first;
  const cost = totalCost(replies);
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      "x-litellm-version": VERSION,
      ...(cost !== undefined && { "x-litellm-response-cost": cost }),
    },
    body: `[${replies.map(itemOf).join(",")}]`,
    ended: Promise.all(replies.map(({ ended }) => ended)).then(() => "success"),
  };
}

/** A reply as an item of the list. Text that is no JSON (a transcript) becomes a string; bytes cannot be in a list. */
function itemOf({ headers, body }: Reply): string {
  if (typeof body === "string")
    return headers["content-type"]?.startsWith("application/json") ? body : JSON.stringify(body);
  void discard(body);
  const error = new BadRequestError("litellm.BadRequestError: such an answer cannot stand in a list: ask one model");
  return JSON.stringify(error.toBody());
}

/** The first answer, or the first stream to begin; the other calls are stopped. If all fail, the first model's error. */
async function fastest(models: readonly string[], signal: AbortSignal, call: Call): Promise<Reply> {
  const running = models.map((_, index) => {
    const stop = new AbortController();
    return { stop, reply: call(index, AbortSignal.any([signal, stop.signal])) };
  });
  const successes = running.map(async (one) => {
    const reply = await one.reply;
    if (isFailure(reply)) throw reply;
    return { one, reply };
  });
  const winner = await Promise.any(successes).catch(() => undefined);
  if (winner === undefined) return (await Promise.all(running.map(({ reply }) => reply)))[0] as Reply; // there is at least one model
  for (const one of running) {
    if (one === winner.one) continue;
    one.stop.abort(new DOMException("another model was faster", "AbortError"));
    void one.reply.then(({ body }) => discard(body));
  }
  const headers = { ...winner.reply.headers, "x-litellm-fastest_response_batch_completion": "True" };
  return { ...winner.reply, headers };
}

/** Ends a stream nobody will read. */
async function discard(body: Reply["body"]): Promise<void> {
  if (body instanceof ReadableStream) await body.cancel().catch(() => {}); // it was being stopped already
}

function isFailure({ status }: Reply): boolean {
  return status >= 400;
}

/** US dollars of all; `undefined` where one that succeeded has no known price. */
function totalCost(replies: readonly Reply[]): string | undefined {
  const costs = replies.filter((reply) => !isFailure(reply)).map(({ headers }) => headers["x-litellm-response-cost"]);
  if (costs.some((cost) => cost === undefined)) return undefined;
  return formatUsd(costs.reduce((sum, cost) => sum + Math.round(Number(cost) * NANO), 0)); // as nano-dollars they are whole
}

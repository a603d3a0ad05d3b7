/** Requests of a batch as lines of a provider's job, and its answers as they would be to calls: by the adapters of calls. */
import { resultId } from "../../../../batches/result.ts";
import type { BatchSpec } from "../../../../batches/state.ts";
import { admit } from "../../../../call/admit.ts";
import type { CallDependencies } from "../../../../call/call.ts";
import type { Caller } from "../../../../call/caller.ts";
import { APIResponseValidationError, SluiceError } from "../../../../formats/errors.ts";
import type { Usage } from "../../../../formats/openai/chat.ts";
import { type Settled, settle } from "../../../../operations/attempt.ts";
import type { AnyOperation } from "../../../../operations/operation.ts";
import type { BatchJobs, JobLine, JobResult } from "../../../../providers/batch-jobs.ts";
import { composed } from "../../../../providers/speak.ts";
import type { Deployment } from "../../../../router/deployment.ts";

export interface Translation {
  spec: BatchSpec;
  operation: AnyOperation;
  deployment: Deployment;
  jobs: BatchJobs;
  calls: Pick<CallDependencies, "settings">;
  /** Whose rules the requests are held to. */
  caller: Caller;
}

// biome-ignore lint/suspicious/noExplicitAny: of the batch's operation, whichever that is
type AnySettled = Settled<any, any, any>;

/** The request as the deployment is asked for it. @throws SluiceError */
async function settled(
  { operation, deployment, calls, caller }: Translation,
  body: Record<string, unknown>,
): Promise<AnySettled> {
  const { request, options } = await admit(calls, operation, { headers: new Headers(), caller }, body);
  return settle(operation, request, deployment, options, calls.settings);
}

/**
 * @returns `undefined` where only a call can ask for it
 * @throws SluiceError where nobody can
 */
export async function toLine(
  translation: Translation,
  number: number,
  body: Record<string, unknown>,
): Promise<JobLine | undefined> {
  const { operation, deployment, jobs } = translation;
  const { adapter, target, request } = await settled(translation, body);
  const most = typeof adapter.mostInputs === "function" ? adapter.mostInputs(target) : adapter.mostInputs;
  const isOne =
    most === undefined || operation.parts === undefined || operation.parts.split(request, most).length === 1;
  if (adapter.answer !== undefined || !isOne) return undefined;
  const { body: asked, ...upstream } = composed(adapter, request, target, deployment.extraBody);
  if (asked === undefined || !("json" in asked)) return undefined;
  return jobs.line(lineId(number), { ...upstream, body: asked.json as Record<string, unknown> }, target); // as `JsonBody` has it
}

/** What a line has become. */
export interface Answered {
  ok: boolean;
  status: number;
  /** JSON, in the format of the batch's endpoint. */
  text: string;
  /** Of an answer of the model's. */
  usage?: Usage;
}

/**
 * In place of a request that cannot be read any more, as its file is deleted or its rules have changed: its answer was paid
 * for, and few translations look at more than the answer.
 */
const STAND_INS: readonly Record<string, unknown>[] = [
  { messages: [{ role: "user", content: "-" }], max_tokens: 1 },
  { input: "-" },
  { prompt: "-" },
];

/** @param body of the request it answers */
export async function toAnswer(
  translation: Translation,
  number: number,
  body: Record<string, unknown>,
  result: JobResult,
): Promise<Answered> {
  const { operation, deployment } = translation;
  const model = body["model"] ?? deployment.modelName;
  let refusal: SluiceError | undefined;
  for (const request of [body, ...STAND_INS.map((one) => ({ ...one, model }))]) {
    const answered = await answerTo(translation, number, request, result);
    if (!(answered instanceof SluiceError)) return answered;
    refusal ??= answered;
  }
  return refused(operation, refusal ?? new SluiceError("nothing was asked"));
}

/** An error where the answer is none to this request. */
async function answerTo(
  translation: Translation,
  number: number,
  body: Record<string, unknown>,
  result: JobResult,
): Promise<Answered | SluiceError> {
  const known = await settled(translation, body).catch((error: unknown) => {
    if (error instanceof SluiceError && error.status < 500) return error;
    throw error; // it is read again in a while
  });
  if (known instanceof SluiceError) return known;
  try {
    return await translated(translation, number, known, result);
  } catch (cause) {
    // Whatever a provider says is the end of this line alone: looked at again it would say the same.
    if (cause instanceof SluiceError) return cause;
    const { provider, model } = known.target;
    const message = `litellm.APIResponseValidationError: the answer of ${provider} cannot be read`;
    return new APIResponseValidationError(message, { provider, model, cause });
  }
}

async function translated(
  { operation, spec }: Translation,
  number: number,
  { adapter, target, request }: AnySettled,
  result: JobResult,
): Promise<Answered> {
  if ("error" in result) {
    const { status, error } = result;
    return refused(operation, adapter.error({ status, body: error, headers: {}, target }));
  }
  const id = operation.newId?.() ?? `${operation.idPrefix}${resultId(spec.id, number)}`;
  const exchange = { request, target, headers: {}, now: Math.floor(Date.now() / 1000), id };
  const response: unknown = adapter.response(result.body, exchange);
  const meter = operation.meter(request, target);
  meter.response(response);
  const usage = meter.usage ?? (await meter.estimate(target.model));
  const whole = operation.encodeWhole(response, request);
  return { ok: true, status: 200, text: typeof whole === "string" ? whole : new TextDecoder().decode(whole), usage };
}

export function refused(operation: AnyOperation, error: SluiceError): Answered {
  const status = operation.errorStatus?.(error) ?? error.status;
  return { ok: false, status, text: JSON.stringify(operation.errorBody(error)) };
}

/** By which a job knows a line: clients' ids may be anything, and twice as long as its provider takes. */
export function lineId(number: number): string {
  return `line${String(number).padStart(7, "0")}`;
}

/** `undefined` for what is no such id. */
export function numberOf(id: string): number | undefined {
  const [, digits] = /^line(\d{7,})$/.exec(id) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

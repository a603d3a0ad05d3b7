/** Requests of a batch as lines of a provider's job, and its answers as they would be to calls: by the adapters of calls. */
import { resultId } from "../../../../batches/result.ts";
import type { BatchSpec } from "../../../../batches/state.ts";
import { admit } from "../../../../call/admit.ts";
import type { CallDependencies } from "../../../../call/call.ts";
import type { Caller } from "../../../../call/caller.ts";
import { SluiceError } from "../../../../formats/errors.ts";
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

/** @param body of the request it answers */
export async function toAnswer(
  translation: Translation,
  number: number,
  body: Record<string, unknown>,
  result: JobResult,
): Promise<Answered> {
  const { operation, spec } = translation;
  try {
    const { adapter, target, request } = await settled(translation, body);
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
  } catch (error) {
    if (error instanceof SluiceError) return refused(operation, error);
    throw error;
  }
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

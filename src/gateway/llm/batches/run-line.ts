/** One line of a batch, through the pipeline all calls take. */

import { type BatchLine, isWrong, readLine } from "../../../batches/input.ts";
import { type LineAnswer, resultId, resultLine } from "../../../batches/result.ts";
import type { BatchSpec, ClaimedLine, LineReport } from "../../../batches/state.ts";
import type { CallDependencies, CallInput, Reply } from "../../../call/call.ts";
import type { Caller } from "../../../call/caller.ts";
import { performForModels } from "../../../call/several-models.ts";
import { asRecord, isRecord } from "../../../formats/json.ts";
import type { ClosedNote } from "../../../ledger/notes.ts";
import type { AnyOperation } from "../../../operations/operation.ts";
import { responses } from "../../../operations/responses.ts";
import type { FileStore } from "../../../store/files.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { refuseOtherPrevious } from "../responses/begin.ts";

/** Milliseconds a line may take: whoever works for a queue has a quarter of an hour. */
const LONGEST_CALL = 12 * 60_000;
/** Milliseconds until a line that was refused is tried again: doubled each time. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** A budget may be held by calls under way; what it refuses again and again is used up. */
const BUDGET_TRIES = 3;
const BUDGET_PAUSE = 2000;
/** The gateway or the provider was away for so many tries. */
const AWAY_TRIES = 5;

export interface LinePorts {
  files: FileStore;
  calls: CallDependencies;
  operation: AnyOperation;
  /** Who pays for it, as the line's body says. */
  callerOf(body: Record<string, unknown>, metadata: Record<string, unknown>): Caller;
}

export async function runLine(ports: LinePorts, spec: BatchSpec, line: ClaimedLine): Promise<LineReport> {
  const { files, calls, operation } = ports;
  const failed = (code: string, message: string) => failedLine(spec, line, { code, message });
  const stored = await files.get(spec.inputKey, { offset: line.offset, length: line.length });
  if (stored === undefined) return failed("file_not_found", "The input file is gone.");
  const bytes = new Uint8Array(await new Response(stored.body).arrayBuffer());
  const read = readLine({ ...line, bytes }, { endpoint: spec.endpoint, needsModel: false });
  if (isWrong(read)) return failed(read.code, read.message);
  const body = bodyOf(read, spec, operation);

  // What becomes of the call goes on the ledger with its result: both are told, or neither is.
  const notes: ClosedNote[] = [];
  let isTold = false;
  const journal = {
    opened() {},
    closed: (note: Omit<ClosedNote, "wasOpened">) =>
      isTold ? calls.journal.closed(note) : void notes.push({ ...note, wasOpened: false }),
  };
  const id = newLogId(calls.now());
  const signal = AbortSignal.timeout(LONGEST_CALL);
  const input: CallInput = {
    id,
    isOwnId: true,
    body,
    headers: new Headers(),
    signal,
    caller: ports.callerOf(body, { batch_id: spec.id, custom_id: line.customId }),
  };
  const reply = await performForModels({ ...calls, journal }, ofLine(operation), input);
  const text = await textOf(reply);
  await reply.ended;
  isTold = true;
  const again = pauseBefore(reply, text, line.tries);
  if (again !== undefined) return { kind: "again", after: again, isLimit: !reply.mayPass };
  if (signal.aborted) return done(spec, line, { error: TIMED_OUT }, notes);
  if (text === undefined) return done(spec, line, { error: NO_JSON }, notes);
  const requestId = reply.headers["x-litellm-call-id"] ?? id;
  return done(spec, line, { status: reply.status, requestId, text }, notes);
}

/** A line's request as it is asked for. */
export function bodyOf(
  { body: { stream: _, stream_options: __, ...fields } }: BatchLine, // nobody reads a stream in a file
  { model }: Pick<BatchSpec, "model">,
  { usual, name }: Pick<AnyOperation, "usual" | "name">,
): Record<string, unknown> {
  const body = { ...fields, model: fields["model"] ?? model ?? usual?.model };
  return name === responses.name ? atOnce(body) : body;
}

/** Nobody asks whose the response is that a line, or one of its fallbacks, names: it names none. */
export function ofLine(operation: AnyOperation): AnyOperation {
  if (operation.name !== responses.name) return operation;
  return {
    ...operation,
    async prepare(request, adapter, deployment) {
      refuseOtherPrevious(request, { body: {} });
      return (await operation.prepare?.(request, adapter, deployment)) ?? request;
    },
  };
}

/** A batch is in the background as a whole: nobody comes back for one of its lines, and what that used would not be known. */
function atOnce({ background: _, ...body }: Record<string, unknown>): Record<string, unknown> {
  const { extra_body: extra } = body;
  if (!isRecord(extra)) return body;
  const { background: __, ...others } = extra;
  return { ...body, extra_body: others };
}

/** It is over without a call. */
export function failedLine(spec: BatchSpec, line: ClaimedLine, error: { code: string; message: string }): LineReport {
  return done(spec, line, { error }, []);
}

const TIMED_OUT = {
  code: "request_timeout",
  message: `The request took longer than ${LONGEST_CALL / 60_000} minutes.`,
};
const NO_JSON = {
  code: "unsupported_answer",
  message: "The answer of this endpoint is no JSON, and cannot stand in a file.",
};

function done(spec: BatchSpec, line: ClaimedLine, answer: LineAnswer, notes: ClosedNote[]): LineReport {
  const ok = "status" in answer && answer.status < 300;
  const text = resultLine(resultId(spec.id, line.number), line.customId, answer);
  const input = notes.reduce((sum, { row }) => sum + row.promptTokens, 0);
  const output = notes.reduce((sum, { row }) => sum + row.completionTokens, 0);
  return { kind: "done", ok, text, tokens: ok ? { input, output } : { input: 0, output: 0 }, notes };
}

/** `undefined` for what is no JSON. */
async function textOf({ body, headers }: Reply): Promise<string | undefined> {
  const isJson = headers["content-type"]?.startsWith("application/json") === true;
  if (typeof body === "string") return isJson ? body : JSON.stringify(body);
  if (!(body instanceof ReadableStream)) return undefined;
  if (isJson) return new Response(body).text();
  await body.cancel();
  return undefined;
}

/** Milliseconds after which the line is worth another try; `undefined` where this was the last. */
export function pauseBefore(
  { status, headers, mayPass }: Pick<Reply, "status" | "headers" | "mayPass">,
  text: string | undefined,
  tries: number,
): number | undefined {
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(tries, 6));
  if (mayPass) return tries + 1 < BUDGET_TRIES ? BUDGET_PAUSE : undefined;
  if (status === 503) return tries + 1 < AWAY_TRIES ? pause : undefined;
  if (status !== 429 || isOutOfMoney(text)) return undefined;
  const asked = Number(headers["retry-after"]) * 1000;
  return Number.isFinite(asked) && asked > 0 ? Math.min(asked, LONGEST_PAUSE) : pause;
}

/** The provider's account is empty: waiting helps nobody. */
function isOutOfMoney(text: string | undefined): boolean {
  try {
    const error = asRecord(asRecord(JSON.parse(text ?? ""))["error"]);
    return error["code"] === "insufficient_quota" || error["type"] === "insufficient_quota";
  } catch {
    return false;
  }
}

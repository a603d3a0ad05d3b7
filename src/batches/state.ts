/** What is known of a batch, and how it shows. Times are milliseconds since the epoch. */
import type { ClosedNote } from "../ledger/notes.ts";
import type { ObjectRow } from "../store/schema/index.ts";
import { type Batch, type BatchError, type BatchStatus, isOver } from "./batch.ts";
import { fileObject } from "./file-object.ts";
import type { BatchHold } from "./size.ts";

export interface BatchSpec {
  id: string;
  endpoint: string;
  inputFileId: string;
  /** Where the input is in the bucket. */
  inputKey: string;
  completionWindow: string;
  metadata: Record<string, string> | null;
  /** The model of lines that name none. */
  model?: string;
  /** Passed to this provider, whatever the lines name. */
  provider?: string;
  /** SHA-256 of the key on whose behalf lines are run: it is looked up anew whenever they are. */
  token: string;
  /** Whose it is, and its files are. */
  owner: string;
  createdBy: string | null;
  /** Ids of the files that will be made. */
  outputFileId: string;
  errorFileId: string;
  /** Seconds these are kept. */
  outputLifetime: number;
  createdAt: number;
  expiresAt: number;
  /** What is set aside for it while a provider runs it. */
  hold?: BatchHold;
  /** Who else pays, where the request that began it said so. */
  payer?: SaidOfPayer;
}

/** What a request says of whom it is for, beside its key. */
export interface SaidOfPayer {
  customerId?: string;
  sessionId?: string;
  requesterIp?: string;
  /** For its row on the ledger. */
  metadata?: Record<string, unknown>;
  tags?: string[];
}

/** A job of a provider's own that runs the lines, whose answers come back here. */
export interface BatchJob {
  /** As the provider knows it. */
  id: string;
  /** The provider's name of the model. */
  model: string;
}

/** Where a line is in the input file. */
export interface IndexedLine {
  number: number;
  customId: string;
  offset: number;
  length: number;
}

export interface ClaimedLine extends IndexedLine {
  /** How often it was refused and put back. */
  tries: number;
}

/** A part of the input, read. */
export interface ReadPart {
  from: { offset: number };
  to: { number: number; offset: number };
  lines: IndexedLine[];
  models: string[];
  errors: BatchError[];
  /** The file ends there. */
  isEnd: boolean;
}

export type LineReport =
  /** It is over, with the text of its result (a line of a file), what it used, and its rows on the ledger. */
  | { kind: "done"; ok: boolean; text: string; tokens: { input: number; output: number }; notes: ClosedNote[] }
  /** It was refused for now: again after so many milliseconds. `isLimit`: others would be refused, too. */
  | { kind: "again"; after: number; isLimit: boolean };

/** What became of a line, where several are told at once. */
export interface NumberedReport {
  number: number;
  report: LineReport;
}

/** What whoever comes to work is to do. */
export type Work =
  /** Read the input from here on. */
  | { kind: "read"; spec: BatchSpec; from: { number: number; offset: number } }
  /** The input is read and right: decide who runs it. */
  | {
      kind: "decide";
      spec: BatchSpec;
      models: string[];
      /** Lines. */
      total: number;
      /** What its provider calls the input, if it was given to one before. */
      uploaded?: string;
    }
  /** Its provider runs it: see how it stands. */
  | { kind: "poll"; spec: BatchSpec }
  /** A job runs its lines: see how it stands, and end it where the batch is to end. */
  | { kind: "job"; spec: BatchSpec; job: BatchJob; isCancelled: boolean }
  | { kind: "run"; spec: BatchSpec }
  /** Another is at work in this lane, or there is nothing to do. */
  | { kind: "none" };

export interface Plan {
  /** Lanes that somebody should work in. */
  wake: number[];
  /** All lines are done: write the files, then call `finish`. */
  finalize: boolean;
  /** When to look again. */
  next: number | undefined;
}

/** Why lines are over without a call. */
export interface Reason {
  code: string;
  message: string;
}

/** Bytes of the files that were made. */
export interface Written {
  output: number;
  error: number;
}

export interface BatchState {
  spec: BatchSpec;
  status: BatchStatus;
  /** How it ends, once nothing is under way any more. */
  ending?: "completed" | "expired" | "cancelled";
  read: { number: number; offset: number };
  isRead: boolean;
  models: string[];
  errors: BatchError[];
  total: number;
  completed: number;
  failed: number;
  tokens: { input: number; output: number };
  lanes: number;
  /** No line is handed out before: a limit was reached. */
  pausedUntil: number;
  /** By their number in the rows of lines. */
  reasons: Reason[];
  times: Partial<Record<BatchStatus, number>>;
  /** Notes up to `upTo` are being delivered to the ledger, as its batch of this number. */
  delivering?: { sequence: number; upTo: number };
  sequence: number;
  written: Written;
  /** The database has the final state. */
  isTold: boolean;
  /** The input as a provider knows it, which is about to run it. */
  uploaded?: string;
  /** A provider runs it; it is looked at now and then. */
  passed?: { polls: number; nextAt: number; seenAt?: number };
  /** The provider runs the lines alone: the batch is the gateway's. */
  job?: BatchJob;
  /** What a provider's batch cost is on the ledger. */
  isAccounted?: true;
}

export function newState(spec: BatchSpec): BatchState {
  return {
    spec,
    status: "validating",
    read: { number: 1, offset: 0 },
    isRead: false,
    models: [],
    errors: [],
    total: 0,
    completed: 0,
    failed: 0,
    tokens: { input: 0, output: 0 },
    lanes: 1,
    pausedUntil: 0,
    reasons: [],
    times: {},
    sequence: 0,
    written: { output: 0, error: 0 },
    isTold: false,
  };
}

/** From now on it stands so. */
export function turn(state: BatchState, status: BatchStatus, now: number): void {
  state.status = status;
  state.times[status] = now;
  if (status === "failed") state.total = 0;
}

/** What there is to do for whoever comes. */
export function workIn({ spec, status, passed, isRead, read, models, uploaded, total, job }: BatchState): Work {
  if (job !== undefined) return { kind: "job", spec, job, isCancelled: status === "cancelling" };
  if (passed !== undefined) return { kind: "poll", spec };
  if (status !== "validating") return { kind: "run", spec };
  if (!isRead) return { kind: "read", spec, from: read };
  return { kind: "decide", spec, models, total, ...(uploaded !== undefined && { uploaded }) };
}

/** As clients see it. */
export function viewOf(state: BatchState): Batch & { usage: Record<string, unknown> } {
  const { spec, status, times, errors, total, completed, failed, models, tokens, written } = state;
  const seconds = (at: number | undefined) => (at === undefined ? null : Math.floor(at / 1000));
  return {
    id: spec.id,
    object: "batch",
    endpoint: spec.endpoint,
    model: models.length === 1 ? (models[0] ?? null) : (spec.model ?? null),
    errors: errors.length === 0 || status !== "failed" ? null : { object: "list", data: errors },
    input_file_id: spec.inputFileId,
    completion_window: spec.completionWindow,
    status,
    output_file_id: written.output > 0 ? spec.outputFileId : null,
    error_file_id: written.error > 0 ? spec.errorFileId : null,
    created_at: Math.floor(spec.createdAt / 1000),
    in_progress_at: seconds(times.in_progress),
    expires_at: seconds(spec.expiresAt),
    finalizing_at: seconds(times.finalizing),
    completed_at: seconds(times.completed),
    failed_at: seconds(times.failed),
    expired_at: seconds(times.expired),
    cancelling_at: seconds(times.cancelling),
    cancelled_at: seconds(times.cancelled),
    request_counts: { total: status === "validating" ? 0 : total, completed, failed },
    usage: {
      input_tokens: tokens.input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: tokens.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens.input + tokens.output,
    },
    metadata: spec.metadata,
  };
}

/** What the database is to know of a batch that is over. */
export interface BatchEnding {
  id: string;
  at: number;
  body: Record<string, unknown>;
  files: ObjectRow[];
  isTold: boolean;
}

/** `undefined` while it is not over. */
export function endingOf(state: BatchState): BatchEnding | undefined {
  const { spec, status, times, written, isTold } = state;
  if (!isOver(status)) return undefined;
  const at = times[status] ?? spec.createdAt;
  const files = [
    ...(written.output > 0 ? [fileRow(spec, spec.outputFileId, "output", written.output, at)] : []),
    ...(written.error > 0 ? [fileRow(spec, spec.errorFileId, "error", written.error, at)] : []),
  ];
  return { id: spec.id, at, body: { ...viewOf(state) }, files, isTold };
}

function fileRow(spec: BatchSpec, id: string, name: string, bytes: number, at: number): ObjectRow {
  const expiresAt = at + spec.outputLifetime * 1000;
  return {
    id,
    kind: "file",
    owner: spec.owner,
    created_by: spec.createdBy,
    deployment_id: null,
    provider: null,
    provider_id: null,
    model: null,
    body: fileObject({ id, bytes, filename: `${spec.id}_${name}.jsonl`, purpose: "batch_output", at, expiresAt }),
    state: null,
    created_at: at,
    expires_at: expiresAt,
  };
}

/**
 * What a provider goes on with after the call that began it, for minutes or days: a fine-tuning job, a run of an eval, a run of
 * a thread, a response in the background, a transcript. What it has cost is known once it is over, to whoever looks then.
 */
import type { BatchSize } from "../../../../batches/size.ts";
import type { JsonObject } from "../../../../formats/json.ts";
import type { ModelInfo } from "../../../../models/catalogue.ts";
import type { AnyOperation } from "../../../../operations/operation.ts";
import type { NativeCall } from "../../../../providers/provider.ts";
import type { ObjectRow } from "../../../../store/schema/index.ts";
import type { Bills } from "../../batches/account.ts";
import { backgroundInteraction } from "../../interactions/background-interaction.ts";
import { backgroundResponse } from "../../responses/background-response.ts";
import { evalRun } from "./eval-run.ts";
import { fineTuningJob } from "./fine-tuning-job.ts";
import { threadRun } from "./thread-run.ts";
import { transcript } from "./transcript.ts";

export interface RunKind {
  /** What answers call it: their `object`, where they have one. */
  kind: "fine_tuning.job" | "eval.run" | "thread.run" | "response" | "interaction" | "transcript";
  /** On the ledger, once it is over. */
  operation: string;
  /** How the row on the ledger tells of it, in its client's ids. */
  metadata(row: ObjectRow): JsonObject;
  /** Milliseconds after which it is over, or will never be. */
  longest: number;
  /** States in which it will not change any more; those that all others have, unless said. */
  ends?: RegExp;
  /** @param within what the provider calls the object it exists inside of */
  retrieve(id: string, within: string): NativeCall;
  cancel(id: string, within: string): NativeCall;
  /** How its provider is asked, where that is not by its own API as a whole. */
  asking?(): AnyOperation;
  /** By model; nothing where nothing was used. */
  bills(run: JsonObject, ports: BillPorts): Bills | Promise<Bills>;
}

/** One that is begun by a call to its own API. */
export interface MeasuredRunKind extends RunKind {
  /**
   * What it may use at most, by model: asked only where its caller is limited.
   * @throws SluiceError where nobody can say
   */
  sizes(begun: BegunRun): Promise<ReadonlyMap<string, BatchSize>>;
}

export interface BillPorts {
  /** What is known of a model, as the provider calls it. */
  infoOf(model: string): ModelInfo | undefined;
  /** Asks the provider. `undefined` where it does not say. */
  ask(call: NativeCall): Promise<JsonObject | undefined>;
}

/** As it is asked for, under the provider's names. */
export interface BegunRun extends BillPorts {
  body: JsonObject;
  /** The object it exists inside of, as it was last seen. */
  parent: JsonObject;
  /** Objects it names, as they were last seen; `undefined` of those the gateway has not seen. */
  named(id: unknown): JsonObject | undefined;
  /** What the caller is limited by: the client's name for the model, where it names one. */
  model: string | undefined;
  contentOf(fileId: string): Promise<AsyncIterable<Uint8Array>>;
  /** What the operator makes of a cost. Nano-dollars. */
  price(cost: number): number;
  /** Milliseconds since the epoch. */
  now: number;
}

export const runKinds: readonly RunKind[] = [
  fineTuningJob,
  evalRun,
  threadRun,
  backgroundResponse,
  backgroundInteraction,
  transcript,
];

export function runKindOf(kind: unknown): RunKind | undefined {
  return runKinds.find((one) => one.kind === kind);
}

const OVER = /^(?:succeeded|completed|failed|cancell?ed|expired|incomplete)$/;

/** It will not change any more. */
export function isRunOver({ status }: JsonObject, { ends = OVER }: Pick<RunKind, "ends"> = {}): boolean {
  return ends.test(String(status));
}

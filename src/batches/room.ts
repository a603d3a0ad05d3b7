/** A batch's object as whoever works on it knows it. All may be asked twice. */
import type { ClosedNote } from "../ledger/notes.ts";
import type { Batch, BatchError } from "./batch.ts";
import type { BatchHold } from "./size.ts";
import type {
  BatchJob,
  BatchSpec,
  BatchState,
  ClaimedLine,
  IndexedLine,
  LineReport,
  NumberedReport,
  ReadPart,
  Reason,
  Work,
} from "./state.ts";

export interface BatchRoom {
  create(spec: BatchSpec): Promise<void>;
  /** `undefined` where the object has forgotten it: then the database has its final state. */
  view(): Promise<Batch | undefined>;
  enter(lane: number, session: string): Promise<Work>;
  learn(part: ReadPart): Promise<void>;
  begin(): Promise<void>;
  fail(error: BatchError): Promise<void>;
  held(hold: BatchHold | undefined): Promise<void>;
  /** @returns whether it is still wanted */
  uploaded(fileId: string): Promise<boolean>;
  handOver(job?: BatchJob): Promise<boolean>;
  /** A batch that a provider was asked to run from the first. */
  watch(spec: BatchSpec): Promise<void>;
  /** As it was given to `watch`, while it is not over. */
  watched(): Promise<BatchSpec | undefined>;
  due(): Promise<void>;
  polled(isAtEnd: boolean): Promise<void>;
  places(numbers: readonly number[]): Promise<IndexedLine[]>;
  reportAll(lane: number, session: string, reports: readonly NumberedReport[]): Promise<void>;
  collected(ending: NonNullable<BatchState["ending"]>, reason: Reason | undefined): Promise<void>;
  account(notes: readonly ClosedNote[]): Promise<void>;
  claim(lane: number, session: string, most: number): Promise<{ lines: ClaimedLine[]; readyAt?: number } | undefined>;
  report(lane: number, session: string, number: number, report: LineReport): Promise<void>;
  beat(lane: number, session: string): Promise<boolean>;
  leave(lane: number, session: string): Promise<void>;
  stop(reason: { code: string; message: string }): Promise<void>;
  /** Nobody is to begin a line for so many milliseconds. */
  pause(milliseconds: number): Promise<void>;
  cancel(): Promise<boolean>;
}

export type BatchRooms = (id: string) => BatchRoom;

/** Of the queue: somebody should work in this lane of a batch. It may come twice, late, or never. */
export interface BatchMessage {
  batch: string;
  lane: number;
}

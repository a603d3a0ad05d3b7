/**
 * A batch that the gateway runs itself: which of its lines are undone, who is at work on which, what became of the others.
 * One writer, and each method is one transaction: after a crash anywhere it goes on from what is written. Times are
 * milliseconds since the epoch.
 */
import type { ClosedNote } from "../ledger/notes.ts";
import { type Batch, type BatchError, isOver } from "./batch.ts";
import { duplicate, EMPTY_FILE, MOST_ERRORS, MOST_LINES, TOO_MANY_LINES } from "./input.ts";
import { dropLines, LANE_TIMEOUT, planFor } from "./plan.ts";
import type { BatchHold } from "./size.ts";
import {
  type BatchEnding,
  type BatchJob,
  type BatchSpec,
  type BatchState,
  type ClaimedLine,
  endingOf,
  type IndexedLine,
  type LineReport,
  newState,
  type Plan,
  type ReadPart,
  type Reason,
  turn,
  viewOf,
  type Work,
  type Written,
  workIn,
} from "./state.ts";
import { type BatchStorage, BatchTables } from "./tables.ts";

/** Most lanes of a batch, and the lines that are worth one. */
const MOST_LANES = 4;
const LINES_A_LANE = 20;
/** That somebody is there is written down so often. */
const HEARD_EVERY = 1000;
/** The longest a batch waits for a limit before it tries another line. */
const LONGEST_PAUSE = 5000;
/** Until a provider's batch is looked at again: longer each time. */
const FIRST_POLL = 60_000;
const LONGEST_POLL = 15 * 60_000;
/** A job is not looked at more often, whoever asks. */
const SHORTEST_POLL = 5000;
/** A provider that tells nothing so long after the completion window is not asked any more. */
export const LOOKS_AFTER_WINDOW = 7 * 86_400_000;
/** Notes delivered at once. */
const MOST_NOTES = 100;
const MOST_NOTE_BYTES = 500_000;

export class BatchBook {
  readonly #tables: BatchTables;

  constructor(storage: BatchStorage) {
    this.#tables = new BatchTables(storage);
  }

  /** After all was deleted. */
  prepare(): void {
    this.#tables.prepare();
  }

  /** May be called twice. */
  create(spec: BatchSpec): void {
    if (this.#tables.state === undefined) this.#tables.save(newState(spec));
  }

  get spec(): BatchSpec | undefined {
    return this.#tables.state?.spec;
  }

  get isOver(): boolean {
    return isOver(this.#tables.state?.status ?? "");
  }

  /** As clients see it; `undefined` before it is made. */
  view(): Batch | undefined {
    const { state } = this.#tables;
    return state && viewOf(state);
  }

  /** Somebody comes to work; from now on the lines of whoever was in the lane before are free. */
  enter(lane: number, session: string, now: number): Work {
    return this.#change((state) => {
      if (isOver(state.status) || state.status === "finalizing" || lane >= state.lanes) return { kind: "none" };
      const before = this.#tables.lane(lane);
      const isTaken = before.session !== undefined && before.session !== session;
      if (isTaken && now - before.heardAt < LANE_TIMEOUT) return { kind: "none" };
      if (before.session !== undefined) this.#tables.release(before.session);
      this.#tables.enterLane(lane, session, now);
      return workIn(state);
    });
  }

  /** The input was read in part. What was told before changes nothing. */
  learn({ from, to, lines, models, errors, isEnd }: ReadPart, now: number): void {
    this.#change((state) => {
      if (state.status !== "validating" || state.isRead || state.read.offset !== from.offset) return;
      state.read = to;
      state.errors.push(...errors);
      state.models = [...new Set([...state.models, ...models])];
      for (const line of lines)
        if (this.#tables.addLine(line)) state.total++;
        else state.errors.push(duplicate(line.customId, line.number));
      const isTooLong = state.total > MOST_LINES;
      if (isTooLong) state.errors.push(TOO_MANY_LINES);
      if (!isEnd && !isTooLong && state.errors.length < MOST_ERRORS) return;
      if (state.total === 0 && state.errors.length === 0) state.errors.push(EMPTY_FILE);
      state.isRead = true;
      if (state.errors.length === 0) return;
      state.errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)).splice(MOST_ERRORS);
      turn(state, "failed", now);
    });
  }

  /** The batch cannot be run at all. */
  fail(error: BatchError, now: number): void {
    this.#change((state) => {
      if (isOver(state.status)) return;
      state.errors.push(error);
      turn(state, "failed", now);
    });
  }

  /** The gateway runs it. May be called twice. */
  begin(now: number): void {
    this.#change((state) => {
      if (state.status !== "validating" || !state.isRead) return;
      state.lanes = Math.min(MOST_LANES, Math.ceil(state.total / LINES_A_LANE));
      turn(state, "in_progress", now);
    });
  }

  /**
   * A provider has the input, and is about to be asked to run it: whoever comes after a crash looks there first.
   * @returns `false` where it was cancelled meanwhile, and nobody is to be asked
   */
  uploaded(fileId: string): boolean {
    return this.#change((state) => {
      if (state.status !== "validating") return false;
      state.uploaded = fileId;
      return true;
    });
  }

  /** What is set aside for it, before a provider is asked to run it; nothing any more where none does. */
  held(hold: BatchHold | undefined): void {
    this.#change((state) => {
      const { hold: _, ...spec } = state.spec;
      state.spec = { ...spec, ...(hold && { hold }) };
    });
  }

  /**
   * A provider runs it, or a job of its own runs the lines. May be called twice.
   * @returns `false` where it was cancelled meanwhile
   */
  handOver(now: number, job?: BatchJob): boolean {
    return this.#change((state) => {
      if (state.job !== undefined && state.job.id === job?.id) return true;
      if (state.status !== "validating") return false;
      if (job !== undefined) {
        state.job = job;
        turn(state, "in_progress", now);
      } else if (state.passed === undefined) this.#tables.clear();
      state.passed ??= { polls: 0, nextAt: now + FIRST_POLL };
      return true;
    });
  }

  /** Look at it at once. A job, which whoever asks for the batch has looked at, only so often. */
  due(now: number): void {
    this.#change(({ passed, status, job }) => {
      if (passed === undefined || isOver(status)) return;
      const from = job === undefined ? now : Math.max(now, (passed.seenAt ?? 0) + SHORTEST_POLL);
      passed.nextAt = Math.min(passed.nextAt, from);
    });
  }

  /** Where lines are in the input. */
  places(numbers: readonly number[]): IndexedLine[] {
    return this.#tables.places(numbers);
  }

  /** All answers of its job that there are have been told: the batch ends so. @param reason why the other lines have none */
  collected(ending: NonNullable<BatchState["ending"]>, reason: Reason | undefined, now: number): void {
    this.#change((state) => {
      if (isOver(state.status) || state.status === "finalizing") return;
      if (reason !== undefined) dropLines(state, this.#tables, reason);
      state.ending ??= ending;
      turn(state, "finalizing", now);
    });
  }

  /** How it stands was seen. @param isAtEnd it will not change any more, and is accounted for */
  polled(isAtEnd: boolean, now: number): void {
    this.#change((state) => {
      if (state.passed === undefined || isOver(state.status)) return;
      const { polls } = state.passed;
      const isLate = state.job === undefined && now > state.spec.expiresAt + LOOKS_AFTER_WINDOW;
      if (isAtEnd || isLate) {
        state.isTold = true; // the provider's own words are in the database
        turn(state, "completed", now);
      } else {
        const first = state.status === "cancelling" ? SHORTEST_POLL : FIRST_POLL; // whoever looked may not have known
        const pause = Math.min(LONGEST_POLL, first * 1.5 ** polls);
        state.passed = { polls: polls + 1, nextAt: now + pause, seenAt: now };
      }
    });
  }

  /** What a provider's batch cost, for the ledger. The first time counts. */
  account(notes: readonly ClosedNote[]): void {
    this.#change((state) => {
      if (state.isAccounted) return;
      state.isAccounted = true;
      this.#tables.addNotes(notes);
    });
  }

  /** Lines to run, for this session alone. `undefined`: it is to stop. */
  claim(
    lane: number,
    session: string,
    most: number,
    now: number,
  ): { lines: ClaimedLine[]; readyAt?: number } | undefined {
    return this.#change((state) => {
      if (!this.#hear(lane, session, now) || state.status !== "in_progress" || now >= state.spec.expiresAt)
        return undefined;
      if (now < state.pausedUntil) return { lines: [], readyAt: state.pausedUntil };
      const lines = this.#tables.take(session, most, now);
      if (lines.length > 0) return { lines };
      const { readyAt } = this.#tables;
      return readyAt === undefined ? undefined : { lines, readyAt };
    });
  }

  /** What became of a line. The first result counts: of what is told later nothing is kept, nor put on the ledger. */
  report(lane: number, session: string, number: number, report: LineReport, now: number): void {
    this.#change((state) => {
      this.#hear(lane, session, now);
      const line = this.#tables.open(number);
      if (line === undefined) return;
      if (report.kind === "again") {
        if (line.session !== session) return; // another has it now
        const after = Math.max(0, report.after);
        if (report.isLimit) state.pausedUntil = Math.max(state.pausedUntil, now + Math.min(after, LONGEST_PAUSE));
        this.#tables.putBack(number, now + after);
        return;
      }
      const { ok, text, tokens, notes } = report;
      this.#tables.keepResult(number, ok, `${text}\n`);
      this.#tables.addNotes(notes);
      if (ok) state.completed++;
      else state.failed++;
      state.tokens = { input: state.tokens.input + tokens.input, output: state.tokens.output + tokens.output };
    });
  }

  /** It is still at work. `false`: it is to stop. */
  beat(lane: number, session: string, now: number): boolean {
    return this.#change((state) => this.#hear(lane, session, now) && state.status === "in_progress");
  }

  /** It is done for now. */
  leave(lane: number, session: string): void {
    this.#change(() => {
      if (this.#tables.lane(lane).session !== session) return;
      this.#tables.release(session);
      this.#tables.leaveLane(lane);
    });
  }

  /** Lines that nobody has begun are not run: whoever pays for them may not any more. */
  stop(reason: Reason): void {
    this.#change((state) => dropLines(state, this.#tables, reason));
  }

  /** Nobody is to begin a line until then. */
  pause(until: number): void {
    this.#change((state) => {
      state.pausedUntil = Math.max(state.pausedUntil, until);
    });
  }

  /** @returns `false` where it is over already */
  cancel(now: number): boolean {
    return this.#change((state) => {
      if (isOver(state.status) || state.status === "finalizing") return false;
      if (state.status === "cancelling") return true;
      state.ending = "cancelled";
      turn(state, "cancelling", now);
      if (state.job !== undefined) state.passed = { ...state.passed, polls: 0, nextAt: now }; // its provider is to be told
      return true;
    });
  }

  /** Moves on what time or the last report has made due, and says what is to be done. */
  tick(now: number): Plan {
    return this.#change((state) => planFor(state, this.#tables, now));
  }

  /** The lane could not be woken. */
  unwoken(lane: number): void {
    this.#tables.woken(lane, null);
  }

  hasResults(ok: boolean): boolean {
    return this.results(ok).next().done !== true;
  }

  /** The lines of one file in the order of the input, as pieces of text. */
  results(ok: boolean): Generator<string> {
    const { state } = this.#tables;
    return this.#tables.results(state?.spec.id ?? "", ok, state?.reasons ?? []);
  }

  /** The files are written. May be called twice. */
  finish(now: number, written: Written): void {
    this.#change((state) => {
      if (isOver(state.status)) return;
      state.written = written;
      turn(state, state.ending ?? "completed", now);
    });
  }

  /** What the database is to know; `undefined` while it is not over. */
  ending(): BatchEnding | undefined {
    const { state } = this.#tables;
    return state && endingOf(state);
  }

  /** The database knows it. */
  told(): void {
    this.#change((state) => {
      state.isTold = true;
    });
  }

  /** What is left once it is over: nothing of the lines. */
  clear(): void {
    this.#tables.transaction(() => this.#tables.clear());
  }

  /** Notes for the ledger: the same under the same number each time, until they are `delivered`. */
  notes(): { sequence: number; notes: ClosedNote[] } | undefined {
    return this.#change((state) => {
      const notes = this.#tables.notes(MOST_NOTES);
      if (notes.length === 0) return undefined;
      if (state.delivering === undefined) {
        let bytes = 0;
        const fitting = notes.filter(({ text }, index) => {
          bytes += text.length;
          return index === 0 || bytes <= MOST_NOTE_BYTES;
        });
        state.sequence++;
        state.delivering = { sequence: state.sequence, upTo: fitting.at(-1)?.seq ?? 0 };
      }
      const { sequence, upTo } = state.delivering;
      const due = notes.filter(({ seq }) => seq <= upTo);
      return { sequence, notes: due.map(({ text }) => JSON.parse(text) as ClosedNote) }; // as it was told
    });
  }

  delivered(sequence: number): void {
    this.#change((state) => {
      if (state.delivering?.sequence !== sequence) return;
      this.#tables.removeNotes(state.delivering.upTo);
      delete state.delivering;
    });
  }

  get hasNotes(): boolean {
    return this.#tables.notes(1).length > 0;
  }

  /** @returns whether the lane is still its own */
  #hear(lane: number, session: string, now: number): boolean {
    const known = this.#tables.lane(lane);
    if (known.session !== session) return false;
    if (now - known.heardAt > HEARD_EVERY) this.#tables.heard(lane, now);
    return true;
  }

  #change<T>(change: (state: BatchState) => T): T {
    return this.#tables.transaction(() => {
      const { state } = this.#tables;
      if (state === undefined) throw new Error("there is no such batch");
      const before = JSON.stringify(state);
      const result = change(state);
      if (JSON.stringify(state) !== before) this.#tables.save(state);
      return result;
    });
  }
}
